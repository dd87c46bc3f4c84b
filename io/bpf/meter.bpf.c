/* Runs in the kernel: tells the driver of each system call of a process tree, in order.
 *
 * The tree is marked by task storage: the driver marks the target before its exec, and a child of
 * it marks itself when it returns from its fork. These are raw tracepoints and no CO-RE: for
 * typed ones, and for CO-RE, libbpf reads all of the kernel's types, some of them many times
 * (docs/architecture.md has what that costs). The tracepoints run with preemption off, so a CPU has
 * one program of a kind at a time, and scratch space by CPU is its own. User memory that is not in
 * RAM cannot be read here; the driver counts what it misses.
 */
#include "io/bpf/kernel.h"
#include "io/bpf/wire.h"

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "io/bpf/ring.h"
#include "io/bpf/memory.h"
#include "io/bpf/path.h"
#include "io/bpf/stack.h"
#include "io/bpf/channel.h"

char license_text[] SEC("license") = "GPL"; /* what the helpers ask for */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct meter_thread);
} threads SEC(".maps");

struct meter_plan plans[METER_ABIS][METER_CALL_NUMBERS]; /* set by the driver */
struct meter_plan plan_of_unknown;
__u32 epoch;    /* of which repeat; 0: none is measured, though programs may still be attached */
__u64 begun_ns; /* when measuring began, as struct io_scope has it; set by the driver */
__u64 lost_threads; /* that could not be marked */

/* By thread id: children that have not been back from their fork. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 14); /* each takes set-up: 13 ns */
	__type(key, __u32);
	__type(value, struct meter_child);
} children SEC(".maps");

__s64 n_children; /* spares all other threads of the machine the look for themselves there */

/* A field of a task is read directly: the verifier knows the offset. */
#define PEEK(type, task, field) (*(type *)PLACE(task, field))

/* What was stored in a thread is read from there again: of a value that the verifier knows it would
 * follow each to the end, of one in memory it knows nothing. */
#define FORGET() asm volatile("" ::: "memory")

static const struct pt_regs *current_registers(void)
{
	return (const struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

static struct meter_thread *known_thread(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct meter_thread *thread = bpf_task_storage_get(&threads, task, 0, 0);

	return thread && thread->epoch == epoch ? thread : NULL;
}

static void forget_child(__u32 tid, const struct meter_child *child)
{
	/* Those of a former repeat are not among them. */
	if (child->epoch == epoch)
		__sync_fetch_and_add(&n_children, -1);
	bpf_map_delete_elem(&children, &tid);
}

/* An id may have come to another process since. */
static struct meter_child *find_child(__u32 tid)
{
	struct meter_child *child =
	    epoch && n_children ? bpf_map_lookup_elem(&children, &tid) : NULL;

	if (!child || !child->running_pid || child->running_pid == bpf_get_current_pid_tgid() >> 32)
		return child;
	forget_child(tid, child);
	return NULL;
}

/* Nobody else changes its descriptors, and the driver can ask for them at the end. */
static bool may_have_runs(void)
{
	void *files = READ(void *, bpf_get_current_task_btf(), task_files);
	__u64 id = bpf_get_current_pid_tgid();

	return (__u32)id == id >> 32 && READ(__u32, files, files_count) == 1;
}

/* The verifier looks at a function that is not static once, and not for each state in which it is
 * called. */
__noinline int mark_thread(__u32 tid, const struct meter_child *child)
{
	struct meter_thread *thread;

	if (!child)
		return 1;
	thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0,
	                              BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		return 1;
	thread->in_call = 0;
	thread->counts = 1;
	thread->epoch = child->epoch;
	thread->ran_before = child->running_pid != 0;
	thread->has_no_runs = thread->ran_before ? !may_have_runs() : child->has_no_runs;
	forget_child(tid, child);
	return 0;
}

/* A child of the tree that is back from its fork, or ends without that, or a thread that ran before
 * us. NULL: there is no storage for it, which may be for the moment alone (it is locked on this
 * CPU): to be tried again. */
static struct meter_thread *take_child(__u32 tid, const struct meter_child *child)
{
	return mark_thread(tid, child) ? NULL : known_thread();
}

/* The first thing that it tells of; else each call that returns meanwhile is a lost one. */
static struct meter_thread *take_late_child(void)
{
	__u32 tid = current_tid();
	struct meter_child *child = find_child(tid);

	return child && child->n_returns ? take_child(tid, child) : NULL;
}

/* It comes out of the call that it was in when it was looked at, or of one before; or it forks or
 * executes a program in it. */
static struct meter_thread *take_running(__u32 tid)
{
	struct meter_child *child = find_child(tid);

	return child && child->running_pid ? take_child(tid, child) : NULL;
}

static struct meter_thread *end_child(void)
{
	__u32 tid = current_tid();
	struct meter_child *child = find_child(tid);
	struct meter_thread *thread = child ? take_child(tid, child) : NULL;

	if (child && !thread) {
		if (child->epoch == epoch)
			__sync_fetch_and_add(&lost_threads, 1);
		forget_child(tid, child);
	}
	return thread;
}

static __u32 abi_of(long id)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (PEEK(__u32, PLACE(task, task_thread_info), thread_info_status) & TS_COMPAT)
		return METER_ABI_I386;
	return id & X32_BIT ? METER_ABI_X32 : METER_ABI_X86_64;
}

static __u32 number_of(long id, __u32 abi)
{
	return (__u32)id & ~(abi == METER_ABI_X32 ? X32_BIT : 0);
}

static void identify(struct meter_thread *thread, long id)
{
	thread->abi = abi_of(id);
	thread->number = number_of(id, thread->abi);
	FORGET();
}

/* A copy: of two places the verifier would follow each to the end. */
static struct meter_plan plan_of(const struct meter_thread *thread)
{
	__u32 abi = thread->abi, number = thread->number;

	if (abi >= METER_ABIS || number >= METER_CALL_NUMBERS)
		return plan_of_unknown;
	return plans[abi][number];
}

/* Before the call, which may change it. True: it was copied. */
static bool take_stack(struct meter_thread *thread)
{
	struct meter_plan plan;

	thread->stack = METER_STACK_UNKNOWN;
	if (!thread->counts || thread->entered_ns < begun_ns)
		return false;
	plan = plan_of(thread);
	if (!(plan.tasks & METER_IS_CHOSEN))
		return false;
	thread->stack = tell_stack(current_registers(), thread->entered_ns);
	FORGET();
	return thread->stack == METER_STACK_TOLD;
}

static void take_root(void)
{
	if (root_tid != current_tid())
		return;
	set_root(bpf_get_current_task_btf());
	root_tid = 0;
}

SEC("raw_tp/sys_enter")
int BPF_PROG(call_begins, void *regs, long id)
{
	struct meter_thread *thread = known_thread();

	if (!thread)
		thread = take_late_child();
	if (!thread && root_tid)
		take_root();
	if (!thread)
		return 0;
	identify(thread, id);
	thread->in_call = 1;
	thread->ran_before = 0;
	thread->entered_ns = bpf_ktime_get_ns();
	/* Our own work is not the call's. */
	if (stacks_a_second && take_stack(thread))
		thread->entered_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void set_arguments(__u64 args[6], const struct pt_regs *regs, __u32 abi)
{
	if (__builtin_expect(abi == METER_ABI_I386, 0)) {
		args[0] = (__u32)regs->bx;
		args[1] = (__u32)regs->cx;
		args[2] = (__u32)regs->dx;
		args[3] = (__u32)regs->si;
		args[4] = (__u32)regs->di;
		args[5] = (__u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}

/* The records of details bear the call's time, by which the driver knows whose they are. */
static void begin_details(__u64 now_ns)
{
	__u32 zero = 0, tid = current_tid();
	struct meter_memory *memory = bpf_map_lookup_elem(&memory_scratch, &zero);
	struct meter_name *name = bpf_map_lookup_elem(&name_scratch, &zero);

	if (memory)
		memory->head = (struct meter_head){METER_MEMORY, tid, now_ns};
	if (name)
		name->head = (struct meter_head){METER_NAME, tid, now_ns};
}

/* What the driver will want to know beside arguments and result. */
static __always_inline void tell_details(const struct meter_plan *plan,
                                         const struct meter_call *call)
{
	begin_details(call->head.now_ns);
	if (plan->tasks & METER_TELL_COMM)
		tell_comm(call->head.now_ns);
	if (plan->tasks & METER_NAME_RESULT)
		tell_name((int)call->result);
	tell_memory(plan, call);
}

/* A signal that ends the process and dumps no core has SIGKILL sent to all its threads when it is
 * sent, unless a tracer is there, who would see this call return (complete_signal()). The first
 * thread is the one that takes it. */
__noinline int takes_deadly_signal(void)
{
	const __u64 dumps_core = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 11 |
	                         1 << 24 | 1 << 25 | 1u << 31;
	void *of_all = READ(void *, bpf_get_current_task_btf(), task_signal);
	__u32 signal = READ(__u32, of_all, signal_group_exit_code) & 0x7f;
	__u64 id = bpf_get_current_pid_tgid();

	return signal && signal != KILL_SIGNAL && !(dumps_core >> signal & 1) &&
	       READ(__u32, of_all, signal_flags) & SIGNAL_GROUP_EXIT && (__u32)id == id >> 32;
}

static bool has_pending(int signal)
{
	__u64 pending =
	    PEEK(__u64, PLACE(bpf_get_current_task_btf(), task_pending), sigpending_signal);

	return pending >> (signal - 1) & 1;
}

/* SECCOMP_RET_TRAP and _KILL_PROCESS put the registers back to what they were before the call
 * (syscall_rollback()), and send the thread SIGSYS. */
static bool was_kept_off(const struct pt_regs *regs, long result)
{
	return (__u64)result == regs->orig_ax && has_pending(SYS_SIGNAL);
}

/* The call is over, but the thread is to end before it is back in its program. As under a tracer,
 * that is no return. */
static bool will_return(void)
{
	return !has_pending(KILL_SIGNAL) || takes_deadly_signal();
}

enum {
	DETAILS = (__u16) ~(METER_TELL | METER_MAY_REPEAT | METER_IS_FREE | METER_TRACKS |
	                    METER_IS_CHOSEN | METER_WRITES),
};

/* 0: it needs a record of its own. */
__noinline int join_runs(struct meter_thread *thread, __u64 fd, __u64 size_bytes, long result,
                         __u64 now_ns)
{
	__u16 tasks;

	if (!thread || (stacks_a_second && thread->stack != METER_STACK_NOT_TAKEN))
		return 0;
	if (thread->has_no_runs || thread->entered_ns < begun_ns ||
	    now_ns - thread->entered_ns > LONGEST_IN_RUN_NS)
		return 0;
	tasks = thread->plan.tasks;
	if (tasks & METER_IS_FREE) {
		join_free_run(thread, result, now_ns);
	} else if (tasks & METER_MAY_REPEAT && result > 0 && (__u64)result == size_bytes) {
		turn_channel(thread, (__u32)fd);
		join_fd_run(thread, (__u32)fd, size_bytes, now_ns);
	} else {
		return 0;
	}
	return 1;
}

/* A call of a thread that could not be marked. The verifier wants the very place in the
 * plans compared, which the compiler would leave out. */
__noinline int lose_call(void)
{
	long id = (long)current_registers()->orig_ax;
	__u32 abi = abi_of(id), number = number_of(id, abi);
	__u32 at = abi * METER_CALL_NUMBERS + number;
	__u16 tasks = plan_of_unknown.tasks;

	if (number < METER_CALL_NUMBERS) {
		barrier_var(at);
		if (at >= METER_ABIS * METER_CALL_NUMBERS)
			return 0;
		tasks = (&plans[0][0])[at].tasks;
	}
	if (tasks & METER_TELL && will_return() && bpf_ktime_get_ns() >= begun_ns)
		__sync_fetch_and_add(tasks & METER_IS_CHOSEN ? &lost_calls : &lost_details, 1);
	return 0;
}

__noinline int return_child(void)
{
	__u32 tid = current_tid();
	struct meter_child *child = find_child(tid);

	if (!child)
		return 0;
	if (child->n_returns++)
		lose_call();
	take_child(tid, child);
	return 0;
}

/* A call of a thread that counts has returned. */
static __always_inline void tell_end(struct meter_thread *thread, const struct pt_regs *regs,
                                     long result, __u64 now_ns)
{
	const struct meter_plan *plan = &thread->plan;
	struct meter_call call;

	thread->plan = plan_of(thread);
	FORGET();
	if (!plan->tasks || (now_ns < begun_ns && !(plan->tasks & METER_TRACKS)))
		return;
	thread->was_kept_off = was_kept_off(regs, result);
	FORGET();
	if (!thread->was_kept_off && join_runs(thread, regs->di, regs->dx, result, now_ns))
		return;
	if (plan->tasks & METER_TRACKS)
		forget_channels(thread);
	/* With another name the thread's calls may be no longer those that are wanted. */
	if (plan->tasks & METER_TELL_COMM)
		tell_all_runs(thread);
	else if (thread->has_runs)
		tell_fd_runs(thread);
	call.head = (struct meter_head){METER_CALL, current_tid(), now_ns};
	call.entered_ns = thread->entered_ns;
	call.result = result;
	call.number = thread->number;
	call.abi = thread->abi;
	call.was_kept_off = thread->was_kept_off;
	call.stack = thread->stack;
	set_arguments(call.args, regs, thread->abi);
	if (plan->tasks & DETAILS && !call.was_kept_off && (result >= 0 || result == -EINPROGRESS))
		tell_details(plan, &call);
	if (plan->tasks & METER_TELL)
		tell_call(&call, plan->tasks & METER_IS_CHOSEN && call.entered_ns >= begun_ns);
}

/* A filter of the target's own answers before sys_enter. */
__noinline int begin_unseen(struct meter_thread *thread, __u64 now_ns)
{
	if (!thread)
		return 0;
	identify(thread, (long)current_registers()->orig_ax);
	thread->entered_ns = thread->ran_before ? 0 : now_ns;
	if (stacks_a_second)
		take_stack(thread);
	return 0;
}

SEC("raw_tp/sys_exit")
int BPF_PROG(call_ends, void *registers, long result)
{
	struct meter_thread *thread = known_thread();
	const struct pt_regs *regs;
	__u64 now_ns;

	if (!thread)
		thread = take_running(current_tid());
	if (!thread) {
		return_child();
		return 0;
	}
	now_ns = bpf_ktime_get_ns();
	if (!will_return())
		return 0;
	regs = current_registers();
	if (!thread->in_call)
		begin_unseen(thread, now_ns);
	thread->in_call = thread->ran_before = 0;
	if (thread->counts)
		tell_end(thread, regs, result, now_ns);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(thread_forks, void *parent, void *child)
{
	struct meter_thread *from = known_thread();
	struct meter_fork fork = {.head = {.kind = METER_FORK}};
	struct meter_child pending = {};

	if (!from)
		from = take_running(current_tid());
	if (!from || !from->counts)
		return 0;
	/* It may be the first of several threads: only one that is alone has runs. */
	tell_all_runs(from);
	fork.head.tid = current_tid();
	fork.head.now_ns = bpf_ktime_get_ns();
	fork.pid = bpf_get_current_pid_tgid() >> 32;
	fork.child_tid = READ(__u32, child, task_pid);
	fork.child_pid = READ(__u32, child, task_tgid);
	fork.shares_files = READ(__u64, parent, task_files) == READ(__u64, child, task_files);
	if (fork.shares_files)
		from->has_no_runs = 1;
	pending.epoch = epoch;
	pending.has_no_runs = fork.shares_files || fork.child_tid != fork.child_pid;
	tell_event(&fork, sizeof(fork));
	__sync_fetch_and_add(&n_children, 1);
	if (bpf_map_update_elem(&children, &fork.child_tid, &pending, BPF_ANY)) {
		__sync_fetch_and_add(&n_children, -1);
		__sync_fetch_and_add(&lost_threads, 1);
	}
	return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(program_begins, void *task, int former_tid)
{
	struct meter_thread *thread = known_thread();

	/* Unless it led its process, it has taken the id of that one since. */
	if (!thread)
		thread = take_running(former_tid);
	if (!thread)
		return 0;
	if (!thread->counts)
		set_root(task);
	tell_all_runs(thread);
	tell_exec(task, former_tid, !thread->counts);
	thread->counts = 1;
	thread->has_no_runs = 0;
	return 0;
}

/* Of a thread that need not mark itself: it had done so before it was looked at. */
static void forget_known(void)
{
	__u32 tid = current_tid();
	struct meter_child *child = find_child(tid);

	if (child)
		forget_child(tid, child);
}

/* A filter's SECCOMP_RET_KILL_THREAD, or the strict mode, ends the thread where it begins a call:
 * by a signal that is not its process's end. */
static bool is_killed_by_filter(void *task, void *of_all)
{
	__u32 signal = READ(__u32, task, task_exit_code) & 0x7f;

	return signal && signal != (READ(__u32, of_all, signal_group_exit_code) & 0x7f);
}

/* The call in which a thread was all the time, if any; or that it could not begin. */
static void find_last_call(struct meter_thread *thread)
{
	const struct pt_regs *regs = current_registers();

	if ((long)regs->orig_ax < 0)
		return;
	identify(thread, (long)regs->orig_ax);
	thread->in_call = 1;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(thread_ends, void *task)
{
	struct meter_exit end = {.head = {.kind = METER_EXIT}};
	void *of_all = READ(void *, task, task_signal);
	struct meter_thread *thread = known_thread();

	if (thread)
		forget_known();
	else
		thread = end_child();
	if (!thread || !thread->counts)
		return 0;
	if (thread->ran_before || (!thread->in_call && is_killed_by_filter(task, of_all)))
		find_last_call(thread);
	tell_all_runs(thread);
	end.head.tid = current_tid();
	end.head.now_ns = bpf_ktime_get_ns();
	end.flags = (thread->in_call ? METER_EXIT_IN_CALL : 0) |
	            (READ(__u32, of_all, signal_live) ? 0 : METER_EXIT_OF_PROCESS);
	end.wait_status = READ(__u32, of_all, signal_flags) & SIGNAL_GROUP_EXIT
	                      ? READ(__u32, of_all, signal_group_exit_code)
	                      : READ(__u32, READ(void *, task, task_group_leader), task_exit_code);
	end.number = thread->number;
	end.abi = thread->abi;
	tell_event(&end, sizeof(end));
	return 0;
}
