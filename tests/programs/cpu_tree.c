/* Burns processor time in a named thread, in a forked child, and 100 calls deep: 200 ms in each. */
#include "tests/programs/own_time.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BURN_NS = 200000000, DEPTH = 100 };

static volatile uint64_t sink;

static __attribute__((noinline)) void burn(void)
{
	uint64_t last_ns = own_time_clock_ns();

	for (uint64_t done_ns = 0; done_ns < BURN_NS; done_ns += own_time_step_ns(&last_ns))
		for (unsigned i = 0; i < 40000; i++)
			sink = sink * 6364136223846793005u + i;
}

/* A function of its own: neither inlined nor cloned nor merged. */
#ifdef __clang__
#define ALONE __attribute__((noinline, optnone))
#else
#define ALONE __attribute__((noinline, noipa))
#endif

/* The empty statements after the calls keep them from becoming jumps or a loop. */
ALONE static void descend(unsigned depth)
{
	if (depth == 1)
		burn();
	else
		descend(depth - 1);
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void burn_in_child(void)
{
	burn();
	__asm__ volatile("" ::: "memory");
}

static void *burn_in_thread(void *argument)
{
	pthread_setname_np(pthread_self(), "worker");
	burn();
	__asm__ volatile("" ::: "memory");
	return argument;
}

int main(void)
{
	pthread_t thread;
	int status = 0;
	pid_t child = fork();

	if (child < 0)
		return 1;
	if (child == 0) {
		burn_in_child();
		_exit(0);
	}
	if (pthread_create(&thread, NULL, burn_in_thread, NULL))
		return 1;
	descend(DEPTH);
	pthread_join(thread, NULL);
	waitpid(child, &status, 0);
	return status != 0;
}
