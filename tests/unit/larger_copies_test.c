/* Tests which samples are used while two events take them. */
#include "cpu/larger_copies.h"

#include "core/perf/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { USUAL, OTHER, LARGER };

static bool is_used(const struct larger_copies *larger, unsigned event, uint64_t time_ns)
{
	const struct perf_record sample = {.event = event, .time_ns = time_ns};

	return larger_copies_use(larger, &sample);
}

static void each_moment_has_one_event(void **state)
{
	const struct larger_copies larger = {
	    .is_open = true, .event = LARGER, .since_ns = 100, .until_ns = 200};
	static const uint64_t times_ns[] = {0, 99, 100, 199, 200, UINT64_MAX - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(times_ns) / sizeof(times_ns[0]); i++) {
		bool is_between = times_ns[i] >= 100 && times_ns[i] < 200;

		assert_int_equal(is_used(&larger, USUAL, times_ns[i]), !is_between);
		assert_int_equal(is_used(&larger, LARGER, times_ns[i]), is_between);
	}
}

static void without_larger_copies_all_are_used(void **state)
{
	const struct larger_copies closed = {0};
	const struct larger_copies waiting = {
	    .is_open = true, .event = LARGER, .since_ns = UINT64_MAX, .until_ns = UINT64_MAX};

	(void)state;
	assert_true(is_used(&closed, USUAL, 100));
	assert_true(is_used(&waiting, USUAL, 100));
	assert_false(larger_copies_began(&closed));
	assert_false(larger_copies_began(&waiting));
}

static void short_copies_are_counted_until_larger_ones_are_taken(void **state)
{
	struct larger_copies larger = {.is_open = true, .since_ns = UINT64_MAX};

	(void)state;
	larger_copies_note(&larger, true);
	larger_copies_note(&larger, false);
	assert_int_equal(larger.n_samples, 2);
	assert_int_equal(larger.n_short, 1);
	larger.since_ns = 100;
	larger_copies_note(&larger, true);
	assert_int_equal(larger.n_short, 1);
	assert_int_equal(larger.n_taken, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_moment_has_one_event),
	    cmocka_unit_test(without_larger_copies_all_are_used),
	    cmocka_unit_test(short_copies_are_counted_until_larger_ones_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
