/* Reads the sampling event of a target: perf records in time order, samples become stacks. */
#include "cpu/sampler.h"

#include "cpu/event.h"
#include "cpu/followed.h"
#include "cpu/wake.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/ring.h"
#include "core/perf/stream.h"
#include "core/recording.h"

#include <stdlib.h>
#include <sys/ioctl.h>
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
	/* More than a thousand records of mappings, and what an ordinary user may lock has room for
	 * it. */
	TRACKING_RING_BYTES = 1 << 16,
};

struct sampler {
	const struct cpu_event *event;
	struct recording *recording;
	struct followed *followed;
	struct sampler_totals totals;

	/* of the present repeat */
	struct perf_stream *stream;
	unsigned n_events; /* of the stream */
	int task_clock_fd; /* where periods are no time */
	struct wake wake;
	uint64_t start_ns;   /* CLOCK_MONOTONIC */
	uint64_t offset_ns;  /* where its time begins in the recording */
	uint64_t latest_ns;  /* in the recording */
	uint64_t n_lost_now; /* by LOST records */
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
	sampler->task_clock_fd = -1;
	sampler->wake = wake_closed;
	return sampler;
}

void sampler_spill(struct sampler *sampler, int fd)
{
	recording_spill(sampler->recording, fd);
}

static void let_go(struct sampler *sampler)
{
	perf_stream_close(sampler->stream);
	sampler->stream = NULL;
	wake_close(&sampler->wake);
	if (sampler->task_clock_fd >= 0)
		close(sampler->task_clock_fd);
	sampler->task_clock_fd = -1;
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

static void on_sample(struct sampler *sampler, const struct perf_record *record)
{
	const struct recorded_frame *frames;
	size_t n_frames =
	    followed_stack(sampler->followed, record, &sampler->totals.walks, &frames);
	uint64_t values[] = {[SAMPLER_SAMPLES] = 1, [SAMPLER_PERIODS] = record->period};
	struct sample sample;

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

static void read_records(struct sampler *sampler)
{
	const struct perf_record *record;

	while ((record = perf_stream_next(sampler->stream))) {
		followed_apply(sampler->followed, record);
		if (record->type < PERF_RECORD_MAX && handlers[record->type])
			handlers[record->type](sampler, record);
	}
}

/* Where periods are no time that comes from a counter of the kernel beside them. */
static int open_task_clock(struct sampler *sampler, const struct repeat *repeat, struct diag *diag)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_SW_TASK_CLOCK,
	    .inherit = sampler->event->attr.inherit,
	    .exclude_kernel = sampler->event->attr.exclude_kernel,
	    .disabled = 1,
	    .enable_on_exec = !repeat->begins_later,
	};

	if (sampler->event->periods_are_ns)
		return 0;
	sampler->task_clock_fd = perf_event_fd(&attr, repeat->pid, -1, diag);
	return sampler->task_clock_fd < 0 ? sampler->task_clock_fd : 0;
}

/* Samples a second of a busy CPU; of an event that is not sampled by frequency a guess. */
static uint64_t rate_hz(const struct cpu_event *event)
{
	return event->freq_hz ? event->freq_hz : EACH_RATE_HZ;
}

/* What is needed of processes while they are not sampled: a disabled event gives no records. */
static struct perf_event_attr tracking_attr(const struct perf_event_attr *sampling)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_DUMMY,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
	    .sample_id_all = 1,
	    .read_format = sampling->read_format,
	    .inherit = sampling->inherit,
	    .mmap = 1,
	    .mmap2 = 1,
	    .comm = 1,
	    .comm_exec = 1,
	    .task = 1,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	    .disabled = 1,
	    .enable_on_exec = 1,
	};
}

static size_t wanted_ring_bytes(const struct sampler *sampler)
{
	size_t sample_bytes = sampler->event->attr.sample_stack_user + SAMPLE_REST_BYTES;
	size_t size_bytes = 1 << 16;

	/* The number of samples grows with the rate, so that the time to fill a ring does not
	 * shrink. */
	while (size_bytes < MAX_RING_BYTES &&
	       size_bytes < sample_bytes * RING_SAMPLES * (1 + rate_hz(sampler->event) / 1000))
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

/* The processes are followed from their exec on in any case. */
static int open_for_later(struct sampler *sampler, struct perf_event_attr *attr, pid_t pid,
                          struct diag *diag)
{
	struct perf_event_attr tracking = tracking_attr(attr);
	int err;

	attr->enable_on_exec = 0;
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = attr->task = 0;
	err = perf_stream_open(&sampler->stream, attr, pid, wanted_ring_bytes(sampler), diag);
	if (!err)
		err = perf_stream_add(sampler->stream, &tracking, pid, TRACKING_RING_BYTES, diag);
	sampler->n_events = 2;
	return err;
}

static int open_stream(struct sampler *sampler, const struct repeat *repeat, struct diag *diag)
{
	struct perf_event_attr attr = sampler->event->attr;

	attr.wakeup_watermark = wakeup_bytes(sampler->event);
	if (repeat->begins_later)
		return open_for_later(sampler, &attr, repeat->pid, diag);
	sampler->n_events = 1;
	return perf_stream_open(&sampler->stream, &attr, repeat->pid, wanted_ring_bytes(sampler),
	                        diag);
}

int sampler_attach(struct sampler *sampler, const struct repeat *repeat, struct diag *diag)
{
	int err = open_stream(sampler, repeat, diag);

	if (!err)
		err = open_task_clock(sampler, repeat, diag);
	if (!err)
		err =
		    wake_open(&sampler->wake, perf_stream_fd(sampler->stream), STEP_EVERY_NS, diag);
	if (err) {
		let_go(sampler);
		return err;
	}
	sampler->start_ns = repeat->start_ns;
	sampler->n_lost_now = 0;
	sampler->offset_ns = sampler->latest_ns;
	sampler->totals.ring_bytes = perf_stream_ring_bytes(sampler->stream, 0);
	sampler->totals.wanted_ring_bytes = wanted_ring_bytes(sampler);
	return 0;
}

void sampler_begin(struct sampler *sampler)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sampler->start_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	perf_stream_start(sampler->stream, 0);
	if (sampler->task_clock_fd >= 0)
		ioctl(sampler->task_clock_fd, PERF_EVENT_IOC_ENABLE, 0);
}

int sampler_fd(const struct sampler *sampler)
{
	return sampler->wake.epoll_fd;
}

int sampler_step(struct sampler *sampler, struct diag *diag)
{
	wake_quiet(&sampler->wake);
	perf_stream_begin(sampler->stream);
	read_records(sampler);
	return recording_check(sampler->recording, diag);
}

static void count_losses(struct sampler *sampler)
{
	uint64_t n_lost = 0;

	for (unsigned event = 0; event < sampler->n_events; event++)
		n_lost += perf_stream_n_lost(sampler->stream, event);

	if (n_lost < sampler->n_lost_now) /* the counters of an older kernel */
		n_lost = sampler->n_lost_now;
	n_lost += perf_stream_n_malformed(sampler->stream);
	sampler->totals.n_lost += n_lost;
	if (n_lost)
		recording_add_loss(sampler->recording, "records lost in the perf ring", n_lost);
}

int sampler_detach(struct sampler *sampler, uint64_t wall_ns, struct diag *diag)
{
	uint64_t time_ns;

	if (!sampler->stream)
		return 0;
	perf_stream_stop(sampler->stream);
	perf_stream_begin_last(sampler->stream);
	read_records(sampler);
	count_losses(sampler);
	if (sampler->task_clock_fd >= 0 &&
	    read(sampler->task_clock_fd, &time_ns, sizeof(time_ns)) == sizeof(time_ns))
		sampler->totals.cpu_time_ns += time_ns;
	recorded_time(sampler, sampler->start_ns + wall_ns);
	sampler->totals.n_repeats++;
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
