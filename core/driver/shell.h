/* Runs command lines of the user under /bin/sh -c: --prepare, --cleanup, --ready, --load.
 */
#ifndef CORE_DRIVER_SHELL_H
#define CORE_DRIVER_SHELL_H

#include <signal.h>
#include <stdbool.h>

struct diag;
struct launch;
struct signals;
struct text_list;

struct shell_command {
	const char *text; /* for sh -c */
	const char *cwd;  /* NULL: the caller's */
	const struct text_list *variables;
	const sigset_t *signal_mask; /* to restore */
	bool silent;                 /* its output goes nowhere, not to our stderr */
	bool own_group; /* out of the terminal's reach, and to be ended with all that it started */
};

/* Starts it. Its stdin is /dev/null, its stdout is our stderr (stdout belongs to the target). */
int shell_start(struct launch **launch, const struct shell_command *command, struct diag *diag);

/* 0 when it ended well; else -ECANCELED, and `what` names it in the sentence ("--prepare"). */
int shell_judge(const char *what, const char *text, int wait_status, struct diag *diag);

/* Starts, waits and judges, and passes on signals that come meanwhile. */
int shell_run(const char *what, const struct shell_command *command, struct signals *signals,
              struct diag *diag);

#endif
