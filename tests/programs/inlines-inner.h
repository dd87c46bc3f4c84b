/* The two inner levels of inlines.c's chain: what is inlined comes from another file. */
#ifndef TESTS_PROGRAMS_INLINES_INNER_H
#define TESTS_PROGRAMS_INLINES_INNER_H

#include <stdint.h>

static inline __attribute__((always_inline)) uint64_t innermost(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static inline __attribute__((always_inline)) uint64_t middle(uint64_t x, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		x = innermost(x + i) * 31;
	return x;
}

#endif
