/* The one interface between the driver and a collector.
 *
 * For each run the driver makes one state: create; then for every repeat of the command
 * prepare (the target is held before its exec), started, perhaps begin, step as often as fd is
 * readable, ended; at last finish and destroy. All calls come from one thread; a collector may have
 * threads of its own. Errors are 0 or -errno with a sentence; -EOPNOTSUPP, -EPERM and -EACCES from
 * check, create and prepare mean that this cannot be measured here (exit 3), others are our failure
 * (125).
 */
#ifndef CORE_COLLECTOR_H
#define CORE_COLLECTOR_H

#include "core/options.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct binary;
struct diag;
struct findings;
struct finding_row;
struct gates;
struct metric_row;
struct metrics;
struct picture_options;
struct results_run;
struct side_view;

/* One repeat of the target. */
struct repeat {
	pid_t pid;         /* the held child; 0: nothing is run */
	const pid_t *pids; /* that run already, to be attached to with all their threads */
	size_t n_pids;
	bool all_cpus;                /* every process is measured */
	const struct text_list *only; /* only processes and threads of these names; NULL: all */
	uint64_t start_ns;            /* CLOCK_MONOTONIC: zero of every time in the recording */
	unsigned number;              /* 0, 1, ... */
	bool begins_later; /* measuring begins with begin(), not at exec; always so without one */
	struct results_run *results; /* has room on a disk while it runs: results_scratch() */
	const struct binary *binary; /* of what is run; NULL: nothing is, or it is not known */
};

/* How a repeat ended. */
struct target_end {
	bool is_known;   /* it was our child: the next three are filled in */
	int wait_status; /* as waitpid(2) gives it */
	struct rusage usage; /* since the exec, but for ru_maxrss */
	/* Largest resident set of one process; 0: not known, which usage's may be our own child's
	 * before its exec. */
	uint64_t max_rss_bytes;
	uint64_t ended_ns; /* CLOCK_MONOTONIC, as repeat.start_ns */
	uint64_t wall_ns;
	uint64_t measured_ns; /* of it, since measuring began; 0: it never did */
};

/* A process that was, or could not be, observed. Rows of processes.csv and run.json. */
struct observed_process {
	pid_t pid;
	pid_t parent_pid;
	unsigned exec_number;
	char *command; /* owned by the result */
	bool has_exit;
	int wait_status;
	bool observed;
	char *reason; /* why not; owned; NULL when observed */
};

/* The program that is about to be run, and how; or that of a process that runs already. */
struct target {
	const struct binary *binary;
	uid_t uid;                         /* whom it will run as */
	const struct text_list *variables; /* set for it beside the caller's environment */
	pid_t pid;                         /* of the one that runs already; 0: it will be run */
};

/* What finish() fills in; the driver owns and frees it. */
struct result {
	const char *scenario; /* given: for titles */
	const char *type;
	const char *command; /* for titles and reports; NULL: there is none (-a alone) */
	const char *program; /* the file that is run, or that of the first of -p; NULL: not known */
	const struct picture_options *picture; /* how flame graphs are drawn */
	const char *show;        /* what shows this run again: "profile-scenario show syn-1k/cpu" */
	const struct text_list *parameters; /* given: the user's NAME=VALUE of ${NAME} */
	int64_t started_ns;      /* CLOCK_REALTIME */
	uid_t target_uid;        /* whom the target ran as: whose perf-PID.map is believed */
	const json_t *host;      /* given: run.json's "host", of before the run */
	struct metrics *metrics; /* given, with run.* in it */
	struct findings *findings; /* given, with thresholds set */
	struct gates *gates;       /* given: limits to add to; the driver judges them */
	json_t *quality;           /* given: an object to add to (CONTRACT 4 "quality") */
	char *backend;             /* "perf_event", "ptrace", "preload" */
	char *event;               /* cpu: "cycles", "cpu-clock"; else NULL */
	char *fallback;            /* why something lesser was used, or NULL */
	unsigned headline_repeat;  /* whose figures the headline has, from 1; 0: the median's */
	char *headline;            /* "1,083 samples, 1.09 s, ...; lost 0, truncated 0.2 %" */
	struct text_list table;    /* at most 7 lines for the summary */
	const char *page;          /* artifact to look at first */
	char *next;                /* a command worth typing next, or NULL */
	char *unusable;            /* why there is no usable data, or NULL; exit status 3 */
	struct observed_process *processes; /* what the collector knows of them; may be empty */
	size_t n_processes;
	size_t processes_capacity;
};

struct collector {
	const char *name; /* the TYPE, under which runs are stored */
	const char *word; /* of a view: what --type calls it; else NULL */
	/* Other ways to ask for this type, which differ in what they summarise: each a collector of
	 * the same name with a word of its own; ended by NULL. NULL: none. */
	const struct collector *const *views;
	const char *const *aliases; /* ended by NULL */
	const char *help;
	bool merges_repeats; /* metrics of repeats are summed; else each is a sample */
	bool slows_target;   /* run.* is instrumented */
	bool repeats_by_scenario; /* a scenario's own `runs` and `warmup` are meant for it */
	bool takes_lock;     /* it measures times: others that do are waited for */
	bool attaches;       /* to processes that run already (repeat.pids); it has begin */
	bool sees_all_cpus;  /* repeat.all_cpus; it has begin */
	bool chooses_names;  /* repeat.only */
	struct option_table options;
	const struct metric_row *metrics;
	const struct finding_row *findings;
	/* Globs of metrics that are errors, so that a limit is to hold in each of the repeats; ended
	 * by NULL. NULL: none are. */
	const char *const *errors;
	const struct side_view *compared; /* what comparisons show of its profiles; NULL: nothing */

	/* May a limit be set on this metric, which matches a row with a `*`? 0, or -EINVAL with a
	 * sentence that has the nearest name. Pure. NULL: on any. */
	int (*check_metric)(const char *metric, struct diag *diag);
	/* Do the options go together? 0, or -EINVAL with a sentence. Asked before there is a state
	 * and before anything is run; no I/O. `options` are those that will hold, `typed` the
	 * defaults with the command line alone over them: what a scenario file has for its usual
	 * runs may be idle in this one, what was typed must not be. NULL: all do. */
	int (*check_options)(const void *options, const void *typed, struct diag *diag);
	/* The option without which these options leave no flame graph, "--stacks"; NULL: they do
	 * leave one. NULL: all do. */
	const char *(*flame_graphs_take)(const void *options);
	/* Can this target be seen by this collector, under these options? */
	int (*check)(const struct target *target, const void *options, struct diag *diag);
	int (*create)(void **state, const void *options, struct diag *diag);
	/* Variables to add to the target's environment, or NULL (the whole hook too). */
	int (*environment)(void *state, struct text_list *variables, struct diag *diag);
	int (*prepare)(void *state, const struct repeat *repeat, struct diag *diag);
	/* In the held child, when it is let go, just before its exec; async-signal-safe; 0 or
	 * -errno. NULL: nothing to do there. */
	int (*in_child)(void *state);
	int (*started)(void *state, struct diag *diag); /* exec has succeeded */
	/* Measuring begins, some time after started (--ready, --delay). NULL: it always begins at
	 * exec; --delay is refused then, and with --ready the start is measured, too. */
	int (*begin)(void *state, struct diag *diag);
	int (*fd)(void *state); /* to poll for reading; -1: nothing to poll */
	int (*step)(void *state, struct diag *diag);
	/* Somebody asks for a look at what runs (SIGUSR2 to the driver). An error says why there
	 * will be none; it does not end the run. NULL: there never is. */
	int (*poke)(void *state, struct diag *diag);
	/* After step: a sentence for people on what was found while the target runs, or NULL; asked
	 * until then. The caller frees it. */
	char *(*news)(void *state);
	/* The collector waits for the target, as a tracer does, and the driver must not. NULL:
	 * never. */
	bool (*reaps_target)(void *state);
	/* reaps_target only: true when the target has ended, with its status. fd becomes readable
	 * then. */
	bool (*target_ended)(void *state, struct target_end *end);
	/* Measuring of what ran before us is over, and the clock is read next: what happens later
	 * is not counted. NULL: `ended` is soon enough. */
	void (*cease)(void *state);
	/* The repeat is over; drain what is left. Descendants may still run and are let go. */
	int (*ended)(void *state, const struct target_end *end, struct diag *diag);
	/* Another repeat is wanted to reach a minimum (--min-samples); NULL: never. */
	bool (*wants_more)(void *state);
	int (*finish)(void *state, struct results_run *run, struct result *result,
	              struct diag *diag);
	void (*destroy)(void *state);
};

/* Adds a process row to the result. */
struct observed_process *result_add_process(struct result *result);

/* Frees all that hangs on the result. */
void result_fini(struct result *result);

#endif
