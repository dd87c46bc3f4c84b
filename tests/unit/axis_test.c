/* Axes of pictures: round steps, the unit a reader expects, room for the last value. */
#include "core/export/axis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_ticks(struct axis axis, size_t n_steps, const char *first, const char *last)
{
	assert_string_equal(axis_label_of(&axis, 0).text, "0");
	assert_string_equal(axis_label_of(&axis, 1).text, first);
	assert_int_equal(axis.n_steps, n_steps);
	assert_string_equal(axis_label_of(&axis, axis.n_steps).text, last);
}

static void bytes_have_round_ticks_in_units_of_1024(void **state)
{
	(void)state;
	assert_ticks(axis_of_bytes(251500, 5), 5, "50 KB", "250 KB");
	assert_ticks(axis_of_bytes(3000, 5), 3, "1 KB", "3 KB");
	assert_ticks(axis_of_bytes(700000000, 5), 4, "200 MB", "800 MB");
	assert_ticks(axis_of_bytes(1200 << 10, 6), 6, "0.2 MB", "1.2 MB");
	assert_ticks(axis_of_bytes(UINT64_C(3) << 40, 4), 3, "1 TB", "3 TB");
}

static void times_go_from_microseconds_to_hours(void **state)
{
	(void)state;
	assert_ticks(axis_of_time(3100000, 10), 7, "0.5 ms", "3.5 ms");
	assert_ticks(axis_of_time(2000, 4), 4, "0.5 \xc2\xb5s", "2.0 \xc2\xb5s");
	assert_ticks(axis_of_time(250 * UINT64_C(1000000000), 10), 5, "50 s", "250 s");
	assert_ticks(axis_of_time(600 * UINT64_C(1000000000), 10), 10, "1 min", "10 min");
	assert_ticks(axis_of_time(36000 * UINT64_C(1000000000), 10), 10, "1 h", "10 h");
}

static void rates_and_percents_are_decimal(void **state)
{
	(void)state;
	assert_ticks(axis_of_rate(930000, 5), 5, "200 k/s", "1000 k/s");
	assert_ticks(axis_of_rate(7, 5), 4, "2 /s", "8 /s");
	assert_ticks(axis_of_percent(180, 5), 4, "50 %", "200 %");
}

static void what_cannot_be_divided_is_not(void **state)
{
	(void)state;
	assert_ticks(axis_of_bytes(0, 5), 1, "1 B", "1 B");
	assert_ticks(axis_of_bytes(3, 10), 3, "1 B", "3 B");
	assert_ticks(axis_of_time(0, 5), 1, "1 ns", "1 ns");
}

static void the_steps_are_never_more_than_asked_for_and_hold_the_last_value(void **state)
{
	(void)state;
	for (uint64_t last = 1; last < UINT64_C(1) << 50; last += 1 + last / 7)
		for (size_t most = 2; most < 15; most++) {
			struct axis axis = axis_of_bytes(last, most);

			assert_in_range(axis.n_steps, 1, most);
			assert_true((double)axis.n_steps * axis.step >= (double)last * (1 - 1e-8));
			axis = axis_of_time(last, most);
			assert_in_range(axis.n_steps, 1, most);
			assert_true((double)axis.n_steps * axis.step >= (double)last * (1 - 1e-8));
		}
}

static void a_value_has_three_digits(void **state)
{
	struct axis axis = axis_of_time(5000000000, 5);

	(void)state;
	assert_string_equal(axis_value_of(&axis, 1234567890).text, "1.23 s");
	axis = axis_of_bytes(100, 5);
	assert_string_equal(axis_value_of(&axis, 7).text, "7 B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_have_round_ticks_in_units_of_1024),
	    cmocka_unit_test(rates_and_percents_are_decimal),
	    cmocka_unit_test(times_go_from_microseconds_to_hours),
	    cmocka_unit_test(what_cannot_be_divided_is_not),
	    cmocka_unit_test(the_steps_are_never_more_than_asked_for_and_hold_the_last_value),
	    cmocka_unit_test(a_value_has_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
