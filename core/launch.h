/* Starts the target behind a gate, so that a collector can attach before its first instruction.
 *
 * The child is forked with the caller's own stdin, stdout, stderr, signal mask and dispositions, working directory and
 * limits, and held before exec. Should the driver die, the gate reads end-of-file and the child ends without
 * running anything.
 */
#ifndef CORE_LAUNCH_H
#define CORE_LAUNCH_H

#include "core/options.h"

#include <stdbool.h>
#include <signal.h>
#include <sys/types.h>

struct binary;
struct diag;
struct launch;

struct launch_spec {
	char *const *argv;
	const char *path;		   /* what to execute: binary.path */
	const char *cwd;		   /* NULL: the caller's */
	const struct text_list *variables; /* NAME=VALUE, added to or replacing the caller's */
	int stdin_fd;			   /* -1: inherited */
	int stdout_fd;
	int stderr_fd;
	const char *user;		   /* run under this name's ids and groups; NULL: the caller's */
	const char *ambient_cap;	   /* e.g. "cap_net_raw"; NULL: none */
	bool strip_file_caps;		   /* run an unlinked copy without the xattr (memory, cpu of such a file) */
	const sigset_t *signal_mask;	   /* the mask to restore before exec */
};

/* Forks and holds. -EPERM, -EINVAL with a sentence when user or capability cannot be had. */
int launch_hold(struct launch **launch, const struct launch_spec *spec, struct diag *diag);

pid_t launch_pid(const struct launch *launch);
/* Readable when the target has ended (pidfd). */
int launch_pidfd(const struct launch *launch);

/* Opens the gate and waits for exec. -ENOENT: not found (127); -EACCES, -ENOEXEC: cannot execute (126). */
int launch_release(struct launch *launch, struct diag *diag);

/* Ends a target that was never released, and frees the handle. Does not wait for a released one. */
void launch_free(struct launch *launch);

#endif
