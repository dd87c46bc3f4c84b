/* What a scan has measured: each metric at each point, and how it grows with the sizes.
 *
 * The sizes are the values of one variable; the other variables of a product make series, each of
 * which grows on its own. A run whose command failed or that has no usable data is left out.
 */
#ifndef CORE_GROWTH_SCAN_GROWTH_H
#define CORE_GROWTH_SCAN_GROWTH_H

#include "core/growth/scan_plan.h"
#include "core/stats/growth.h"

#include <jansson.h>

struct site_growth;

struct scan_metric {
	char *type;
	char *name;
	char *unit;
	bool instrumented;
	double *values; /* by point; NaN: not measured there */
};

/* A run by its point; no run_id: nothing was published. */
struct scan_run_id {
	size_t point;
	char *type;
	char *run_id;
	char *left_out; /* why its numbers do not count, or NULL */
};

struct scan_growth {
	const struct scan_plan *plan;
	size_t axis;    /* the variable of the sizes, or of the columns of the tables */
	bool has_sizes; /* its values are numbers: growth can be told */
	size_t n_sizes;
	size_t n_series;
	char *scenario; /* NULL: nothing was measured */
	struct scan_metric *metrics;
	size_t n_metrics;
	size_t metrics_capacity;
	struct scan_run_id *runs;
	size_t n_runs;
	size_t runs_capacity;
	struct site_growth *sites; /* of memory in use at exit; NULL: not known */
};

/* The plan must outlive it. */
struct scan_growth *scan_growth_new(const struct scan_plan *plan);
void scan_growth_free(struct scan_growth *growth);

/* A run's manifest (NULL: none was published, for `why`). True: its numbers count. */
bool scan_growth_add(struct scan_growth *growth, size_t point, const char *type,
                     const json_t *manifest, const char *why);

/* When all runs are in: what is of one of many things, as io.read.calls is of a call, was 0 in a run of
 * its type that counts and does not have it. */
void scan_growth_finish(struct scan_growth *growth);

/* Points that were never run. */
size_t scan_growth_n_missing(const struct scan_growth *growth);
/* How many sizes, from the first on, there is something to show of: all, or where an interrupt left
 * points out those up to the last one with numbers; at least 1. */
size_t scan_growth_n_shown(const struct scan_growth *growth);

size_t scan_growth_point(const struct scan_growth *growth, size_t series, size_t size);
/* NaN where there are no sizes. */
double scan_growth_size(const struct scan_growth *growth, size_t size);
/* "algorithm=quick"; "" where there is but one series. The caller frees it. */
char *scan_growth_series_label(const struct scan_growth *growth, size_t series);

/* Writes the sizes above 0 and values that are known; returns how many. `values` are by point. */
size_t scan_growth_known(const struct scan_growth *growth, const double *values, size_t series,
                         double *sizes, double *known);

/* Of values by point. A law that may be noise is none: has_law is false then. */
struct growth scan_growth_fit(const struct scan_growth *growth, const double *values,
                              size_t series);

/* A metric's row in a table. */
struct growth_row {
	const struct scan_metric *metric;
	size_t series;
	struct growth fit;
};

/* Rows of all that is worth showing, the most telling first: run.wall_ns, then run.work_per_s and
 * what grows fastest. Each run.* once, of the type that slows its target least. What is 0 at every
 * size has no row. The caller frees it. */
struct growth_row *scan_growth_rows(const struct scan_growth *growth, size_t *n_rows);

/* The metric that tells of all types' the least slowed; NULL: none has it. */
const struct scan_metric *scan_growth_best(const struct scan_growth *growth, const char *name);

#endif
