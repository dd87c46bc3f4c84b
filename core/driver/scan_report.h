/* What the runs of a scan come to: gathered while they are made, written into the results tree as
 * RESULTS/SCENARIO/growth/RUN_ID, and shown.
 *
 * The directory has no run.json: it is no run, and what lists, compares or prunes runs passes over
 * it.
 */
#ifndef CORE_DRIVER_SCAN_REPORT_H
#define CORE_DRIVER_SCAN_REPORT_H

#include "core/growth/scan_growth.h"

#include <stdio.h>
#include <time.h>

struct command_line;
struct diag;
struct request;

struct scan_report {
	const struct command_line *line; /* the scan's own */
	struct scan_growth *growth;
	struct timespec started;
	const struct request *request; /* of the point that runs */
	char *results;                 /* of the first; NULL: nothing was run */
	char *name;
	json_t *hyperfine; /* the results of the runs' hyperfine.json, in their order */
};

/* The plan and the line must outlive it. */
void scan_report_init(struct scan_report *report, const struct command_line *line,
                      const struct scan_plan *plan);
void scan_report_fini(struct scan_report *report);

/* The runs that are heard of next are of this request, a point of the scan. */
void scan_report_begin_point(struct scan_report *report, const struct request *request);
/* A run_heard. */
void scan_report_hear(void *report, const char *type, const json_t *manifest,
                      const struct diag *why);

/* Writes and shows, unless nothing was measured. -errno: it could not be written. */
int scan_report_end(struct scan_report *report, bool status_follows, struct diag *diag);

#endif
