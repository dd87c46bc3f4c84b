/* What leaves the results tree when a run is in its place: the older names of --output-dir, copies
 * (-o, --json) and the summary.
 */
#ifndef CORE_DRIVER_HAND_OUT_H
#define CORE_DRIVER_HAND_OUT_H

#include <jansson.h>
#include <stdbool.h>

struct diag;
struct request;
struct result;
struct results_run;
struct run_options;

/* A published run, and what was asked to be made of it. */
struct hand_out {
	const struct request *request;
	const struct run_options *options;
	const struct results_run *run;
	const struct result *result;
	json_t *manifest;
	unsigned max_lines;  /* of the summary */
	bool reason_follows; /* the line about the exit status says why the run is unusable */
};

/* The summary is printed even when something before it failed. */
int hand_out(const struct hand_out *hand, struct diag *diag);

#endif
