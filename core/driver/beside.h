/* The user's commands beside a running target: --ready, tried until it succeeds, then --load.
 *
 * Both run in process groups of their own, so that Ctrl-C reaches the target alone and what is left
 * of them can be ended as a whole. One thread; never blocks but in beside_free().
 */
#ifndef CORE_DRIVER_BESIDE_H
#define CORE_DRIVER_BESIDE_H

#include "core/driver/shell.h"

#include <stdbool.h>

struct beside;

struct beside_spec {
	const char *ready;        /* NULL: the target is ready at once */
	const char *load;         /* NULL: none */
	struct shell_command how; /* all but the text */
};

/* Starts the first try of --ready; without one the target is ready at once. Texts are not copied.
 */
int beside_new(struct beside **beside, const struct beside_spec *spec, struct diag *diag);
/* Ends what still runs: SIGTERM to its group, SIGKILL after two seconds. NULL is fine. */
void beside_free(struct beside *beside);

/* To poll for reading before beside_step(); another one after each step; -1: nothing runs. */
int beside_fd(const struct beside *beside);
/* -ECANCELED when --load has failed; other errors when a command cannot be started. */
int beside_step(struct beside *beside, struct diag *diag);

bool beside_is_ready(const struct beside *beside);
/* Once, when the target is ready. */
int beside_start_load(struct beside *beside, struct diag *diag);
bool beside_load_has_ended(const struct beside *beside);

#endif
