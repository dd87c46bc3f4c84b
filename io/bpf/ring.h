/* Puts records into the ring. Part of meter.bpf.c. */
#ifndef IO_BPF_RING_H
#define IO_BPF_RING_H

/* Records of forks, execs and ends have this part of the ring, which calls leave them: a lost call
 * is one call, a lost fork is a family. A run takes 2 ms at most: a first call of
 * the one limit, and others that end within the other (io/bins.h). */
enum {
	RESERVED_PART = 64,
	WAKE_WINDOW_BYTES = 1 << 14,
	LONGEST_RUN_NS = 1000000,
	LONGEST_IN_RUN_NS = 1000000,
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24); /* the driver may choose */
} ring SEC(".maps");

const volatile __u64 ring_bytes = 1 << 24;
__u64 lost_calls;
__u64 lost_details;
__u64 lost_events;

static __u32 current_tid(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __u64 unread_bytes(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
}

/* The driver looks by its own clock; it is woken, once, when a quarter of the ring is full. */
static __u64 flags_at(__u64 unread)
{
	__u64 mark = ring_bytes / 4;

	return unread >= mark && unread < mark + WAKE_WINDOW_BYTES ? BPF_RB_FORCE_WAKEUP
	                                                           : BPF_RB_NO_WAKEUP;
}

static bool is_full(__u64 unread)
{
	return unread + ring_bytes / RESERVED_PART > ring_bytes;
}

static void tell_run(const struct meter_run *run)
{
	__u64 unread = unread_bytes();
	__u64 n_calls = run->n_calls;

	barrier_var(n_calls); /* the verifier wants this very number compared */
	if (is_full(unread) || n_calls > METER_RUN_CALLS ||
	    bpf_ringbuf_output(&ring, (void *)run,
	                       offsetof(struct meter_run, times_ns) +
	                           n_calls * sizeof(run->times_ns[0]),
	                       flags_at(unread)))
		__sync_fetch_and_add(&lost_calls, n_calls);
}

/* Is it told for what it did to descriptors alone, its loss is not that of a call. */
static void tell_call(const struct meter_call *call, bool is_chosen)
{
	__u64 unread = unread_bytes();

	if (is_full(unread) ||
	    bpf_ringbuf_output(&ring, (void *)call, sizeof(*call), flags_at(unread)))
		__sync_fetch_and_add(is_chosen ? &lost_calls : &lost_details, 1);
}

/* Not static: the verifier looks at it once, and not at each of its calls. */
__noinline int end_run(struct meter_run *run)
{
	if (!run)
		return 0;
	if (run->n_calls)
		tell_run(run);
	run->n_calls = 0;
	return 0;
}

/* Those by descriptor, before something that may change what descriptors mean, or be one's next. */
__noinline int tell_fd_runs(struct meter_thread *thread)
{
	if (!thread)
		return 0;
	for (int i = 0; i < METER_FD_RUNS; i++)
		end_run(&thread->runs[i]);
	thread->has_runs = 0;
	return 0;
}

__noinline int tell_all_runs(struct meter_thread *thread)
{
	if (!thread)
		return 0;
	for (int i = 0; i < METER_RUNS; i++)
		end_run(&thread->runs[i]);
	thread->has_runs = 0;
	return 0;
}

/* The call at the end of a run, or the first one of another. */
static void join_run(const struct meter_thread *thread, struct meter_run *run, __u32 fd,
                     __u64 size_bytes, __u64 now_ns)
{
	__u32 n_calls;

	if (run->fd != fd || run->number != thread->number || run->size_bytes != size_bytes ||
	    now_ns - run->first_ns > LONGEST_RUN_NS)
		end_run(run);
	n_calls = run->n_calls;
	if (!n_calls) {
		run->head.kind = METER_RUN;
		run->head.tid = current_tid();
		run->first_ns = now_ns;
		run->fd = fd;
		run->number = thread->number;
		run->size_bytes = size_bytes;
	}
	run->head.now_ns = now_ns;
	run->times_ns[n_calls % METER_RUN_CALLS] = (__u32)(now_ns - thread->entered_ns);
	run->n_calls = n_calls + 1;
	if (n_calls + 1 >= METER_RUN_CALLS)
		end_run(run);
}

static void join_fd_run(struct meter_thread *thread, __u32 fd, __u64 size_bytes, __u64 now_ns)
{
	join_run(thread, &thread->runs[fd % METER_FD_RUNS], fd, size_bytes, now_ns);
	thread->has_runs = 1;
}

static void join_free_run(struct meter_thread *thread, long result, __u64 now_ns)
{
	__u32 slot = METER_FD_RUNS + thread->number % METER_FREE_RUNS;

	join_run(thread, &thread->runs[slot], 0, is_error_result(result) ? (__u64)result : 0,
	         now_ns);
}

static void tell_detail(const void *record, __u64 len_bytes)
{
	__u64 unread = unread_bytes();

	if (is_full(unread) ||
	    bpf_ringbuf_output(&ring, (void *)record, len_bytes, flags_at(unread)))
		__sync_fetch_and_add(&lost_details, 1);
}

static void tell_event(const void *record, __u64 len_bytes)
{
	if (bpf_ringbuf_output(&ring, (void *)record, len_bytes, flags_at(unread_bytes())))
		__sync_fetch_and_add(&lost_events, 1);
}

static void tell_comm(__u64 now_ns)
{
	struct meter_comm comm = {.head = {METER_COMM, current_tid(), now_ns}};

	bpf_get_current_comm(comm.comm, sizeof(comm.comm));
	tell_detail(&comm, sizeof(comm));
}

#endif
