/* heap-holds: threads hold BLOCKS blocks of SIZE bytes together, then the program prints how much
 * memory of its own is resident, in KB.
 *   heap-holds BLOCKS SIZE THREADS */
#include "tests/resident.h"

#include <pthread.h>
#include <stdio.h>

static void **blocks;
static unsigned long n_blocks, n_threads;
static size_t size;
static pthread_barrier_t all_hold;

static void *hold(void *number)
{
	unsigned long first = n_blocks / n_threads * (unsigned long)number;

	for (unsigned long i = first; i < first + n_blocks / n_threads; i++) {
		blocks[i] = malloc(size);
		if (!blocks[i])
			abort();
	}
	pthread_barrier_wait(&all_hold); /* the printer looks */
	pthread_barrier_wait(&all_hold);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t *threads;
	long kb;

	if (argc != 4) {
		fputs("usage: heap-holds BLOCKS SIZE THREADS\n", stderr);
		return 2;
	}
	n_blocks = strtoul(argv[1], NULL, 10);
	size = strtoul(argv[2], NULL, 10);
	n_threads = strtoul(argv[3], NULL, 10);
	blocks = calloc(n_blocks, sizeof(*blocks));
	threads = calloc(n_threads, sizeof(*threads));
	pthread_barrier_init(&all_hold, NULL, (unsigned)n_threads + 1);
	for (unsigned long i = 0; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, hold, (void *)i))
			return 1;
	pthread_barrier_wait(&all_hold);
	kb = resident_kb();
	pthread_barrier_wait(&all_hold);
	for (unsigned long i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	printf("%ld\n", kb);
	return kb < 0;
}
