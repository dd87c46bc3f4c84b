/* Measures a request under one type: repeats, files, manifest, publishing, summary.
 */
#ifndef CORE_DRIVER_MEASURE_H
#define CORE_DRIVER_MEASURE_H

#include <jansson.h>
#include <stdbool.h>

struct collector;
struct diag;
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

#endif
