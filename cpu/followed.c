/* Keeps what a sample's stack is walked against: mappings, names and states of the processes. */
#include "cpu/followed.h"

#include "cpu/escapes.h"
#include "cpu/threads.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/options.h"
#include "core/perf/proc_scan.h"
#include "core/perf/record.h"
#include "core/u64map.h"
#include "core/walk/address_space.h"
#include "core/walk/stackwalk.h"
#include "core/walk/still_stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* PERF_MAX_STACK_DEPTH: what the kernel gives unless a sysctl says otherwise, kernel and user
 * frames together. */
enum { MAX_CHAIN_FRAMES = 127 };

struct followed {
	struct address_spaces *spaces;
	struct stack_walker *walker;
	struct thread_names *names;
	struct u64map *n_threads; /* pid -> how many threads live */
	struct u64map *threads;   /* tid -> pid of a thread that lives, 0 when it has ended */
	struct u64map *adopted; /* pid -> when it was read in /proc, CLOCK_MONOTONIC; 0: too late */
	bool adopts_unknown;
	size_t n_closed;
	struct escapes *escapes;
	struct u64map *unmapped; /* pid -> not 0: nothing of its new program has been mapped */
	struct u64map *in_exec; /* pid -> not 0: it has not run an instruction of its new program */
	bool hides_kernel;
	uint32_t failed_object;        /* of frames that say why there are no more */
	struct recorded_frame *frames; /* of the stack in the making, leaf first */
};

struct followed *followed_new(struct recording *recording)
{
	const struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};
	struct followed *followed = xcalloc(1, sizeof(*followed));

	followed->failed_object = recording_add_object(recording, &failed);
	followed->spaces = address_spaces_new(recording);
	followed->walker = stack_walker_new(followed->spaces, recording);
	followed->names = thread_names_new(recording);
	followed->escapes = escapes_new();
	followed->n_threads = u64map_new();
	followed->threads = u64map_new();
	followed->adopted = u64map_new();
	followed->unmapped = u64map_new();
	followed->in_exec = u64map_new();
	followed->frames = xcalloc(MAX_CHAIN_FRAMES + WALK_MAX_FRAMES, sizeof(*followed->frames));
	return followed;
}

void followed_free(struct followed *followed)
{
	if (!followed)
		return;
	escapes_free(followed->escapes);
	free(followed->frames);
	u64map_free(followed->unmapped);
	u64map_free(followed->in_exec);
	u64map_free(followed->adopted);
	u64map_free(followed->threads);
	u64map_free(followed->n_threads);
	thread_names_free(followed->names);
	stack_walker_free(followed->walker);
	address_spaces_free(followed->spaces);
	free(followed);
}

void followed_hide_kernel(struct followed *followed)
{
	followed->hides_kernel = true;
}

static void on_mapping(struct followed *followed, const struct perf_record *record)
{
	address_spaces_map(followed->spaces, record->pid, record->addr, record->size_bytes,
	                   record->file_off, record->path, record->device, record->inode,
	                   record->executable);
	*u64map_put(followed->unmapped, (uint32_t)record->pid, NULL) = 0;
}

/* What is said twice, as of a thread that was made while /proc was read, counts once: false then.
 */
static bool begin_thread(struct followed *followed, pid_t pid, pid_t tid)
{
	uint64_t *process = u64map_put(followed->threads, (uint32_t)tid, NULL);

	if (*process == (uint32_t)pid)
		return false;
	*process = (uint32_t)pid;
	++*u64map_put(followed->n_threads, (uint32_t)pid, NULL);
	return true;
}

/* One thread, of which nothing was known. */
static void begin_process(struct followed *followed, pid_t pid)
{
	*u64map_put(followed->n_threads, (uint32_t)pid, NULL) = 0;
	*u64map_put(followed->threads, (uint32_t)pid, NULL) = 0;
	*u64map_put(followed->unmapped, (uint32_t)pid, NULL) = 0;
	begin_thread(followed, pid, pid);
}

static void on_fork(struct followed *followed, const struct perf_record *record)
{
	if (record->pid == record->parent_pid) {
		if (!begin_thread(followed, record->pid, record->tid))
			return; /* it may have another name by now */
	} else {
		begin_process(followed, record->pid);
		*u64map_put(followed->in_exec, (uint32_t)record->pid, NULL) = 0;
		address_spaces_fork(followed->spaces, record->parent_pid, record->pid);
	}
	thread_names_fork(followed->names, record->parent_tid, record->tid);
}

static void on_exit_record(struct followed *followed, const struct perf_record *record)
{
	uint64_t *n_threads = u64map_get(followed->n_threads, (uint32_t)record->pid);
	uint64_t *process = u64map_get(followed->threads, (uint32_t)record->tid);

	if (!process || *process != (uint32_t)record->pid)
		return;
	*process = 0;
	if (!n_threads || *n_threads == 0 || --*n_threads > 0)
		return;
	address_spaces_exit(followed->spaces, record->pid);
	if (*u64map_put(followed->unmapped, (uint32_t)record->pid, NULL))
		escapes_add(followed->escapes, thread_names_get(followed->names, record->pid));
}

static void on_comm(struct followed *followed, const struct perf_record *record)
{
	thread_names_set(followed->names, record->tid, record->path);
	if (!record->is_exec)
		return;
	address_spaces_exec(followed->spaces, record->pid);
	begin_process(followed, record->pid); /* the other threads have ended */
	*u64map_put(followed->unmapped, (uint32_t)record->pid, NULL) = 1;
	*u64map_put(followed->in_exec, (uint32_t)record->pid, NULL) = 1;
}

static void (*const handlers[PERF_RECORD_MAX])(struct followed *, const struct perf_record *) = {
    [PERF_RECORD_MMAP2] = on_mapping,
    [PERF_RECORD_FORK] = on_fork,
    [PERF_RECORD_EXIT] = on_exit_record,
    [PERF_RECORD_COMM] = on_comm,
};

struct adoption {
	struct followed *followed;
	pid_t pid;
};

static void adopt_thread(void *context, pid_t tid)
{
	const struct adoption *adoption = context;
	char comm[16];

	if (!proc_scan_comm(tid, comm))
		return;
	begin_thread(adoption->followed, adoption->pid, tid);
	thread_names_set(adoption->followed->names, tid, comm);
}

void followed_adopt(struct followed *followed, pid_t pid)
{
	struct adoption adoption = {.followed = followed, .pid = pid};
	uint64_t before_ns = clock_now_ns(); /* what comes while we read is applied on top */

	if (proc_scan_threads(pid, adopt_thread, &adoption) < 0)
		before_ns = 0; /* it has ended: its records are all there is */
	*u64map_put(followed->adopted, (uint32_t)pid, NULL) = before_ns;
	if (!before_ns)
		return;
	address_spaces_exec(followed->spaces, pid);
	if (address_spaces_read_proc(followed->spaces, pid) == -EACCES)
		followed->n_closed++;
}

void followed_adopt_child(struct followed *followed, pid_t pid, pid_t ancestor_tid)
{
	const uint64_t *ancestor = u64map_get(followed->threads, (uint32_t)ancestor_tid);

	begin_process(followed, pid);
	if (ancestor && *ancestor)
		address_spaces_fork(followed->spaces, (pid_t)*ancestor, pid);
	thread_names_fork(followed->names, ancestor_tid, pid);
	followed_adopt(followed, pid);
}

void followed_adopt_unknown(struct followed *followed)
{
	followed->adopts_unknown = true;
}

bool followed_knows(const struct followed *followed, pid_t pid)
{
	const uint64_t *n_threads = u64map_get(followed->n_threads, (uint32_t)pid);

	return n_threads && *n_threads > 0;
}

struct escapes *followed_escapes(struct followed *followed)
{
	return followed->escapes;
}

size_t followed_n_closed(const struct followed *followed)
{
	return followed->n_closed;
}

/* Its FORK was before our time, or it was not in the list. */
static void meet(struct followed *followed, pid_t pid)
{
	if (followed->adopts_unknown && !u64map_get(followed->n_threads, (uint32_t)pid) &&
	    !u64map_get(followed->adopted, (uint32_t)pid))
		followed_adopt(followed, pid);
}

/* /proc knew of it already, and maybe of what came after it. Threads are counted by their numbers,
 * and children begin in any case. */
static bool is_stale(const struct followed *followed, const struct perf_record *record)
{
	const uint64_t *read_ns = u64map_get(followed->adopted, (uint32_t)record->pid);

	return read_ns && record->time_ns < *read_ns &&
	       (record->type == PERF_RECORD_MMAP2 || record->type == PERF_RECORD_COMM);
}

void followed_apply(struct followed *followed, const struct perf_record *record)
{
	if (record->type == PERF_RECORD_FORK)
		meet(followed, record->parent_pid);
	else if (record->type != PERF_RECORD_EXIT && record->pid > 0)
		meet(followed, record->pid);
	if (is_stale(followed, record))
		return;
	if (record->type < PERF_RECORD_MAX && handlers[record->type])
		handlers[record->type](followed, record);
}

static bool in_kernel(const struct perf_record *record)
{
	return (record->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
}

/* The addresses of one side of a chain, leaf first: of PERF_CONTEXT_KERNEL or PERF_CONTEXT_USER. */
struct chain {
	const uint64_t *addresses;
	size_t n;
};

static struct chain chain_of(const struct perf_record *record, uint64_t context)
{
	struct chain chain = {0};
	size_t i = 0;

	while (i < record->n_callchain && record->callchain[i] != context)
		i++;
	if (i < record->n_callchain)
		chain.addresses = &record->callchain[++i];
	/* Up to the next marker. */
	while (i < record->n_callchain && record->callchain[i++] < PERF_CONTEXT_MAX)
		chain.n++;
	return chain;
}

/* Kernel frames, leaf first. Returns how many. */
static size_t add_kernel_frames(struct followed *followed, const struct perf_record *record)
{
	struct chain chain = chain_of(record, PERF_CONTEXT_KERNEL);
	size_t n_frames = 0;

	while (n_frames < chain.n && n_frames < MAX_CHAIN_FRAMES) {
		followed->frames[n_frames] = address_spaces_frame(
		    followed->spaces, record->pid, chain.addresses[n_frames], n_frames > 0);
		n_frames++;
	}
	if (n_frames == 0 && in_kernel(record)) /* no chain, or one the kernel could not walk */
		followed->frames[n_frames++] =
		    address_spaces_frame(followed->spaces, record->pid, record->ip, false);
	return n_frames;
}

/* While exec sets up a new program the user registers are left over from the old one, and there is
 * no stack yet. */
static bool has_user_stack(struct followed *followed, const struct perf_record *record,
                           uint64_t user_ip)
{
	uint64_t *in_exec = u64map_get(followed->in_exec, (uint32_t)record->pid);

	if (in_exec && *in_exec && in_kernel(record))
		*in_exec = !address_spaces_find(followed->spaces, record->pid, user_ip);
	else if (in_exec)
		*in_exec = 0;
	return !in_exec || !*in_exec;
}

static void count_walk(struct walk_counts *counts, const struct walk_result *walk)
{
	counts->n_completed += walk->completed;
	counts->n_guessed += walk->guessed;
	if (walk->end == UNWIND_OUTERMOST)
		return;
	counts->n_truncated++;
	counts->n_ends[walk->end]++;
}

static size_t walk_user_frames(struct followed *followed, const struct perf_record *record,
                               size_t n_frames, struct walk_counts *counts)
{
	struct walk_input input = {
	    .pid = record->pid,
	    .tid = record->tid,
	    .registers = record->user_registers,
	    .stack = record->stack,
	    .stack_bytes = record->stack_bytes,
	    .is_32_bit = record->user_abi == PERF_SAMPLE_REGS_ABI_32,
	    /* Without any copy, as in a fault on the stack itself, nothing tells whether what the
	     * memory holds by now still is this stack. */
	    .read_memory = record->stack_bytes > 0,
	};
	struct walk_result walk;

	if (!has_user_stack(followed, record, record->user_registers[WALK_RIP]))
		return n_frames;
	walk = stack_walk(followed->walker, &input, followed->frames + n_frames);
	count_walk(counts, &walk);
	return n_frames + walk.n_frames;
}

static bool is_code(const struct followed *followed, pid_t pid, uint64_t addr)
{
	const struct mapping *mapping = address_spaces_find(followed->spaces, pid, addr);

	return mapping && mapping->executable;
}

/* The user side of a chain that the kernel found by frame pointers, as far as it leads through
 * code.
 */
static size_t copy_user_frames(struct followed *followed, const struct perf_record *record,
                               size_t n_frames, struct walk_counts *counts)
{
	struct chain chain = chain_of(record, PERF_CONTEXT_USER);
	enum unwind_end end =
	    chain.n + n_frames < MAX_CHAIN_FRAMES ? UNWIND_OUTERMOST : UNWIND_TOO_DEEP;

	if (!chain.n || !has_user_stack(followed, record, chain.addresses[0]))
		return n_frames;
	for (size_t i = 0; i < chain.n && i < MAX_CHAIN_FRAMES; i++) {
		if (i && !is_code(followed, record->pid, chain.addresses[i] - 1)) {
			end = UNWIND_NO_MAPPING;
			break;
		}
		followed->frames[n_frames++] =
		    address_spaces_frame(followed->spaces, record->pid, chain.addresses[i], i > 0);
	}
	if (end == UNWIND_OUTERMOST)
		return n_frames;
	counts->n_truncated++;
	counts->n_ends[end]++;
	followed->frames[n_frames++] =
	    (struct recorded_frame){.object = followed->failed_object, .vaddr = end};
	return n_frames;
}

/* What --call-graph asked the kernel for tells how the user frames are found. */
static size_t add_user_frames(struct followed *followed, const struct perf_record *record,
                              size_t n_frames, struct walk_counts *counts)
{
	if (record->user_registers)
		return walk_user_frames(followed, record, n_frames, counts);
	if (record->n_callchain)
		return copy_user_frames(followed, record, n_frames, counts);
	if (n_frames == 0 && !in_kernel(record))
		followed->frames[n_frames++] =
		    address_spaces_frame(followed->spaces, record->pid, record->ip, false);
	return n_frames;
}

size_t followed_stack(struct followed *followed, const struct perf_record *sample,
                      struct walk_counts *counts, const struct recorded_frame **frames)
{
	size_t n_frames = followed->hides_kernel ? 0 : add_kernel_frames(followed, sample);

	*frames = followed->frames;
	return add_user_frames(followed, sample, n_frames, counts);
}

size_t followed_still_stack(struct followed *followed, pid_t pid, pid_t tid,
                            const uint64_t *registers, struct walk_counts *counts,
                            const struct recorded_frame **frames)
{
	struct walk_result walk = still_stack_walk(followed->walker, followed->spaces, pid, tid,
	                                           registers, followed->frames);

	count_walk(counts, &walk);
	*frames = followed->frames;
	return walk.n_frames;
}

static bool is_in(const struct text_list *names, const char *name)
{
	enum { COMM_CHARACTERS = 15 };

	for (size_t i = 0; i < names->n_texts; i++)
		if (!strncmp(names->texts[i], name, COMM_CHARACTERS))
			return true;
	return false;
}

/* Where a FORK was lost, or was before our time, /proc may know. */
static void learn_name(struct followed *followed, pid_t pid, pid_t tid)
{
	char comm[16] = "";

	if (!followed->adopts_unknown || *thread_names_get(followed->names, tid))
		return;
	if (!proc_scan_comm(tid, comm))
		snprintf(comm, sizeof(comm), "%s", thread_names_get(followed->names, pid));
	thread_names_set(followed->names, tid, comm);
}

const char *followed_name(struct followed *followed, pid_t tid)
{
	return thread_names_get(followed->names, tid);
}

bool followed_is_called(struct followed *followed, pid_t pid, pid_t tid,
                        const struct text_list *names)
{
	learn_name(followed, pid, tid);
	learn_name(followed, pid, pid);
	return is_in(names, followed_name(followed, tid)) ||
	       is_in(names, followed_name(followed, pid));
}

uint32_t followed_thread(struct followed *followed, pid_t pid, pid_t tid)
{
	learn_name(followed, pid, tid);
	return thread_names_recorded(followed->names, pid, tid);
}
