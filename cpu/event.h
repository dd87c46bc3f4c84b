/* Which perf event samples the processor time here, and with what rights. */
#ifndef CPU_EVENT_H
#define CPU_EVENT_H

#include "core/options.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu_options;
struct diag;

struct cpu_event {
	struct perf_event_attr attr; /* whole: what perf_stream_open() takes */
	const char *name;            /* "cycles", "cpu-clock" */
	bool periods_are_ns;         /* else they are counts of the event */
	bool sees_kernel;
	uint64_t freq_hz;       /* what the kernel grants */
	const char *fallback;   /* in a few words why a lesser event was taken, or NULL */
	struct text_list notes; /* sentences for quality: what is not seen, and what helps */
};

/* Tries the events, best first, on the calling thread. Errors as of perf_event_fd(). */
int cpu_event_choose(struct cpu_event *event, const struct cpu_options *options, struct diag *diag);
void cpu_event_fini(struct cpu_event *event);

#endif
