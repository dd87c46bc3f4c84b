/* What two sides of a comparison say of each other: a verdict for each metric, the functions, sites
 * and calls that moved most, and what differs in how they came about (DESIGN "compare").
 *
 * Pure: two sides in (core/compare/side.h), an account of them out, which core/compare/
 * comparison_write.h turns into text, JSON or Markdown. Not thread-safe.
 *
 * What gates (decides `verdict`): metrics with a better side that both have, but for
 *   - those that an `advisory` glob names;
 *   - times of one thing of many, as io.read.time_ns is of one system call: their sum gates;
 *   - what the record is like, not the program: losses, truncated and unresolved shares;
 *   - what befell the program: context switches, migrations, being preempted.
 * run.* counts in runs of type stat alone (CONTRACT 4): other collectors slow what they measure.
 * Across machines only counts are compared.
 */
#ifndef CORE_COMPARE_COMPARISON_H
#define CORE_COMPARE_COMPARISON_H

#include "core/compare/judge.h"
#include "core/compare/side.h"

#include <stdbool.h>
#include <stddef.h>

struct diag;

struct comparison_options {
	double threshold_percent;         /* --noise-threshold */
	const struct text_list *advisory; /* globs on names of metrics; NULL: none */
};

/* Texts that are not owned live as long as the sides. */
struct comparison_metric {
	/* .name and .better; values and verdict where it is compared. */
	struct judged_metric judged;
	const char *unit;
	const char *not_compared; /* why, or NULL */
	const char *advisory;     /* why it does not gate, or NULL */
};

/* Something that is not the same on both sides: "binary.build_id". Owned. */
struct comparison_difference {
	char *what;
	char *base; /* as JSON spells it, without quotes around a text; "not known" */
	char *new;
};

/* One function, site or call. Values are of one run of the target; NAN: not known, since the side
 * keeps only its largest rows. */
struct comparison_mover {
	const char *name;
	const char *object; /* "": not known */
	const char *file;   /* "": not known */
	uint32_t line;
	double base_self, new_self;
	double base_total, new_total;
	/* Where values are counts of samples: the share's verdict by sampling error; else NULL. */
	struct judged_share *share;
};

/* Those of one kind in one value, by how much they moved: most first. */
struct comparison_movers {
	enum side_row_kind kind;
	const char *value; /* "samples", "alloc_space" */
	const char *unit;
	double base_whole, new_whole;  /* of one run of the target */
	struct comparison_mover *rows; /* only those that moved */
	size_t n_rows;
	struct judged_share *shares; /* NULL: values are no samples */
};

struct comparison {
	const struct side *base;
	const struct side *new;
	const struct side *control; /* NULL: there was none */
	double threshold_percent;

	struct comparison_metric *metrics; /* worse, inconclusive, better, same, not compared */
	size_t n_metrics;
	size_t n_gating;
	size_t counts_needed; /* runs a side from which on a count that never varies is judged */
	size_t n_of[VERDICT_INCONCLUSIVE + 1]; /* of those that gate, by verdict */
	enum verdict verdict;
	char *reason; /* of the verdict, in words: "2 metrics are worse: io.calls, ..." */

	struct comparison_difference *differences;
	size_t n_differences;
	struct comparison_movers *movers;
	size_t n_movers;
	struct text_list notes; /* what a reader of the verdict should know */
};

/* Measurements of different work say nothing of each other: -EINVAL, unusable, where a parameter
 * differs that is no place (core/results/run_parameters.h). */
int comparison_check_work(const struct side *base, const struct side *new, struct diag *diag);

/* Compares; completes both sides (side_complete()), which must outlive it, and the control, which
 * may be NULL. -EINVAL, unusable: two scenarios or types, nothing in common, or a metric of base is
 * gone from new. To be ended in any case. */
int comparison_init(struct comparison *comparison, struct side *base, struct side *new,
                    struct side *control, const struct comparison_options *options,
                    struct diag *diag);
void comparison_fini(struct comparison *comparison);

#endif
