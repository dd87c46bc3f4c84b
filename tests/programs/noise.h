/* Words that look like nothing, the same in every run, to damage memory with. */
#ifndef TESTS_PROGRAMS_NOISE_H
#define TESTS_PROGRAMS_NOISE_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t noise(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13; /* xorshift64 (Marsaglia) */
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline void scribble(void *memory, size_t bytes)
{
	uint64_t *words = memory;

	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = noise();
}

#endif
