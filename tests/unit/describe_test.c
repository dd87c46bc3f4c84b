/* Describing numbers and their ratio. */
#include "core/stats/describe.h"
#include "core/stats/random.h"
#include "core/stats/ratio.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NEAR(actual, expected, within) assert_true(fabs((actual) - (expected)) <= (within))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What Student's ten patients slept longer under the second drug (Biometrika 6, 1908). */
static const double gained[] = {1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};

static void students_sleep_is_described(void **state)
{
	(void)state;
	NEAR(describe_mean(gained, COUNT(gained)), 1.58, 1e-12);
	/* He divided by n: 1.17. */
	NEAR(describe_deviation(gained, COUNT(gained)) * sqrt(0.9), 1.17, 5e-3);
	NEAR(describe_deviation(gained, COUNT(gained)), 1.229995, 5e-7);
	NEAR(describe_median(gained, COUNT(gained)), 1.3, 1e-12);
	/* Distances from 1.3: 0 0 .1 .1 .3 .5 .5 1.1 1.3 3.3. */
	NEAR(describe_mad(gained, COUNT(gained)), 0.4, 1e-12);
	/* R's quantile(). */
	NEAR(describe_quantile(gained, COUNT(gained), 0.25), 1.05, 1e-12);
	NEAR(describe_quantile(gained, COUNT(gained), 0.9), 2.62, 1e-12);
	assert_true(describe_quantile(gained, COUNT(gained), 0) == 0);
	assert_true(describe_quantile(gained, COUNT(gained), 1) == 4.6);
}

static void a_value_is_selected_as_by_sorting(void **state)
{
	struct random_source random;

	(void)state;
	random_source_init(&random, 1);
	for (size_t round = 0; round < 500; round++) {
		double values[40], *sorted;
		size_t n = 1 + random_source_below(&random, 40),
		       at = random_source_below(&random, (uint32_t)n);

		for (size_t i = 0; i < n; i++)
			values[i] = round % 10 == 0 ? (double)i : random_source_below(&random, 10);
		sorted = describe_sorted(values, n);
		assert_true(describe_select(values, n, at) == sorted[at]);
		free(sorted);
	}
}

static void of_too_few_there_is_nothing(void **state)
{
	static const double one[] = {5};

	(void)state;
	assert_true(isnan(describe_mean(NULL, 0)));
	assert_true(isnan(describe_median(NULL, 0)));
	assert_true(isnan(describe_mad(NULL, 0)));
	assert_true(isnan(describe_deviation(one, 1)));
	assert_true(describe_median(one, 1) == 5);
	assert_null(describe_sorted(NULL, 0));
	assert_false(describe_all_equal(NULL, 0));
	assert_true(describe_all_equal(one, 1));
	assert_false(describe_all_equal(gained, COUNT(gained)));
	assert_true(describe_all_finite(NULL, 0));
	assert_false(describe_all_finite((const double[]){1, NAN}, 2));
	assert_false(describe_all_finite((const double[]){-INFINITY, 1}, 2));
}

static void large_numbers_do_not_overflow(void **state)
{
	static const double large[] = {1.7e308, 1.7e308, 1.7e308};

	(void)state;
	assert_true(describe_mean(large, 3) == 1.7e308);
}

static void the_ratio_is_hodges_and_lehmanns(void **state)
{
	/* Hollander, Wolfe, "Nonparametric Statistical Methods" (1973), example 4.1: the estimate
	 * of the difference is 0.305. Ours is one of logarithms. */
	static const double at_term[] = {0.80, 0.83, 1.89, 1.04, 1.45,
	                                 1.38, 1.91, 1.64, 0.73, 1.46};
	static const double earlier[] = {1.15, 0.88, 0.90, 0.74, 1.21};
	double base[COUNT(earlier)], new[COUNT(at_term)];
	struct ratio_interval interval;

	(void)state;
	for (size_t i = 0; i < COUNT(earlier); i++)
		base[i] = exp(earlier[i]);
	for (size_t i = 0; i < COUNT(at_term); i++)
		new[i] = exp(at_term[i]);
	interval = ratio_estimate(base, COUNT(base), new, COUNT(new), 1);
	NEAR(log(interval.ratio), 0.305, 1e-12);
	assert_true(interval.low < interval.ratio && interval.high > interval.ratio);
	/* The exact interval of 95.7 % there: -0.15 to 0.76 (R's wilcox.test). */
	NEAR(log(interval.low), -0.15, 0.25);
	NEAR(log(interval.high), 0.76, 0.25);
}

static void the_same_seed_gives_the_same_interval(void **state)
{
	static const double base[] = {10, 11, 12, 13, 14, 15}, new[] = {11, 12, 13, 14, 15, 19};
	struct ratio_interval first = ratio_estimate(base, 6, new, 6, 42);
	struct ratio_interval again = ratio_estimate(base, 6, new, 6, 42);

	(void)state;
	assert_true(first.low == again.low && first.high == again.high);
}

static void zeros_have_ratios_too(void **state)
{
	static const double zeros[] = {0, 0, 0}, ones[] = {1, 1, 1}, half[] = {0, 0, 1, 1};
	struct ratio_interval interval = ratio_estimate(zeros, 3, ones, 3, 1);

	(void)state;
	assert_true(isinf(interval.ratio) && isinf(interval.low) && isinf(interval.high));
	interval = ratio_estimate(ones, 3, zeros, 3, 1);
	assert_true(interval.ratio == 0 && interval.high == 0);
	interval = ratio_estimate(zeros, 3, zeros, 3, 1);
	assert_true(interval.ratio == 1 && interval.low == 1 && interval.high == 1);
	interval = ratio_estimate((const double[]){-0.0}, 1, ones, 1, 1);
	assert_true(interval.ratio > 0 && isinf(interval.ratio));
	interval = ratio_estimate(half, 4, half, 4, 1);
	assert_true(interval.ratio == 1 && interval.low == 0 && isinf(interval.high));
	interval = ratio_estimate(ones, 1, ones, 1, 1);
	assert_true(interval.ratio == 1 && isnan(interval.low) && isnan(interval.high));
}

static void many_numbers_are_thinned(void **state)
{
	size_t n = 5000;
	double *base = calloc(n, sizeof(*base)), *new = calloc(n, sizeof(*new));
	struct ratio_interval interval;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		base[i] = 100 + (double)(i * 7919 % n) / (double)n;
		new[i] = 2 * base[i];
	}
	interval = ratio_estimate(base, n, new, n, 1);
	NEAR(interval.ratio, 2, 1e-3);
	assert_true(interval.low < 2.001 && interval.high > 1.999);
	free(base);
	free(new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(students_sleep_is_described),
	    cmocka_unit_test(a_value_is_selected_as_by_sorting),
	    cmocka_unit_test(of_too_few_there_is_nothing),
	    cmocka_unit_test(large_numbers_do_not_overflow),
	    cmocka_unit_test(the_ratio_is_hodges_and_lehmanns),
	    cmocka_unit_test(the_same_seed_gives_the_same_interval),
	    cmocka_unit_test(zeros_have_ratios_too),
	    cmocka_unit_test(many_numbers_are_thinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
