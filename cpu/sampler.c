/* Reads the sampling event of a target: perf records in time order, samples become stacks. */
#include "cpu/sampler.h"

#include "cpu/event.h"
#include "cpu/followed.h"
#include "cpu/larger_copies.h"
#include "cpu/observation.h"
#include "cpu/wake.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/perf/stream.h"
#include "core/recording.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	/* Read at least this often: the mappings of a process can be opened only while it lives. */
	STEP_EVERY_NS = 50000000,
	/* Samples a ring should hold, so that it takes an eighth of a second at 997 Hz to lose one.
	 */
	RING_SAMPLES = 120,
	/* Locked memory of each CPU. */
	MAX_RING_BYTES = 1 << 23,
	EACH_RATE_HZ = 10000,
	/* Of a sample, beside the stack copy: header, registers, ids and the kernel chain. */
	SAMPLE_REST_BYTES = 512,
};

struct sampler {
	const struct cpu_event *event;
	struct recording *recording;
	struct followed *followed;
	struct sampler_totals totals;

	/* of the present repeat */
	struct repeat repeat;
	struct observation observation;
	struct larger_copies larger;
	struct wake wake;
	uint64_t kept_periods;     /* of samples */
	uint64_t left_out_periods; /* of those that --only leaves out */
	uint64_t start_ns;         /* CLOCK_MONOTONIC */
	uint64_t offset_ns;        /* where its time begins in the recording */
	uint64_t latest_ns;        /* in the recording */
	uint64_t n_lost_now;       /* by LOST records */
};

struct sampler *sampler_new(const struct cpu_event *event)
{
	static const struct value_type time = {"cpu", "nanoseconds"};
	const struct value_type types[] = {
	    [SAMPLER_SAMPLES] = {"samples", "count"},
	    [SAMPLER_PERIODS] =
	        event->periods_are_ns ? time : (struct value_type){event->name, "count"},
	};
	struct sampler *sampler = xcalloc(1, sizeof(*sampler));

	sampler->event = event;
	sampler->recording = recording_new(types, ARRAY_SIZE(types));
	sampler->followed = followed_new(sampler->recording);
	sampler->wake = wake_closed;
	return sampler;
}

void sampler_spill(struct sampler *sampler, int fd)
{
	recording_spill(sampler->recording, fd);
}

static void let_go(struct sampler *sampler)
{
	observation_close(&sampler->observation);
	wake_close(&sampler->wake);
}

void sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return;
	let_go(sampler);
	followed_free(sampler->followed);
	recording_free(sampler->recording);
	free(sampler);
}

/* The time in the recording. It never runs backwards: a record that was still being written when
 * another CPU's were read comes some microseconds late. */
static uint64_t recorded_time(struct sampler *sampler, uint64_t time_ns)
{
	uint64_t since_ns = time_ns > sampler->start_ns ? time_ns - sampler->start_ns : 0;

	if (sampler->offset_ns + since_ns > sampler->latest_ns)
		sampler->latest_ns = sampler->offset_ns + since_ns;
	return sampler->latest_ns;
}

/* Whether it is to be recorded; else it is counted. */
static bool is_wanted(struct sampler *sampler, const struct perf_record *record)
{
	const struct text_list *only = sampler->repeat.only;

	if (sampler->repeat.all_cpus && record->pid == 0) {
		sampler->totals.n_idle++;
		return false;
	}
	if (!only || followed_is_called(sampler->followed, record->pid, record->tid, only)) {
		sampler->kept_periods += record->period;
		return true;
	}
	sampler->totals.n_left_out++;
	sampler->left_out_periods += record->period;
	return false;
}

static size_t walk_sample(struct sampler *sampler, const struct perf_record *record,
                          const struct recorded_frame **frames)
{
	struct walk_counts *walks = &sampler->totals.walks;
	uint64_t n_short = walks->n_ends[UNWIND_UNREADABLE];
	size_t n_frames = followed_stack(sampler->followed, record, walks, frames);

	n_short = walks->n_ends[UNWIND_UNREADABLE] - n_short;
	larger_copies_note(&sampler->larger, record,
	                   n_short &&
	                       record->stack_bytes == sampler->event->attr.sample_stack_user);
	return n_frames;
}

static void on_sample(struct sampler *sampler, const struct perf_record *record)
{
	const struct recorded_frame *frames;
	size_t n_frames;
	uint64_t values[] = {[SAMPLER_SAMPLES] = 1, [SAMPLER_PERIODS] = record->period};
	struct sample sample;

	if (!larger_copies_use(&sampler->larger, record) || !is_wanted(sampler, record))
		return;
	n_frames = walk_sample(sampler, record, &frames);
	sample = (struct sample){
	    .time_ns = recorded_time(sampler, record->time_ns),
	    .thread = followed_thread(sampler->followed, record->pid, record->tid),
	    .stack = recording_add_stack(sampler->recording, frames, n_frames),
	};
	recording_add_sample(sampler->recording, sample, values);
	sampler->totals.n_samples++;
	if (sampler->event->periods_are_ns)
		sampler->totals.cpu_time_ns += record->period;
}

static void on_lost(struct sampler *sampler, const struct perf_record *record)
{
	sampler->n_lost_now += record->n_lost;
}

static void on_throttle(struct sampler *sampler, const struct perf_record *record)
{
	(void)record;
	sampler->totals.n_throttled++;
}

static void (*const handlers[PERF_RECORD_MAX])(struct sampler *, const struct perf_record *) = {
    [PERF_RECORD_SAMPLE] = on_sample,
    [PERF_RECORD_LOST] = on_lost,
    [PERF_RECORD_LOST_SAMPLES] = on_lost,
    [PERF_RECORD_THROTTLE] = on_throttle,
};

/* All processes are observed, though some were asked for. */
static bool is_foreign(struct sampler *sampler, const struct perf_record *record)
{
	pid_t pid = record->type == PERF_RECORD_FORK ? record->parent_pid : record->pid;

	if (!sampler->observation.all_cpus || sampler->repeat.all_cpus ||
	    followed_knows(sampler->followed, pid))
		return false;
	if (record->type == PERF_RECORD_SAMPLE)
		sampler->left_out_periods += record->period;
	return record->type == PERF_RECORD_SAMPLE || record->type == PERF_RECORD_MMAP2 ||
	       record->type == PERF_RECORD_COMM || record->type == PERF_RECORD_FORK;
}

/* A child that was made while the events were not on yet: it has inherited them, unseen. */
static void meet_child(struct sampler *sampler, const struct perf_record *record)
{
	if (sampler->repeat.n_pids && record->pid > 0 && record->type != PERF_RECORD_FORK &&
	    record->type != PERF_RECORD_EXIT && !followed_knows(sampler->followed, record->pid))
		followed_adopt_child(sampler->followed, record->pid,
		                     perf_stream_owner(sampler->observation.stream, record));
}

static void read_records(struct sampler *sampler)
{
	const struct perf_record *record;

	while ((record = perf_stream_next(sampler->observation.stream))) {
		if (is_foreign(sampler, record))
			continue;
		meet_child(sampler, record);
		followed_apply(sampler->followed, record);
		if (record->type < PERF_RECORD_MAX && handlers[record->type])
			handlers[record->type](sampler, record);
	}
}

/* Samples a second of a busy CPU; of an event that is not sampled by frequency a guess. */
static uint64_t rate_hz(const struct cpu_event *event)
{
	return event->freq_hz ? event->freq_hz : EACH_RATE_HZ;
}

static size_t wanted_ring_bytes(const struct sampler *sampler, const struct repeat *repeat)
{
	size_t sample_bytes = sampler->event->attr.sample_stack_user + SAMPLE_REST_BYTES;
	/* All that run are busier than one target: on a machine with a load of 14 an eighth of a
	 * second lost 9 % of the samples. */
	size_t size_bytes = 1 << 16;
	size_t n_samples = repeat->all_cpus ? 4 * RING_SAMPLES : RING_SAMPLES;

	/* The number of samples grows with the rate, so that the time to fill a ring does not
	 * shrink. */
	while (size_bytes < MAX_RING_BYTES &&
	       size_bytes < sample_bytes * n_samples * (1 + rate_hz(sampler->event) / 1000))
		size_bytes *= 2;
	return size_bytes;
}

/* The frames beyond a stack copy are read from the target's memory, which soon changes. With
 * cc1plus 4.3 % of the stacks stayed incomplete when we woke up at a quarter of the ring, 3.0 % at
 * two samples, 1.3 % at one, which costs 22 us of ours a sample. So: at each sample, but not more
 * than a thousand times a second and CPU. */
static uint32_t wakeup_bytes(const struct cpu_event *event)
{
	uint64_t n_samples = rate_hz(event) < 1000 ? 1 : rate_hz(event) / 1000;

	return (uint32_t)(event->attr.sample_stack_user * n_samples);
}

/* Only for a command: events for each thread of running processes are many already. */
static int open_larger(struct sampler *sampler, const struct repeat *repeat, struct diag *diag)
{
	struct observation *observation = &sampler->observation;
	struct perf_event_attr attr = sampler->event->attr;
	int err;

	sampler->larger = (struct larger_copies){0};
	if (repeat->all_cpus || repeat->n_pids)
		return 0;
	attr.wakeup_watermark = wakeup_bytes(sampler->event);
	err = larger_copies_open(&sampler->larger, observation->stream, observation->n_events,
	                         &attr, repeat->pid,
	                         sampler->totals.n_larger && !repeat->begins_later, diag);
	observation->n_events += sampler->larger.is_open;
	return err;
}

int sampler_attach(struct sampler *sampler, const struct repeat *repeat, struct diag *diag)
{
	int err = observation_open(&sampler->observation, sampler->event, repeat,
	                           wanted_ring_bytes(sampler, repeat), wakeup_bytes(sampler->event),
	                           diag);

	if (!err)
		err = open_larger(sampler, repeat, diag);
	if (!err)
		err = wake_open(&sampler->wake, perf_stream_fd(sampler->observation.stream),
		                STEP_EVERY_NS, diag);
	if (err) {
		let_go(sampler);
		return err;
	}
	sampler->repeat = *repeat;
	sampler->totals.all_cpus = sampler->observation.all_cpus;
	sampler->totals.only_some = !repeat->all_cpus;
	sampler->start_ns = repeat->start_ns;
	sampler->n_lost_now = 0;
	sampler->kept_periods = sampler->left_out_periods = 0;
	sampler->offset_ns = sampler->latest_ns;
	sampler->totals.ring_bytes = perf_stream_ring_bytes(sampler->observation.stream, 0);
	sampler->totals.wanted_ring_bytes = wanted_ring_bytes(sampler, repeat);
	return 0;
}

static void adopt_process(void *context, pid_t pid)
{
	struct sampler *sampler = context;

	followed_adopt(sampler->followed, pid);
}

static void adopt_named(struct sampler *sampler)
{
	followed_adopt_unknown(sampler->followed);
	for (size_t i = 0; i < sampler->repeat.n_pids; i++)
		followed_adopt(sampler->followed, sampler->repeat.pids[i]);
}

void sampler_begin(struct sampler *sampler)
{
	const struct repeat *repeat = &sampler->repeat;

	/* Where mappings and forks have an event of their own /proc is read before there are
	 * samples to be lost. */
	if (sampler->observation.all_cpus)
		perf_stream_start(sampler->observation.stream, OBSERVE_TRACKING);
	if (repeat->all_cpus) {
		followed_adopt_unknown(sampler->followed);
		proc_scan_processes(adopt_process, sampler);
	} else if (sampler->observation.all_cpus) {
		adopt_named(sampler);
	}
	sampler->start_ns = clock_now_ns();
	observation_start(&sampler->observation);
	if (!sampler->observation.all_cpus)
		adopt_named(sampler);
}

int sampler_fd(const struct sampler *sampler)
{
	return sampler->wake.epoll_fd;
}

int sampler_step(struct sampler *sampler, struct diag *diag)
{
	wake_quiet(&sampler->wake);
	perf_stream_begin(sampler->observation.stream);
	read_records(sampler);
	larger_copies_judge(&sampler->larger, sampler->observation.stream);
	return recording_check(sampler->recording, diag);
}

static void count_losses(struct sampler *sampler)
{
	const struct perf_stream *stream = sampler->observation.stream;
	uint64_t n_lost = 0;

	for (unsigned event = 0; event < sampler->observation.n_events; event++)
		n_lost += perf_stream_n_lost(stream, event);
	if (n_lost < sampler->n_lost_now) /* the counters of an older kernel */
		n_lost = sampler->n_lost_now;
	sampler->totals.n_lost += n_lost;
	if (n_lost)
		recording_add_loss(sampler->recording, "records lost in the perf ring", n_lost);
	sampler->totals.n_malformed += perf_stream_n_malformed(stream);
}

/* The counters know nothing of --only, or of which processes were asked for: their share is that of
 * the periods. */
static void add_counted_time(struct sampler *sampler)
{
	uint64_t time_ns;
	uint64_t periods = sampler->kept_periods + sampler->left_out_periods;

	if (!observation_time(&sampler->observation, &time_ns))
		sampler->totals.time_unknown = true;
	else if (!sampler->left_out_periods)
		sampler->totals.cpu_time_ns += time_ns;
	else
		sampler->totals.cpu_time_ns +=
		    (uint64_t)((double)time_ns * (double)sampler->kept_periods / (double)periods);
}

/* A thread's own clock counts on while its timer is late. Not known of --only's share, nor of that
 * of processes among all. */
static void add_counted_clock(struct sampler *sampler)
{
	const struct perf_stream *stream = sampler->observation.stream;

	if (!sampler->observation.all_cpus && !sampler->left_out_periods &&
	    !perf_stream_saw_twice(stream))
		sampler->totals.counted_ns += perf_stream_count(stream, OBSERVE_SAMPLES);
}

int sampler_detach(struct sampler *sampler, uint64_t wall_ns, struct diag *diag)
{
	struct perf_stream *stream = sampler->observation.stream;

	if (!stream)
		return 0;
	perf_stream_stop(stream);
	perf_stream_begin_last(stream);
	read_records(sampler);
	count_losses(sampler);
	if (sampler->event->periods_are_ns)
		add_counted_clock(sampler);
	else
		add_counted_time(sampler);
	recorded_time(sampler, sampler->start_ns + wall_ns);
	sampler->totals.n_closed = followed_n_closed(sampler->followed);
	sampler->totals.n_repeats++;
	sampler->totals.n_larger += sampler->larger.n_taken;
	sampler->totals.larger_bytes = sampler->larger.stack_bytes;
	let_go(sampler);
	return recording_check(sampler->recording, diag);
}

const struct sampler_totals *sampler_totals(const struct sampler *sampler)
{
	return &sampler->totals;
}

const struct recording *sampler_recording(const struct sampler *sampler)
{
	return sampler->recording;
}

struct followed *sampler_followed(const struct sampler *sampler)
{
	return sampler->followed;
}
