/* Measures a request under each of its types; of all outcomes one decides the exit status.
 */
#ifndef CORE_DRIVER_RUN_TYPES_H
#define CORE_DRIVER_RUN_TYPES_H

#include "core/driver/measure.h"

#include "core/diag.h"

#include <jansson.h>
#include <sys/types.h>

struct request;
struct signals;

struct run_tally {
	struct outcome decisive; /* the highest in rank so far; its manifest is not kept */
	struct diag why;         /* of it; empty while all is well */
	off_t stdin_start;       /* -1: stdin cannot be had again */
	size_t n_runs;
	bool is_over; /* nothing more can be run, or the user wants no more */
};

void run_tally_init(struct run_tally *tally);

/* What a type, options and all, refuses is said before anything has run. */
int run_types_check(const struct request *request, struct diag *diag);

/* Each type in a run of its own, as long as the tally is not over. `heard` (may be NULL) is told of
 * each: `manifest` is NULL where no run was published. */
typedef void run_heard(void *context, const char *type, const json_t *manifest,
                       const struct diag *why);
void run_types(const struct request *request, struct signals *signals, struct run_tally *tally,
               run_heard *heard, void *context);

/* The exit status, and its sentence for any but 0. */
int run_tally_status(const struct run_tally *tally, struct diag *diag);

#endif
