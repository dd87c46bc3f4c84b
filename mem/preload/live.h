/* The live blocks: address -> size and stack, in private memory, so that fork(2) copies it with the
 * blocks.
 *
 * Two shadows of the address space, both without locks: only the owner of a block touches its
 * entry, after the allocation and before the release. Blocks under 4 KB have 8 bytes for each
 * granule in which a block can start (32 bytes for glibc, whose blocks start at least that far
 * apart); larger ones, of which no two start in one page, 16 bytes a page.
 */
#ifndef MEM_PRELOAD_LIVE_H
#define MEM_PRELOAD_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_block {
	uint64_t size_bytes;
	uint32_t stack;
	uint32_t origin; /* LIVE_ORIGIN_BITS of the recorder's own: who allocated it, and when */
};

enum { LIVE_ORIGIN_BITS = 31 };

/* False: no memory for the tables. */
bool live_init(bool allocator_is_glibc);

/* Remembers a block; *stale is what was still remembered at its place (has_stale). False when there
 * is no memory for the shadow. */
bool live_put(const void *address, struct live_block block, struct live_block *stale,
              bool *has_stale);

/* Finds and forgets a block. False: not known. */
bool live_take(const void *address, struct live_block *block);

/* Calls for each live block; an origin that the visitor changes is kept. Only while no other thread
 * changes any. */
void live_for_each(void (*visit)(void *context, struct live_block *block), void *context);

#endif
