/* Which events are counted here: names, groups, and what this kernel hides.
 *
 * A list is made from names, then probed once: each event is opened on the calling thread and closed
 * again. Software events that the kernel hides from an ordinary user open all the same when kernel
 * code is excluded, and then count 0 (context switches) or a part (page faults), so they are never
 * opened like that: they come from wait4(2) where it has them, and are absent elsewhere.
 */
#ifndef CPU_STAT_EVENTS_H
#define CPU_STAT_EVENTS_H

#include "cpu/event_name.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>

struct diag;

enum event_source {
	SOURCE_COUNTER, /* a perf event */
	SOURCE_RUSAGE,  /* wait4(2), of a COMMAND alone */
	SOURCE_NONE,    /* `why` says so */
};

struct counted_event {
	struct event_wish wish; /* row.name is the canonical name of an alias */
	char *name;             /* "cycles", "cycles:u": as typed, and what runs.csv has */
	char *metric;           /* "stat.cycles", "stat.task-clock_ns" */
	bool is_time;           /* counts ns */
	enum event_source source;
	bool lacks_kernel; /* kernel code was to be counted and is not */
	const char *why;   /* not SOURCE_COUNTER: in a few words */
	int error;         /* of perf_event_open(2), -errno; 0: it opens */
	unsigned braces;   /* of {a,b}: which pair, from 1; 0: none */
	size_t leader;     /* of its group: index in the list, its own when it leads */
};

struct event_list {
	struct counted_event *events;
	size_t n_events;
	size_t capacity;
};

/* "cycles,{instructions,branches},page-faults:u", or the usual ones where `text` is NULL: those of
 * perf stat -d, with cpu-clock for task-clock where it is all CPUs that are counted. An event that
 * stands there twice is taken once. -EINVAL with a sentence and the nearest name. */
int event_list_parse(struct event_list *list, const char *text, bool all_cpus, struct diag *diag);
void event_list_fini(struct event_list *list); /* a zeroed one is fine */

/* As an option's check. */
int event_list_check(const char *text, struct diag *diag);

/* Finds out what can be counted here, and forms the groups. Not having an event is no error.
 * -EACCES, -EOPNOTSUPP: a tracepoint was asked for and tracefs or the kernel refuses. */
int event_list_probe(struct event_list *list, struct diag *diag);

/* Groups: events in the same braces, and the two of a ratio (misses of references, instructions of
 * cycles), so that both were counted in the same moments when the PMU has too few counters. For
 * events whose source is a counter; probing does it. */
void event_list_group(struct event_list *list);

/* By canonical name; NULL: not in the list. An event of user or kernel code alone is another one. */
const struct counted_event *event_list_find(const struct event_list *list, const char *name);

/* The attributes to open it with, disabled where it leads a group. */
struct perf_event_attr counted_event_attr(const struct event_list *list, size_t i, bool on_exec);

/* What one event is divided by, and the metric that this gives. */
struct event_ratio {
	const char *metric; /* "stat.ipc" */
	const char *part;
	const char *whole;
	double factor; /* 100 for percent */
	const char *words; /* as perf stat says it: "of all branches" */
};
extern const struct event_ratio event_ratios[]; /* ended by a row without a metric */

#endif
