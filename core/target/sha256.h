/* SHA-256 (FIPS 180-4), to tell in run.json which file was run. */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t len_bytes;
	uint8_t block[64]; /* its first len_bytes % 64 bytes wait for the rest */
	void (*compress)(uint32_t state[8], const uint8_t *block);
};

void sha256_init(struct sha256 *sha);
/* Without the CPU's own instructions, as on one that has none. */
void sha256_init_plain(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t len_bytes);
/* Writes 64 lower-case hexadecimal digits and a zero. The state is used up. */
void sha256_finish(struct sha256 *sha, char hex[65]);

#endif
