/* run.json, schema 1 (CONTRACT 4).
 */
#ifndef CORE_DRIVER_MANIFEST_H
#define CORE_DRIVER_MANIFEST_H

#include "core/collector.h"

#include <jansson.h>
#include <time.h>

struct binary;
struct repeat_result;
struct request;
struct results_run;

/* What the driver knows of a run when all its repeats are over. */
struct measured {
	const struct request *request;
	const struct collector *collector;
	const void *own_options;
	struct binary *binary; /* NULL: none is known */
	const char *cwd;       /* of the target; NULL: not known */
	json_t *host;          /* as it was before the target ran */
	json_t *git;           /* as host.h has it */
	struct timespec started_realtime;
	struct timespec started_monotonic;
	const struct repeat_result *last; /* the repeat that decides the exit */
	const struct result *result;
	const char *verdict;
};

/* The whole manifest. New reference. */
json_t *manifest_make(const struct measured *measured, const struct results_run *run);

#endif
