/* Amdahl's law: the serial share of times that follow it, and what its interval holds. */
#include "core/stats/scaling.h"

#include "core/stats/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void times_by_the_law_give_its_share(void **state)
{
	static const double shares[] = {0, 0.05, 0.25, 1};
	double workers[] = {8, 1, 2, 4}, times[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct scaling scaling;

		for (size_t j = 0; j < 4; j++)
			times[j] = 3e9 * (shares[i] + (1 - shares[i]) / workers[j]);
		scaling = scaling_fit(workers, times, 4);
		assert_true(fabs(scaling.serial - shares[i]) < 1e-9);
		assert_true(fabs(scaling.low - shares[i]) < 1e-6);
		assert_true(fabs(scaling.high - shares[i]) < 1e-6);
		assert_true(fabs(scaling.one_worker - 3e9) < 1);
	}
}

/* Amdahl's own example: with 5 % serial, 20 workers are 10.26 times as fast (1 / (0.05 + 0.95 /
 * 20)). */
static void one_worker_need_not_be_measured(void **state)
{
	double workers[] = {5, 10, 20}, times[3];
	struct scaling scaling;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		times[i] = 0.05 + 0.95 / workers[i];
	scaling = scaling_fit(workers, times, 3);
	assert_true(fabs(scaling.serial - 0.05) < 1e-9);
	assert_true(fabs(scaling.one_worker / times[2] - 10.2564) < 1e-4);
}

static void more_workers_that_take_longer_are_all_serial(void **state)
{
	double workers[] = {1, 2, 4}, times[] = {1, 1.5, 2.5};

	(void)state;
	assert_true(scaling_fit(workers, times, 3).serial == 1);
}

static void what_is_too_little_has_no_share(void **state)
{
	double workers[] = {1, 2, 2, 4}, times[] = {4, 2, 2.1, 0};

	(void)state;
	assert_true(isnan(scaling_fit(workers, times, 2).serial));
	assert_true(isnan(scaling_fit(workers, times, 3).serial));
	assert_true(isnan(scaling_fit(workers, times, 4).serial));
	assert_true(isnan(scaling_fit(workers, times, 0).serial));
}

/* Of 2,000 scans with 3 % noise the interval has the true share in 95 of 100, within 4 standard
 * errors and what the delta method neglects. */
static void the_interval_covers_the_true_share(void **state)
{
	const double workers[] = {1, 2, 3, 4, 6, 8, 12, 16};
	enum { N = sizeof(workers) / sizeof(workers[0]), ROUNDS = 2000 };
	struct random_source random;
	unsigned n_within = 0;

	(void)state;
	random_source_init(&random, 7);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double times[N];
		struct scaling scaling;

		for (size_t j = 0; j < N; j++)
			times[j] =
			    (0.1 + 0.9 / workers[j]) * exp(0.03 * random_source_normal(&random));
		scaling = scaling_fit(workers, times, N);
		n_within += scaling.low <= 0.1 && 0.1 <= scaling.high;
	}
	assert_in_range(n_within, ROUNDS * 93 / 100, ROUNDS * 97 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_by_the_law_give_its_share),
	    cmocka_unit_test(one_worker_need_not_be_measured),
	    cmocka_unit_test(more_workers_that_take_longer_are_all_serial),
	    cmocka_unit_test(what_is_too_little_has_no_share),
	    cmocka_unit_test(the_interval_covers_the_true_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
