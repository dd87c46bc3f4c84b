/* 1,024 stacks that differ only in which of two twins made each call: path i keeps 10 (i + 1)
 * bytes, in shuffled order. */
#include <stdlib.h>

enum { LEVELS = 10, PATHS = 1 << LEVELS, ROUNDS = 10 };

static void *volatile kept;

/* A function of its own: neither inlined nor cloned nor merged with its twin. */
#ifdef __clang__
#define ALONE __attribute__((noinline, optnone))
#else
#define ALONE __attribute__((noinline, noipa))
#endif

/* The twins have the same frames, so stacks differ in single return addresses and in nothing else.
 */
#define TWINS(level, next)                                                                         \
	ALONE static void zero##level(unsigned path)                                               \
	{                                                                                          \
		next(path);                                                                        \
		__asm__ volatile("" ::: "memory");                                                 \
	}                                                                                          \
	ALONE static void one##level(unsigned path)                                                \
	{                                                                                          \
		next(path);                                                                        \
		__asm__ volatile("" ::: "memory");                                                 \
	}                                                                                          \
	static inline __attribute__((always_inline)) void call##level(unsigned path)               \
	{                                                                                          \
		(path >> level & 1 ? one##level : zero##level)(path);                              \
	}

static inline __attribute__((always_inline)) void leaf(unsigned path)
{
	kept = malloc(path + 1);
}

TWINS(0, leaf)
TWINS(1, call0)
TWINS(2, call1)
TWINS(3, call2)
TWINS(4, call3)
TWINS(5, call4)
TWINS(6, call5)
TWINS(7, call6)
TWINS(8, call7)
TWINS(9, call8)

int main(void)
{
	/* 397 is prime to 1,024, so each round takes every path once. */
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < PATHS; i++)
			call9((i * 397 + round * 31) % PATHS);
	return 0;
}
