/* Keeps the threads of processes, and judges from where they stand what is happening to them. */
#include "mem/leaks/watched.h"

#include "core/alloc.h"
#include "core/proc_file.h"
#include "core/trace/trace.h"
#include "core/trace/tracee.h"
#include "core/u64map.h"

#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* A thread that is ready to run may have taken a signal that nothing tells of yet. */
#define LONGEST_DOUBT_NS UINT64_C(50000000)

enum {
	/* A thread that cannot come (it waits for a disk, say) shall not keep the others for ever:
	 * so many ticks in a row find it in one and the same sleep, 5 s at least. */
	MOST_LOOKS = 1000,
	MOST_STILL_LOOKS = 12000, /* in whatever state: 60 s at least */
	X32_BIT = 0x40000000,
	X32_EXECVE = 520,
	X32_EXECVEAT = 545,
	I386_EXECVE = 11,
	I386_EXECVEAT = 358,
};

struct watched *watched_new(pid_t pid, pid_t parent_pid)
{
	struct watched *process = xcalloc(1, sizeof(*process));

	process->pid = pid;
	process->parent_pid = parent_pid;
	process->dead_stacks = u64map_new();
	return process;
}

void watched_free(struct watched *process)
{
	if (!process)
		return;
	u64map_free(process->dead_stacks);
	free(process->threads);
	free(process);
}

void watched_enter(struct watched *process, struct watched_thread *thread)
{
	thread->process = process;
	thread->index = process->n_threads;
	*ARRAY_APPEND(process->threads, process->n_threads, process->threads_capacity) = thread;
}

void watched_leave(struct watched_thread *thread)
{
	struct watched *process = thread->process;
	struct watched_thread *last;

	if (!process)
		return;
	last = process->threads[--process->n_threads];
	process->threads[thread->index] = last;
	last->index = thread->index;
	process->n_held -= thread->is_held;
	thread->is_held = false;
	thread->process = NULL;
}

static void add_dead_stack(struct watched *process, uint64_t sp)
{
	*u64map_put(process->dead_stacks, sp, NULL) = ++process->n_ended;
}

/* Those of the parent's threads that sleep can be had; of the others the child's copies count
 * whole. */
void watched_inherit(struct watched *child, const struct watched *parent)
{
	size_t position = 0;
	uint64_t sp, nth, ignored;

	while (u64map_next(parent->dead_stacks, &position, &sp, &nth))
		*u64map_put(child->dead_stacks, sp, NULL) = nth;
	child->n_ended = parent->n_ended;
	for (size_t i = 0; i < parent->n_threads; i++)
		if (tracee_read_sleep(parent->threads[i]->tracee->tid, &ignored, &sp))
			add_dead_stack(child, sp);
}

void watched_begin_program(struct watched *process)
{
	u64map_free(process->dead_stacks);
	process->dead_stacks = u64map_new();
	process->is_ending = process->is_let_go = false;
	process->shares_memory = process->may_share_memory = false;
}

static enum watched_fate fate_of(const struct tracee *tracee)
{
	unsigned long status = 0;

	if (tracee->call == TRACED_EXIT)
		return FATE_ALONE;
	if (tracee->call == TRACED_EXIT_GROUP ||
	    ptrace(PTRACE_GETEVENTMSG, tracee->tid, NULL, &status))
		return FATE_TOGETHER;
	if (!status)
		return FATE_REPLACED;
	/* seccomp(2) has a single thread end so, as well as whole processes. */
	return WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGSYS ? FATE_KILLED
	                                                                 : FATE_TOGETHER;
}

void watched_hold(struct watched_thread *thread, uint64_t now_ns)
{
	struct watched *process = thread->process;

	thread->fate = fate_of(thread->tracee);
	thread->is_held = true;
	if (!process->n_held++)
		process->held_ns = now_ns;
	process->last_held_ns = now_ns;
	if (thread->fate == FATE_TOGETHER)
		process->is_ending = true;
}

struct unheard_of {
	const struct watched *process;
	pid_t tracer;
	bool found;
};

static void find_unheard_of(void *context, pid_t tid)
{
	struct unheard_of *search = context;
	const struct watched *process = search->process;
	struct tracee_state state;

	for (size_t i = 0; i < process->n_threads && !search->found; i++)
		if (process->threads[i]->tracee->tid == tid)
			return;
	if (!search->found && tracee_read_state(tid, &state) && !state.has_ended &&
	    proc_file_status(tid, "TracerPid: %ld") == search->tracer)
		search->found = true;
}

bool watched_has_unheard_of(const struct watched *process)
{
	struct unheard_of search = {.process = process, .tracer = gettid()};

	if (tracee_n_threads(process->pid) <= process->n_threads)
		return false;
	tracee_each_thread(process->pid, find_unheard_of, &search);
	return search.found;
}

/* Its first thread has ended without the stop before: one that is killed while it stands for a scan
 * may be there already when it is told to go on. The kernel tells of that end when all others have
 * ended. */
static bool has_lost_leader(const struct watched *process)
{
	struct tracee_state state;

	for (size_t i = 0; i < process->n_threads; i++)
		if (process->threads[i]->tracee->tid == process->pid)
			return !process->threads[i]->is_held &&
			       tracee_read_state(process->pid, &state) && state.has_ended;
	return false;
}

static const struct tracee *find_held(const struct watched *process)
{
	for (size_t i = 0; i < process->n_threads; i++)
		if (process->threads[i]->is_held)
			return process->threads[i]->tracee;
	return NULL;
}

/* One of those that have not come, and can. */
static const struct tracee *find_awaited(const struct watched *process, bool has_lost_leader)
{
	for (size_t i = 0; i < process->n_threads; i++) {
		const struct watched_thread *thread = process->threads[i];

		if (!thread->is_held && !(has_lost_leader && thread->tracee->tid == process->pid))
			return thread->tracee;
	}
	return NULL;
}

static bool is_exec(uint32_t arch, uint64_t number)
{
	if (arch == AUDIT_ARCH_I386)
		return number == I386_EXECVE || number == I386_EXECVEAT;
	number &= ~(uint64_t)X32_BIT;
	return number == SYS_execve || number == SYS_execveat || number == X32_EXECVE ||
	       number == X32_EXECVEAT;
}

/* The one that has not come sleeps in execve: it waits for the others to be gone. */
static bool is_replaced(const struct watched *process, bool has_lost_leader)
{
	uint64_t number, sp;

	return !process->is_ending && process->n_held &&
	       tracee_read_sleep(find_awaited(process, has_lost_leader)->tid, &number, &sp) &&
	       is_exec(find_held(process)->arch, number);
}

enum watched_verdict watched_judge(struct watched *process)
{
	size_t n_awaited = process->n_threads - process->n_held;
	bool lost = n_awaited && n_awaited <= 2 && has_lost_leader(process);

	n_awaited -= lost;
	if (n_awaited == 1 && is_replaced(process, lost))
		return WATCHED_REPLACED;
	if (n_awaited || watched_has_unheard_of(process))
		return WATCHED_WAIT;
	return lost ? WATCHED_MISSED : WATCHED_WHOLE;
}

static bool has_long_stood_still(struct watched_thread *thread)
{
	pid_t tid = thread->tracee->tid;
	struct tracee_state state;

	thread->n_still = tracee_read_state(tid, &state) && state.runs ? 0 : thread->n_still + 1;
	return tracee_look_at_sleep(&thread->sleep, tid) >= MOST_LOOKS ||
	       thread->n_still >= MOST_STILL_LOOKS;
}

/* Who executes a program waits for the others, however long these take. */
bool watched_is_stuck(struct watched *process)
{
	uint64_t number, sp;

	for (size_t i = 0; i < process->n_threads; i++) {
		struct watched_thread *thread = process->threads[i];

		if (!thread->is_held && has_long_stood_still(thread) &&
		    !(tracee_read_sleep(thread->tracee->tid, &number, &sp) &&
		      is_exec(find_held(process)->arch, number)))
			return true;
	}
	return false;
}

bool watched_ends_by_call(const struct watched *process)
{
	for (size_t i = 0; i < process->n_threads; i++)
		if (process->threads[i]->fate == FATE_TOGETHER &&
		    process->threads[i]->tracee->call == TRACED_EXIT_GROUP)
			return true;
	return false;
}

/* Somebody of those that have not come is on the way to its end (is_ending is set then), or may be.
 */
static bool others_may_come(struct watched *process, bool in_doubt)
{
	struct tracee_state state;
	bool may_come = false;

	for (size_t i = 0; i < process->n_threads && !process->is_ending; i++) {
		const struct watched_thread *thread = process->threads[i];

		if (thread->is_held || !tracee_read_state(thread->tracee->tid, &state))
			continue;
		process->is_ending = state.is_killed;
		may_come |= in_doubt && state.runs;
	}
	return process->is_ending || may_come;
}

struct watched_thread *watched_find_lone(struct watched *process, uint64_t now_ns)
{
	bool in_doubt = now_ns - process->last_held_ns < LONGEST_DOUBT_NS;

	if (process->n_held == process->n_threads)
		return NULL;
	for (size_t i = 0; i < process->n_threads; i++) {
		struct watched_thread *thread = process->threads[i];

		if (!thread->is_held)
			continue;
		if (thread->fate == FATE_ALONE)
			return thread;
		if (thread->fate == FATE_KILLED && !process->is_ending &&
		    !others_may_come(process, in_doubt))
			return thread;
	}
	return NULL;
}

void watched_bury(struct watched_thread *thread)
{
	struct user_regs_struct registers;

	if (!ptrace(PTRACE_GETREGS, thread->tracee->tid, NULL, &registers))
		add_dead_stack(thread->process, registers.rsp);
	watched_leave(thread);
}
