/* heap-repeats: does the same work ROUNDS times, then prints how much memory of its own
 * is resident, in KB.
 *   heap-repeats ROUNDS
 * A round: 32 call chains make a block each, all are freed, and another thread makes and frees 100.
 */
#include "tests/resident.h"

#include <pthread.h>
#include <stdio.h>

enum { DEPTH = 5 };

static void *blocks[1 << DEPTH];

static void left(unsigned depth, unsigned chain);
static void right(unsigned depth, unsigned chain);

/* The barriers keep calls from becoming jumps. */
#define BRANCH(name)                                                                               \
	static __attribute__((noinline)) void name(unsigned depth, unsigned chain)                 \
	{                                                                                          \
		if (depth == DEPTH) {                                                              \
			blocks[chain] = malloc(16 + chain);                                        \
			return;                                                                    \
		}                                                                                  \
		left(depth + 1, 2 * chain);                                                        \
		__asm__ volatile("");                                                              \
		right(depth + 1, 2 * chain + 1);                                                   \
		__asm__ volatile("");                                                              \
	}

BRANCH(left)
BRANCH(right)

static unsigned long n_rounds;

static void *make_and_free(void *unused)
{
	for (unsigned long i = 0; i < 100 * n_rounds; i++) {
		void *volatile block = malloc(1000);

		free(block);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	n_rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	if (pthread_create(&thread, NULL, make_and_free, NULL))
		return 1;
	for (unsigned long i = 0; i < n_rounds; i++) {
		left(0, 0);
		for (int block = 0; block < 1 << DEPTH; block++)
			free(blocks[block]);
	}
	pthread_join(thread, NULL);
	printf("%ld\n", resident_kb());
	return 0;
}
