/* A second sampling event with larger stack copies, switched on at need. */
#include "cpu/larger_copies.h"

#include "cpu/options.h"

#include "core/clock.h"
#include "core/diag.h"
#include "core/perf/stream.h"

#include <unistd.h>

enum {
	/* A record has at most 64 KB, with registers and the kernel's chain. */
	LARGEST_BYTES = 60 * 1024,
	/* Samples a ring should hold: 32 ms at 997 Hz. */
	RING_SAMPLES = 32,
	/* At more, such copies would cost too much. */
	MAX_FREQ_HZ = 2000,
	/* Of all CPUs together, and of one. */
	ALL_RINGS_BYTES = 64 << 20,
	RING_BYTES = 2 << 20,
	/* Before it is judged whether copies are too short, and whether too many are lost. */
	SHORT_SAMPLES = 5,
	TAKEN_SAMPLES = 200,
	ONE_SHORT_IN = 1000,
	ONE_LOST_IN = 50,
};

static size_t wanted_ring_bytes(void)
{
	size_t n_cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	size_t size_bytes = ALL_RINGS_BYTES / (n_cpus ? n_cpus : 1);

	return size_bytes < RING_BYTES ? size_bytes : RING_BYTES;
}

static struct perf_event_attr larger_attr(const struct perf_event_attr *sampling, bool from_exec)
{
	struct perf_event_attr attr = *sampling;

	attr.mmap = attr.mmap2 = attr.comm = attr.comm_exec = attr.task = 0;
	attr.enable_on_exec = from_exec;
	attr.sample_stack_user = LARGEST_BYTES;
	attr.wakeup_watermark =
	    sampling->wakeup_watermark / USUAL_STACK_BYTES * (uint32_t)LARGEST_BYTES;
	return attr;
}

int larger_copies_open(struct larger_copies *larger, struct perf_stream *stream, unsigned event,
                       const struct perf_event_attr *sampling, pid_t pid, bool from_exec,
                       struct diag *diag)
{
	struct perf_event_attr attr = larger_attr(sampling, from_exec);
	int err;

	*larger = (struct larger_copies){.event = event,
	                                 .stack_bytes = LARGEST_BYTES,
	                                 .since_ns = from_exec ? 0 : UINT64_MAX,
	                                 .until_ns = UINT64_MAX};
	/* Who asks for another size gets that one. */
	if (sampling->sample_stack_user != USUAL_STACK_BYTES || !sampling->freq ||
	    sampling->sample_freq > MAX_FREQ_HZ)
		return 0;
	err = perf_stream_add(stream, &attr, PERF_NOBODY, wanted_ring_bytes(), diag);
	if (err || perf_stream_ring_bytes(stream, event) / RING_SAMPLES < LARGEST_BYTES)
		return err;
	err = perf_stream_watch(stream, event, pid, diag);
	larger->is_open = !err;
	return err;
}

bool larger_copies_use(const struct larger_copies *larger, const struct perf_record *sample)
{
	bool is_larger = larger->is_open && sample->event == larger->event;
	bool is_their_time = larger->is_open && sample->time_ns >= larger->since_ns &&
	                     sample->time_ns < larger->until_ns;

	return is_larger == is_their_time;
}

void larger_copies_note(struct larger_copies *larger, const struct perf_record *sample,
                        bool was_short)
{
	if (larger->is_open && sample->event == larger->event) {
		larger->n_taken++;
	} else if (!larger_copies_began(larger)) {
		larger->n_samples++;
		larger->n_short += was_short;
	}
}

bool larger_copies_lose_more(const struct larger_copies *larger, uint64_t n_lost)
{
	if (n_lost * ONE_LOST_IN <= larger->n_taken)
		return false;
	/* From the target's exec on there was nothing before. */
	return !larger->n_samples ||
	       n_lost * larger->n_samples > larger->n_short * (larger->n_taken + n_lost);
}

void larger_copies_judge(struct larger_copies *larger, struct perf_stream *stream)
{
	if (!larger->is_open || larger->until_ns != UINT64_MAX)
		return;
	if (!larger_copies_began(larger)) {
		if (larger->n_short < SHORT_SAMPLES ||
		    larger->n_short * ONE_SHORT_IN < larger->n_samples)
			return;
		perf_stream_start(stream, larger->event);
		larger->since_ns = clock_now_ns();
		larger->next_judged = TAKEN_SAMPLES;
	} else if (larger->n_taken >= larger->next_judged) {
		larger->next_judged = larger->n_taken + TAKEN_SAMPLES;
		if (!larger_copies_lose_more(larger, perf_stream_n_lost(stream, larger->event)))
			return;
		perf_stream_end(stream, larger->event);
		larger->until_ns = clock_now_ns();
	}
}

bool larger_copies_began(const struct larger_copies *larger)
{
	return larger->is_open && larger->since_ns != UINT64_MAX;
}
