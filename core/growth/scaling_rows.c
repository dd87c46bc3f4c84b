/* Makes speed-ups of times or rates. */
#include "core/growth/scaling_rows.h"

#include "core/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool scaling_counts_workers(const char *variable)
{
	static const char *const names[] = {"workers", "threads", "jobs", "processes",
	                                    "procs",   "cpus",    "cores"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(variable, names[i]))
			return true;
	return false;
}

static int by_workers(const void *a, const void *b, void *growth)
{
	double left = scan_growth_size(growth, ((const struct scaling_row *)a)->size);
	double right = scan_growth_size(growth, ((const struct scaling_row *)b)->size);

	return (left > right) - (left < right);
}

static void gather(struct scaling_rows *rows, const struct scan_growth *growth, size_t series)
{
	rows->rows = xcalloc(growth->n_sizes, sizeof(*rows->rows));
	for (size_t i = 0; i < growth->n_sizes; i++) {
		double value = rows->metric->values[scan_growth_point(growth, series, i)];

		if (value > 0 && scan_growth_size(growth, i) > 0)
			rows->rows[rows->n_rows++] =
			    (struct scaling_row){.size = i, .value = value};
	}
	qsort_r(rows->rows, rows->n_rows, sizeof(*rows->rows), by_workers, (void *)growth);
}

static void compute(struct scaling_rows *rows, const struct scan_growth *growth, bool is_rate)
{
	double *workers = xcalloc(rows->n_rows, sizeof(*workers));
	double *times = xcalloc(rows->n_rows, sizeof(*times));

	for (size_t i = 0; i < rows->n_rows; i++) {
		struct scaling_row *row = &rows->rows[i];

		workers[i] = scan_growth_size(growth, row->size);
		times[i] = is_rate ? 1 / row->value : row->value;
		row->speed_up = times[0] / times[i];
		row->efficiency_percent = 100 * row->speed_up * workers[0] / workers[i];
	}
	rows->amdahl = scaling_fit(workers, times, rows->n_rows);
	free(workers);
	free(times);
}

struct scaling_rows *scaling_rows_new(const struct scan_growth *growth, size_t series)
{
	struct scaling_rows *rows;
	const struct scan_metric *rate = scan_growth_best(growth, "run.work_per_s");
	const struct scan_metric *time = scan_growth_best(growth, "run.wall_ns");

	if (!growth->has_sizes || !(rate || time) ||
	    !scaling_counts_workers(growth->plan->variables[growth->axis].name))
		return NULL;
	rows = xcalloc(1, sizeof(*rows));
	rows->metric = rate ? rate : time;
	gather(rows, growth, series);
	if (rows->n_rows < 2) {
		scaling_rows_free(rows);
		return NULL;
	}
	compute(rows, growth, rate != NULL);
	return rows;
}

void scaling_rows_free(struct scaling_rows *rows)
{
	if (!rows)
		return;
	free(rows->rows);
	free(rows);
}
