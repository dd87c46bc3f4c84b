/* Measures a request under one type: repeats, files, manifest, publishing, summary.
 */
#ifndef CORE_DRIVER_MEASURE_H
#define CORE_DRIVER_MEASURE_H

#include <jansson.h>
#include <stdbool.h>

struct collector;
struct diag;
struct presence;
struct request;
struct signals;

struct outcome {
	int status;
	bool target_failed; /* the status is the target's own, or --timeout's */
	bool gate_failed;   /* it is that of a failed gate, which may be any number */
	json_t *manifest;   /* of the run that was published, to be released; NULL: none was */
};

/* For any status but 0 the diagnostic says why. */
struct outcome measure(const struct request *request, const struct collector *collector,
                       struct signals *signals, struct diag *diag);

/* The same in steps, for who lets several take turns and has the machine's lock
 * (core/driver/measuring.h). */
struct measurement;

/* All that comes before the first measured run, --warmup too. Never NULL; where *status is not 0 the
 * diagnostic says why, and it can only be freed. What is given must outlive it. */
struct measurement *measurement_new(const struct request *request,
                                    const struct collector *collector, struct signals *signals,
                                    int *status, struct diag *diag);
/* Runs the target once. A status that is not 0 is that of a target that failed, too. */
int measurement_repeat(struct measurement *measurement);
/* After at least one repeat, all of which went well: writes and publishes the run. `presence`: who
 * else measured is noted; NULL: nobody is. */
struct outcome measurement_finish(struct measurement *measurement, struct presence *presence);
/* A run that was not published leaves nothing. NULL is fine. */
void measurement_free(struct measurement *measurement);

#endif
