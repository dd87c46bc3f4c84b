/* What the io collector does with each thread, program and call that its tracer tells of. */
#include "io/ptrace/counting.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/trace/kernel_numbers.h"
#include "core/trace/trace.h"
#include "core/trace/tracee.h"
#include "core/trace/tracer.h"
#include "io/detail/log.h"
#include "io/family.h"
#include "io/fd_table.h"
#include "io/found.h"
#include "io/observe.h"
#include "io/pending.h"
#include "io/ptrace/callers.h"
#include "io/trace_paths.h"
#include "io/trace_set.h"

#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>

/* What the collector knows of a traced thread. */
struct counted_thread {
	struct io_member member;
	struct caller caller;
	const struct syscall_info *info;
	struct detail_line *line; /* the log's; NULL: none yet */
	bool is_elsewhere;        /* the call is not of a path that was asked for */
	uint64_t entered_ns;      /* on the clock of the call times */
	uint64_t began_ns;        /* the same moment, on CLOCK_MONOTONIC */
};

static struct counted_thread *thread_of(struct tracee *tracee)
{
	if (!tracee->data)
		tracee->data = xcalloc(1, sizeof(struct counted_thread));
	return tracee->data;
}

static uint64_t now_of(const struct counting *counting)
{
	return tracer_elapsed_ns(counting->tracer);
}

static bool view_read(void *context, uint64_t addr, void *buffer, size_t len_bytes)
{
	const struct tracee *tracee = context;

	return tracee_read_memory(tracee->tid, addr, buffer, len_bytes);
}

/* The thread stands still meanwhile. */
static bool view_describe(void *context, int fd, char *name, size_t name_bytes, bool *is_guess)
{
	const struct tracee *tracee = context;

	(void)is_guess;
	return tracee_describe_fd(tracee->tid, fd, name, name_bytes);
}

static enum syscall_abi abi_of(const struct tracee *tracee)
{
	if (tracee->arch == AUDIT_ARCH_I386)
		return ABI_I386;
	return tracee->number & X32_BIT ? ABI_X32 : ABI_X86_64;
}

static uint32_t number_of(const struct tracee *tracee)
{
	return (uint32_t)tracee->number & ~(abi_of(tracee) == ABI_X32 ? (uint32_t)X32_BIT : 0);
}

static const struct syscall_info *identify(const struct tracee *tracee)
{
	return syscall_find(abi_of(tracee), number_of(tracee));
}

static bool is_elsewhere(const struct io_backend_spec *spec, const struct tracee *tracee,
                         const struct syscall_info *info)
{
	return spec->paths && (!trace_set_has(spec->set, info) ||
	                       !trace_paths_has_call(spec->paths, tracee->tid, info, tracee->args));
}

static struct detail_subject subject_of(const struct tracee *tracee,
                                        const struct counted_thread *thread)
{
	return (struct detail_subject){tracee->tid, thread->info, number_of(tracee), tracee->args};
}

static void begin_line(struct detail_log *log, const struct tracee *tracee,
                       struct counted_thread *thread)
{
	const struct detail_subject subject = subject_of(tracee, thread);

	if (!thread->line)
		thread->line = detail_log_take_line(log);
	detail_log_begin(log, thread->line, &subject);
}

static void end_line(struct detail_log *log, const struct tracee *tracee,
                     const struct counted_thread *thread, const struct io_call *call)
{
	const struct detail_subject subject = subject_of(tracee, thread);

	if (log && thread->line)
		detail_log_end(log, thread->line, &subject, call->result, call->time_ns);
}

/* The thread has ended, perhaps in the midst of a call that counts. */
static void leave_line(const struct io_backend_spec *spec, const struct tracee *tracee,
                       struct counted_thread *thread, bool in_call)
{
	const struct detail_subject subject = subject_of(tracee, thread);

	if (!spec->detail || !thread->line)
		return;
	if (in_call && spec->counts->status == IO_ANY)
		detail_log_give_up(spec->detail, thread->line, &subject);
	detail_log_take_back(spec->detail, thread->line);
	thread->line = NULL;
}

static bool call_begins(void *context, struct tracee *tracee)
{
	const struct counting *counting = context;
	struct counted_thread *thread = thread_of(tracee);

	thread->info = identify(tracee);
	thread->is_elsewhere = is_elsewhere(&counting->spec, tracee, thread->info);
	if (counting->spec.detail && !thread->is_elsewhere &&
	    trace_set_has(counting->spec.set, thread->info))
		begin_line(counting->spec.detail, tracee, thread);
	thread->began_ns = clock_now_ns();
	/* Our own work is not the call's: its wall time starts when it may run. */
	if (counting->callers && !thread->is_elsewhere &&
	    io_scope_may_count(&counting->scope, thread->info, thread->began_ns)) {
		callers_enter(counting->callers, &thread->caller, tracee);
		thread->began_ns = clock_now_ns();
	}
	thread->entered_ns =
	    counting->spec.cpu_time ? tracer_system_ns(counting->tracer) : thread->began_ns;
	return true;
}

static void note_name(const struct counting *counting, const struct tracee *tracee,
                      struct counted_thread *thread)
{
	struct io_counts *counts = counting->spec.counts;
	char comm[sizeof(counts->threads[0].comm)];

	tracee_read_comm(tracee->tid, comm, sizeof(comm));
	io_family_rename(counts, &thread->member, comm);
	callers_rename(counting->callers, &thread->caller, tracee, comm);
}

/* A thread has one tracer: us. */
static void note_refusal(struct io_counts *counts, const struct syscall_facts *facts,
                         int64_t result)
{
	if (facts && facts->effect == EFFECT_PTRACE && result == -EPERM)
		counts->gaps.refused_ptraces++;
}

static void call_ends(void *context, struct tracee *tracee, int64_t result)
{
	const struct counting *counting = context;
	const struct tracer *tracer = counting->tracer;
	struct io_counts *counts = counting->spec.counts;
	struct counted_thread *thread = thread_of(tracee);
	const struct target_view view = {tracee, view_read, view_describe};
	uint64_t left_ns =
	    counting->spec.cpu_time ? tracer_system_ns(tracer) : tracer_stopped_ns(tracer);
	struct finished_call finished = {
	    .info = thread->info,
	    .result = result,
	    .was_kept_off = tracee->was_kept_off,
	    .now_ns = now_of(counting),
	    .pid = tracee->pid,
	    .group = &thread->member.group,
	};
	struct io_call call;

	memcpy(finished.args, tracee->args, sizeof(finished.args));
	io_observe(counting->observer, &view, &finished, &call);
	note_refusal(counts, thread->info->facts, result);
	call.thread = thread->member.thread;
	/* The kernel's estimate of system time can step back a little. */
	call.time_ns = left_ns > thread->entered_ns ? left_ns - thread->entered_ns : 0;
	if (result == 0 && tracee->call == TRACED_PRCTL && tracee->args[0] == PR_SET_NAME)
		note_name(counting, tracee, thread);
	if (!thread->is_elsewhere &&
	    io_scope_count(&counting->scope, counts, &thread->member, &call,
	                   tracee->is_resumed ? 0 : thread->began_ns, tracer_stopped_ns(tracer),
	                   NULL)) {
		callers_add(counting->callers, &thread->caller, &call);
		end_line(counting->spec.detail, tracee, thread, &call);
	}
	callers_note_code(counting->callers, &thread->caller, tracee, thread->info->name);
}

struct descriptor_visit {
	const struct counting *counting;
	const struct tracee *tracee;
	uint32_t group;
};

static void note_fd(void *context, int fd, bool cloexec)
{
	const struct descriptor_visit *visit = context;
	char name[TRACEE_NAME_BYTES];

	if (tracee_describe_fd(visit->tracee->tid, fd, name, sizeof(name)))
		fd_table_open(visit->counting->spec.counts->fds, visit->group, fd, name, cloexec,
		              FD_INHERITED, 0);
}

/* The target begins; what it has open it was given. */
static void begin_target(const struct counting *counting, struct tracee *tracee,
                         const char *command)
{
	struct counted_thread *thread = thread_of(tracee);
	const struct io_identity identity = {tracee->tid, tracee->pid,
	                                     tracer_driver(counting->tracer)};
	struct descriptor_visit visit = {counting, tracee, 0};

	io_family_begin(counting->spec.counts, &thread->member, &identity, command, "");
	visit.group = thread->member.group;
	tracee_each_fd(tracee->pid, note_fd, &visit);
}

static void program_begins(void *context, struct tracee *tracee, const char *command, bool is_first)
{
	const struct counting *counting = context;

	if (is_first)
		begin_target(counting, tracee, command);
	else
		io_family_exec(counting->spec.counts, &thread_of(tracee)->member, tracee->pid,
		               command, now_of(counting));
	callers_begin(counting->callers, &thread_of(tracee)->caller);
	note_name(counting, tracee, thread_of(tracee));
}

static void thread_found(void *context, struct tracee *tracee)
{
	struct counting *counting = context;
	struct io_counts *counts = counting->spec.counts;
	struct counted_thread *thread = thread_of(tracee);
	const struct counted_thread *sibling =
	    tracee->pid == counting->found_pid ? counting->found : NULL;

	io_found_enter(counts, sibling ? &sibling->member : NULL, &thread->member, tracee->tid,
	               tracee->pid);
	if (sibling) {
		callers_join(counting->callers, &thread->caller, &sibling->caller);
	} else {
		callers_begin(counting->callers, &thread->caller);
		counting->found = thread;
	}
	callers_rename(counting->callers, &thread->caller, tracee,
	               counts->threads[thread->member.thread].comm);
	counting->found_pid = tracee->pid;
}

/* Nobody knows for how long it lasted. */
static void call_was_in(void *context, struct tracee *tracee)
{
	const struct counting *counting = context;
	const struct counted_thread *thread = thread_of(tracee);
	const struct io_call call = {.info = identify(tracee)};

	io_scope_count(&counting->scope, counting->spec.counts, &thread->member, &call, 0,
	               tracer_stopped_ns(counting->tracer), NULL);
}

static void child_begins(void *context, const struct tracee *parent_tracee,
                         struct tracee *child_tracee, uint64_t flags)
{
	const struct counting *counting = context;
	const struct counted_thread *parent = parent_tracee->data;
	struct counted_thread *child = thread_of(child_tracee);
	const struct io_identity identity = {child_tracee->tid, child_tracee->pid,
	                                     parent_tracee->pid};

	io_family_fork(counting->spec.counts, &parent->member, &child->member, &identity,
	               flags & CLONE_FILES, now_of(counting));
	callers_fork(counting->callers, &parent->caller, &child->caller, child_tracee, flags);
}

/* Its descriptors are guessed. */
static void orphan_begins(void *context, struct tracee *tracee, pid_t parent_pid)
{
	const struct counting *counting = context;
	const struct io_identity identity = {tracee->tid, tracee->pid, parent_pid};
	struct counted_thread *thread = thread_of(tracee);

	io_found_orphan(counting->spec.counts, &thread->member, &identity);
	callers_begin(counting->callers, &thread->caller);
	callers_rename(counting->callers, &thread->caller, tracee,
	               counting->spec.counts->threads[thread->member.thread].comm);
}

static void process_ends(void *context, struct tracee *tracee, int wait_status)
{
	const struct counting *counting = context;

	io_family_process_ends(counting->spec.counts, &thread_of(tracee)->member, wait_status);
}

/* The call that it was in when we came, if it has neither left it nor begun it again. */
static bool is_in_former_call(const struct tracee *tracee)
{
	return !tracee->in_call &&
	       (tracee->resumed.ip || (tracee->is_newcomer && tracee->is_interrupted));
}

/* What it sleeps in; False: nobody knows. Where the kernel makes it again the number is that of
 * restart_syscall(2). */
static bool find_former_call(struct tracee *tracee)
{
	bool sleeps = tracee_read_call(tracee->tid, &tracee->number, tracee->args);

	if (tracee->resumed.ip)
		tracee->number = tracee->resumed.number;
	else
		tracee->arch = tracee_is_32_bit(tracee->tid) ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
	return sleeps;
}

static void tracing_ends_in(void *context, struct tracee *tracee)
{
	const struct counting *counting = context;
	struct counted_thread *thread = tracee->data;
	struct io_pending_call call = {.now_ns = clock_now_ns(), .args = tracee->args};

	if (!thread || !tracer_has_begun(counting->tracer))
		return;
	if (is_in_former_call(tracee) && find_former_call(tracee)) {
		thread->info = identify(tracee);
		thread->is_elsewhere = is_elsewhere(&counting->spec, tracee, thread->info);
		call.entered_ns = IO_BEFORE_US;
	} else if (tracee->in_call) {
		call.entered_ns = tracee->is_resumed ? IO_BEFORE_US : thread->began_ns;
	} else {
		return;
	}
	call.info = thread->info;
	if (!thread->is_elsewhere)
		io_scope_count_still_in(&counting->scope, counting->spec.counts, &thread->member,
		                        &call);
}

static void thread_ends(void *context, struct tracee *tracee)
{
	const struct counting *counting = context;
	struct counted_thread *thread = thread_of(tracee);
	bool is_unfinished =
	    tracee->in_call && tracer_has_begun(counting->tracer) && !thread->is_elsewhere &&
	    io_scope_count_unfinished(&counting->scope, counting->spec.counts, &thread->member,
	                              thread->info, tracer_stopped_ns(counting->tracer));

	leave_line(&counting->spec, tracee, thread, is_unfinished);
	io_family_thread_ends(counting->spec.counts, &thread->member, now_of(counting));
	callers_end(counting->callers, &thread->caller);
}

const struct trace_client counting_client = {
    .program_begins = program_begins,
    .thread_found = thread_found,
    .child_begins = child_begins,
    .orphan_begins = orphan_begins,
    .call_begins = call_begins,
    .call_was_in = call_was_in,
    .call_ends = call_ends,
    .process_ends = process_ends,
    .thread_ends = thread_ends,
    .tracing_ends_in = tracing_ends_in,
};
