/* A process of many threads, of which a hundred work when it is asked.
 *
 * threads N DIRECTORY: the threads are named t0 .. tN-1 and wait. DIRECTORY/ready holds the pid
 * when all are there. On SIGUSR1 every (N/100)th burns 5 ms, one after the other; the processor
 * time of all of them, as own_time.h counts it and as their clocks do, is printed and
 * DIRECTORY/done written. SIGTERM ends it with status 0. */
#include "tests/programs/own_time.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_WORKERS = 100, STACK_BYTES = 65536, MS = 1000000 };

static volatile uint64_t sink;
static sem_t *begin;
static sem_t ended;
static uint64_t worked_ns, whole_ns;

static __attribute__((noinline)) void burn(uint64_t wanted_ns)
{
	uint64_t start_ns = own_time_clock_ns(), last_ns = start_ns, done_ns = 0;

	for (; done_ns < wanted_ns; done_ns += own_time_step_ns(&last_ns))
		for (unsigned i = 0; i < 20000; i++)
			sink = sink * 6364136223846793005u + i;
	worked_ns += done_ns;
	whole_ns += last_ns - start_ns;
}

static void *wait_and_work(void *argument)
{
	long number = (long)argument;
	char name[16];

	snprintf(name, sizeof(name), "t%ld", number);
	pthread_setname_np(pthread_self(), name);
	sem_post(&ended);
	for (;;) {
		sem_wait(&begin[number]);
		burn(5 * MS);
		sem_post(&ended);
	}
	return NULL;
}

static void write_file(const char *directory, const char *name)
{
	char path[4096], part[4110];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(part, sizeof(part), "%s.part", path);
	file = fopen(part, "w");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file) || rename(part, path))
		exit(1);
}

static void start_threads(long n_threads)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	begin = calloc((size_t)n_threads, sizeof(*begin));
	sem_init(&ended, 0, 0);
	for (long i = 0; i < n_threads; i++) {
		sem_init(&begin[i], 0, 0);
		if (pthread_create(&thread, &attributes, wait_and_work, (void *)i)) {
			perror("pthread_create");
			exit(1);
		}
		sem_wait(&ended); /* it has its name */
	}
}

int main(int argc, char **argv)
{
	long n_threads = argc == 3 ? atol(argv[1]) : 0;
	sigset_t awaited;
	int number;

	if (n_threads < N_WORKERS)
		return 1;
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGUSR1);
	sigaddset(&awaited, SIGTERM);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	start_threads(n_threads);
	write_file(argv[2], "ready");
	while (!sigwait(&awaited, &number) && number == SIGUSR1) {
		for (long i = 0; i < N_WORKERS; i++) {
			sem_post(&begin[i * (n_threads / N_WORKERS)]);
			sem_wait(&ended);
		}
		printf("%llu %llu\n", (unsigned long long)worked_ns, (unsigned long long)whole_ns);
		fflush(stdout);
		write_file(argv[2], "done");
	}
	return 0;
}
