/* Starts the target behind a gate, so that a collector can attach before its first instruction.
 *
 * The child is forked with the caller's own stdin, stdout, stderr, signal dispositions, working
 * directory and limits, and held before exec. Should the driver die, the gate reads end-of-file and
 * the child ends without having run anything.
 */
#ifndef CORE_LAUNCH_H
#define CORE_LAUNCH_H

#include "core/options.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct diag;
struct launch;
struct placement;

struct launch_spec {
	char *const *argv; /* ended by NULL */
	const char *path;  /* what to execute */
	const char *cwd;   /* NULL: the caller's */
	const struct text_list
	    *variables; /* NAME=VALUE, added to or replacing the caller's; NULL: none */
	int stdin_fd;   /* -1: the caller's */
	int stdout_fd;
	int stderr_fd;
	const char *user;        /* run under this name's ids and groups; NULL: the caller's */
	const char *ambient_cap; /* "cap_net_raw"; NULL: none */
	const struct placement *placement; /* CPUs and memory to bind to; NULL: the caller's */
	const sigset_t *signal_mask;       /* to restore before exec */
	/* Runs in the child, just before exec and after all else; async-signal-safe; 0 or -errno.
	 * NULL: none. As another user it still has the caller's capabilities permitted, though not
	 * in effect. */
	int (*in_child)(void *context);
	void *context;
};

/* Forks and holds the child; it has its ids, directory and files when this returns. -EPERM,
 * -EINVAL, -ENOENT with a sentence when user, capability or directory cannot be had. */
int launch_hold(struct launch **launch, const struct launch_spec *spec, struct diag *diag);

pid_t launch_pid(const struct launch *launch);
int launch_pidfd(const struct launch *launch); /* readable when the target has ended */

/* What the released child had used by itself, up to just before its exec: wait4(2) counts it with
 * what the target uses. Lives as long as the handle. */
const struct rusage *launch_spent(const struct launch *launch);

/* Opens the gate and waits for exec. -ENOENT: not found (127); -EACCES, -ENOEXEC and others: cannot
 * execute (126). */
int launch_release(struct launch *launch, struct diag *diag);

/* Frees the handle. A child that was never released ends and is reaped; a released one is not
 * waited for. */
void launch_free(struct launch *launch);

#endif
