/* Threads that allocate, grow and free, until a timer kills the process: "heap-storm FILE
 * MICROSECONDS [SIGNAL]". FILE gets, for each thread, what it has begun and what it has done by
 * then; 0 microseconds: it ends by itself, whole. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 500, ROUNDS = 20000 };

/* In memory of the file, so that it outlives the process. */
struct tally {
	volatile uint64_t begun_allocations, done_allocations, begun_frees, done_frees;
	uint64_t unused[4]; /* a cache line each */
};

static struct tally *tallies;
static int is_endless;

static void step(struct tally *tally, void **block, uint32_t random)
{
	size_t size = random % 16 ? random % 300 : random % 300000;

	if (!*block) {
		tally->begun_allocations++;
		*block = malloc(size + 1);
		tally->done_allocations++;
	} else if (random % 5 == 0) {
		tally->begun_frees++;
		tally->begun_allocations++;
		*block = realloc(*block, size + 1);
		tally->done_frees++;
		tally->done_allocations++;
	} else {
		tally->begun_frees++;
		free(*block);
		*block = NULL;
		tally->done_frees++;
	}
}

static void *storm(void *argument)
{
	struct tally *tally = argument;
	void *blocks[BLOCKS] = {NULL};
	uint32_t random = (uint32_t)(tally - tallies) * 2654435761u + 1;

	for (int i = 0; i < ROUNDS || is_endless; i++) {
		random ^= random << 13; /* xorshift32 (Marsaglia) */
		random ^= random >> 17;
		random ^= random << 5;
		step(tally, &blocks[random % BLOCKS], random >> 9);
	}
	return NULL;
}

static int kill_after(long microseconds, int number)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
	struct itimerspec time = {.it_value = {.tv_sec = microseconds / 1000000,
	                                       .tv_nsec = microseconds % 1000000 * 1000}};
	timer_t timer;

	return timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	       timer_settime(timer, 0, &time, NULL);
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	long microseconds = argc > 2 ? atol(argv[2]) : 0;
	pthread_t threads[THREADS];

	if (fd < 0 || ftruncate(fd, THREADS * sizeof(*tallies)))
		return 1;
	tallies = mmap(NULL, THREADS * sizeof(*tallies), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (tallies == MAP_FAILED)
		return 1;
	is_endless = microseconds > 0;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, storm, &tallies[i]))
			return 1;
	if (microseconds && kill_after(microseconds, argc > 3 ? atoi(argv[3]) : SIGKILL))
		return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
