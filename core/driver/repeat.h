/* One execution of the target under a collector (or under none: a warm-up).
 *
 * The target is a command, or processes that run already, or nobody: then all CPUs are measured.
 * What we did not start is observed and left alone: an end of measuring is the end of the run.
 *
 * Measuring begins at the target's exec (at once where there is none) or, with --ready and --delay,
 * when the one has succeeded and the other has passed since; --load runs from when the target is
 * ready.
 */
#ifndef CORE_DRIVER_REPEAT_H
#define CORE_DRIVER_REPEAT_H

#include "core/collector.h"
#include "core/target/launch.h"

#include <stdio.h>

struct diag;
struct process_tree;
struct results_run;
struct signals;

enum ended_by { ENDED_BY_TARGET, ENDED_BY_DURATION, ENDED_BY_LOAD, ENDED_BY_INTERRUPT };

struct repeat_spec {
	struct launch_spec launch; /* argv NULL: nothing is run */
	const pid_t *pids;         /* processes that run already */
	size_t n_pids;
	bool all_cpus;                     /* every process is measured */
	const struct text_list *only;      /* NULL: all names */
	const struct collector *collector; /* NULL: a warm-up */
	void *state;
	unsigned number;
	struct results_run *results; /* for the collector */
	const struct binary *binary; /* likewise; NULL: not known */
	uint64_t timeout_ns;         /* 0: none */
	uint64_t duration_ns;        /* of measuring; 0: none */
	uint64_t delay_ns;
	const char *ready; /* shell commands, or NULL */
	const char *load;
	const struct text_list *shell_variables; /* for both */
	struct signals *signals;
	bool is_quiet; /* nothing is said while the target runs */
	FILE *output; /* keeps a copy of what the target writes to stdout, for [metrics]; NULL: none
	                 is made */
};

struct repeat_result {
	struct target_end end;
	pid_t pid;         /* 0: nothing was run */
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	bool timed_out;
	bool was_ready;    /* --ready has succeeded, or there was none */
	bool never_began;  /* it was over before measuring could begin */
	uint64_t began_ns; /* when measuring began, since the exec */
	enum ended_by by;
	size_t n_left_alive; /* descendants that outlived the target by more than a second */
	bool exec_failed;
	struct process_tree *tree;
};

/* 0 when the target ran and ended, however it ended. When exec_failed the error is that of
 * execve(2); else it is the collector's, or our own. The result is to be ended in either case. */
int repeat_run(const struct repeat_spec *spec, struct repeat_result *result, struct diag *diag);
void repeat_result_fini(struct repeat_result *result);

#endif
