/* Calibration: how often verdicts err, by simulation with known truth. The seeds are fixed, so the
 * answers are too; what the numbers would let pass is said beside them. Real
 * programs: tests/e2e/calibration.sh.
 */
#include "core/compare/judge.h"

#include "core/stats/random.h"
#include "core/stats/ratio.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define N_METRICS 20
#define MOST_RUNS 20
#define THRESHOLD 0.02
/* Spread of the noise that the promises name. */
#define NOISE 0.02

/* One run's time, in parts of the true one. `drift` stays from run to run. */
typedef double noise_of(struct random_source *random, double *drift);

static double normal(struct random_source *random, double *drift)
{
	(void)drift;
	return 1 + NOISE * random_source_normal(random);
}

static double lognormal(struct random_source *random, double *drift)
{
	(void)drift;
	return exp(3 * NOISE * random_source_normal(random));
}

/* One run in ten takes up to twice as long. */
static double with_outliers(struct random_source *random, double *drift)
{
	double slow = random_source_unit(random) < 0.1 ? random_source_unit(random) : 0;

	return normal(random, drift) * (1 + slow);
}

/* Two placements of memory, 6 % apart. */
static double bimodal(struct random_source *random, double *drift)
{
	(void)drift;
	return (1 + NOISE / 4 * random_source_normal(random)) *
	       (random_source_unit(random) < 0.5 ? 1 : 1.06);
}

/* Twelve ticks of a clock, read at any moment. */
static double ticks(struct random_source *random, double *drift)
{
	return floor(12 * normal(random, drift) + random_source_unit(random)) / 12;
}

/* Threads that met on one CPU, on two, or waited for each other. */
static double threaded(struct random_source *random, double *drift)
{
	double which = random_source_unit(random);

	if (which < 0.6)
		return normal(random, drift);
	if (which < 0.9)
		return 1.08 + 2 * NOISE * random_source_normal(random);
	return 1 - 5 * NOISE * log(random_source_unit(random));
}

/* A machine whose speed wanders by half the noise from run to run. */
static double drifting(struct random_source *random, double *drift)
{
	*drift += NOISE / 2 * random_source_normal(random);
	return (1 + *drift) * normal(random, drift);
}

static noise_of *const noises[] = {normal, lognormal, with_outliers, bimodal,
                                   ticks,  threaded,  drifting};

struct comparison {
	struct judged_metric metrics[N_METRICS];
	char names[N_METRICS][8];
	double values[N_METRICS][3][MOST_RUNS];
};

/* Base, new and control in turn, there and back, as compare runs two commands. */
static void measure(struct comparison *comparison, size_t n_runs, bool control, noise_of *noise,
                    struct random_source *random)
{
	for (size_t i = 0; i < N_METRICS; i++) {
		double drift = 0;

		snprintf(comparison->names[i], sizeof(comparison->names[i]), "m%zu", i);
		for (size_t run = 0; run < n_runs; run++)
			for (size_t turn = 0; turn < 3; turn++)
				comparison->values[i][run % 2 ? 2 - turn : turn][run] =
				    100 * noise(random, &drift);
		comparison->metrics[i] = (struct judged_metric){
		    .name = comparison->names[i],
		    .better = METRIC_LOWER,
		    .gating = true,
		    .base = {comparison->values[i][0], n_runs},
		    .new = {comparison->values[i][1], n_runs},
		    .control = {comparison->values[i][2], control ? n_runs : 0},
		};
	}
}

/* How many of so many comparisons of 20 metrics without any change say worse. */
static size_t count_false_alarms(size_t n_comparisons, size_t n_runs, bool control, noise_of *noise,
                                 uint64_t seed)
{
	static struct comparison comparison;
	struct random_source random;
	size_t n_worse = 0;

	random_source_init(&random, seed);
	for (size_t i = 0; i < n_comparisons; i++) {
		measure(&comparison, n_runs, control, noise, &random);
		compare_judge(comparison.metrics, N_METRICS, THRESHOLD, seed + i);
		n_worse += compare_verdict(comparison.metrics, N_METRICS) == VERDICT_WORSE;
	}
	return n_worse;
}

static void without_a_change_one_comparison_in_a_hundred_says_worse(void **state)
{
	/* 420 comparisons, 4 alarms at most. Judges with alarms in 1 of 40 would come through in 1
	 * of 50 such tests, those with alarms in 1 of 20 in 1 of 190,000 (binomial, mean 10.5, 21).
	 */
	size_t n_worse = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(noises); i++) {
		n_worse += count_false_alarms(50, 8, false, noises[i], 100 + i);
		n_worse += count_false_alarms(10, 12, true, noises[i], 200 + i);
	}
	assert_true(n_worse <= 420 / 100);
}

static void five_percent_are_found_in_nineteen_of_twenty(void **state)
{
	/* 100 comparisons of 20 metrics, 20 runs a side, noise of 2 %; one metric is 5 % more. A
	 * judge that finds 17 of 20 would come through in 1 of 600 such tests (binomial: 95 or more
	 * of 100 at 0.85). */
	static struct comparison comparison;
	struct random_source random;
	size_t n_found = 0;

	(void)state;
	random_source_init(&random, 300);
	for (size_t i = 0; i < 100; i++) {
		measure(&comparison, 20, false, normal, &random);
		for (size_t run = 0; run < 20; run++)
			comparison.values[i % N_METRICS][1][run] *= 1.05;
		compare_judge(comparison.metrics, N_METRICS, THRESHOLD, i);
		n_found += comparison.metrics[i % N_METRICS].verdict == VERDICT_WORSE;
	}
	assert_true(n_found >= 95);
}

static void one_more_call_is_always_found(void **state)
{
	static struct comparison comparison;
	struct random_source random;

	(void)state;
	random_source_init(&random, 400);
	for (size_t i = 0; i < 1000; i++) {
		size_t changed = i % N_METRICS, n_runs = 3 + i % 8;

		measure(&comparison, n_runs, i % 2 == 0, normal, &random);
		for (size_t m = 0; m < N_METRICS; m++) {
			double count = random_source_below(&random, 1u << (1 + i % 31));

			comparison.metrics[m].countable = true;
			for (size_t run = 0; run < n_runs; run++) {
				comparison.values[m][0][run] = comparison.values[m][2][run] = count;
				comparison.values[m][1][run] = count + (m == changed);
			}
		}
		compare_judge(comparison.metrics, N_METRICS, THRESHOLD, i);
		for (size_t m = 0; m < N_METRICS; m++)
			assert_int_equal(comparison.metrics[m].verdict,
			                 m == changed ? VERDICT_WORSE : VERDICT_SAME);
	}
}

static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
	/* 1,400 intervals of 95 %: the standard error is 0.6 %, four of them 2.3 %. */
	size_t n_inside = 0, n_all = 0;

	(void)state;
	for (size_t kind = 0; kind < COUNT(noises); kind++) {
		struct random_source random;

		random_source_init(&random, 500 + kind);
		for (size_t i = 0; i < 200; i++, n_all++) {
			double base[10], new[10], drift = 0;
			struct ratio_interval interval;

			for (size_t run = 0; run < COUNT(base); run++) {
				base[run] = noises[kind](&random, &drift);
				new[run] = 1.1 * noises[kind](&random, &drift);
			}
			interval = ratio_estimate(base, COUNT(base), new, COUNT(new), i);
			n_inside += interval.low <= 1.1 && interval.high >= 1.1;
		}
	}
	assert_true((double)n_inside >= (0.95 - 0.023) * (double)n_all);
}

static void functions_that_did_not_change_are_hardly_ever_worse(void **state)
{
	/* Profiles of 2,000 samples over 50 functions without a change: of 300 comparisons 3 at
	 * most say worse of any. */
	size_t n_worse = 0;
	struct random_source random;

	(void)state;
	random_source_init(&random, 600);
	for (size_t i = 0; i < 300; i++) {
		struct judged_share shares[50] = {0};
		bool worse = false;

		for (size_t sample = 0; sample < 2000; sample++) {
			/* The first ones have most. */
			double at = random_source_unit(&random),
			       at_new = random_source_unit(&random);

			shares[(size_t)(50 * at * at)].base++;
			shares[(size_t)(50 * at_new * at_new)].new ++;
		}
		compare_judge_shares(shares, COUNT(shares), 2000, 2000, 0);
		for (size_t s = 0; s < COUNT(shares); s++)
			worse |= shares[s].verdict == VERDICT_WORSE;
		n_worse += worse;
	}
	assert_true(n_worse <= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_change_one_comparison_in_a_hundred_says_worse),
	    cmocka_unit_test(five_percent_are_found_in_nineteen_of_twenty),
	    cmocka_unit_test(one_more_call_is_always_found),
	    cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
	    cmocka_unit_test(functions_that_did_not_change_are_hardly_ever_worse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
