/* Which perf event is sampled here, and with what rights. */
#ifndef CPU_EVENT_H
#define CPU_EVENT_H

#include "cpu/options.h"

#include "core/options.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

struct diag;

struct cpu_event {
	struct perf_event_attr attr; /* whole: what perf_stream_open() takes */
	char *name;                  /* "cycles", "cpu-clock:u", "sched:sched_switch" */
	bool periods_are_ns;         /* else they are counts of the event */
	bool sees_kernel;            /* false: kernel code does not count ... */
	bool is_cut;                 /* ... though it was asked for */
	uint64_t freq_hz;            /* what the kernel grants; 0: each event is a sample */
	enum call_graph call_graph;  /* what the samples carry for it */
	const char *fallback;        /* in a few words why a lesser event was taken, or NULL */
	struct text_list notes;      /* sentences for quality: what is not seen, and what helps */
};

/* The name as perf report spells it: with `:u` where user code alone was sampled, whoever asked for
 * that. The caller frees it. */
char *cpu_event_marked_name(const struct cpu_event *event);

/* Tries what is asked for on the calling thread or, where nothing is, cycles and then the clock.
 * -EOPNOTSUPP: this machine does not have the event, or would count none of it. Else errors as of
 * event_wish_parse(), tracepoint_find() and perf_event_fd(). */
int cpu_event_choose(struct cpu_event *event, const struct cpu_options *options, struct diag *diag);
void cpu_event_fini(struct cpu_event *event);

/* The rate that the kernel gives where this one is wanted (perf_event_max_sample_rate). */
uint64_t event_granted_freq(uint64_t wanted_hz);

#endif
