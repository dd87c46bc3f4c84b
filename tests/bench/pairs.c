/* pairs: N malloc/free pairs, each (or every PER_DESCENT of them) at the bottom of a fresh descent
 * of 18 calls. */
#include <stdio.h>
#include <stdlib.h>

/* The compiler may know that a free after a malloc undoes it; it cannot know what happens here. */
static void hide(void *pointer)
{
	__asm__ volatile("" : : "r"(pointer) : "memory");
}

static __attribute__((noinline)) void level_0(unsigned long n_pairs)
{
	while (n_pairs--) {
		void *block = malloc(48);

		hide(block);
		free(block);
	}
}

/* Functions of their own, as in a real program: a recursion would be one return address 18 times.
 * The barrier keeps the call from becoming a jump. */
#define LEVEL(n, below)                                                                            \
	static __attribute__((noinline)) void level_##n(unsigned long n_pairs)                     \
	{                                                                                          \
		level_##below(n_pairs);                                                            \
		__asm__ volatile("");                                                              \
	}

LEVEL(1, 0)
LEVEL(2, 1)
LEVEL(3, 2)
LEVEL(4, 3)
LEVEL(5, 4)
LEVEL(6, 5)
LEVEL(7, 6)
LEVEL(8, 7)
LEVEL(9, 8)
LEVEL(10, 9)
LEVEL(11, 10)
LEVEL(12, 11)
LEVEL(13, 12)
LEVEL(14, 13)
LEVEL(15, 14)
LEVEL(16, 15)
LEVEL(17, 16)

int main(int argc, char **argv)
{
	unsigned long n_pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long per_descent = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long done;

	if (!n_pairs || !per_descent || n_pairs % per_descent) {
		fputs("usage: pairs N [PER_DESCENT]\n", stderr);
		return 2;
	}
	for (done = 0; done < n_pairs; done += per_descent)
		level_17(per_descent);
	return 0;
}
