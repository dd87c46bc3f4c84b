/* Named numbers of a run (CONTRACT 5): what budgets, baselines, trends and findings read.
 *
 * A metric that was not measured is absent. Not thread-safe.
 */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_better { METRIC_NEUTRAL, METRIC_LOWER, METRIC_HIGHER };

/* One row of a collector's table of metrics. A `*` in the name stands for one component:
 * "io.*.calls". */
struct metric_row {
	const char *name; /* NULL ends a table */
	const char *unit; /* "ns", "bytes", "count", "percent", "1/s" */
	enum metric_better better;
	const char *help;
};

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* Adds one sample (one run's value). The name must match a row of `rows`, which gives unit and
 * direction. What is not finite (a share of nothing) was not measured, and adds nothing. */
void metrics_add(struct metrics *metrics, const struct metric_row *rows, const char *name,
                 double value);
/* The metric's value is the sum of its samples from now on, not their median: repeats were merged.
 */
void metrics_sum(struct metrics *metrics, const char *name);
/* The value comes from a run that the collector slows. */
void metrics_mark_instrumented(struct metrics *metrics, const char *name);

/* False: not measured. */
bool metrics_value(const struct metrics *metrics, const char *name, double *value);
/* The highest of the samples, and of which run it is, from 1; of equal ones the first. False: not
 * measured. */
bool metrics_highest(const struct metrics *metrics, const char *name, double *value, size_t *run);
size_t metrics_n_samples(const struct metrics *metrics, const char *name);

/* The object of run.json's "metrics", in the order in which they were added. New reference. */
json_t *metrics_to_json(const struct metrics *metrics);

/* A value as it stands in run.json: a count stays a whole number. New reference. */
json_t *metric_number_to_json(double value);

const struct metric_row *metric_find(const struct metric_row *rows, const char *name);

#endif
