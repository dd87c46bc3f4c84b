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
	struct larger_copies larger = {.is_open = true, .event = LARGER, .since_ns = UINT64_MAX};
	const struct perf_record usual = {.event = USUAL}, large = {.event = LARGER};

	(void)state;
	larger_copies_note(&larger, &usual, true);
	larger_copies_note(&larger, &usual, false);
	assert_int_equal(larger.n_samples, 2);
	assert_int_equal(larger.n_short, 1);
	larger.since_ns = 100;
	larger_copies_note(&larger, &large, true);
	assert_int_equal(larger.n_short, 1);
	assert_int_equal(larger.n_taken, 1);
}

static void usual_copies_after_the_end_are_none_of_the_larger(void **state)
{
	struct larger_copies larger = {
	    .is_open = true, .event = LARGER, .since_ns = 100, .until_ns = 200, .n_taken = 7};
	const struct perf_record usual = {.event = USUAL, .time_ns = 300};

	(void)state;
	larger_copies_note(&larger, &usual, true);
	assert_int_equal(larger.n_taken, 7);
	assert_int_equal(larger.n_short, 0);
}

static void the_lesser_evil_is_chosen(void **state)
{
	const struct larger_copies hardly = {.n_samples = 1000, .n_short = 5, .n_taken = 200};
	const struct larger_copies mostly = {.n_samples = 10, .n_short = 7, .n_taken = 200};
	const struct larger_copies from_exec = {.n_taken = 200};

	(void)state;
	assert_false(larger_copies_lose_more(&hardly, 4));
	assert_true(larger_copies_lose_more(&hardly, 5));
	assert_false(larger_copies_lose_more(&mostly, 25));
	assert_false(larger_copies_lose_more(&mostly, 466)); /* 70 % of 666 */
	assert_true(larger_copies_lose_more(&mostly, 467));
	assert_true(larger_copies_lose_more(&from_exec, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_moment_has_one_event),
	    cmocka_unit_test(without_larger_copies_all_are_used),
	    cmocka_unit_test(short_copies_are_counted_until_larger_ones_are_taken),
	    cmocka_unit_test(usual_copies_after_the_end_are_none_of_the_larger),
	    cmocka_unit_test(the_lesser_evil_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
