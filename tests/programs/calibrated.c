/* Does exactly so much: what comparisons of real programs are calibrated with.
 *   calibrated WORK THREADS [CALLS [ALLOCATIONS]]
 * WORK steps of some 8 us each, which the threads take from one counter; then so many calls
 * (getppid) and allocations. More work is more processor time by nothing but the noise.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { TABLE_WORDS = 4096, STEPS = 4000, MOST_THREADS = 16 };

static atomic_long left;
static volatile uint32_t sink;

/* Each step hangs on the one before: neither wider nor faster than the processor's cache. */
static uint32_t work(uint32_t *table, uint32_t at)
{
	for (int i = 0; i < STEPS; i++) {
		uint32_t *word = &table[at % TABLE_WORDS];

		at = at * 1664525 + 1013904223 + *word; /* Numerical Recipes */
		*word = at;
	}
	return at;
}

static void *take_work(void *unused)
{
	uint32_t *table = calloc(TABLE_WORDS, sizeof(*table)), at = 1;

	while (atomic_fetch_sub(&left, 1) > 0)
		at = work(table, at);
	sink = at;
	free(table);
	return unused;
}

int main(int argc, char **argv)
{
	int n_threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t threads[MOST_THREADS];

	if (argc < 3 || n_threads < 1 || n_threads > MOST_THREADS)
		return 1;
	atomic_store(&left, atol(argv[1]));
	for (int i = 1; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, take_work, NULL))
			return 1;
	take_work(NULL);
	for (int i = 1; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	for (long i = argc > 3 ? atol(argv[3]) : 0; i > 0; i--)
		getppid();
	for (long i = argc > 4 ? atol(argv[4]) : 0; i > 0; i--) {
		void *volatile block = malloc(100);

		free(block);
	}
	return 0;
}
