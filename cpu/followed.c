/* Keeps what a sample's stack is walked against: mappings, names and states of the processes. */
#include "cpu/followed.h"

#include "cpu/threads.h"

#include "core/alloc.h"
#include "core/perf/record.h"
#include "core/u64map.h"
#include "core/walk/address_space.h"
#include "core/walk/stackwalk.h"
#include "core/walk/still_stack.h"

#include <stdlib.h>

/* PERF_MAX_STACK_DEPTH: what the kernel gives unless a sysctl says otherwise, kernel and user
 * frames together. */
enum { MAX_CHAIN_FRAMES = 127 };

struct followed {
	struct address_spaces *spaces;
	struct stack_walker *walker;
	struct thread_names *names;
	struct u64map *n_threads; /* pid -> how many threads live */
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
	followed->n_threads = u64map_new();
	followed->in_exec = u64map_new();
	followed->frames = xcalloc(MAX_CHAIN_FRAMES + WALK_MAX_FRAMES, sizeof(*followed->frames));
	return followed;
}

void followed_free(struct followed *followed)
{
	if (!followed)
		return;
	free(followed->frames);
	u64map_free(followed->in_exec);
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
}

static void on_fork(struct followed *followed, const struct perf_record *record)
{
	if (record->pid == record->parent_pid) {
		++*u64map_put(followed->n_threads, (uint32_t)record->pid, NULL);
	} else {
		*u64map_put(followed->n_threads, (uint32_t)record->pid, NULL) = 1;
		*u64map_put(followed->in_exec, (uint32_t)record->pid, NULL) = 0;
		address_spaces_fork(followed->spaces, record->parent_pid, record->pid);
	}
	thread_names_fork(followed->names, record->parent_tid, record->tid);
}

static void on_exit_record(struct followed *followed, const struct perf_record *record)
{
	uint64_t *n_threads = u64map_get(followed->n_threads, (uint32_t)record->pid);

	if (n_threads && *n_threads > 0 && --*n_threads == 0)
		address_spaces_exit(followed->spaces, record->pid);
}

static void on_comm(struct followed *followed, const struct perf_record *record)
{
	thread_names_set(followed->names, record->tid, record->path);
	if (!record->is_exec)
		return;
	address_spaces_exec(followed->spaces, record->pid);
	*u64map_put(followed->n_threads, (uint32_t)record->pid, NULL) = 1;
	*u64map_put(followed->in_exec, (uint32_t)record->pid, NULL) = 1;
}

static void (*const handlers[PERF_RECORD_MAX])(struct followed *, const struct perf_record *) = {
    [PERF_RECORD_MMAP2] = on_mapping,
    [PERF_RECORD_FORK] = on_fork,
    [PERF_RECORD_EXIT] = on_exit_record,
    [PERF_RECORD_COMM] = on_comm,
};

void followed_apply(struct followed *followed, const struct perf_record *record)
{
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

uint32_t followed_thread(struct followed *followed, pid_t pid, pid_t tid)
{
	return thread_names_recorded(followed->names, pid, tid);
}
