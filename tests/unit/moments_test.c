/* The series of a process's moments: bounded, in time order, its highest never lost. */
#include "mem/moments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STEP_NS = 1000 };

/* As the sampler does: one when it is due. */
static void run_for(struct moments *moments, uint64_t from_ns, uint64_t to_ns, uint64_t rss_bytes)
{
	for (uint64_t now = from_ns; now < to_ns; now += STEP_NS)
		if (now >= moments_due_ns(moments))
			moments_add(moments, now,
			            (struct heap_moment){.time = now, .rss_bytes = rss_bytes});
}

static void the_number_is_bounded_and_the_intervals_are_even(void **state)
{
	struct moments moments;

	(void)state;
	moments_init(&moments, STEP_NS);
	run_for(&moments, STEP_NS, 100 * MOMENTS_MAX * STEP_NS, 7);
	assert_in_range(moments.n_moments, MOMENTS_MAX / 2, MOMENTS_MAX);
	assert_int_equal(moments.interval_ns, 128 * STEP_NS);
	for (size_t i = 1; i < moments.n_moments; i++)
		assert_in_range(moments.moments[i].time - moments.moments[i - 1].time, STEP_NS,
		                2 * moments.interval_ns);
	moments_fini(&moments);
}

static void the_highest_moment_stays(void **state)
{
	struct moments moments;
	uint64_t most = 0;

	(void)state;
	moments_init(&moments, STEP_NS);
	run_for(&moments, STEP_NS, 100 * STEP_NS, 7);
	run_for(&moments, 100 * STEP_NS, 101 * STEP_NS, 99);
	run_for(&moments, 101 * STEP_NS, 50 * MOMENTS_MAX * STEP_NS, 7);
	for (size_t i = 0; i < moments.n_moments; i++)
		most = moments.moments[i].rss_bytes > most ? moments.moments[i].rss_bytes : most;
	assert_int_equal(most, 99);
	moments_fini(&moments);
}

static void the_first_is_due_at_once(void **state)
{
	struct moments moments;

	(void)state;
	moments_init(&moments, STEP_NS);
	assert_int_equal(moments_due_ns(&moments), 0);
	moments_add(&moments, 5000, (struct heap_moment){0});
	assert_int_equal(moments_due_ns(&moments), 5000 + STEP_NS);
	moments_fini(&moments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_number_is_bounded_and_the_intervals_are_even),
	    cmocka_unit_test(the_highest_moment_stays),
	    cmocka_unit_test(the_first_is_due_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
