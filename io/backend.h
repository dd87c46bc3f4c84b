/* What watches the system calls of a process tree and feeds io_counts.
 *
 * The collector does not care which: for each repeat it starts a backend before the target's exec,
 * lets it work, stops it and then reads the counts. While a backend is started only it may touch
 * them. Errors are 0 or -errno with a sentence; -EPERM, -EACCES and -EOPNOTSUPP mean that it cannot
 * work here.
 */
#ifndef IO_BACKEND_H
#define IO_BACKEND_H

#include "core/collector.h"
#include "io/counts.h"

struct detail_log;
struct trace_paths;
struct trace_set;

/* What it points to must live until stop() has returned. */
struct io_backend_spec {
	const struct repeat *repeat;
	struct io_counts *counts;
	const struct trace_set *set;     /* what to count */
	const struct trace_paths *paths; /* likewise; NULL: any. ptrace alone */
	struct detail_log *detail; /* gets a line for each of them; NULL: none. ptrace alone */
	void *plan;
	bool cpu_time; /* time_ns is system time, not wall time */
};

struct io_backend {
	const char *name;
	const char *time_note; /* of what wall times hold, for summary.txt */
	/* Once, before the first repeat: makes what all share. */
	int (*plan)(void **plan, const struct trace_set *set, bool with_stacks, struct diag *diag);
	/* Waits until all of it is there, where that goes on by itself: before start(). NULL: it is
	 * there at once. */
	int (*settle)(void *plan, struct diag *diag);
	void (*plan_free)(void *plan); /* NULL is fine */
	/* As the collector's hook; the backend is started. NULL: nothing to do there. */
	int (*in_child)(const void *plan);
	/* Counts from then on, or where the repeat begins later from begin() on. */
	int (*start)(void **state, const struct io_backend_spec *spec, struct diag *diag);
	/* The target's exec has succeeded; of processes that ran before not called. NULL: nothing
	 * to do then. */
	int (*started)(void *state, struct diag *diag);
	void (*begin)(void *state);
	/* To poll for reading; step() then, which reports what went wrong meanwhile. */
	int (*fd)(void *state);
	int (*step)(void *state, struct diag *diag);
	/* NULL: the driver waits for the target itself. */
	bool (*target_ended)(void *state, struct target_end *end);
	/* As the collector's; the backend is started. NULL: what comes before stop() counts. */
	void (*cease)(void *state);
	/* Lets go of all that still runs, and frees the state. The counts are complete then. NULL
	 * is fine. */
	void (*stop)(void *state);
};

extern const struct io_backend io_backend_bpf;
extern const struct io_backend io_backend_ptrace;

#endif
