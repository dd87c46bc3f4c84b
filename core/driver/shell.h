/* Runs a command line of the user under /bin/sh -c: --prepare, --cleanup.
 */
#ifndef CORE_DRIVER_SHELL_H
#define CORE_DRIVER_SHELL_H

#include "core/options.h"

#include <signal.h>

struct diag;

/* Waits for it. Its stdin is /dev/null, its stdout is our stderr (stdout belongs to the target);
 * `what` names it in the sentence when it fails ("--prepare"). */
int shell_run(const char *what, const char *command, const char *cwd,
              const struct text_list *variables, const sigset_t *signal_mask, struct diag *diag);

#endif
