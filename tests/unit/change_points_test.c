/* Change points are found where they are, and hardly ever where none is. */
#include "core/stats/change_points.h"

#include "core/stats/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Annual flow of the Nile at Aswan, 1871 to 1970, in 10^8 m^3: Cobb, "The problem of the Nile:
 * conditional solution to a changepoint problem", Biometrika 65 (1978). The level fell in 1899. */
static const double nile[] = {
    1120, 1160, 963, 1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994,  1020,
    960,  1180, 799, 958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,
    874,  694,  940, 833,  701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,
    1120, 1100, 832, 764,  821,  768,  845,  864,  862,  698,  845,  744,  796,  1040, 759,
    781,  865,  845, 944,  984,  897,  822,  1010, 771,  676,  649,  846,  812,  742,  801,
    1040, 860,  874, 848,  890,  744,  749,  838,  1050, 918,  986,  797,  923,  975,  815,
    1020, 906,  901, 1170, 912,  746,  919,  718,  714,  740};

static void the_nile_fell_in_1899(void **state)
{
	struct change_point *points;

	(void)state;
	assert_int_equal(change_points_find(nile, COUNT(nile), &points), 1);
	assert_int_equal(1871 + points[0].at, 1899);
	assert_true(points[0].before == 1130 && points[0].after == 842.5);
	free(points);
}

/* Noise of 1 about a level. */
static void fill(double *values, size_t from, size_t to, double level, struct random_source *random)
{
	for (size_t i = from; i < to; i++)
		values[i] = level + random_source_normal(random);
}

static void levels_are_found_one_by_one(void **state)
{
	double values[120];
	struct random_source random;
	struct change_point *points;

	(void)state;
	random_source_init(&random, 3);
	/* Up for ten runs, back, and a step that stays: eight deviations each. */
	fill(values, 0, 50, 100, &random);
	fill(values, 50, 60, 108, &random);
	fill(values, 60, 100, 100, &random);
	fill(values, 100, 120, 116, &random);
	assert_int_equal(change_points_find(values, 120, &points), 3);
	assert_int_equal(points[0].at, 50);
	assert_int_equal(points[1].at, 60);
	assert_int_equal(points[2].at, 100);
	assert_true(fabs(points[2].before - 100) < 1 && fabs(points[2].after - 116) < 1);
	free(points);
}

static void a_small_step_behind_a_large_one_is_found(void **state)
{
	double values[150];
	struct random_source random;
	struct change_point *points;

	(void)state;
	random_source_init(&random, 4);
	fill(values, 0, 50, 100, &random);
	fill(values, 50, 100, 1000, &random);
	fill(values, 100, 150, 1003, &random);
	assert_int_equal(change_points_find(values, 150, &points), 2);
	assert_int_equal(points[0].at, 50);
	assert_true(points[1].at >= 98 && points[1].at <= 102);
	free(points);
}

static void one_more_call_is_a_new_level_after_three_runs(void **state)
{
	double values[100];
	struct change_point *points;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		values[i] = i < 97 ? 1000 : 1001;
	assert_int_equal(change_points_find(values, 100, &points), 1);
	assert_int_equal(points[0].at, 97);
	assert_true(points[0].before == 1000 && points[0].after == 1001);
	free(points);
	assert_int_equal(change_points_find(values, 98, &points), 0);
	assert_null(points);
}

static void single_outliers_are_no_change(void **state)
{
	double values[60];
	struct random_source random;
	struct change_point *points;

	(void)state;
	random_source_init(&random, 5);
	fill(values, 0, 60, 100, &random);
	values[20] = 1e9;
	values[59] = 1e12;
	assert_int_equal(change_points_find(values, 60, &points), 0);
}

static void too_short_or_constant_has_none(void **state)
{
	static const double same[500] = {0};
	struct change_point *points;

	(void)state;
	for (size_t n = 0; n < 500; n += 1 + n / 3) {
		assert_int_equal(change_points_find(same, n, &points), 0);
		assert_null(points);
	}
	/* Of three runs apart from three 2 in 20 are by chance. */
	assert_int_equal(change_points_find((const double[]){1, 2, 3, 11, 12, 13}, 6, &points), 0);
}

static void steps_in_ten_thousand_runs_are_found_to_the_run(void **state)
{
	size_t n = 10000;
	double *values = calloc(n, sizeof(*values));
	struct random_source random;
	struct change_point *points;

	(void)state;
	random_source_init(&random, 6);
	fill(values, 0, 3333, 100, &random);
	fill(values, 3333, 9001, 120, &random);
	fill(values, 9001, n, 140, &random);
	assert_int_equal(change_points_find(values, n, &points), 2);
	assert_int_equal(points[0].at, 3333);
	assert_int_equal(points[1].at, 9001);
	free(points);
	free(values);
}

static void runs_that_are_alike_are_hardly_ever_cut(void **state)
{
	/* At most 1 in 100. With that rate more than 33 false alarms of 1,600 come in 1 of 10,000
	 * (binomial); ranks make it the same for every noise without ties. */
	static const size_t sizes[] = {10, 20, 40, 80};
	struct random_source random;
	size_t n_false = 0;

	(void)state;
	random_source_init(&random, 8);
	for (size_t round = 0; round < 1600; round++) {
		double values[80];
		size_t n = sizes[round % COUNT(sizes)];
		struct change_point *points;

		fill(values, 0, n, 100, &random);
		n_false += change_points_find(values, n, &points) > 0;
		free(points);
	}
	assert_true(n_false <= 33);
}

static void ticks_that_flip_are_hardly_ever_cut(void **state)
{
	/* As above; ties make scores smaller, not larger. */
	struct random_source random;
	size_t n_false = 0;

	(void)state;
	random_source_init(&random, 9);
	for (size_t round = 0; round < 1600; round++) {
		double values[60];
		struct change_point *points;

		for (size_t i = 0; i < COUNT(values); i++)
			values[i] = random_source_below(&random, 2 + round % 9) == 0 ? 10 : 20;
		n_false += change_points_find(values, COUNT(values), &points) > 0;
		free(points);
	}
	assert_true(n_false <= 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_nile_fell_in_1899),
	    cmocka_unit_test(levels_are_found_one_by_one),
	    cmocka_unit_test(a_small_step_behind_a_large_one_is_found),
	    cmocka_unit_test(one_more_call_is_a_new_level_after_three_runs),
	    cmocka_unit_test(single_outliers_are_no_change),
	    cmocka_unit_test(too_short_or_constant_has_none),
	    cmocka_unit_test(steps_in_ten_thousand_runs_are_found_to_the_run),
	    cmocka_unit_test(runs_that_are_alike_are_hardly_ever_cut),
	    cmocka_unit_test(ticks_that_flip_are_hardly_ever_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
