/* Better, worse, same or inconclusive: what two sets of measurements of a metric prove.
 *
 * Pure: numbers in, verdicts out, the same ones for the same seed. The rules, and how often they
 * err, are told in docs/architecture.md, "How a verdict is made".
 *
 * A count that the program alone decides is judged exactly when it may be (`countable`) and was the
 * same in at least 3 runs of base, at least 3 of new and, where there is a control, at least 3 of
 * that with base's value: any difference is better or worse then. Where other counts of the
 * comparison vary from run to run, the program depends on time or chance, and 3 runs may be alike
 * by chance: 5 a side are asked for, or 4 with a control. All else is judged like a time, which
 * takes 6 runs a side:
 *
 * - worse: the 95 % interval of the ratio (core/stats/ratio.h) lies beyond the threshold, and the
 *   rank test's probability, corrected by Holm for all metrics that gate, is below 1 %;
 * - better: the same on the other side;
 * - same: the interval lies within the threshold;
 * - inconclusive: none of them; `why` says what lacks.
 *
 * A control is the base's own program measured beside the two as if it were a third one. The
 * farther end of its interval to base is the noise floor: where that exceeds the threshold, better
 * and worse ask for it instead. Same never does: noise is no proof. Its samples are the base's
 * too: interval and test of new are to both.
 */
#ifndef CORE_COMPARE_JUDGE_H
#define CORE_COMPARE_JUDGE_H

#include "core/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_SAME, VERDICT_BETTER, VERDICT_WORSE, VERDICT_INCONCLUSIVE };

/* "same", "better", "worse", "inconclusive". */
const char *verdict_word(enum verdict verdict);

/* Runs a side from which on times are judged, and those of which a count must be the same in. */
#define JUDGE_FEWEST_RUNS 6
#define JUDGE_FEWEST_COUNTS 3
/* Corrected probability below which a difference is no chance. */
#define JUDGE_ALPHA 0.01

struct judged_samples {
	const double *values; /* one a run; the caller's */
	size_t n;             /* 0: not measured on this side, or no control */
};

struct judged_metric {
	/* What is given. */
	const char *name; /* the interval depends on the seed and this, not on the metric's place */
	enum metric_better better;
	/* It counts what the program does (calls, allocations, their bytes), not what befell it:
	 * how often it was switched, moved or waited, which pages it had. Such a number is the same
	 * in 3 runs and another one in the next 3 by chance. */
	bool countable;
	/* It decides an exit status. Only these are in one family of tests; the others, advisory,
	 * are a family of their own, so that looking at more does not make the gates blinder. */
	bool gating;
	struct judged_samples base, new, control;

	/* What compare_judge() writes. NaN: there is none. */
	double base_value, new_value; /* medians; the control is not in them */
	double ratio;       /* new to base; infinite where base is 0: text, null in JSON */
	double low, high;   /* its 95 % interval, from 6 runs a side; an exact count's ratio */
	double p;           /* corrected; NaN where nothing was tested (exact counts too) */
	double noise_floor; /* 0.013: the control's interval reaches 1.3 % from base */
	bool exact;         /* judged as a count */
	enum verdict verdict;
	const char *why; /* static; NULL unless inconclusive */
};

/* Judges all metrics of one comparison. `threshold` is a part, 0.02 for 2 %: ratios up to 1.02 and
 * down to 1 / 1.02 are same. */
void compare_judge(struct judged_metric *metrics, size_t n, double threshold, uint64_t seed);

/* worse before inconclusive before better before same, of those that gate. No metric that gates is
 * inconclusive. */
enum verdict compare_verdict(const struct judged_metric *metrics, size_t n);

/* How many runs a side a count that never varies needs to be judged exactly beside these metrics,
 * which are all of one comparison: JUDGE_FEWEST_COUNTS, or more where others vary. */
size_t compare_counts_needed(const struct judged_metric *metrics, size_t n);

/* How many runs a side n metrics that gate need so that the test can find any of them worse. */
size_t compare_runs_needed(size_t n_gating);

/* A function's share of one run's samples on either side. */
struct judged_share {
	/* What is given: samples of this function. */
	const char *name;
	uint64_t base, new;

	/* What compare_judge_shares() writes. Parts of 1; NaN where a side has no samples. */
	double base_share, new_share;
	double delta;     /* new less base: 0.01 is one percentage point */
	double low, high; /* its 95 % interval by sampling error */
	double p;         /* corrected for all functions given */
	enum verdict verdict;
	const char *why; /* static; NULL unless inconclusive */
};

/* Judges functions by sampling error alone. base_samples and new_samples are those of all functions
 * of the run. `threshold` is in parts of the whole run: 0.02 is two percentage points. worse: the
 * interval lies above it and the corrected probability (Fisher, Holm) is below 1 %. A share also
 * changes when other functions do. */
void compare_judge_shares(struct judged_share *shares, size_t n, uint64_t base_samples,
                          uint64_t new_samples, double threshold);

#endif
