/* What a release sweep measures: scenarios and their types, checked before anything runs, and the
 * key that tells this sweep from another.
 */
#ifndef CORE_DRIVER_SWEEP_PLAN_H
#define CORE_DRIVER_SWEEP_PLAN_H

#include "core/driver/command_line.h"
#include "core/driver/request.h"

#include <jansson.h>

struct diag;

/* One scenario as the verb run would measure it: its own command, its own types. */
struct sweep_request {
	struct command_line line;
	struct run_options common; /* borrowed texts */
	bool *common_typed;
	char *no_words[1];
	struct request request;
};

/* Errors as of request_init(); to be ended in any case. */
int sweep_request_init(struct sweep_request *request, const struct command_line *line,
                       const char *scenario, struct diag *diag);
void sweep_request_fini(struct sweep_request *request);

struct sweep_step {
	char *scenario;
	const struct collector *type;
};

struct sweep_plan {
	struct sweep_step *steps; /* all types of a scenario stand together */
	size_t n_steps;
	size_t capacity;
	json_t *key; /* core/regress/state.h */
};

/* The named scenarios, else all with `release = yes`; of the types typed those that they have.
 * -EINVAL, -ENOENT: wrong names, files or options, or nothing is left to run. To be ended in any
 * case. */
int sweep_plan_init(struct sweep_plan *plan, const struct command_line *line, struct diag *diag);
void sweep_plan_fini(struct sweep_plan *plan);

#endif
