/* A series in one line: low is low, high is high, and many values keep their shape. */
#include "core/trend/sparkline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void draws(const double *values, size_t n, size_t width, bool utf8, const char *expected)
{
	char *text = sparkline_text(values, n, width, utf8);

	assert_string_equal(text, expected);
	free(text);
}

static void eighths_of_the_range_are_the_eight_bars(void **state)
{
	static const double values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	draws(values, 9, 40, true, "▁▂▃▄▅▆▇██");
	draws(values, 9, 40, false, "_.:-=+*##");
}

static void what_never_changes_is_a_level_line(void **state)
{
	static const double values[] = {5, 5, 5};

	(void)state;
	draws(values, 3, 40, true, "▄▄▄");
	draws(values, 1, 40, false, "-");
	draws(values, 0, 40, false, "");
}

static void many_values_are_medians_of_neighbours(void **state)
{
	/* The outliers in either half are not its level. */
	static const double values[] = {-9, 1, 1, 1, 1, 2, 2, 2, 2, 99};

	(void)state;
	draws(values, 10, 2, false, "_#");
}

static void every_value_is_in_one_group(void **state)
{
	(void)state;
	for (size_t n = 1; n < 50; n++)
		for (size_t groups = 1; groups <= n; groups++) {
			assert_int_equal(sparkline_group(0, groups, n), 0);
			assert_int_equal(sparkline_group(groups, groups, n), n);
			for (size_t i = 0; i < groups; i++)
				assert_true(sparkline_group(i, groups, n) <
				            sparkline_group(i + 1, groups, n));
		}
}

static void the_first_variable_that_is_set_names_the_locale(void **state)
{
	(void)state;
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	assert_false(sparkline_locale_is_utf8());
	setenv("LANG", "de_DE.UTF-8", 1);
	assert_true(sparkline_locale_is_utf8());
	setenv("LC_CTYPE", "C", 1);
	assert_false(sparkline_locale_is_utf8());
	setenv("LC_ALL", "C.utf8", 1);
	assert_true(sparkline_locale_is_utf8());
	setenv("LC_ALL", "", 1);
	assert_false(sparkline_locale_is_utf8());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(eighths_of_the_range_are_the_eight_bars),
	    cmocka_unit_test(what_never_changes_is_a_level_line),
	    cmocka_unit_test(many_values_are_medians_of_neighbours),
	    cmocka_unit_test(every_value_is_in_one_group),
	    cmocka_unit_test(the_first_variable_that_is_set_names_the_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
