/* What is known of each run of a stat measurement. */
#ifndef CPU_STAT_RUNS_H
#define CPU_STAT_RUNS_H

#include "cpu/stat/counters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counted_event;
struct event_list;

struct stat_run {
	bool is_child;        /* of a command that was run: the next five are known */
	int wait_status;      /* as waitpid(2) gives it */
	uint64_t wall_ns;     /* from exec to the target's end */
	uint64_t user_ns;     /* of it and of the children that it waited for */
	uint64_t system_ns;   /* likewise */
	uint64_t max_rss_bytes; /* of one process; 0: not known */
	uint64_t counted_ns;  /* how long the counters were on */
	struct count *counts; /* one an event of the list; owned */
};

/* The exit status as a shell gives it: 128+N for signal N. */
int stat_run_code(const struct stat_run *run);

struct stat_facts {
	const struct event_list *events;
	const struct stat_run *runs;
	size_t n_runs;
	const char *command; /* as a user would type it; NULL: none was run, nor a process named */
	bool runs_command;
	bool all_cpus;
	bool counts_part;     /* --ready, --delay: counters were not on from the exec on */
	bool gains_rights;    /* the kernel drops the events of such a program */
	bool has_intervals;   /* interval.csv was written */
	uint64_t n_doubtful;  /* counters_n_doubtful() */
	const char *pids;     /* "12,34" of -p, or NULL */
};

/* What is asked of every run. NaN: not known of it. */
typedef double stat_figure(const struct stat_facts *facts, const struct stat_run *run, size_t event);

/* From exec to end; of what was not run by us the time of counting. In seconds, as are the next
 * two, and ended by the memory in bytes. `event` is not used. */
stat_figure stat_wall_s, stat_user_s, stat_system_s, stat_rss_bytes;
/* Of the list's event of that index; ns for clocks. */
stat_figure stat_count;

/* The figure of each run where it is known; the caller frees it. */
double *stat_samples(const struct stat_facts *facts, stat_figure *figure, size_t event, size_t *n);
/* Their mean, as perf stat has it, or their median, as run.json; NaN: not known. */
enum stat_average { STAT_MEAN, STAT_MEDIAN };
double stat_centre(const struct stat_facts *facts, enum stat_average average, stat_figure *figure,
                   size_t event);

/* The event's index in the list, where some run has a count of it. */
bool stat_find(const struct stat_facts *facts, const char *name, size_t *event);
/* task-clock, else cpu-clock. */
bool stat_find_clock(const struct stat_facts *facts, size_t *event);

#endif
