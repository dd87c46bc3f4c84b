/* The events that can be asked for, by the names that perf gives them (perf-list(1)). */
#ifndef CPU_EVENT_NAME_H
#define CPU_EVENT_NAME_H

#include <stdbool.h>
#include <stdint.h>

struct diag;

enum event_kind {
	EVENT_HARDWARE,   /* counted by the PMU, sampled by a frequency */
	EVENT_CLOCK,      /* a timer of the kernel; its periods are ns */
	EVENT_FAULT,      /* counted where the code runs that causes it; each one is a sample */
	EVENT_SWITCH,     /* happens inside the kernel only; each one is a sample */
	EVENT_TRACEPOINT, /* likewise */
};

struct event_row {
	const char *name;
	const char *alias; /* or NULL */
	enum event_kind kind;
	uint32_t type; /* of struct perf_event_attr */
	uint64_t config;
};

/* Ended by a row without a name. The first are what is tried where none is asked for. */
extern const struct event_row event_rows[];

/* An event as it was asked for. */
struct event_wish {
	struct event_row row; /* its name is `name`; a tracepoint's config is still to be found */
	char *name;           /* without modifiers; owned */
	bool user_only;       /* :u */
	bool kernel_only;     /* :k */
};

/* Reads "cycles", "page-faults:u", "r1a8", "sched:sched_switch". -EINVAL with a sentence, and the
 * nearest name, for what perf has no name for, and for what is not done here. */
int event_wish_parse(struct event_wish *wish, const char *text, struct diag *diag);
void event_wish_fini(struct event_wish *wish);

/* As an option's check: only whether it parses. */
int event_check(const char *text, struct diag *diag);

/* The number in this kernel of a tracepoint whose name has been parsed. -EINVAL with the nearest
 * name where it has none like it, -EACCES or -EOPNOTSUPP with the line that helps where tracefs
 * cannot be read. */
int tracepoint_find(const char *name, uint64_t *config, struct diag *diag);

#endif
