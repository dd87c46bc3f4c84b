/* Judging metrics: which may be judged and how, what the tests say of each, what follows. */
#include "core/compare/judge.h"

#include "core/alloc.h"
#include "core/stats/describe.h"
#include "core/stats/holm.h"
#include "core/stats/rank_test.h"
#include "core/stats/ratio.h"
#include "core/stats/shares.h"

#include <math.h>
#include <stdlib.h>

/* A count of a program that varies that is steady by chance: it may be one metric in ten of that
 * kind. */
#define JUDGE_FLIP 1e-3

const char *verdict_word(enum verdict verdict)
{
	static const char *const words[] = {
	    [VERDICT_SAME] = "same",
	    [VERDICT_BETTER] = "better",
	    [VERDICT_WORSE] = "worse",
	    [VERDICT_INCONCLUSIVE] = "inconclusive",
	};

	return words[verdict];
}

static void settle(struct judged_metric *metric, enum verdict verdict, const char *why)
{
	metric->verdict = verdict;
	metric->why = why;
}

/* More of it is this verdict. */
static enum verdict verdict_of_more(enum metric_better better, bool more)
{
	return more == (better == METRIC_LOWER) ? VERDICT_WORSE : VERDICT_BETTER;
}

static bool finite_samples(const struct judged_samples *samples)
{
	return describe_all_finite(samples->values, samples->n);
}

static bool positive_samples(const struct judged_samples *samples)
{
	for (size_t i = 0; i < samples->n; i++)
		if (samples->values[i] < 0)
			return false;
	return true;
}

static bool same_each_time(const struct judged_samples *samples)
{
	return samples->n >= JUDGE_FEWEST_COUNTS && describe_all_equal(samples->values, samples->n);
}

static bool varies(const struct judged_samples *samples)
{
	return samples->n > 0 && !describe_all_equal(samples->values, samples->n);
}

/* Not every count is the same in each run: what the program does depends on time or chance. */
static bool program_varies(const struct judged_metric *metrics, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (metrics[i].countable && (varies(&metrics[i].base) || varies(&metrics[i].new) ||
		                             varies(&metrics[i].control)))
			return true;
	return false;
}

/* How likely a count of a program that did not change is one number in all of these runs and
 * another one in all of those, at worst: it is the first with the chance p, which makes p^n (1 -
 * p)^m. */
static double chance_of_flip(size_t n_base, size_t n_new)
{
	double n = (double)n_base, m = (double)n_new;

	return pow(n / (n + m), n) * pow(m / (n + m), m);
}

/* The count is the same in all runs of the base's program, and in all new ones. */
static bool is_steady(const struct judged_metric *metric)
{
	if (!metric->countable || !same_each_time(&metric->base) || !same_each_time(&metric->new))
		return false;
	return metric->control.n == 0 || (same_each_time(&metric->control) &&
	                                  metric->control.values[0] == metric->base.values[0]);
}

static bool is_exact(const struct judged_metric *metric, bool others_vary)
{
	size_t n_base = metric->base.n + metric->control.n;

	return is_steady(metric) &&
	       (!others_vary || chance_of_flip(n_base, metric->new.n) < JUDGE_FLIP);
}

static void judge_exactly(struct judged_metric *metric)
{
	double base = metric->base.values[0], new = metric->new.values[0];

	metric->exact = true;
	metric->low = metric->high = metric->ratio;
	if (new == base)
		settle(metric, VERDICT_SAME, NULL);
	else if (metric->better == METRIC_NEUTRAL)
		settle(metric, VERDICT_INCONCLUSIVE,
		       "changed, and neither more nor less of it is better");
	else
		settle(metric, verdict_of_more(metric->better, new > base), NULL);
}

/* NULL: the metric can be judged like a time. */
static const char *why_not_a_test(const struct judged_metric *metric)
{
	if (metric->base.n < JUDGE_FEWEST_RUNS || metric->new.n < JUDGE_FEWEST_RUNS)
		return is_steady(metric) && metric->control.n
		           ? "other counts of this program vary: take 4 runs on either side"
		       : is_steady(metric)
		           ? "other counts of this program vary: take 5 runs on either side"
		           : "fewer than 6 runs on a side: only counts that never vary can be "
		             "judged";
	if (!positive_samples(&metric->base) || !positive_samples(&metric->new) ||
	    !positive_samples(&metric->control))
		return "a value is below 0, so there is no ratio";
	return NULL;
}

/* What can be said before any test. True: the metric is to be tested. */
static bool prepare(struct judged_metric *metric, bool others_vary)
{
	const char *why;

	metric->base_value = metric->new_value = metric->ratio = NAN;
	metric->low = metric->high = metric->p = metric->noise_floor = NAN;
	metric->exact = false;
	if (!finite_samples(&metric->base) || !finite_samples(&metric->new) ||
	    !finite_samples(&metric->control)) {
		settle(metric, VERDICT_INCONCLUSIVE, "a value is not a finite number");
		return false;
	}
	metric->base_value = describe_median(metric->base.values, metric->base.n);
	metric->new_value = describe_median(metric->new.values, metric->new.n);
	if (metric->base.n == 0 || metric->new.n == 0) {
		settle(metric, VERDICT_INCONCLUSIVE,
		       metric->new.n > 0    ? "not measured in the base"
		       : metric->base.n > 0 ? "not measured in the new runs"
		                            : "not measured on either side");
		return false;
	}
	if (metric->base_value == metric->new_value)
		metric->ratio = 1;
	else if (metric->base_value >= 0 && metric->new_value >= 0)
		metric->ratio = metric->new_value / fabs(metric->base_value);
	if (is_exact(metric, others_vary)) {
		judge_exactly(metric);
		return false;
	}
	why = why_not_a_test(metric);
	if (why)
		settle(metric, VERDICT_INCONCLUSIVE, why);
	return !why;
}

/* The interval of a metric is its own, whatever else is compared. FNV-1a, 64 bits. */
static uint64_t seed_of(const char *name, uint64_t seed)
{
	uint64_t hash = 0xcbf29ce484222325u ^ seed;

	for (; name && *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return hash;
}

/* How far the interval reaches from 1, either way: 0.02 for up to 1.02 or down to 1 / 1.02. */
static double reach_of(const struct ratio_interval *interval)
{
	double reach = fmax(interval->high, 1 / interval->low) - 1;

	return isnan(reach) ? INFINITY : fmax(0, reach);
}

/* What the base's program measured: the control is as much of it. The caller frees the values. */
static struct judged_samples pool_base(const struct judged_metric *metric)
{
	size_t n_base = metric->base.n, n_control = metric->control.n;
	double *values = xcalloc(n_base + n_control, sizeof(*values));

	for (size_t i = 0; i < n_base + n_control; i++)
		values[i] =
		    i < n_base ? metric->base.values[i] : metric->control.values[i - n_base];
	return (struct judged_samples){values, n_base + n_control};
}

static void measure(struct judged_metric *metric, uint64_t seed)
{
	const struct judged_samples *base = &metric->base, *new = &metric->new;
	const struct judged_samples *control = &metric->control;
	struct judged_samples pooled = pool_base(metric);
	struct ratio_interval interval;

	seed = seed_of(metric->name, seed);
	interval = ratio_estimate(pooled.values, pooled.n, new->values, new->n, seed);
	metric->ratio = interval.ratio;
	metric->low = interval.low;
	metric->high = interval.high;
	metric->p = rank_test(pooled.values, pooled.n, new->values, new->n).p;
	if (control->n > 1) {
		interval =
		    ratio_estimate(base->values, base->n, control->values, control->n, ~seed);
		metric->noise_floor = reach_of(&interval);
	}
	free((double *)pooled.values);
}

static void conclude(struct judged_metric *metric, double threshold, size_t n_family)
{
	double bound = 1 + fmax(threshold, isnan(metric->noise_floor) ? 0 : metric->noise_floor);
	bool more = metric->low > bound, less = metric->high < 1 / bound;
	double least =
	    rank_test_least_p(metric->base.n + metric->control.n, metric->new.n) * (double)n_family;

	if (metric->low >= 1 / (1 + threshold) && metric->high <= 1 + threshold)
		settle(metric, VERDICT_SAME, NULL);
	else if ((more || less) && metric->better == METRIC_NEUTRAL)
		settle(metric, VERDICT_INCONCLUSIVE,
		       "changed, and neither more nor less of it is better");
	else if ((more || less) && metric->p < JUDGE_ALPHA)
		settle(metric, verdict_of_more(metric->better, more), NULL);
	else if ((more || less) && least >= JUDGE_ALPHA)
		settle(metric, VERDICT_INCONCLUSIVE,
		       "too few runs to test so many metrics: take more runs");
	else if (more || less)
		settle(metric, VERDICT_INCONCLUSIVE,
		       "the difference may be chance: take more runs");
	else if (isinf(metric->high) || isinf(metric->noise_floor))
		settle(metric, VERDICT_INCONCLUSIVE, "no ratio: too often 0");
	else if (metric->low > 1 + threshold || metric->high < 1 / (1 + threshold))
		settle(metric, VERDICT_INCONCLUSIVE,
		       "the same program differs as much from itself: take more runs, or a quieter "
		       "machine");
	else
		settle(metric, VERDICT_INCONCLUSIVE,
		       "the interval reaches over the threshold: take more runs");
}

/* Tests the metrics of one family that are marked, and concludes. */
static void judge_family(struct judged_metric *metrics, size_t n, const bool *tested, bool gating,
                         double threshold)
{
	double *p = xcalloc(n, sizeof(*p));
	size_t n_family = 0, taken = 0;

	for (size_t i = 0; i < n; i++)
		if (tested[i] && metrics[i].gating == gating)
			p[n_family++] = metrics[i].p;
	holm_correct(p, n_family);
	for (size_t i = 0; i < n; i++) {
		if (!tested[i] || metrics[i].gating != gating)
			continue;
		metrics[i].p = p[taken++];
		conclude(&metrics[i], threshold, n_family);
	}
	free(p);
}

void compare_judge(struct judged_metric *metrics, size_t n, double threshold, uint64_t seed)
{
	bool *tested = xcalloc(n, sizeof(*tested));
	bool vary = program_varies(metrics, n);

	for (size_t i = 0; i < n; i++) {
		tested[i] = prepare(&metrics[i], vary);
		if (tested[i])
			measure(&metrics[i], seed);
	}
	judge_family(metrics, n, tested, true, threshold);
	judge_family(metrics, n, tested, false, threshold);
	free(tested);
}

enum verdict compare_verdict(const struct judged_metric *metrics, size_t n)
{
	size_t found[4] = {0};

	for (size_t i = 0; i < n; i++)
		if (metrics[i].gating)
			found[metrics[i].verdict]++;
	if (found[VERDICT_WORSE])
		return VERDICT_WORSE;
	if (found[VERDICT_INCONCLUSIVE])
		return VERDICT_INCONCLUSIVE;
	if (found[VERDICT_BETTER])
		return VERDICT_BETTER;
	return found[VERDICT_SAME] ? VERDICT_SAME : VERDICT_INCONCLUSIVE;
}

size_t compare_counts_needed(const struct judged_metric *metrics, size_t n)
{
	size_t runs = JUDGE_FEWEST_COUNTS;
	size_t n_base_sets = 1;

	for (size_t i = 0; i < n; i++)
		if (metrics[i].control.n)
			n_base_sets = 2;
	while (program_varies(metrics, n) && chance_of_flip(n_base_sets * runs, runs) >= JUDGE_FLIP)
		runs++;
	return runs;
}

size_t compare_runs_needed(size_t n_gating)
{
	size_t runs = JUDGE_FEWEST_RUNS;

	while (rank_test_least_p(runs, runs) * (double)n_gating >= JUDGE_ALPHA)
		runs++;
	return runs;
}

static void judge_share(struct judged_share *share, double threshold)
{
	bool more = share->low > threshold, less = share->high < -threshold;

	share->why = NULL;
	if (isnan(share->delta)) {
		share->verdict = VERDICT_INCONCLUSIVE;
		share->why = "a side has no samples";
	} else if (share->low >= -threshold && share->high <= threshold) {
		share->verdict = VERDICT_SAME;
	} else if ((more || less) && share->p < JUDGE_ALPHA) {
		share->verdict = more ? VERDICT_WORSE : VERDICT_BETTER;
	} else {
		share->verdict = VERDICT_INCONCLUSIVE;
		share->why = more || less
		                 ? "the difference may be chance: take more samples"
		                 : "the interval reaches over the threshold: take more samples";
	}
}

void compare_judge_shares(struct judged_share *shares, size_t n, uint64_t base_samples,
                          uint64_t new_samples, double threshold)
{
	double *p = xcalloc(n, sizeof(*p));

	for (size_t i = 0; i < n; i++) {
		struct judged_share *share = &shares[i];
		struct share_interval difference =
		    share_difference(share->base, base_samples, share->new, new_samples);

		share->base_share = (double)share->base / (double)base_samples;
		share->new_share = (double)share->new / (double)new_samples;
		share->delta = difference.value;
		share->low = difference.low;
		share->high = difference.high;
		p[i] = share_test_p(share->base, base_samples, share->new, new_samples);
	}
	holm_correct(p, n);
	for (size_t i = 0; i < n; i++) {
		shares[i].p = p[i];
		judge_share(&shares[i], threshold);
	}
	free(p);
}
