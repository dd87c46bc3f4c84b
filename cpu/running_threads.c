/* Reads /proc/PID/task until nothing new is in it. */
#include "cpu/running_threads.h"

#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/target/descriptors.h"
#include "core/u64map.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	/* A thread that a watched one makes has the event from the start. Only those that others
	 * made while the list was read are new in the next, so a few readings find all; a process
	 * that makes threads all the time shows new ones for ever. */
	MAX_SCANS = 10,
	OTHER_DESCRIPTORS = 256, /* ours, and what symbols and mapped files need */
};

/* Reading the list of threads, and watching the new ones. */
struct scan {
	watch_thread *watch;
	void *context;
	pid_t pid;
	struct u64map *seen; /* tid -> 1 */
	size_t n_new;
	size_t n_threads;
	int err;
	struct diag *diag;
};

static const char *owner_of(pid_t pid)
{
	char path[32];
	struct stat status;
	const struct passwd *user = NULL;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (!stat(path, &status))
		user = getpwuid(status.st_uid);
	return user ? user->pw_name : "somebody else";
}

/* In the words of what was asked for. */
static int explain(const struct scan *scan, int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return diag_fail(scan->diag, EACCES,
		                 "cannot measure process %d of %s: the kernel lets only root and "
		                 "who may ptrace it; use sudo",
		                 scan->pid, owner_of(scan->pid));
	case EMFILE:
		return diag_fail(scan->diag, EMFILE,
		                 "cannot measure process %d: its threads have become more than the "
		                 "limit of descriptors allows; raise it (ulimit -n), or use sudo",
		                 scan->pid);
	default:
		return err;
	}
}

static void visit_thread(void *context, pid_t tid)
{
	struct scan *scan = context;
	bool is_new;
	int err;

	u64map_put(scan->seen, (uint32_t)tid, &is_new);
	if (!is_new || scan->err)
		return;
	scan->n_new++;
	err = scan->watch(scan->context, tid, scan->diag);
	if (!err)
		scan->n_threads++;
	else if (err != -ESRCH) /* it has ended meanwhile */
		scan->err = explain(scan, err);
}

static int watch_process(struct scan *scan)
{
	size_t n_before = scan->n_threads;
	int n_listed;

	for (unsigned i = 0; i < MAX_SCANS; i++) {
		scan->n_new = 0;
		n_listed = proc_scan_threads(scan->pid, visit_thread, scan);
		if (n_listed < 0 || !scan->n_new || scan->err)
			break;
	}
	if (!scan->err && scan->n_threads == n_before)
		scan->err = diag_fail(scan->diag, ESRCH, "process %d has ended", scan->pid);
	return scan->err;
}

static void count_thread(void *context, pid_t tid)
{
	(void)tid;
	++*(uint64_t *)context;
}

uint64_t running_threads_count(const struct repeat *repeat)
{
	uint64_t n_threads = 0;

	for (size_t i = 0; i < repeat->n_pids; i++)
		proc_scan_threads(repeat->pids[i], count_thread, &n_threads);
	return n_threads;
}

/* -EMFILE: not for all threads, and what is opened beside. */
static int make_room(const struct repeat *repeat, unsigned n_each, struct diag *diag)
{
	uint64_t n_threads = running_threads_count(repeat);
	uint64_t n_needed = n_threads * n_each + OTHER_DESCRIPTORS;
	/* A quarter more for threads that are made meanwhile. */
	uint64_t limit = descriptors_raise(n_needed + n_threads / 4 * n_each);

	if (limit >= n_needed)
		return 0;
	return diag_fail(diag, EMFILE,
	                 "cannot measure process %d: %" PRIu64 " threads take %" PRIu64
	                 " descriptors here, and the limit is %" PRIu64
	                 "; raise it (ulimit -n), or use sudo",
	                 repeat->pids[0], n_threads, n_needed, limit);
}

int running_threads_watch(const struct repeat *repeat, unsigned n_fds, watch_thread *watch,
                          void *context, struct diag *diag)
{
	struct scan scan = {.watch = watch, .context = context, .seen = u64map_new(), .diag = diag};
	int err = make_room(repeat, n_fds, diag);

	for (size_t i = 0; i < repeat->n_pids && !err; i++) {
		scan.pid = repeat->pids[i];
		err = watch_process(&scan);
	}
	u64map_free(scan.seen);
	return err;
}
