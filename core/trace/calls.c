/* Sees the system calls of traced threads: each stops its thread at its entry and at its exit. */
#include "core/trace/parts.h"

#include "core/alloc.h"
#include "core/trace/filter_stop.h"
#include "core/trace/kernel_numbers.h"
#include "core/trace/restart.h"
#include "core/trace/tracee.h"
#include "core/u64map.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

/* x32 has x86-64's numbers; i386's are those of its asm/unistd_32.h. */
static const struct {
	enum traced_call call;
	uint32_t x86_64;
	uint32_t i386;
} known_calls[] = {
    {TRACED_FORK, SYS_fork, 2},
    {TRACED_VFORK, SYS_vfork, 190},
    {TRACED_CLONE, SYS_clone, I386_CLONE},
    {TRACED_CLONE3, SYS_clone3, SYS_clone3},
    {TRACED_PRCTL, SYS_prctl, 172},
    {TRACED_SECCOMP, SYS_seccomp, 354},
    {TRACED_EXIT, SYS_exit, 1},
    {TRACED_EXIT_GROUP, SYS_exit_group, 252},
};

static enum traced_call identify(uint32_t arch, uint64_t number)
{
	bool is_i386 = arch == AUDIT_ARCH_I386;
	uint32_t plain = (uint32_t)number & ~(uint32_t)(is_i386 ? 0 : X32_BIT);

	for (size_t i = 0; i < ARRAY_SIZE(known_calls); i++)
		if (plain == (is_i386 ? known_calls[i].i386 : known_calls[i].x86_64))
			return known_calls[i].call;
	return TRACED_OTHER;
}

/* False: the thread shall stand still for now. */
static bool enter_call(struct tracer *tracer, struct tracee *tracee, uint32_t arch, uint64_t number,
                       const uint64_t args[6], bool is_resumed)
{
	tracee->in_call = true;
	tracee->made_child = false;
	tracee->is_resumed = is_resumed;
	tracee->arch = arch;
	tracee->number = number;
	tracee->call = identify(arch, number);
	for (size_t i = 0; i < ARRAY_SIZE(tracee->args); i++)
		tracee->args[i] = args[i];
	return !tracer->client->call_begins || tracer->client->call_begins(tracer->context, tracee);
}

/* ptrace(2) gives the registers of a 64-bit program, of whatever kind the thread's is. */
bool tracer_look_up_call(struct tracee *tracee, int64_t *result)
{
	struct __ptrace_syscall_info stop;
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, (void *)sizeof(stop), &stop) < 0 ||
	    ptrace(PTRACE_GETREGS, tracee->tid, NULL, &regs))
		return false;
	tracee->arch = stop.arch;
	tracee->number = regs.orig_rax;
	tracee->call = identify(stop.arch, regs.orig_rax);
	tracee->args[0] = stop.arch == AUDIT_ARCH_I386 ? (uint32_t)regs.rbx : regs.rdi;
	*result = (int64_t)regs.rax;
	return true;
}

uint64_t tracee_clone_flags(const struct tracee *tracee)
{
	uint64_t flags = 0;

	if (tracee->call == TRACED_CLONE)
		flags = tracee->args[0];
	else if (tracee->call == TRACED_CLONE3)
		tracee_read_memory(tracee->tid, tracee->args[0], &flags, sizeof(flags));
	else if (tracee->call == TRACED_VFORK)
		flags = CLONE_VM | CLONE_VFORK;
	return flags;
}

bool tracee_makes_child(const struct tracee *tracee)
{
	return tracee->call >= TRACED_FORK && tracee->call <= TRACED_CLONE3;
}

/* Not in the target yet: the call is launching's own, and tells whether there is a filter. */
static void note_our_filter(struct tracer *tracer, const struct tracee *tracee, int64_t result)
{
	struct trace_facts *facts = &tracer->facts;

	if (tracee->call == TRACED_PRCTL && tracee->args[0] == PR_SET_NO_NEW_PRIVS && !result)
		facts->has_no_new_privs = true;
	if (!tracer->may_filter || tracee->call != TRACED_SECCOMP)
		return;
	tracer->filtered = facts->is_filtered = result == 0;
	facts->why_unfiltered = NULL;
	if (result == -EACCES)
		facts->why_unfiltered = "a filter takes CAP_SYS_ADMIN, or no_new_privs, by which "
		                        "set-user-id programs would gain nothing";
	else if (result)
		facts->why_unfiltered = "the kernel refused the filter";
}

/* The call asks for a filter of the target's own (or, with `strict`, for seccomp's oldest mode). */
static bool asks_for_seccomp(const struct tracee *tracee, bool strict)
{
	if (tracee->call == TRACED_SECCOMP)
		return tracee->args[0] ==
		       (strict ? SECCOMP_SET_MODE_STRICT : SECCOMP_SET_MODE_FILTER);
	return tracee->call == TRACED_PRCTL && tracee->args[0] == PR_SET_SECCOMP &&
	       tracee->args[1] == (strict ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER);
}

/* What the other filter answers is not seen by ours; at every call's entry and exit it is. */
static void note_other_filter(struct tracer *tracer, struct tracee *tracee)
{
	uint64_t tid, value;
	size_t position = 0;

	tracee->every_call = true;
	if (tracee->call != TRACED_SECCOMP || !(tracee->args[1] & SECCOMP_FILTER_FLAG_TSYNC))
		return;
	while (u64map_next(tracer->tracees, &position, &tid, &value)) {
		struct tracee *other = (struct tracee *)(uintptr_t)value;

		if (other && other->pid == tracee->pid && !other->every_call) {
			other->every_call = true; /* from its next stop on */
			tracer->facts.late_threads++;
		}
	}
}

static void note_seccomp(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	if (result >= 0 && asks_for_seccomp(tracee, false))
		note_other_filter(tracer, tracee);
	else if (result == -EINVAL && asks_for_seccomp(tracee, true))
		tracer->facts.refused_stricts++;
}

/* The kernel puts the registers back to what they were (syscall_rollback()), so the number is in
 * the result's place, and the signal waits for the thread. */
static bool was_kept_off(const struct tracee *tracee, int64_t result)
{
	enum { MAX_PENDING = 64, FROM_FILTER = 1 /* SYS_SECCOMP of asm-generic/siginfo.h */ };
	struct __ptrace_peeksiginfo_args next = {.nr = 1};
	siginfo_t signal;

	for (; (uint64_t)result == tracee->number && next.off < MAX_PENDING; next.off++) {
		if (ptrace(PTRACE_PEEKSIGINFO, tracee->tid, &next, &signal) != 1)
			return false;
		if (signal.si_signo == SIGSYS && signal.si_code == FROM_FILTER)
			return true;
	}
	return false;
}

static void finish_call(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	tracee->in_call = false;
	tracee->was_kept_off = was_kept_off(tracee, result);
	if (!tracer->armed) {
		note_our_filter(tracer, tracee, result);
		return;
	}
	if (tracer->client->call_ends)
		tracer->client->call_ends(tracer->context, tracee, result);
	if (result > 0 && !tracee->was_kept_off && !tracee->made_child &&
	    tracee_makes_child(tracee))
		tracer->facts.untraced_clones++;
	if (tracer->filtered && !tracee->was_kept_off)
		note_seccomp(tracer, tracee, result);
}

static bool read_stop(struct tracer *tracer, const struct tracee *tracee,
                      struct __ptrace_syscall_info *stop)
{
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, (void *)sizeof(*stop), stop) >= 0)
		return true;
	if (errno != ESRCH)
		tracer_fail(tracer, errno, "cannot read the system call of", tracee->tid);
	return false;
}

void tracer_handle_filtered(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info stop;
	bool goes_on = true;

	if (!read_stop(tracer, tracee, &stop))
		return;
	if (!filter_stop_refuse_foreign(tracee->tid, &stop)) {
		filter_stop_keep_children(tracee->tid, &stop);
		if (!tracee->in_call)
			goes_on = enter_call(tracer, tracee, stop.arch, stop.seccomp.nr,
			                     stop.seccomp.args, false);
	}
	if (goes_on)
		tracer_resume(tracer, tracee->tid, 0);
}

/* The call is the one that the thread was in when we came (restart_syscall(2) in its place). */
static bool resumes(const struct tracee *tracee, const struct __ptrace_syscall_info *stop)
{
	return tracee->resumed.ip && tracee->resumed.ip == stop->instruction_pointer &&
	       tracee->resumed.sp == stop->stack_pointer;
}

/* In a program that ran before us no call ends with EINTR only since it is traced: it is made
 * again, and stays the same call. */
static bool goes_on_anyway(const struct tracer *tracer, struct tracee *tracee,
                           struct __ptrace_syscall_info *stop)
{
	if (!tracer->n_pids || stop->exit.rval != -EINTR)
		return false;
	if (!restart_interrupted_call(tracee, 0)) {
		tracer_look_up_call(tracee, (int64_t *)&stop->exit.rval); /* may be its timeout */
		return false;
	}
	tracee->resumed = (struct resumed_call){
	    .ip = stop->instruction_pointer, .sp = stop->stack_pointer, .number = tracee->number};
	return true;
}

void tracer_interrupt_resumed(struct tracer *tracer, struct tracee *tracee)
{
	int64_t result;

	if (!tracee->in_call || !tracer_look_up_call(tracee, &result) || result != -EINTR)
		return;
	tracee->resumed.ip = 0;
	finish_call(tracer, tracee, result);
}

/* Of a call that was begun again, which nobody wants but us. Any stop takes the place of the one
 * that PTRACE_INTERRUPT asked for. */
static void pass_call(struct tracer *tracer, struct tracee *tracee,
                      const struct __ptrace_syscall_info *stop)
{
	if (stop->op == PTRACE_SYSCALL_INFO_EXIT && stop->exit.rval == -EINTR)
		restart_interrupted_call(tracee, 0);
	tracee->is_interrupted = false;
	tracer_resume(tracer, tracee->tid, 0);
}

void tracer_handle_syscall(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info stop;
	bool goes_on = true;

	if (!read_stop(tracer, tracee, &stop))
		return;
	if (stop.op == PTRACE_SYSCALL_INFO_EXIT)
		restart_note_end(tracee, stop.exit.rval);
	if (!tracer_sees_calls(tracer)) {
		pass_call(tracer, tracee, &stop);
		return;
	}
	/* The kernel says which stop it is: a child made by fork may have an exit without an entry.
	 */
	if (stop.op == PTRACE_SYSCALL_INFO_ENTRY && tracee->in_call && resumes(tracee, &stop)) {
		tracee->resumed.ip = 0;
	} else if (stop.op == PTRACE_SYSCALL_INFO_ENTRY) {
		bool is_resumed = resumes(tracee, &stop);

		goes_on = enter_call(tracer, tracee, stop.arch,
		                     is_resumed ? tracee->resumed.number : stop.entry.nr,
		                     stop.entry.args, is_resumed);
		tracee->resumed.ip = 0;
		if (!tracer->armed && !tracer->may_filter && tracee->call == TRACED_SECCOMP)
			filter_stop_skip_call(tracee->tid);
	}
	if (stop.op == PTRACE_SYSCALL_INFO_EXIT && tracee->in_call &&
	    !goes_on_anyway(tracer, tracee, &stop))
		finish_call(tracer, tracee, stop.exit.rval);
	if (goes_on)
		tracer_resume(tracer, tracee->tid, 0);
}
