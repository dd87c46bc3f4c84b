/* Chooses the sampling event: as asked for, else hardware cycles or the clock; with the kernel,
 * else without. */
#include "cpu/event.h"

#include "cpu/event_name.h"
#include "cpu/followed.h"
#include "cpu/options.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/perf/ring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of event_rows: what is tried where nothing is asked for, and why the second is taken. */
enum { N_DEFAULTS = 2 };
static const char no_pmu[] = "no PMU here";

/* Events that come at a rate of their own are rare enough to take each of them, and their shares
 * are exact then; perf's changing period would weigh them by time. */
static bool has_frequency(enum event_kind kind)
{
	return kind == EVENT_HARDWARE || kind == EVENT_CLOCK;
}

static bool is_inside_kernel(enum event_kind kind)
{
	return kind == EVENT_SWITCH || kind == EVENT_TRACEPOINT;
}

/* What a sample carries for its stack. */
static void ask_for_stack(struct perf_event_attr *attr, const struct cpu_options *options)
{
	bool with_kernel = !attr->exclude_kernel;

	switch ((enum call_graph)options->call_graph) {
	case CALL_GRAPH_DWARF:
		attr->sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER |
		                     (with_kernel ? PERF_SAMPLE_CALLCHAIN : 0);
		attr->sample_regs_user = FOLLOWED_REGISTERS;
		attr->sample_stack_user = (uint32_t)(options->stack_bytes & ~7ull);
		attr->exclude_callchain_user = 1;
		return;
	case CALL_GRAPH_FP:
		attr->sample_type |= PERF_SAMPLE_CALLCHAIN;
		attr->exclude_callchain_kernel = !with_kernel;
		return;
	case CALL_GRAPH_NONE:
		return;
	}
}

static struct perf_event_attr sampling_attr(const struct event_wish *wish,
                                            const struct cpu_options *options, uint64_t freq_hz,
                                            bool with_kernel)
{
	struct perf_event_attr attr = {
	    .type = wish->row.type,
	    .size = sizeof(struct perf_event_attr),
	    .config = wish->row.config,
	    .freq = freq_hz > 0,
	    .sample_freq = freq_hz ? freq_hz : 1, /* without `freq` it is the period */
	    .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD,
	    .exclude_user = wish->kernel_only,
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

	ask_for_stack(&attr, options);
	return attr;
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

uint64_t event_granted_freq(uint64_t wanted_hz)
{
	uint64_t most_hz = max_sample_rate();

	return wanted_hz < most_hz ? wanted_hz : most_hz;
}

static int try_open(struct cpu_event *event, const struct event_wish *wish,
                    const struct cpu_options *options, bool with_kernel, struct diag *diag)
{
	int fd;

	event->attr = sampling_attr(wish, options, event->freq_hz, with_kernel);
	fd = perf_event_fd(&event->attr, 0, -1, diag);
	if (fd == -EINVAL) { /* before Linux 6.0 */
		event->attr.read_format = 0;
		fd = perf_event_fd(&event->attr, 0, -1, diag);
	}
	if (fd < 0)
		return fd;
	close(fd);
	event->sees_kernel = with_kernel;
	event->is_cut = options->kernel && !with_kernel && !wish->user_only;
	return 0;
}

/* With the kernel, else, where that is forbidden and something is left, without. */
static int try_wish(struct cpu_event *event, const struct event_wish *wish,
                    const struct cpu_options *options, struct diag *diag)
{
	bool needs_kernel = wish->kernel_only || is_inside_kernel(wish->row.kind);
	bool wants_kernel = options->kernel && !wish->user_only;
	int err = -EACCES;

	event->freq_hz = has_frequency(wish->row.kind) ? event_granted_freq(options->freq_hz) : 0;
	event->periods_are_ns = wish->row.kind == EVENT_CLOCK;
	if (wants_kernel)
		err = try_open(event, wish, options, true, diag);
	if (err == -EACCES && !needs_kernel)
		err = try_open(event, wish, options, false, diag);
	if (err == -EACCES && needs_kernel)
		diag_prefix(diag, "%s is nothing without the kernel", wish->name);
	return err;
}

/* Rights do not get better with the next event. */
static bool is_refusal(int err)
{
	return err == -EACCES || err == -EPERM;
}

static int choose_default(struct cpu_event *event, const struct cpu_options *options,
                          struct diag *diag)
{
	int err = -ENOENT;

	for (size_t i = 0; i < N_DEFAULTS && err && !is_refusal(err); i++) {
		struct event_wish wish = {.row = event_rows[i]};

		err = try_wish(event, &wish, options, diag);
		event->name = err ? NULL : xstrdup(event_rows[i].name);
		event->fallback = i ? no_pmu : NULL;
	}
	return err;
}

/* Events that happen in the kernel count nothing where its code is left out: the kernel would open
 * them all the same. */
static int refuse_hidden(const struct event_wish *wish, const struct cpu_options *options,
                         struct diag *diag)
{
	const char *without = wish->user_only ? ":u" : "--no-kernel";

	if (options->kernel && !wish->user_only)
		return 0;
	if (is_inside_kernel(wish->row.kind))
		return diag_fail(
		    diag, EOPNOTSUPP,
		    "%s counts in the kernel alone: %s leaves none of it; leave out %s", wish->name,
		    without, without);
	if (wish->kernel_only)
		return diag_fail(diag, EOPNOTSUPP,
		                 "--no-kernel leaves nothing of %s:k; leave out one of them",
		                 wish->name);
	return 0;
}

/* Whether it is the event that this machine lacks, or something that all events lack. */
static int judge_missing(const struct event_wish *wish, const struct cpu_options *options, int err,
                         struct diag *diag)
{
	struct cpu_event other = {0};
	struct diag ignored;

	if (is_refusal(err) || choose_default(&other, options, &ignored))
		return err;
	diag_fail(diag, EOPNOTSUPP,
	          "this machine has no event %s to sample%s; nearest is: --event %s", wish->name,
	          wish->row.kind != EVENT_HARDWARE ? ""
	          : other.fallback
	              ? ": it has no PMU, which virtual machines often do not hand through"
	              : ": its PMU does not count it",
	          other.name);
	cpu_event_fini(&other);
	return -EOPNOTSUPP;
}

static int choose_asked(struct cpu_event *event, const struct cpu_options *options,
                        struct diag *diag)
{
	struct event_wish wish;
	int err = event_wish_parse(&wish, options->event, diag);

	if (err)
		return err;
	if (wish.row.kind == EVENT_TRACEPOINT)
		err = tracepoint_find(wish.name, &wish.row.config, diag);
	if (!err)
		err = refuse_hidden(&wish, options, diag);
	if (!err) {
		err = try_wish(event, &wish, options, diag);
		if (err)
			err = judge_missing(&wish, options, err, diag);
	}
	event->name = err ? NULL : xstrdup(options->event);
	event_wish_fini(&wish);
	return err;
}

static void add_notes(struct cpu_event *event, const struct cpu_options *options)
{
	if (event->freq_hz && event->freq_hz < options->freq_hz) {
		char *text = xasprintf("sampled at %" PRIu64 " Hz instead of %" PRIu64
		                       ": run: sysctl kernel.perf_event_max_sample_rate=%" PRIu64,
		                       event->freq_hz, options->freq_hz, options->freq_hz);

		text_list_add(&event->notes, text);
		free(text);
	}
	if (!event->freq_hz && options->freq_hz != CPU_DEFAULT_FREQ_HZ) {
		char *text = xasprintf("--freq is not used: each of %s is a sample", event->name);

		text_list_add(&event->notes, text);
		free(text);
	}
	if (event->is_cut)
		text_list_add(&event->notes,
		              "kernel code was not sampled and counts nowhere: perf_event_paranoid "
		              "forbids it; as root run: sysctl kernel.perf_event_paranoid=1");
}

int cpu_event_choose(struct cpu_event *event, const struct cpu_options *options, struct diag *diag)
{
	int err;

	if (options->call_graph != CALL_GRAPH_DWARF && options->stack_bytes != USUAL_STACK_BYTES)
		return diag_fail(diag, EINVAL,
		                 "--stack-size is for --call-graph dwarf alone: nothing else "
		                 "copies stacks; leave one of them out");
	*event = (struct cpu_event){.call_graph = (enum call_graph)options->call_graph};
	err = options->event ? choose_asked(event, options, diag)
	                     : choose_default(event, options, diag);
	if (!err)
		add_notes(event, options);
	return err;
}

char *cpu_event_marked_name(const struct cpu_event *event)
{
	bool is_marked = event->sees_kernel || strchr(event->name, ':');

	return xasprintf("%s%s", event->name, is_marked ? "" : ":u");
}

void cpu_event_fini(struct cpu_event *event)
{
	text_list_fini(&event->notes);
	free(event->name);
	event->name = NULL;
}
