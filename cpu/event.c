/* Chooses the sampling event: hardware cycles, else the clock; with the kernel, else without. */
#include "cpu/event.h"

#include "cpu/followed.h"
#include "cpu/options.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/perf/ring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct candidate {
	const char *name;
	uint32_t type;
	uint64_t config;
	bool periods_are_ns;
	const char *fallback;
};

static const struct candidate candidates[] = {
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, false, NULL},
    {"cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true, "no PMU here"},
};

static struct perf_event_attr sampling_attr(const struct candidate *candidate,
                                            const struct cpu_options *options, uint64_t freq_hz,
                                            bool with_kernel)
{
	return (struct perf_event_attr){
	    .type = candidate->type,
	    .size = sizeof(struct perf_event_attr),
	    .config = candidate->config,
	    .freq = 1,
	    .sample_freq = freq_hz,
	    .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
	                   PERF_SAMPLE_PERIOD | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER |
	                   (with_kernel ? PERF_SAMPLE_CALLCHAIN : 0),
	    .sample_regs_user = FOLLOWED_REGISTERS,
	    .sample_stack_user = (uint32_t)(options->stack_bytes & ~7ull),
	    .exclude_callchain_user = 1,
	    .exclude_kernel = !with_kernel,
	    .exclude_hv = !with_kernel,
	    .sample_id_all = 1,
	    .read_format = PERF_FORMAT_LOST,
	    .inherit = options->inherit,
	    .mmap = 1,
	    .mmap2 = 1,
	    .comm = 1,
	    .comm_exec = 1,
	    .task = 1,
	    .disabled = 1,
	    .enable_on_exec = 1,
	};
}

static uint64_t max_sample_rate(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_max_sample_rate", "re");
	uint64_t rate_hz;

	if (!file)
		return UINT64_MAX;
	if (fscanf(file, "%" SCNu64, &rate_hz) != 1)
		rate_hz = UINT64_MAX;
	fclose(file);
	return rate_hz;
}

static void add_note(struct cpu_event *event, char *text)
{
	text_list_add(&event->notes, text);
	free(text);
}

static uint64_t granted_freq(struct cpu_event *event, uint64_t wanted_hz)
{
	uint64_t most_hz = max_sample_rate();

	if (wanted_hz <= most_hz)
		return wanted_hz;
	add_note(event, xasprintf("sampled at %" PRIu64 " Hz instead of %" PRIu64
	                          ": run: sysctl kernel.perf_event_max_sample_rate=%" PRIu64,
	                          most_hz, wanted_hz, wanted_hz));
	return most_hz;
}

static int try_candidate(struct cpu_event *event, const struct candidate *candidate,
                         const struct cpu_options *options, bool with_kernel, struct diag *diag)
{
	int fd;

	event->attr = sampling_attr(candidate, options, event->freq_hz, with_kernel);
	fd = perf_event_fd(&event->attr, 0, -1, diag);
	if (fd == -EINVAL) { /* before Linux 6.0 */
		event->attr.read_format = 0;
		fd = perf_event_fd(&event->attr, 0, -1, diag);
	}
	if (fd < 0)
		return fd;
	close(fd);
	event->name = candidate->name;
	event->periods_are_ns = candidate->periods_are_ns;
	event->fallback = candidate->fallback;
	event->sees_kernel = with_kernel;
	return 0;
}

int cpu_event_choose(struct cpu_event *event, const struct cpu_options *options, struct diag *diag)
{
	int err = -ENOENT;

	*event = (struct cpu_event){0};
	event->freq_hz = granted_freq(event, options->freq_hz);
	for (size_t i = 0; i < ARRAY_SIZE(candidates) && err; i++) {
		err = options->kernel ? try_candidate(event, &candidates[i], options, true, diag)
		                      : -EACCES;
		if (err == -EACCES)
			err = try_candidate(event, &candidates[i], options, false, diag);
		if (err == -EACCES ||
		    err == -EPERM) /* rights do not get better with the next event */
			break;
	}
	if (!err && options->kernel && !event->sees_kernel)
		add_note(
		    event,
		    xstrdup("kernel code was not sampled and counts nowhere: perf_event_paranoid "
		            "forbids it; as root run: sysctl kernel.perf_event_paranoid=1"));
	if (err)
		cpu_event_fini(event);
	return err;
}

void cpu_event_fini(struct cpu_event *event)
{
	text_list_fini(&event->notes);
}
