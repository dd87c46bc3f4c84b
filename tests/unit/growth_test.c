/* Growth: exponents with intervals, and the laws that fit. Outliers: as hyperfine warns of them. */
#include "core/stats/growth.h"

#include "core/stats/outliers.h"
#include "core/stats/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NEAR(actual, expected, within) assert_true(fabs((actual) - (expected)) <= (within))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const double sizes[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000};

static void planets_keep_keplers_third_law(void **state)
{
	/* Semi-major axes in astronomical units, periods in years: Mercury to Neptune. */
	static const double axes[] = {0.3871, 0.7233, 1, 1.5237, 5.2029, 9.537, 19.189, 30.07};
	static const double years[] = {0.2408, 0.6152, 1, 1.8808, 11.862, 29.457, 84.02, 164.8};
	struct growth growth = growth_fit(axes, years, COUNT(axes));

	(void)state;
	NEAR(growth.exponent, 1.5, 1e-3);
	assert_true(growth.low < growth.exponent && growth.high > growth.exponent);
	assert_true(growth.high - growth.low < 2e-3);
}

static void the_interval_is_that_of_regression(void **state)
{
	/* Anscombe, "Graphs in statistical analysis", The American Statistician 27 (1973), first
	 * set: slope 0.500 with a standard error of 0.118; 9 degrees of freedom, t = 2.262. */
	static const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
	static const double y[] = {8.04, 6.95, 7.58,  8.81, 8.33, 9.96,
	                           7.24, 4.26, 10.84, 4.82, 5.68};
	double size[COUNT(x)], value[COUNT(x)];
	struct growth growth;

	(void)state;
	for (size_t i = 0; i < COUNT(x); i++) {
		size[i] = exp(x[i]);
		value[i] = exp(y[i]);
	}
	growth = growth_fit(size, value, COUNT(x));
	NEAR(growth.exponent, 0.500, 5e-4);
	NEAR(growth.high - growth.exponent, 2.262 * 0.1179, 5e-4);
	NEAR(growth.exponent - growth.low, 2.262 * 0.1179, 5e-4);
}

static double law_at(enum growth_law law, double n)
{
	const double at[] = {1, log2(n), n, n * log2(n), n * n, n * n * n};

	return at[law];
}

static void each_law_is_told_from_the_others(void **state)
{
	double values[COUNT(sizes)];

	(void)state;
	for (enum growth_law law = 0; law < N_GROWTH_LAWS; law++) {
		struct growth growth;

		for (size_t i = 0; i < COUNT(sizes); i++)
			values[i] = 3 * law_at(law, sizes[i]);
		growth = growth_fit(sizes, values, COUNT(sizes));
		assert_true(growth.has_law);
		assert_int_equal(growth.law, law);
		for (enum growth_law other = 0; other < N_GROWTH_LAWS; other++)
			assert_int_equal(growth.fits[other], other == law);
	}
	assert_string_equal(growth_law_text(GROWTH_LINEAR_LOG), "O(n log n)");
}

static void a_cost_of_the_start_does_not_hide_the_law(void **state)
{
	double values[COUNT(sizes)];
	struct growth growth;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		values[i] = 50000 + 2 * sizes[i];
	growth = growth_fit(sizes, values, COUNT(sizes));
	assert_int_equal(growth.law, GROWTH_LINEAR);
	NEAR(growth.start, 50000, 1e-3);
	NEAR(growth.factor, 2, 1e-9);
	/* The exponent is that of these sizes. */
	assert_true(growth.exponent > 0.2 && growth.exponent < 0.7);
}

static void noise_leaves_the_law_among_those_that_fit(void **state)
{
	/* 3 % of noise, 20 scans of each law with three runs a size. Schwarz's criterion is no test
	 * with a known rate, so we ask of it: the true law fits in 114 of 120, and none that is a
	 * power apart does. */
	struct random_source random;
	size_t n_fits = 0;

	(void)state;
	random_source_init(&random, 1);
	for (size_t round = 0; round < 120; round++) {
		enum growth_law law = (enum growth_law)(round % N_GROWTH_LAWS);
		double size[3 * COUNT(sizes)], values[3 * COUNT(sizes)];
		struct growth growth;

		for (size_t i = 0; i < COUNT(size); i++) {
			size[i] = sizes[i / 3];
			values[i] =
			    law_at(law, size[i]) * exp(0.03 * random_source_normal(&random));
		}
		growth = growth_fit(size, values, COUNT(size));
		n_fits += growth.fits[law];
		if (law == GROWTH_LINEAR)
			assert_false(growth.fits[GROWTH_CONSTANT] || growth.fits[GROWTH_LOG] ||
			             growth.fits[GROWTH_SQUARE]);
		if (law == GROWTH_SQUARE)
			assert_false(growth.fits[GROWTH_LINEAR_LOG] || growth.fits[GROWTH_CUBE]);
	}
	assert_true(n_fits >= 114);
}

static void what_does_not_grow_is_constant(void **state)
{
	static const double zeros[COUNT(sizes)] = {0};
	static const double falls[] = {64, 32, 16, 8, 4, 2, 1};
	struct growth growth = growth_fit(sizes, zeros, COUNT(sizes));

	(void)state;
	assert_true(growth.exponent == 0 && growth.low == 0 && growth.high == 0);
	assert_int_equal(growth.law, GROWTH_CONSTANT);
	growth = growth_fit(sizes, falls, COUNT(sizes));
	NEAR(growth.exponent, -1, 1e-12);
	assert_int_equal(growth.law, GROWTH_CONSTANT);
}

static void without_enough_there_is_no_fit(void **state)
{
	static const double twice[] = {1, 1, 2, 2}, some[] = {0, 1, 2, 3}, less[] = {-1, 1, 2, 3};
	static const double values[] = {1, 2, 3, 4};
	struct growth growth = growth_fit(twice, values, 4);

	(void)state;
	assert_true(isnan(growth.exponent) && !growth.has_law);
	growth = growth_fit(some, values, 4);
	assert_true(isnan(growth.exponent) && !growth.has_law);
	growth = growth_fit(values, less, 4);
	assert_true(isnan(growth.exponent) && !growth.has_law);
	/* A value of 0 has no logarithm, but a law. */
	growth = growth_fit(values, some, 4);
	assert_true(isnan(growth.exponent) && growth.has_law);
	growth = growth_fit(NULL, NULL, 0);
	assert_false(growth.has_law);
}

static void outliers_are_ten_deviations_away(void **state)
{
	/* Of 10 values about 100 the median is 100, half of the distances below 1. */
	double values[] = {100, 101, 99, 100.5, 99.5, 101, 99, 100, 102, 98};
	struct outliers found = outliers_find(values, COUNT(values));

	(void)state;
	assert_int_equal(found.n, 0);
	assert_false(found.first_high);
	/* The median absolute deviation is 1 with one value moved: 14.8 is the bound. */
	values[8] = 114;
	assert_int_equal(outliers_find(values, COUNT(values)).n, 0);
	values[8] = 116;
	assert_int_equal(outliers_find(values, COUNT(values)).n, 1);
	assert_false(outliers_find(values, COUNT(values)).first_high);
	values[0] = 150;
	found = outliers_find(values, COUNT(values));
	assert_int_equal(found.n, 2);
	assert_true(found.first_high);
	values[0] = 50;
	found = outliers_find(values, COUNT(values));
	assert_int_equal(found.n, 2);
	assert_false(found.first_high);
}

static void ticks_have_no_outliers_one_tick_away(void **state)
{
	static const double ticks[] = {10, 10, 10, 10, 10, 10, 10, 10, 20, 10};
	double far[30];

	(void)state;
	assert_int_equal(outliers_find(ticks, COUNT(ticks)).n, 0);
	assert_int_equal(outliers_find(ticks, 2).n, 0);
	assert_int_equal(outliers_find(NULL, 0).n, 0);
	for (size_t i = 0; i < COUNT(far); i++)
		far[i] = i == 0 ? 1000 : 10;
	assert_int_equal(outliers_find(far, COUNT(far)).n, 1);
	assert_true(outliers_find(far, COUNT(far)).first_high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(planets_keep_keplers_third_law),
	    cmocka_unit_test(the_interval_is_that_of_regression),
	    cmocka_unit_test(each_law_is_told_from_the_others),
	    cmocka_unit_test(a_cost_of_the_start_does_not_hide_the_law),
	    cmocka_unit_test(noise_leaves_the_law_among_those_that_fit),
	    cmocka_unit_test(what_does_not_grow_is_constant),
	    cmocka_unit_test(without_enough_there_is_no_fit),
	    cmocka_unit_test(outliers_are_ten_deviations_away),
	    cmocka_unit_test(ticks_have_no_outliers_one_tick_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
