/* Runs a command line of the user under /bin/sh -c: --prepare, --cleanup.
 */
#ifndef CORE_DRIVER_SHELL_H
#define CORE_DRIVER_SHELL_H

struct diag;
struct signals;
struct text_list;

/* Waits for it, and passes on signals that come meanwhile. Its stdin is /dev/null, its stdout is
 * our stderr (stdout belongs to the target); `what` names it in the sentence when it fails
 * ("--prepare"). */
int shell_run(const char *what, const char *command, const char *cwd,
              const struct text_list *variables, struct signals *signals, struct diag *diag);

#endif
