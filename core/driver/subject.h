/* The program to be measured: found, looked at, and copied where its file capabilities are in the
 * way; or the processes that run already.
 */
#ifndef CORE_DRIVER_SUBJECT_H
#define CORE_DRIVER_SUBJECT_H

#include "core/target/binary.h"

struct diag;
struct observed_process;
struct request;
struct result;
struct run_options;

struct subject {
	struct binary
	    binary;       /* of the program; its path even where a copy runs; NULL: none is known */
	char *plain_copy; /* what runs instead of it, for --ambient-cap; else NULL */
	char *cwd;        /* of a process that runs already, where that is for us to know */
	uid_t uid;        /* whom it runs as */
	struct observed_process *running; /* that are attached to */
	size_t n_running;
};

/* Returns the exit status: not 0 when the program cannot be found or executed, and then the
 * diagnostic says why. The struct is to be ended in any case; a zeroed one may be. */
int subject_look(struct subject *subject, const struct request *request,
                 const struct run_options *options, struct diag *diag);
void subject_fini(struct subject *subject); /* removes the copy */

/* The program of a process that runs already, into a zeroed struct; what we may not be told of stays
 * empty. Returns whom it runs as. */
uid_t subject_look_at_running(struct binary *binary, pid_t pid);

/* The rows of the processes that run already. */
void subject_add_processes(const struct subject *subject, struct result *result);

/* What to execute. */
const char *subject_path(const struct subject *subject);

/* The exit status for an error of execve(2). */
int subject_exec_status(int err);

#endif
