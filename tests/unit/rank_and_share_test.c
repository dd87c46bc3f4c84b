/* Distributions, rank test, Holm and shares give the numbers that the literature prints. */
#include "core/stats/distributions.h"
#include "core/stats/holm.h"
#include "core/stats/random.h"
#include "core/stats/rank_test.h"
#include "core/stats/shares.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NEAR(actual, expected, within) assert_true(fabs((actual) - (expected)) <= (within))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Student, "The probable error of a mean", Biometrika 6 (1908): hours of sleep gained by ten
 * patients under two drugs. */
static const double drug_1[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
static const double drug_2[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

/* Hollander, Wolfe, "Nonparametric Statistical Methods" (1973), table 4.1: permeability of the
 * human chorioamnion at term and at 12 to 26 weeks. */
static const double at_term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
static const double earlier[] = {1.15, 0.88, 0.90, 0.74, 1.21};

static void quantiles_are_those_of_the_tables(void **state)
{
	/* Abramowitz, Stegun, "Handbook of Mathematical Functions", tables 26.1 and 26.10. */
	(void)state;
	NEAR(normal_probability(1.96), 0.97500210485, 1e-10);
	NEAR(normal_quantile(0.975), 1.95996398454, 1e-10);
	NEAR(normal_quantile(0.005), -2.57582930355, 1e-10);
	NEAR(student_quantile(0.975, 1), 12.706, 5e-4);
	NEAR(student_quantile(0.995, 5), 4.032, 5e-4);
	NEAR(student_quantile(0.975, 10), 2.228, 5e-4);
	NEAR(student_quantile(0.95, 120), 1.658, 5e-4);
	NEAR(student_quantile(0.25, 7), -student_quantile(0.75, 7), 1e-9);
	/* Student's own example: t = 4.06 of 9 degrees, .9985. */
	NEAR(student_probability(4.0621, 9), 0.9985, 1e-4);
}

static void the_rank_test_gives_hollander_and_wolfes_example(void **state)
{
	struct rank_test test = rank_test(at_term, COUNT(at_term), earlier, COUNT(earlier));

	(void)state;
	assert_true(test.u == 35);
	/* One side: .1272. */
	NEAR(test.p_exact, 2 * 0.1272, 1e-4);
	assert_true(test.p == test.p_exact);
}

static void the_rank_test_knows_ties(void **state)
{
	struct rank_test test = rank_test(drug_1, COUNT(drug_1), drug_2, COUNT(drug_2));

	(void)state;
	assert_true(test.u == 25.5);
	/* R's wilcox.test(extra ~ group, sleep). */
	NEAR(test.p_normal, 0.06933, 5e-6);
	/* coin's wilcox_test(distribution = "exact"). */
	NEAR(test.p_exact, 0.06582, 5e-6);
}

/* The same probability by trying every way to divide the numbers. */
static double by_force(const double *left, size_t n_left, const double *right, size_t n_right)
{
	double all[16],
	    seen = fabs(rank_test(left, n_left, right, n_right).u - (double)(n_left * n_right) / 2);
	size_t n = n_left + n_right;
	double ways = 0, far = 0;

	for (size_t i = 0; i < n; i++)
		all[i] = i < n_left ? left[i] : right[i - n_left];
	for (unsigned mask = 0; mask < 1u << n; mask++) {
		double u = 0;

		if ((size_t)__builtin_popcount(mask) != n_left)
			continue;
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				if ((mask >> i & 1) && !(mask >> j & 1))
					u += all[i] > all[j] ? 1 : all[i] == all[j] ? 0.5 : 0;
		ways++;
		far += fabs(u - (double)(n_left * n_right) / 2) >= seen;
	}
	return far / ways;
}

static void the_exact_rank_test_counts_all_ways(void **state)
{
	struct random_source random;

	(void)state;
	random_source_init(&random, 1);
	for (int round = 0; round < 60; round++) {
		double values[10];
		size_t n_left = 1 + random_source_below(&random, 9);

		/* Few different numbers: many ties. */
		for (size_t i = 0; i < 10; i++)
			values[i] = random_source_below(&random, 3 + (uint32_t)round);
		NEAR(rank_test(values, n_left, values + n_left, 10 - n_left).p_exact,
		     by_force(values, n_left, values + n_left, 10 - n_left), 1e-12);
	}
}

static void the_rank_test_of_large_sets_is_the_normal_one(void **state)
{
	double left[300], right[300];
	struct random_source random;
	struct rank_test test;

	(void)state;
	random_source_init(&random, 2);
	for (size_t i = 0; i < 300; i++) {
		left[i] = random_source_unit(&random);
		right[i] = random_source_unit(&random) + 0.05;
	}
	test = rank_test(left, 300, right, 300);
	assert_true(isnan(test.p_exact));
	assert_true(test.p == test.p_normal);
	/* Where both are known they are near. */
	test = rank_test(left, 40, right, 40);
	NEAR(test.p_exact, test.p_normal, 0.005);
}

static void equal_numbers_are_no_difference(void **state)
{
	static const double same[300] = {0};

	(void)state;
	assert_true(rank_test(same, 8, same, 8).p == 1);
	assert_true(rank_test(same, 300, same, 300).p == 1);
	assert_true(rank_test(same, 1, same, 1).p == 1);
}

static void the_least_probability_is_that_of_sets_apart(void **state)
{
	static const double low[] = {1, 2, 3, 4, 5, 6}, high[] = {11, 12, 13, 14, 15, 16, 17, 18};

	(void)state;
	NEAR(rank_test(low, 6, high, 8).p_exact, rank_test_least_p(6, 8), 1e-15);
	/* 2 of 924 ways. */
	NEAR(rank_test_least_p(6, 6), 2.0 / 924, 1e-15);
}

static void holm_corrects_step_by_step(void **state)
{
	/* The example that text books follow Holm (1979) with. */
	double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.2}, large[] = {0.9, 0.6, 0.5};

	(void)state;
	holm_correct(p, 4);
	NEAR(p[0], 0.03, 1e-15);
	NEAR(p[1], 0.06, 1e-15);
	NEAR(p[2], 0.06, 1e-15);
	NEAR(p[3], 0.02, 1e-15);
	holm_correct(one, 1);
	assert_true(one[0] == 0.2);
	holm_correct(large, 3);
	assert_true(large[0] == 1 && large[1] == 1 && large[2] == 1);
	holm_correct(one, 0);
}

static void shares_have_wilsons_interval(void **state)
{
	/* Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
	 * Medicine 17 (1998), table I, method 3. */
	static const struct {
		uint64_t part, whole;
		double low, high;
	} cases[] = {
	    {81, 263, 0.2553, 0.3662},
	    {15, 148, 0.0624, 0.1605},
	    {0, 20, 0, 0.1611},
	    {1, 29, 0.0061, 0.1718},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct share_interval share = share_estimate(cases[i].part, cases[i].whole);

		NEAR(share.low, cases[i].low, 5e-5);
		NEAR(share.high, cases[i].high, 5e-5);
	}
	assert_true(share_estimate(0, 20).low == 0);
	assert_true(share_estimate(20, 20).high == 1);
	assert_true(isnan(share_estimate(0, 0).low));
}

static void differences_of_shares_have_newcombes_interval(void **state)
{
	/* Newcombe, "Interval estimation for the difference between independent proportions",
	 * Statistics in Medicine 17 (1998), table II, method 10. */
	static const struct {
		uint64_t new, new_whole, base, base_whole;
		double low, high;
	} cases[] = {
	    {56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090},
	    {6, 7, 2, 7, 0.0582, 0.8062},     {5, 56, 0, 29, -0.0381, 0.1926},
	    {0, 10, 0, 20, -0.1611, 0.2775},  {0, 10, 0, 10, -0.2775, 0.2775},
	    {10, 10, 0, 20, 0.6791, 1},       {10, 10, 0, 10, 0.6075, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct share_interval difference = share_difference(
		    cases[i].base, cases[i].base_whole, cases[i].new, cases[i].new_whole);

		NEAR(difference.low, cases[i].low, 6e-5);
		NEAR(difference.high, cases[i].high, 6e-5);
	}
}

static void shares_are_tested_as_fisher_did(void **state)
{
	(void)state;
	/* "The Design of Experiments" (1935): the lady and the tea; the convicted twins. */
	NEAR(share_test_p(3, 4, 1, 4), 34.0 / 70, 1e-12);
	NEAR(share_test_p(10, 13, 2, 17), 0.0005367, 5e-8);
	NEAR(share_test_p(2, 17, 10, 13), 0.0005367, 5e-8);
	assert_true(share_test_p(5, 10, 5, 10) == 1);
	assert_true(share_test_p(0, 10, 0, 10) == 1);
	assert_true(share_test_p(10, 10, 7, 7) == 1);
	assert_true(share_test_p(0, 0, 0, 7) == 1);
	/* Far out no number is left of it, and none is needed. */
	assert_true(share_test_p(0, 1000000, 500000, 1000000) < 1e-100);
	NEAR(share_test_p(500000, 1000000, 501000, 1000000), 0.1575, 5e-4);
}

static void random_numbers_are_the_generators(void **state)
{
	/* The first numbers of the authors' program from the state 1, 2, 3, 4. */
	struct random_source random = {{1, 2, 3, 4}};
	double sum = 0, squares = 0;

	(void)state;
	assert_true(random_source_next(&random) == 11520);
	assert_true(random_source_next(&random) == 0);
	assert_true(random_source_next(&random) == 1509978240);
	assert_true(random_source_next(&random) == 1215971899390074240);
	random_source_init(&random, 7);
	for (int i = 0; i < 100000; i++) {
		double z = random_source_normal(&random);

		assert_true(random_source_below(&random, 3) < 3);
		sum += z;
		squares += z * z;
	}
	/* Five standard errors of either. */
	NEAR(sum / 100000, 0, 5 / sqrt(100000));
	NEAR(squares / 100000, 1, 5 * sqrt(2.0 / 100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quantiles_are_those_of_the_tables),
	    cmocka_unit_test(the_rank_test_gives_hollander_and_wolfes_example),
	    cmocka_unit_test(the_rank_test_knows_ties),
	    cmocka_unit_test(the_exact_rank_test_counts_all_ways),
	    cmocka_unit_test(the_rank_test_of_large_sets_is_the_normal_one),
	    cmocka_unit_test(equal_numbers_are_no_difference),
	    cmocka_unit_test(the_least_probability_is_that_of_sets_apart),
	    cmocka_unit_test(holm_corrects_step_by_step),
	    cmocka_unit_test(shares_have_wilsons_interval),
	    cmocka_unit_test(differences_of_shares_have_newcombes_interval),
	    cmocka_unit_test(shares_are_tested_as_fisher_did),
	    cmocka_unit_test(random_numbers_are_the_generators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
