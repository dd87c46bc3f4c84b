/* Runs in the kernel: tells the driver of each system call of a process tree, in order.
 *
 * The tree is marked by task storage: the driver marks the target before its exec, and each fork
 * marks the child. The tracepoints run with preemption off, so a CPU has one program of a kind at
 * a time, and scratch space by CPU is its own. User memory that is not in RAM cannot be read here;
 * the driver counts what it misses.
 */
#include "io/bpf/kernel.h"
#include "io/bpf/wire.h"

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "io/bpf/ring.h"
#include "io/bpf/memory.h"
#include "io/bpf/path.h"

char license_text[] SEC("license") = "GPL"; /* what the helpers ask for */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wire_thread);
} threads SEC(".maps");

struct wire_plan plans[WIRE_ABIS][WIRE_CALL_NUMBERS]; /* set by the driver */
struct wire_plan plan_of_unknown;
__u32 epoch;
__u64 lost_threads; /* that could not be marked */

static struct wire_thread *known_thread(struct task_struct *task)
{
	struct wire_thread *thread = bpf_task_storage_get(&threads, task, 0, 0);

	return thread && thread->epoch == epoch ? thread : NULL;
}

static void identify(struct wire_thread *thread, const struct task_struct *task, long id)
{
	if (task->thread_info.status & TS_COMPAT)
		thread->abi = 2;
	else
		thread->abi = !!(id & X32_BIT);
	thread->number = (__u32)id & ~(thread->abi == 1 ? X32_BIT : 0);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(call_begins, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_thread *thread = known_thread(task);

	if (!thread)
		return 0;
	identify(thread, task, id);
	thread->in_call = 1;
	thread->entered_ns = bpf_ktime_get_ns();
	return 0;
}

static const struct wire_plan *plan_of(const struct wire_thread *thread)
{
	__u32 abi = thread->abi, number = thread->number;

	if (abi >= WIRE_ABIS || number >= WIRE_CALL_NUMBERS)
		return &plan_of_unknown;
	return &plans[abi][number];
}

static void set_arguments(__u64 args[6], const struct pt_regs *regs, __u32 abi)
{
	if (abi == 2) {
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

/* What the driver will want to know beside arguments and result. */
static __always_inline void tell_details(struct task_struct *task, const struct wire_plan *plan,
                                         const struct wire_call *call)
{
	if (plan->tasks & WIRE_TELL_COMM)
		tell_comm(task, call->head.now_ns);
	if (plan->tasks & WIRE_NAME_RESULT)
		tell_name((int)call->result);
	tell_memory(plan, call);
}

/* Fields that are pointers are read by helpers: the verifier asks for the type of each that is read
 * directly in all of the kernel's types, 1.5 ms apiece. */

/* A signal that ends the process and dumps no core has SIGKILL sent to all its threads when it is
 * sent, unless a tracer is there, who would see this call return (complete_signal()). The first
 * thread is the one that takes it. */
static bool takes_deadly_signal(struct task_struct *task)
{
	const __u64 dumps_core = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 11 |
	                         1 << 24 | 1 << 25 | 1u << 31;
	struct signal_struct *of_all = BPF_CORE_READ(task, signal);
	__u32 signal = BPF_CORE_READ(of_all, group_exit_code) & 0x7f;

	return signal && signal != KILL_SIGNAL && !(dumps_core >> signal & 1) &&
	       BPF_CORE_READ(of_all, flags) & SIGNAL_GROUP_EXIT && task->pid == task->tgid;
}

/* The call is over, but the thread is to end before it is back in its program. As under a tracer,
 * that is no return. */
static bool will_return(struct task_struct *task)
{
	bool is_killed = task->pending.signal.sig[0] >> (KILL_SIGNAL - 1) & 1;

	return !is_killed || takes_deadly_signal(task);
}

enum { EINPROGRESS = 115, DETAILS = (__u16)~WIRE_TELL };

SEC("tp_btf/sys_exit")
int BPF_PROG(call_ends, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_thread *thread = known_thread(task);
	const struct wire_plan *plan;
	struct wire_call call;
	__u64 now_ns;

	if (!thread)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (!will_return(task))
		return 0;
	/* A filter of the target's own answers before sys_enter. */
	if (!thread->in_call) {
		identify(thread, task, (long)regs->orig_ax);
		thread->entered_ns = now_ns;
	}
	thread->in_call = 0;
	if (thread->is_new || !thread->counts) {
		thread->is_new = 0;
		return 0;
	}
	plan = plan_of(thread);
	if (!plan->tasks)
		return 0;
	if (plan->tasks & WIRE_MAY_REPEAT && result > 0 && (__u64)result == regs->dx &&
	    !thread->shares_files) {
		join_run(thread, (__u32)regs->di, regs->dx, now_ns);
		return 0;
	}
	if (thread->has_runs)
		tell_runs(thread);
	call.head = (struct wire_head){WIRE_CALL, task->pid, now_ns};
	call.entered_ns = thread->entered_ns;
	call.result = result;
	call.number = thread->number;
	call.abi = thread->abi;
	set_arguments(call.args, regs, thread->abi);
	if (plan->tasks & DETAILS && (result >= 0 || result == -EINPROGRESS))
		tell_details(task, plan, &call);
	tell_call(&call);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(thread_forks, struct task_struct *parent, struct task_struct *child)
{
	struct wire_thread *from = known_thread(parent), *to;
	struct wire_fork fork = {.head = {.kind = WIRE_FORK}};

	if (!from || !from->counts)
		return 0;
	if (from->has_runs)
		tell_runs(from);
	to = bpf_task_storage_get(&threads, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to) {
		__sync_fetch_and_add(&lost_threads, 1);
		return 0;
	}
	to->is_new = 1;
	to->in_call = 0;
	to->counts = 1;
	to->epoch = epoch;
	fork.head.tid = parent->pid;
	fork.head.now_ns = bpf_ktime_get_ns();
	fork.pid = parent->tgid;
	fork.child_tid = child->pid;
	fork.child_pid = child->tgid;
	fork.shares_files = BPF_CORE_READ(parent, files) == BPF_CORE_READ(child, files);
	to->shares_files = fork.shares_files;
	if (fork.shares_files)
		from->shares_files = 1;
	tell_event(&fork, sizeof(fork));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(program_begins, struct task_struct *task, int former_tid)
{
	struct wire_thread *thread = known_thread(task);

	if (!thread)
		return 0;
	if (!thread->counts)
		set_root(task);
	if (thread->has_runs)
		tell_runs(thread);
	tell_exec(task, former_tid, !thread->counts);
	thread->counts = 1;
	thread->shares_files = 0;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(thread_ends, struct task_struct *task)
{
	struct wire_thread *thread = known_thread(task);
	struct wire_exit end = {.head = {.kind = WIRE_EXIT}};
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (!thread || !thread->counts)
		return 0;
	if (thread->has_runs)
		tell_runs(thread);
	end.head.tid = task->pid;
	end.head.now_ns = bpf_ktime_get_ns();
	end.flags = (thread->in_call ? WIRE_EXIT_IN_CALL : 0) |
	            (BPF_CORE_READ(signal, live.counter) ? 0 : WIRE_EXIT_OF_PROCESS);
	end.wait_status = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT
	                      ? BPF_CORE_READ(signal, group_exit_code)
	                      : BPF_CORE_READ(task, group_leader, exit_code);
	end.number = thread->number;
	end.abi = thread->abi;
	tell_event(&end, sizeof(end));
	return 0;
}
