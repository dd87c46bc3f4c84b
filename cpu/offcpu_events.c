/* Chooses the events of an off-CPU run and shares the ring memory out among them. */
#include "cpu/offcpu_events.h"

#include "cpu/event.h"
#include "cpu/followed.h"
#include "cpu/offcpu_options.h"
#include "cpu/running_threads.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/ring.h"
#include "core/perf/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	/* As `--type cpu` copies: a running thread's stack moves on while it is read. */
	CLOCK_STACK_BYTES = 8192,
};

/* What all three have. */
static struct perf_event_attr common_attr(const struct offcpu_options *options)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(struct perf_event_attr),
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
	    .sample_id_all = 1,
	    .read_format = PERF_FORMAT_LOST,
	    .inherit = options->inherit,
	    .disabled = 1,
	    .enable_on_exec = 1,
	};
}

/* A dummy that counts nothing, for its records alone; exclude_kernel, and no rights are needed. */
static struct perf_event_attr switches_attr(const struct offcpu_options *options)
{
	struct perf_event_attr attr = common_attr(options);

	attr.config = PERF_COUNT_SW_DUMMY;
	attr.exclude_kernel = attr.exclude_hv = 1;
	attr.context_switch = 1;
	attr.mmap = attr.mmap2 = 1;
	attr.comm = attr.comm_exec = 1;
	attr.task = 1;
	return attr;
}

static void add_stacks(struct perf_event_attr *attr, uint64_t stack_bytes, bool with_kernel)
{
	attr->sample_type |= PERF_SAMPLE_IP | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER |
	                     (with_kernel ? PERF_SAMPLE_CALLCHAIN : 0);
	attr->sample_regs_user = FOLLOWED_REGISTERS;
	attr->sample_stack_user = (uint32_t)(stack_bytes & ~7ull);
	attr->exclude_callchain_user = 1;
}

static struct perf_event_attr clock_attr(const struct offcpu_options *options, bool sees_kernel)
{
	struct perf_event_attr attr = common_attr(options);

	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.freq = 1;
	attr.sample_freq = event_granted_freq(options->freq_hz);
	attr.sample_type |= PERF_SAMPLE_PERIOD;
	attr.exclude_kernel = attr.exclude_hv = !sees_kernel;
	add_stacks(&attr, CLOCK_STACK_BYTES, sees_kernel && options->kernel);
	return attr;
}

static struct perf_event_attr stacks_attr(const struct offcpu_options *options)
{
	struct perf_event_attr attr = common_attr(options);

	attr.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
	attr.sample_period = 1;
	add_stacks(&attr, options->stack_bytes, options->kernel);
	return attr;
}

static int try_event(struct perf_event_attr *attr, struct diag *diag)
{
	int fd = perf_event_fd(attr, 0, -1, diag);

	if (fd == -EINVAL) { /* before Linux 6.0 */
		attr->read_format = 0;
		fd = perf_event_fd(attr, 0, -1, diag);
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static bool is_refusal(int err)
{
	return err == -EACCES || err == -EPERM;
}

static void note_rate(struct offcpu_events *events, const struct offcpu_options *options)
{
	char *text = xasprintf("what runs was sampled at %" PRIu64 " Hz instead of %" PRIu64
	                       ": run: sysctl kernel.perf_event_max_sample_rate=%" PRIu64,
	                       (uint64_t)events->attrs[OFFCPU_CLOCK].sample_freq, options->freq_hz,
	                       options->freq_hz);

	text_list_add(&events->notes, text);
	free(text);
}

int offcpu_events_choose(struct offcpu_events *events, const struct offcpu_options *options,
                         struct diag *diag)
{
	bool sees_kernel;
	int err;

	*events = (struct offcpu_events){.hides_kernel = !options->kernel};
	events->attrs[OFFCPU_SWITCHES] = switches_attr(options);
	events->attrs[OFFCPU_STACKS] = stacks_attr(options);
	err = try_event(&events->attrs[OFFCPU_SWITCHES], diag);
	if (err)
		return err;
	err = try_event(&events->attrs[OFFCPU_STACKS], diag);
	if (err && !is_refusal(err))
		return err;
	sees_kernel = !err;
	events->n_events = sees_kernel ? OFFCPU_N_EVENTS : OFFCPU_STACKS;
	events->attrs[OFFCPU_CLOCK] = clock_attr(options, sees_kernel);
	if (events->attrs[OFFCPU_CLOCK].sample_freq < options->freq_hz)
		note_rate(events, options);
	if (!sees_kernel) {
		events->fallback = "stacks read from memory";
		text_list_add(
		    &events->notes,
		    "perf_event_paranoid hides the kernel's context switches: stacks of waits were "
		    "read from the threads' memory while they waited, without kernel frames, and "
		    "those of short waits are lost; as root run: sysctl "
		    "kernel.perf_event_paranoid=1, or give the capability CAP_PERFMON");
	}
	return try_event(&events->attrs[OFFCPU_CLOCK], diag);
}

void offcpu_events_fini(struct offcpu_events *events)
{
	text_list_fini(&events->notes);
}

/* Bytes of ring for each CPU. A switch leaves 48 bytes of times and some 1,300 of stack: where
 * memory may be locked, times of 1.7 s and stacks of 0.12 s at 100,000 switches a second on one CPU
 * find room while we do not come to read. */
struct ring_share {
	size_t plenty;
	size_t scarce; /* the least: within the 516 KB a CPU that everyone may lock, and
	                  process_tree's ring */
};

static const struct ring_share ring_shares[OFFCPU_N_EVENTS] = {
    [OFFCPU_SWITCHES] = {1 << 23, 1 << 17},
    [OFFCPU_CLOCK] = {1 << 19, 1 << 17},
    [OFFCPU_STACKS] = {1 << 24, 1 << 17},
};

/* On large machines the CPUs share what two of them would have: the switches of one program do not
 * grow with the CPUs that it might run on. n_halvings: for want of memory. */
static size_t ring_bytes(const struct ring_share *share, unsigned n_halvings)
{
	enum { FULL_SHARES = 2 };
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t bytes = share->plenty;

	for (long n = FULL_SHARES; n < n_cpus; n *= 2)
		n_halvings++;
	while (n_halvings-- > 0 && bytes > share->scarce)
		bytes /= 2;
	return bytes;
}

size_t offcpu_events_wanted_ring_bytes(enum offcpu_event event)
{
	return ring_bytes(&ring_shares[event], 0);
}

static struct perf_event_attr attr_of(const struct offcpu_events *events, unsigned event,
                                      const struct repeat *repeat)
{
	struct perf_event_attr attr = events->attrs[event];

	if (repeat->n_pids) {
		attr.enable_on_exec = 0;
		attr.sample_type |= PERF_SAMPLE_ID; /* perf_stream_watch() says why */
	}
	return attr;
}

static int open_events(const struct offcpu_events *events, const struct repeat *repeat,
                       unsigned n_halvings, struct perf_stream **stream, struct diag *diag)
{
	pid_t pid = repeat->n_pids ? PERF_NOBODY : repeat->pid;
	int err = 0;

	*stream = NULL;
	for (unsigned i = 0; i < events->n_events && !err; i++) {
		struct perf_event_attr attr = attr_of(events, i, repeat);
		size_t bytes = ring_bytes(&ring_shares[i], n_halvings);

		err = *stream ? perf_stream_add(*stream, &attr, pid, bytes, diag)
		              : perf_stream_open(stream, &attr, pid, bytes, diag);
	}
	if (err) {
		perf_stream_close(*stream);
		*stream = NULL;
	}
	return err;
}

/* Whether one ring took what another one should have had. */
static bool went_short(const struct offcpu_events *events, const struct perf_stream *stream,
                       unsigned n_halvings)
{
	for (unsigned i = 0; i < events->n_events; i++)
		if (perf_stream_ring_bytes(stream, i) < ring_bytes(&ring_shares[i], n_halvings))
			return true;
	return false;
}

static int open_rings(const struct offcpu_events *events, const struct repeat *repeat,
                      struct perf_stream **stream, struct diag *diag)
{
	enum { MOST_HALVINGS = 7 }; /* from 16 MB to 128 KB */
	int err = -ENOMEM;

	for (unsigned n = 0; n <= MOST_HALVINGS; n++) {
		err = open_events(events, repeat, n, stream, diag);
		if (err && err != -EPERM && err != -ENOMEM)
			return err;
		if (!err && (n == MOST_HALVINGS || !went_short(events, *stream, n)))
			return 0;
		if (!err)
			perf_stream_close(*stream);
	}
	return err;
}

struct watching {
	const struct offcpu_events *events;
	struct perf_stream *stream;
};

static int watch(void *context, pid_t tid, struct diag *diag)
{
	const struct watching *watching = context;
	int err = 0;

	for (unsigned i = 0; i < watching->events->n_events && !err; i++)
		err = perf_stream_watch(watching->stream, i, tid, diag);
	return err;
}

int offcpu_events_open(const struct offcpu_events *events, const struct repeat *repeat,
                       struct perf_stream **stream, struct diag *diag)
{
	struct watching watching = {.events = events};
	unsigned n_cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	int err = open_rings(events, repeat, stream, diag);

	if (err || !repeat->n_pids)
		return err;
	watching.stream = *stream;
	err = running_threads_watch(repeat, events->n_events * n_cpus, watch, &watching, diag);
	if (err) {
		perf_stream_close(*stream);
		*stream = NULL;
	}
	return err;
}
