/* How much faster more workers are, from the times of a scan over their number.
 *
 * That a variable counts workers its name tells: workers, threads, jobs, processes, procs, cpus,
 * cores. The work is then taken to be the same at each number, unless the scenario's `work` says
 * how much it is: then the rate counts, run.work_per_s.
 */
#ifndef CORE_GROWTH_SCALING_ROWS_H
#define CORE_GROWTH_SCALING_ROWS_H

#include "core/growth/scan_growth.h"
#include "core/stats/scaling.h"

bool scaling_counts_workers(const char *variable);

struct scaling_row {
	size_t size;               /* of the scan, by index */
	double value;              /* of the metric */
	double speed_up;           /* against the first row */
	double efficiency_percent; /* the speed-up in percent of how many times more workers there
	                              are */
};

struct scaling_rows {
	const struct scan_metric *metric;
	struct scaling_row *rows; /* at least 2, the fewest workers first */
	size_t n_rows;
	struct scaling amdahl;
};

/* NULL: the scan is not over workers, or fewer than 2 numbers of them were measured. */
struct scaling_rows *scaling_rows_new(const struct scan_growth *growth, size_t series);
void scaling_rows_free(struct scaling_rows *rows); /* NULL is fine */

#endif
