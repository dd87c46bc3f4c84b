/* Everything is done, once each, whatever the number of CPUs. */
#include "core/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { MANY = 1000 };

struct counts {
	unsigned done[MANY + 1];
	pthread_t by[MANY + 1];
};

static void count(void *context, size_t i)
{
	struct counts *counts = context;

	__atomic_add_fetch(&counts->done[i], 1, __ATOMIC_RELAXED);
	counts->by[i] = pthread_self();
}

static void each_is_done_once(void **state)
{
	static const size_t numbers[] = {0, 1, 2, 7, MANY};

	(void)state;
	for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
		static struct counts counts;

		memset(&counts, 0, sizeof(counts));
		parallel_do(count, &counts, numbers[n]);
		for (size_t i = 0; i <= MANY; i++)
			assert_int_equal(counts.done[i], i < numbers[n]);
	}
}

static void on_one_cpu_the_caller_does_it(void **state)
{
	static struct counts counts;
	cpu_set_t before, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	parallel_do(count, &counts, MANY);
	sched_setaffinity(0, sizeof(before), &before);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(counts.done[i], 1);
		assert_true(pthread_equal(counts.by[i], pthread_self()));
	}
}

/* Each waits for the other: alone, neither would end. */
static void meet(void *context, size_t i)
{
	(void)i;
	pthread_barrier_wait(context);
}

static void two_are_done_at_once(void **state)
{
	pthread_barrier_t barrier;
	cpu_set_t cpus;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2)
		skip();
	pthread_barrier_init(&barrier, NULL, 2);
	parallel_do(meet, &barrier, 2);
	pthread_barrier_destroy(&barrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_done_once),
	    cmocka_unit_test(on_one_cpu_the_caller_does_it),
	    cmocka_unit_test(two_are_done_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
