/* Judge: what may be said of two sets of measurements, and what may not. */
#include "core/compare/judge.h"

#include "core/stats/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SAMPLES(array)                                                                             \
	{                                                                                          \
		array, COUNT(array)                                                                \
	}
#define THRESHOLD 0.02

static const double ten[] = {10, 10, 10}, eleven[] = {11, 11, 11};
/* About 100 and 105, 1 % apart among themselves. */
static const double hundred[] = {100.4, 99.2, 100.1, 99.7, 100.9, 99.5, 100.2, 99.9, 100.6, 99.4};
static const double more[] = {105.4, 104.2, 105.1, 104.7, 105.9, 104.5, 105.2, 104.9, 105.6, 104.4};

static struct judged_metric judge(struct judged_metric metric)
{
	metric.name = "m";
	metric.gating = true;
	compare_judge(&metric, 1, THRESHOLD, 1);
	return metric;
}

static void assert_inconclusive(const struct judged_metric *metric, const char *why)
{
	assert_int_equal(metric->verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(metric->why);
	if (!strstr(metric->why, why))
		fail_msg("'%s' does not say '%s'", metric->why, why);
}

static void one_more_of_a_count_that_never_varies_is_found(void **state)
{
	struct judged_metric metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                                           .countable = true,
	                                                           .base = SAMPLES(ten),
	                                                           .new = SAMPLES(eleven)});

	(void)state;
	assert_int_equal(metric.verdict, VERDICT_WORSE);
	assert_true(metric.exact);
	assert_null(metric.why);
	assert_true(metric.ratio == 1.1 && metric.low == 1.1 && metric.high == 1.1);
	assert_true(isnan(metric.p));
	metric = judge((struct judged_metric){.better = METRIC_HIGHER,
	                                      .countable = true,
	                                      .base = SAMPLES(ten),
	                                      .new = SAMPLES(eleven)});
	assert_int_equal(metric.verdict, VERDICT_BETTER);
	metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                      .countable = true,
	                                      .base = SAMPLES(eleven),
	                                      .new = SAMPLES(ten)});
	assert_int_equal(metric.verdict, VERDICT_BETTER);
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .countable = true, .base = SAMPLES(ten), .new = SAMPLES(ten)});
	assert_int_equal(metric.verdict, VERDICT_SAME);
	metric = judge((struct judged_metric){
	    .countable = true, .base = SAMPLES(ten), .new = SAMPLES(eleven)});
	assert_inconclusive(&metric, "neither more nor less");
}

static void one_in_a_million_is_found(void **state)
{
	static const double base[] = {1e6, 1e6, 1e6}, new[] = {1000001, 1000001, 1000001};
	struct judged_metric metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .countable = true, .base = SAMPLES(base), .new = SAMPLES(new)});

	(void)state;
	assert_int_equal(metric.verdict, VERDICT_WORSE);
}

static void a_count_is_exact_only_where_it_never_varies(void **state)
{
	static const double varies[] = {10, 10, 11}, two[] = {11, 11};
	struct judged_metric metric;

	(void)state;
	metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                      .countable = true,
	                                      .base = SAMPLES(varies),
	                                      .new = SAMPLES(eleven)});
	assert_inconclusive(&metric, "fewer than 6");
	metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                      .countable = true,
	                                      .base = SAMPLES(ten),
	                                      .new = SAMPLES(varies)});
	assert_inconclusive(&metric, "fewer than 6");
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .countable = true, .base = SAMPLES(ten), .new = SAMPLES(two)});
	assert_inconclusive(&metric, "fewer than 6");
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(ten), .new = SAMPLES(eleven)});
	assert_inconclusive(&metric, "fewer than 6");
	assert_false(metric.exact);
	assert_true(fabs(metric.ratio - 1.1) < 1e-15);
	assert_true(isnan(metric.low) && isnan(metric.high));
}

static void a_control_that_counts_otherwise_makes_it_no_count(void **state)
{
	static const double varies[] = {10, 10, 11}, two[] = {10, 10};
	struct judged_metric metric = {.better = METRIC_LOWER,
	                               .countable = true,
	                               .base = SAMPLES(ten),
	                               .new = SAMPLES(eleven)};
	const struct judged_samples refused[] = {SAMPLES(varies), SAMPLES(eleven), SAMPLES(two)};

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		metric.control = refused[i];
		assert_false(judge(metric).exact);
	}
	metric.control = (struct judged_samples)SAMPLES(ten);
	assert_int_equal(judge(metric).verdict, VERDICT_WORSE);
}

static void a_program_whose_counts_vary_needs_more_runs(void **state)
{
	static const double flips[] = {7, 8, 7, 8, 7}, fives[] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
	static const double sixes[] = {6, 6, 6, 6, 6};
	static const struct {
		size_t n_base, n_new, n_control;
		bool exact;
	} cases[] = {
	    {3, 3, 0, false}, {4, 4, 0, false}, {5, 5, 0, true}, {10, 3, 0, true},
	    {4, 5, 0, false}, {3, 3, 3, false}, {4, 4, 4, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n_base = cases[i].n_base, n_new = cases[i].n_new;
		struct judged_metric metrics[2] = {
		    {.name = "varies",
		     .countable = true,
		     .better = METRIC_LOWER,
		     .base = {flips, 3},
		     .new = {flips, 3}},
		    {.name = "steady",
		     .countable = true,
		     .better = METRIC_LOWER,
		     .base = {fives, n_base},
		     .new = {sixes, n_new},
		     .control = {fives, cases[i].n_control}},
		};

		compare_judge(metrics, 2, THRESHOLD, 1);
		assert_int_equal(metrics[1].exact, cases[i].exact);
		if (cases[i].exact)
			assert_int_equal(metrics[1].verdict, VERDICT_WORSE);
		else
			assert_inconclusive(&metrics[1], "other counts of this program vary");
		/* A time that varies says nothing of the program. */
		metrics[0].countable = false;
		compare_judge(metrics, 2, THRESHOLD, 1);
		assert_true(metrics[1].exact);
	}
}

static void zero_to_something_is_an_infinite_ratio(void **state)
{
	static const double zero[] = {0, 0, 0}, zeros[10] = {0};
	struct judged_metric metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .countable = true, .base = SAMPLES(zero), .new = SAMPLES(ten)});

	(void)state;
	assert_int_equal(metric.verdict, VERDICT_WORSE);
	assert_true(isinf(metric.ratio) && metric.base_value == 0);
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(zeros), .new = SAMPLES(hundred)});
	assert_int_equal(metric.verdict, VERDICT_WORSE);
	assert_true(isinf(metric.ratio) && isinf(metric.low));
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(hundred), .new = SAMPLES(zeros)});
	assert_int_equal(metric.verdict, VERDICT_BETTER);
	assert_true(metric.ratio == 0);
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(zeros), .new = SAMPLES(zeros)});
	assert_int_equal(metric.verdict, VERDICT_SAME);
	assert_true(metric.ratio == 1);
}

static void five_percent_of_quiet_times_are_found_either_way(void **state)
{
	struct judged_metric metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(hundred), .new = SAMPLES(more)});

	(void)state;
	assert_int_equal(metric.verdict, VERDICT_WORSE);
	assert_true(metric.low > 1.02 && metric.low < 1.05 && metric.high > 1.05 &&
	            metric.high < 1.1);
	assert_true(metric.p < JUDGE_ALPHA && fabs(metric.ratio - 1.05) < 0.002);
	metric = judge((struct judged_metric){
	    .better = METRIC_HIGHER, .base = SAMPLES(hundred), .new = SAMPLES(more)});
	assert_int_equal(metric.verdict, VERDICT_BETTER);
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(more), .new = SAMPLES(hundred)});
	assert_int_equal(metric.verdict, VERDICT_BETTER);
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(hundred), .new = SAMPLES(hundred)});
	assert_int_equal(metric.verdict, VERDICT_SAME);
	metric = judge((struct judged_metric){.base = SAMPLES(hundred), .new = SAMPLES(more)});
	assert_inconclusive(&metric, "neither more nor less");
}

static void a_control_that_differs_as_much_raises_the_threshold(void **state)
{
	double control[COUNT(hundred)], new[COUNT(hundred)];
	struct judged_metric metric;

	(void)state;
	for (size_t i = 0; i < COUNT(hundred); i++) {
		control[i] = 1.03 * hundred[i];
		new[i] = 1.055 * hundred[i];
	}
	metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                      .base = SAMPLES(hundred),
	                                      .new = SAMPLES(new),
	                                      .control = SAMPLES(control)});
	assert_inconclusive(&metric, "from itself");
	assert_true(metric.noise_floor > 0.03 && metric.noise_floor < 0.04);
	/* One that is the base's like is as good as more runs of it. */
	metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                      .base = SAMPLES(hundred),
	                                      .new = SAMPLES(more),
	                                      .control = SAMPLES(hundred)});
	assert_int_equal(metric.verdict, VERDICT_WORSE);
	assert_true(metric.noise_floor > 0 && metric.noise_floor < 0.02);
	/* What is the same without it may not be so with it, never the other way. */
	metric = judge((struct judged_metric){.better = METRIC_LOWER,
	                                      .base = SAMPLES(hundred),
	                                      .new = SAMPLES(hundred),
	                                      .control = SAMPLES(more)});
	assert_inconclusive(&metric, "over the threshold");
}

static void what_is_no_number_is_not_judged(void **state)
{
	static const double nan[] = {10, NAN, 10}, infinite[] = {10, INFINITY, 10};
	static const double negative[] = {-1, -2, -1, -2, -1, -2};
	struct judged_metric metric = {
	    .better = METRIC_LOWER, .countable = true, .base = SAMPLES(ten), .new = SAMPLES(nan)};

	(void)state;
	metric = judge(metric);
	assert_inconclusive(&metric, "finite");
	assert_true(isnan(metric.ratio));
	metric.new = (struct judged_samples)SAMPLES(ten);
	metric.base = (struct judged_samples)SAMPLES(infinite);
	metric = judge(metric);
	assert_inconclusive(&metric, "finite");
	metric.base = (struct judged_samples)SAMPLES(ten);
	metric.control = (struct judged_samples)SAMPLES(nan);
	metric = judge(metric);
	assert_inconclusive(&metric, "finite");
	metric = judge((struct judged_metric){
	    .better = METRIC_LOWER, .base = SAMPLES(negative), .new = SAMPLES(negative)});
	assert_inconclusive(&metric, "below 0");
}

static void what_one_side_lacks_is_said(void **state)
{
	struct judged_metric metric =
	    judge((struct judged_metric){.better = METRIC_LOWER, .base = SAMPLES(ten)});

	(void)state;
	assert_inconclusive(&metric, "in the new runs");
	assert_true(metric.base_value == 10 && isnan(metric.new_value) && isnan(metric.ratio));
	metric = judge((struct judged_metric){.better = METRIC_LOWER, .new = SAMPLES(ten)});
	assert_inconclusive(&metric, "in the base");
	metric = judge((struct judged_metric){.better = METRIC_LOWER});
	assert_inconclusive(&metric, "either side");
}

static void too_few_runs_for_so_many_metrics_is_said(void **state)
{
	struct judged_metric metrics[5];

	(void)state;
	/* Six runs a side: the test gives 2/924 at least, which four metrics may share. */
	for (size_t n = 4; n <= 5; n++) {
		for (size_t i = 0; i < n; i++)
			metrics[i] = (struct judged_metric){.name = "m",
			                                    .better = METRIC_LOWER,
			                                    .gating = true,
			                                    .base = {hundred, 6},
			                                    .new = {more, 6}};
		compare_judge(metrics, n, THRESHOLD, 1);
		if (n == 4)
			assert_int_equal(metrics[3].verdict, VERDICT_WORSE);
		else
			assert_inconclusive(&metrics[4], "so many metrics");
	}
	/* Those that are advisory do not count. */
	for (size_t i = 1; i < 5; i++)
		metrics[i].gating = false;
	compare_judge(metrics, 5, THRESHOLD, 1);
	assert_int_equal(metrics[0].verdict, VERDICT_WORSE);
	assert_int_equal(compare_runs_needed(1), 6);
	assert_int_equal(compare_runs_needed(4), 6);
	assert_int_equal(compare_runs_needed(5), 7);
	assert_int_equal(compare_runs_needed(17), 7);
	assert_int_equal(compare_runs_needed(18), 8);
	assert_int_equal(compare_runs_needed(64), 8);
}

static void a_metric_is_judged_alike_in_any_place(void **state)
{
	struct judged_metric metrics[2] = {
	    {.name = "a", .better = METRIC_LOWER, .base = SAMPLES(hundred), .new = SAMPLES(more)},
	    {.name = "b", .better = METRIC_LOWER, .base = SAMPLES(hundred), .new = SAMPLES(more)},
	};
	struct judged_metric turned[2] = {metrics[1], metrics[0]};

	(void)state;
	compare_judge(metrics, 2, THRESHOLD, 5);
	compare_judge(turned, 2, THRESHOLD, 5);
	assert_true(metrics[0].low == turned[1].low && metrics[0].high == turned[1].high);
	assert_true(metrics[1].low == turned[0].low && metrics[1].high == turned[0].high);
	compare_judge(NULL, 0, THRESHOLD, 5);
}

static void the_whole_is_as_bad_as_its_worst(void **state)
{
	struct judged_metric metrics[] = {
	    {.gating = true, .verdict = VERDICT_SAME},
	    {.gating = true, .verdict = VERDICT_BETTER},
	    {.gating = true, .verdict = VERDICT_INCONCLUSIVE},
	    {.gating = true, .verdict = VERDICT_WORSE},
	};

	(void)state;
	assert_int_equal(compare_verdict(metrics, 0), VERDICT_INCONCLUSIVE);
	assert_int_equal(compare_verdict(metrics, 1), VERDICT_SAME);
	assert_int_equal(compare_verdict(metrics, 2), VERDICT_BETTER);
	assert_int_equal(compare_verdict(metrics, 3), VERDICT_INCONCLUSIVE);
	assert_int_equal(compare_verdict(metrics, 4), VERDICT_WORSE);
	metrics[3].gating = false;
	assert_int_equal(compare_verdict(metrics, 4), VERDICT_INCONCLUSIVE);
	assert_string_equal(verdict_word(VERDICT_SAME), "same");
	assert_string_equal(verdict_word(VERDICT_BETTER), "better");
	assert_string_equal(verdict_word(VERDICT_WORSE), "worse");
	assert_string_equal(verdict_word(VERDICT_INCONCLUSIVE), "inconclusive");
}

static void shares_are_judged_by_their_sampling_error(void **state)
{
	struct judged_share shares[] = {
	    {.name = "grew", .base = 3000, .new = 4000},
	    {.name = "shrank", .base = 4000, .new = 3000},
	    {.name = "same", .base = 100, .new = 101},
	    {.name = "near", .base = 2500, .new = 2710},
	};

	(void)state;
	compare_judge_shares(shares, COUNT(shares), 10000, 10000, THRESHOLD);
	assert_int_equal(shares[0].verdict, VERDICT_WORSE);
	assert_true(fabs(shares[0].delta - 0.1) < 1e-12 && shares[0].low > 0.08);
	assert_int_equal(shares[1].verdict, VERDICT_BETTER);
	assert_int_equal(shares[2].verdict, VERDICT_SAME);
	assert_int_equal(shares[3].verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(shares[3].why, "more samples"));
	/* So few samples prove nothing, even of shares as different. */
	shares[0] = (struct judged_share){.base = 3, .new = 8};
	compare_judge_shares(shares, 1, 10, 10, THRESHOLD);
	assert_int_equal(shares[0].verdict, VERDICT_INCONCLUSIVE);
	compare_judge_shares(shares, 1, 10, 0, THRESHOLD);
	assert_int_equal(shares[0].verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(shares[0].why, "no samples"));
	assert_true(isnan(shares[0].delta));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_more_of_a_count_that_never_varies_is_found),
	    cmocka_unit_test(one_in_a_million_is_found),
	    cmocka_unit_test(a_count_is_exact_only_where_it_never_varies),
	    cmocka_unit_test(a_control_that_counts_otherwise_makes_it_no_count),
	    cmocka_unit_test(a_program_whose_counts_vary_needs_more_runs),
	    cmocka_unit_test(zero_to_something_is_an_infinite_ratio),
	    cmocka_unit_test(five_percent_of_quiet_times_are_found_either_way),
	    cmocka_unit_test(a_control_that_differs_as_much_raises_the_threshold),
	    cmocka_unit_test(what_is_no_number_is_not_judged),
	    cmocka_unit_test(what_one_side_lacks_is_said),
	    cmocka_unit_test(too_few_runs_for_so_many_metrics_is_said),
	    cmocka_unit_test(a_metric_is_judged_alike_in_any_place),
	    cmocka_unit_test(the_whole_is_as_bad_as_its_worst),
	    cmocka_unit_test(shares_are_judged_by_their_sampling_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
