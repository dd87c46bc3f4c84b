/* Inlined calls three deep across files, nested twice in one function, beside calls that are not
 * inlined. */
#include "tests/programs/inlines-inner.h"

#include <stdio.h>
#include <stdlib.h>

static inline __attribute__((always_inline)) uint64_t outermost(uint64_t x)
{
	x = middle(x, 3);
	if (x & 1)
		x = innermost(x);
	return x;
}

__attribute__((noinline)) static uint64_t chain(uint64_t x)
{
	x = outermost(x);
	return outermost(x ^ 0x55);
}

/* The unlikely branch goes to chain_or_die.cold. */
__attribute__((noinline)) static uint64_t chain_or_die(uint64_t x)
{
	if (__builtin_expect(x == 42, 0)) {
		fprintf(stderr, "%lu\n", (unsigned long)innermost(x));
		abort();
	}
	return chain(x) + 1;
}

__attribute__((noinline)) static uint64_t recurse(uint64_t x, unsigned depth)
{
	if (!depth)
		return chain_or_die(x);
	return recurse(x + 1, depth - 1) ^ innermost(depth);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	uint64_t x = 1;

	for (unsigned i = 0; i < rounds; i++)
		x = recurse(x, 10);
	printf("%lu\n", (unsigned long)x);
	return 0;
}
