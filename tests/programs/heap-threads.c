/* Four threads that allocate, hand blocks to each other and free them: the same totals in every run. */
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 2000, KEPT = 500 };

static void *kept[THREADS][KEPT];
static pthread_barrier_t barrier;

static void *work(void *argument)
{
	size_t me = (size_t)argument;

	for (size_t i = 0; i < ROUNDS; i++) {
		void *block = malloc(16 + i % 512);

		block = realloc(block, 600 + i % 100);
		free(block);
	}
	for (size_t i = 0; i < KEPT; i++)
		kept[me][i] = malloc(1000);
	pthread_barrier_wait(&barrier);
	/* What the next thread allocated. At this moment all four have 2,000,000 bytes in use. */
	for (size_t i = 0; i < KEPT; i++)
		free(kept[(me + 1) % THREADS][i]);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
