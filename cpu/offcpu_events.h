/* The perf events that tell who waits, where and how long, as far as rights go.
 *
 * Times come from switch records, which every user may have. Stacks come with the software event
 * context-switches, which counts in the kernel: without the right to see the kernel it opens all
 * the same and never fires, so it is not asked for then. The third event samples what runs.
 */
#ifndef CPU_OFFCPU_EVENTS_H
#define CPU_OFFCPU_EVENTS_H

#include "core/options.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>

struct diag;
struct offcpu_options;
struct perf_stream;
struct repeat;

/* Their numbers in the stream (core/perf/stream.h). */
enum offcpu_event { OFFCPU_SWITCHES, OFFCPU_CLOCK, OFFCPU_STACKS, OFFCPU_N_EVENTS };

struct offcpu_events {
	struct perf_event_attr attrs[OFFCPU_N_EVENTS];
	unsigned n_events;    /* OFFCPU_STACKS: the last one is missing */
	bool hides_kernel;    /* stacks are to have no kernel frames */
	const char *fallback; /* in a few words what is used instead, or NULL */
	struct text_list notes;
};

/* Tries the events on the calling thread. Errors as of perf_event_fd(). */
int offcpu_events_choose(struct offcpu_events *events, const struct offcpu_options *options,
                         struct diag *diag);
void offcpu_events_fini(struct offcpu_events *events);

/* Opens them for the repeat's command, which they begin with, or, disabled, for its running
 * processes; and for what these make. Rings are shared out so that the switch records, which time
 * depends on, never go short. */
int offcpu_events_open(const struct offcpu_events *events, const struct repeat *repeat,
                       struct perf_stream **stream, struct diag *diag);

/* What each CPU's ring of an event has where memory may be locked freely. */
size_t offcpu_events_wanted_ring_bytes(enum offcpu_event event);

#endif
