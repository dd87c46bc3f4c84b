/* How often the tracer looks on which CPU the stopped thread is: rarely where that tells nothing
 * new. */
#include "core/trace/follow_cpu.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { QUICK_NS = 5000, SLOW_NS = 80000, N_STOPS = 1600, STOPS_A_LOOK = 16 };

/* Where the thread is, as its stat file shows. */
static int shown_cpu;
static unsigned n_looks;

ssize_t __wrap_pread(int fd, void *buffer, size_t len_bytes, off_t at);

ssize_t __wrap_pread(int fd, void *buffer, size_t len_bytes, off_t at)
{
	(void)fd, (void)at;
	n_looks++;
	return snprintf(buffer, len_bytes,
	                "1 (a) name) S 2 2 2 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 0 0 0 0 0 0 0 0 "
	                "0 0 0 0 0 17 %d 0 0 0 0 0 0\n",
	                shown_cpu);
}

/* The n-th that we may use, or -1. */
static int cpu_of_ours(int n)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus) && !n--)
			return cpu;
	return -1;
}

static bool is_bound_to(int cpu)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	return CPU_COUNT(&cpus) == 1 && CPU_ISSET(cpu, &cpus);
}

/* The looks that so many stops cost. */
static unsigned stop(struct cpu_follower *follower, unsigned n_stops, uint64_t waited_ns)
{
	n_looks = 0;
	for (unsigned i = 0; i < n_stops; i++)
		cpu_follower_stopped(follower, getpid(), waited_ns);
	return n_looks;
}

static void quick_stops_cost_no_look(void **state)
{
	struct cpu_follower *follower = cpu_follower_new();

	(void)state;
	shown_cpu = cpu_of_ours(0);
	cpu_follower_look(follower, getpid());
	assert_true(is_bound_to(shown_cpu));
	assert_int_equal(stop(follower, N_STOPS, QUICK_NS), 0);
	cpu_follower_rest(follower);
	cpu_follower_free(follower);
}

static void slow_stops_on_one_cpu_cost_ever_fewer_looks(void **state)
{
	struct cpu_follower *follower = cpu_follower_new();

	(void)state;
	shown_cpu = cpu_of_ours(0);
	cpu_follower_look(follower, getpid());
	assert_in_range(stop(follower, N_STOPS, SLOW_NS), 1, N_STOPS / STOPS_A_LOOK + 5);
	/* A slow stop among quick ones is looked at. */
	assert_int_equal(stop(follower, STOPS_A_LOOK, QUICK_NS), 0);
	assert_int_equal(stop(follower, 1, SLOW_NS), 1);
	cpu_follower_rest(follower);
	cpu_follower_free(follower);
}

static void a_thread_that_has_moved_is_found_all_the_same(void **state)
{
	struct cpu_follower *follower = cpu_follower_new();
	int first = cpu_of_ours(0), second = cpu_of_ours(1);

	(void)state;
	if (second < 0) {
		cpu_follower_free(follower);
		skip();
	}
	shown_cpu = first;
	cpu_follower_look(follower, getpid());
	stop(follower, N_STOPS, SLOW_NS);
	shown_cpu = second;
	assert_int_equal(stop(follower, STOPS_A_LOOK, SLOW_NS), 1);
	assert_true(is_bound_to(second));
	cpu_follower_rest(follower);
	cpu_follower_free(follower);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quick_stops_cost_no_look),
	    cmocka_unit_test(slow_stops_on_one_cpu_cost_ever_fewer_looks),
	    cmocka_unit_test(a_thread_that_has_moved_is_found_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
