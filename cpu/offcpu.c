/* Applies perf records of three events in time order: switches make waits, samples their stacks. */
#include "cpu/offcpu.h"

#include "cpu/blocked_thread.h"
#include "cpu/offcpu_window.h"
#include "cpu/wake.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/collector.h"
#include "core/perf/proc_scan.h"
#include "core/perf/stream.h"
#include "core/recording.h"
#include "core/walk/stackwalk.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
	/* Often enough to read what lies beyond the copy of a stack while its thread still waits.
	 */
	STEP_EVERY_NS = 10000000,
	/* And to find a thread in its wait, where there are no copies. */
	READ_EVERY_NS = 1000000,
};

struct offcpu {
	const struct offcpu_events *events;
	struct recording *recording;
	struct followed *followed;
	struct waits *waits;
	struct offcpu_window *window;
	struct offcpu_totals totals;
	uint32_t lost_stack; /* the frame that stands for one */

	/* of the present repeat */
	struct repeat repeat;
	struct perf_stream *stream;
	struct wake wake;
	bool counts;        /* false: it is watched, so that all is known when it begins */
	uint64_t start_ns;  /* CLOCK_MONOTONIC */
	uint64_t offset_ns; /* where its time begins in the recording */
	uint64_t latest_ns; /* in the recording */
	uint64_t n_lost_now[OFFCPU_N_EVENTS]; /* by LOST records */
};

static const struct value_type value_types[OFFCPU_N_TYPES] = {
    [OFFCPU_BLOCKED_NS] = {"blocked", "nanoseconds"},
    [OFFCPU_WAITS] = {"waits", "count"},
    [OFFCPU_PREEMPTED_NS] = {"preempted", "nanoseconds"},
    [OFFCPU_PREEMPTIONS] = {"preemptions", "count"},
    [OFFCPU_RUNNING_NS] = {"cpu", "nanoseconds"},
};

static uint32_t add_lost_stack(struct recording *recording)
{
	const struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};
	struct recorded_frame frame = {.object = recording_add_object(recording, &failed),
	                               .vaddr = UNWIND_LOST};

	return recording_add_stack(recording, &frame, 1);
}

/* The time in the recording. It never runs backwards: a record that was still being written when
 * another CPU's were read comes some microseconds late. */
static uint64_t recorded_time(struct offcpu *offcpu, uint64_t time_ns)
{
	uint64_t since_ns = time_ns > offcpu->start_ns ? time_ns - offcpu->start_ns : 0;

	if (offcpu->offset_ns + since_ns > offcpu->latest_ns)
		offcpu->latest_ns = offcpu->offset_ns + since_ns;
	return offcpu->latest_ns;
}

/* What is kept of a stack until its wait is over: the stack, and how it was walked. Only then is it
 * known whether the stack is that of a wait that counts. */
enum { WALKED_COMPLETED = 32, WALKED_GUESSED, WALKED_END };

static uint64_t pack_stack(uint32_t stack, const struct walk_counts *walk)
{
	uint64_t packed =
	    stack | walk->n_completed << WALKED_COMPLETED | walk->n_guessed << WALKED_GUESSED;

	for (uint64_t end = 0; end < UNWIND_N_ENDS; end++)
		if (walk->n_ends[end])
			packed |= (end + 1) << WALKED_END;
	return packed;
}

static void count_walk(struct walk_counts *counts, uint64_t packed)
{
	uint64_t end = packed >> WALKED_END;

	counts->n_completed += packed >> WALKED_COMPLETED & 1;
	counts->n_guessed += packed >> WALKED_GUESSED & 1;
	if (end) {
		counts->n_truncated++;
		counts->n_ends[end - 1]++;
	}
}

static void on_wait(void *context, const struct wait *wait)
{
	struct offcpu *offcpu = context;
	uint64_t lasted_ns = wait->end_ns - wait->start_ns;
	struct sample sample;

	if (!offcpu->counts)
		return;
	sample = (struct sample){
	    .time_ns = recorded_time(offcpu, wait->end_ns),
	    .thread = followed_thread(offcpu->followed, wait->pid, wait->tid),
	    .stack = wait->has_stack ? (uint32_t)wait->stack : offcpu->lost_stack,
	};
	if (wait->has_stack) {
		count_walk(&offcpu->totals.wait_walks, wait->stack);
	} else {
		offcpu->totals.n_without_stack[wait->kind]++;
		offcpu->totals.without_stack_ns[wait->kind] += lasted_ns;
	}
	if (wait->kind == WAIT_BLOCKED)
		offcpu_window_add(offcpu->window, sample, OFFCPU_BLOCKED_NS, lasted_ns,
		                  OFFCPU_WAITS);
	else
		offcpu_window_add(offcpu->window, sample, OFFCPU_PREEMPTED_NS, lasted_ns,
		                  OFFCPU_PREEMPTIONS);
}

struct offcpu *offcpu_new(const struct offcpu_events *events)
{
	struct offcpu *offcpu = xcalloc(1, sizeof(*offcpu));

	offcpu->events = events;
	offcpu->recording = recording_new(value_types, OFFCPU_N_TYPES);
	offcpu->followed = followed_new(offcpu->recording);
	if (events->hides_kernel)
		followed_hide_kernel(offcpu->followed);
	offcpu->waits = waits_new(on_wait, offcpu);
	offcpu->window = offcpu_window_new(offcpu->recording);
	offcpu->lost_stack = add_lost_stack(offcpu->recording);
	offcpu->wake = wake_closed;
	return offcpu;
}

void offcpu_spill(struct offcpu *offcpu, int fd)
{
	recording_spill(offcpu->recording, fd);
}

static void let_go(struct offcpu *offcpu)
{
	perf_stream_close(offcpu->stream);
	offcpu->stream = NULL;
	wake_close(&offcpu->wake);
}

void offcpu_free(struct offcpu *offcpu)
{
	if (!offcpu)
		return;
	let_go(offcpu);
	offcpu_window_free(offcpu->window);
	waits_free(offcpu->waits);
	followed_free(offcpu->followed);
	recording_free(offcpu->recording);
	free(offcpu);
}

static uint32_t stack_of(struct offcpu *offcpu, const struct perf_record *record,
                         struct walk_counts *counts)
{
	const struct recorded_frame *frames;
	size_t n_frames = followed_stack(offcpu->followed, record, counts, &frames);

	return recording_add_stack(offcpu->recording, frames, n_frames);
}

static void on_sample(struct offcpu *offcpu, const struct perf_record *record)
{
	struct walk_counts walk = {0};
	uint32_t stack;
	struct sample sample;

	if (record->event == OFFCPU_STACKS) {
		stack = stack_of(offcpu, record, &walk);
		waits_stack(offcpu->waits, record->tid, pack_stack(stack, &walk));
		return;
	}
	if (!offcpu->counts)
		return;
	sample = (struct sample){
	    .time_ns = recorded_time(offcpu, record->time_ns),
	    .thread = followed_thread(offcpu->followed, record->pid, record->tid),
	    .stack = stack_of(offcpu, record, &offcpu->totals.clock_walks),
	};
	offcpu_window_add(offcpu->window, sample, OFFCPU_RUNNING_NS, record->period,
	                  OFFCPU_N_TYPES);
	offcpu->totals.n_clock_samples++;
}

static void on_switch(struct offcpu *offcpu, const struct perf_record *record)
{
	if (record->switch_out)
		waits_switch_out(offcpu->waits, record->pid, record->tid, record->preempted,
		                 record->time_ns);
	else
		waits_switch_in(offcpu->waits, record->pid, record->tid, record->time_ns);
}

static void on_fork(struct offcpu *offcpu, const struct perf_record *record)
{
	waits_fork(offcpu->waits, record->pid, record->tid, record->time_ns);
}

static void on_exit_record(struct offcpu *offcpu, const struct perf_record *record)
{
	waits_exit(offcpu->waits, record->tid, record->time_ns);
}

static void on_comm(struct offcpu *offcpu, const struct perf_record *record)
{
	if (record->is_exec)
		waits_exec(offcpu->waits, record->pid, record->time_ns);
}

static void on_lost(struct offcpu *offcpu, const struct perf_record *record)
{
	offcpu->n_lost_now[record->event] += record->n_lost;
	if (record->event == OFFCPU_SWITCHES)
		waits_lost(offcpu->waits);
}

static void (*const handlers[PERF_RECORD_MAX])(struct offcpu *, const struct perf_record *) = {
    [PERF_RECORD_SAMPLE] = on_sample,     [PERF_RECORD_SWITCH] = on_switch,
    [PERF_RECORD_FORK] = on_fork,         [PERF_RECORD_EXIT] = on_exit_record,
    [PERF_RECORD_COMM] = on_comm,         [PERF_RECORD_LOST] = on_lost,
    [PERF_RECORD_LOST_SAMPLES] = on_lost,
};

/* The events of running processes are enabled one after the other: what they say before the last
 * one is has gaps, which are no state of a thread. */
static bool is_before_all(const struct offcpu *offcpu, const struct perf_record *record)
{
	return offcpu->repeat.n_pids && record->time_ns < offcpu->start_ns;
}

static void read_records(struct offcpu *offcpu)
{
	const struct perf_record *record;

	while ((record = perf_stream_next(offcpu->stream))) {
		followed_apply(offcpu->followed, record);
		if (is_before_all(offcpu, record))
			continue;
		if (record->type < PERF_RECORD_MAX && handlers[record->type])
			handlers[record->type](offcpu, record);
	}
}

/* Takes the stack of a thread that waits at this moment. Whether it is that of the wait we know of,
 * the records to come will tell (waits_read_stack()). */
static void read_stack(void *context, pid_t pid, pid_t tid)
{
	struct offcpu *offcpu = context;
	uint64_t registers[WALK_N_REGISTERS];
	const struct recorded_frame *frames;
	struct walk_counts walk = {0};
	uint64_t from_ns = clock_now_ns();
	size_t n_frames;
	uint32_t stack;
	int err = blocked_thread_registers(pid, tid, registers);

	if (err == -EACCES || err == -EPERM)
		offcpu->totals.n_refused++;
	if (err)
		return;
	n_frames = followed_still_stack(offcpu->followed, pid, tid, registers, &walk, &frames);
	stack = recording_add_stack(offcpu->recording, frames, n_frames);
	waits_read_stack(offcpu->waits, tid, pack_stack(stack, &walk), from_ns, clock_now_ns());
}

static bool reads_stacks(const struct offcpu *offcpu)
{
	return offcpu->events->n_events <= OFFCPU_STACKS;
}

int offcpu_attach(struct offcpu *offcpu, const struct repeat *repeat, struct diag *diag)
{
	int err = offcpu_events_open(offcpu->events, repeat, &offcpu->stream, diag);

	if (!err)
		err = wake_open(&offcpu->wake, perf_stream_fd(offcpu->stream),
		                reads_stacks(offcpu) ? READ_EVERY_NS : STEP_EVERY_NS, diag);
	if (err) {
		let_go(offcpu);
		return err;
	}
	offcpu->repeat = *repeat;
	offcpu->counts = !repeat->begins_later;
	offcpu->start_ns = repeat->start_ns;
	offcpu->offset_ns = offcpu->latest_ns;
	for (unsigned i = 0; i < offcpu->events->n_events; i++) {
		offcpu->n_lost_now[i] = 0;
		offcpu->totals.ring_bytes[i] = perf_stream_ring_bytes(offcpu->stream, i);
	}
	return 0;
}

struct finding {
	struct offcpu *offcpu;
	pid_t pid;
};

static void find_thread(void *context, pid_t tid)
{
	const struct finding *finding = context;
	struct offcpu *offcpu = finding->offcpu;
	struct proc_state state;

	if (proc_scan_state(tid, &state))
		waits_found(offcpu->waits, finding->pid, tid,
		            state.is_running ? WAIT_PREEMPTED : WAIT_BLOCKED, offcpu->start_ns,
		            clock_now_ns());
}

/* Of threads that wait already there is no switch-out to tell the stack: it is read as it is. */
static void begin_with_processes(struct offcpu *offcpu)
{
	const struct repeat *repeat = &offcpu->repeat;

	offcpu->counts = true;
	for (unsigned i = 0; i < offcpu->events->n_events; i++)
		perf_stream_start(offcpu->stream, i);
	offcpu->start_ns = clock_now_ns();
	for (size_t i = 0; i < repeat->n_pids; i++) {
		struct finding finding = {.offcpu = offcpu, .pid = repeat->pids[i]};

		followed_adopt(offcpu->followed, repeat->pids[i]);
		proc_scan_threads(repeat->pids[i], find_thread, &finding);
	}
	waits_visit_unread(offcpu->waits, read_stack, offcpu);
}

/* The command has been watched since its exec, so it is known what its threads are in. */
static void begin_with_command(struct offcpu *offcpu)
{
	perf_stream_begin(offcpu->stream);
	read_records(offcpu);
	offcpu->counts = true;
	offcpu->start_ns = clock_now_ns();
	waits_restart(offcpu->waits, offcpu->start_ns);
}

void offcpu_begin(struct offcpu *offcpu)
{
	if (offcpu->repeat.n_pids)
		begin_with_processes(offcpu);
	else
		begin_with_command(offcpu);
}

int offcpu_fd(const struct offcpu *offcpu)
{
	return offcpu->wake.epoll_fd;
}

int offcpu_step(struct offcpu *offcpu, struct diag *diag)
{
	wake_quiet(&offcpu->wake);
	perf_stream_begin(offcpu->stream);
	read_records(offcpu);
	if (reads_stacks(offcpu))
		waits_visit_unread(offcpu->waits, read_stack, offcpu);
	return recording_check(offcpu->recording, diag);
}

static void count_losses(struct offcpu *offcpu)
{
	static const char *const whats[OFFCPU_N_EVENTS] = {
	    [OFFCPU_SWITCHES] = "switch records lost in the perf ring",
	    [OFFCPU_CLOCK] = "samples lost in the perf ring",
	    [OFFCPU_STACKS] = "stacks of waits lost in the perf ring",
	};

	for (unsigned i = 0; i < offcpu->events->n_events; i++) {
		uint64_t n_lost = perf_stream_n_lost(offcpu->stream, i);

		if (n_lost < offcpu->n_lost_now[i]) /* the counters of an older kernel */
			n_lost = offcpu->n_lost_now[i];
		offcpu->totals.n_lost[i] += n_lost;
		if (n_lost)
			recording_add_loss(offcpu->recording, whats[i], n_lost);
	}
	offcpu->totals.n_malformed += perf_stream_n_malformed(offcpu->stream);
}

int offcpu_detach(struct offcpu *offcpu, struct diag *diag)
{
	uint64_t end_ns;

	if (!offcpu->stream)
		return 0;
	perf_stream_stop(offcpu->stream);
	end_ns = clock_now_ns();
	perf_stream_begin_last(offcpu->stream);
	read_records(offcpu);
	count_losses(offcpu);
	waits_end(offcpu->waits, end_ns);
	offcpu_window_flush(offcpu->window);
	offcpu->totals.n_repeats++;
	let_go(offcpu);
	return recording_check(offcpu->recording, diag);
}

struct followed *offcpu_followed(const struct offcpu *offcpu)
{
	return offcpu->followed;
}

const struct offcpu_totals *offcpu_totals(const struct offcpu *offcpu)
{
	return &offcpu->totals;
}

const struct waits *offcpu_waits(const struct offcpu *offcpu)
{
	return offcpu->waits;
}

const struct recording *offcpu_recording(const struct offcpu *offcpu)
{
	return offcpu->recording;
}
