/* Two threads hand a byte to and fro through pipes: pingpong ROUNDS SPIN_NS.
 *
 * Each thread computes for SPIN_NS before it answers, so that a round has two waits and lasts about
 * twice as long. Prints for each: thread COMM TID WALL_NS CPU_NS WAITS PREEMPTIONS by its own
 * clocks and getrusage(2), and the last two as they were when it began: the first thread had some
 * before its exec.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int to_pong[2];
static int to_ping[2];
static unsigned long n_rounds;
static uint64_t spin_ns;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

__attribute__((noinline)) static void compute(void)
{
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);

	while (clock_ns(CLOCK_MONOTONIC) - start_ns < spin_ns)
		;
}

static void check(int failed)
{
	if (failed)
		abort();
}

static struct rusage usage_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage;
}

static void tell(const char *comm, uint64_t start_ns, struct rusage start)
{
	struct rusage usage = usage_now();

	printf("thread %s %d %llu %llu %ld %ld %ld %ld\n", comm, gettid(),
	       (unsigned long long)(clock_ns(CLOCK_MONOTONIC) - start_ns),
	       (unsigned long long)clock_ns(CLOCK_THREAD_CPUTIME_ID), usage.ru_nvcsw,
	       usage.ru_nivcsw, start.ru_nvcsw, start.ru_nivcsw);
}

__attribute__((noinline)) static void *pong(void *argument)
{
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	struct rusage start = usage_now();
	char byte;

	pthread_setname_np(pthread_self(), "pong");
	for (unsigned long i = 0; i < n_rounds; i++) {
		check(read(to_pong[0], &byte, 1) != 1);
		compute();
		check(write(to_ping[1], &byte, 1) != 1);
	}
	tell("pong", start_ns, start);
	return argument;
}

__attribute__((noinline)) static void ping(void)
{
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	struct rusage start = usage_now();
	char byte = 'x';

	for (unsigned long i = 0; i < n_rounds; i++) {
		check(write(to_pong[1], &byte, 1) != 1);
		compute();
		check(read(to_ping[0], &byte, 1) != 1);
	}
	tell("ping", start_ns, start);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	check(argc != 3 || pipe(to_pong) || pipe(to_ping));
	n_rounds = strtoul(argv[1], NULL, 10);
	spin_ns = strtoul(argv[2], NULL, 10);
	check(pthread_create(&thread, NULL, pong, NULL));
	ping();
	pthread_join(thread, NULL);
	return 0;
}
