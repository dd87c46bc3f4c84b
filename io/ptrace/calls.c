/* Counts the system calls of traced threads: each stops its thread at its entry and at its exit. */
#include "io/ptrace/tracer.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/u64map.h"
#include "io/observe.h"
#include "io/ptrace/filter_stop.h"
#include "io/ptrace/tracee.h"
#include "io/trace_set.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

enum { X32_BIT = 0x40000000 };

static bool view_read(void *context, uint64_t addr, void *buffer, size_t len_bytes)
{
	const struct tracee *tracee = context;

	return tracee_read_memory(tracee->tid, addr, buffer, len_bytes);
}

static bool view_describe(void *context, int fd, char *name, size_t name_bytes)
{
	const struct tracee *tracee = context;

	return tracee_describe_fd(tracee->tid, fd, name, name_bytes);
}

static const struct syscall_info *identify(uint32_t arch, uint64_t number)
{
	if (arch == AUDIT_ARCH_I386)
		return syscall_find(ABI_I386, (uint32_t)number);
	if (number & X32_BIT)
		return syscall_find(ABI_X32, (uint32_t)number & ~X32_BIT);
	return syscall_find(ABI_X86_64, (uint32_t)number);
}

static void enter_call(struct tracer *tracer, struct tracee *tracee, uint32_t arch, uint64_t number,
                       const uint64_t args[6])
{
	tracee->in_call = true;
	tracee->made_child = false;
	tracee->info = identify(arch, number);
	for (size_t i = 0; i < ARRAY_SIZE(tracee->args); i++)
		tracee->args[i] = args[i];
	/* Our own work is not the call's: its wall time starts when it may run. */
	tracee->entered_ns =
	    tracer->spec.cpu_time ? tracer_system_ns(&tracer->usage) : clock_now_ns();
}

static bool is_call(const struct tracee *tracee, const char *name)
{
	return !strcmp(tracee->info->name, name);
}

uint64_t tracee_clone_flags(const struct tracee *tracee)
{
	uint64_t flags = 0;

	if (is_call(tracee, "clone"))
		flags = tracee->args[0];
	else if (is_call(tracee, "clone3"))
		tracee_read_memory(tracee->tid, tracee->args[0], &flags, sizeof(flags));
	return flags;
}

bool tracee_makes_child(const struct tracee *tracee)
{
	return is_call(tracee, "clone") || is_call(tracee, "clone3") || is_call(tracee, "fork") ||
	       is_call(tracee, "vfork");
}

/* Not in the target yet: the call is launching's own, and tells whether there is a filter. */
static void note_our_filter(struct tracer *tracer, const struct tracee *tracee, int64_t result)
{
	struct io_counts *counts = tracer->spec.counts;

	if (is_call(tracee, "prctl") && tracee->args[0] == PR_SET_NO_NEW_PRIVS && !result)
		counts->has_no_new_privs = true;
	if (!tracer->may_filter || !is_call(tracee, "seccomp"))
		return;
	tracer->filtered = counts->is_filtered = result == 0;
	counts->why_unfiltered = NULL;
	if (result == -EACCES)
		counts->why_unfiltered = "a filter takes CAP_SYS_ADMIN, or no_new_privs, by which "
		                         "set-user-id programs would gain nothing";
	else if (result)
		counts->why_unfiltered = "the kernel refused the filter";
}

/* The call asks for a filter of the target's own (or, with `strict`, for seccomp's oldest mode). */
static bool asks_for_seccomp(const struct tracee *tracee, bool strict)
{
	if (is_call(tracee, "seccomp"))
		return tracee->args[0] ==
		       (strict ? SECCOMP_SET_MODE_STRICT : SECCOMP_SET_MODE_FILTER);
	return is_call(tracee, "prctl") && tracee->args[0] == PR_SET_SECCOMP &&
	       tracee->args[1] == (strict ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER);
}

/* What the other filter answers is not seen by ours; at every call's entry and exit it is. */
static void note_other_filter(struct tracer *tracer, struct tracee *tracee)
{
	uint64_t tid, value;
	size_t position = 0;

	tracee->every_call = true;
	if (!is_call(tracee, "seccomp") || !(tracee->args[1] & SECCOMP_FILTER_FLAG_TSYNC))
		return;
	while (u64map_next(tracer->tracees, &position, &tid, &value)) {
		struct tracee *other = (struct tracee *)(uintptr_t)value;

		if (other && other->pid == tracee->pid && !other->every_call) {
			other->every_call = true; /* from its next stop on */
			tracer->spec.counts->late_threads++;
		}
	}
}

static void note_seccomp(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	if (result >= 0 && asks_for_seccomp(tracee, false))
		note_other_filter(tracer, tracee);
	else if (result == -EINVAL && asks_for_seccomp(tracee, true))
		tracer->spec.counts->refused_stricts++;
}

/* Things to note of a few calls beside the counting. */
static void note_special(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	if (result > 0 && !tracee->made_child && tracee_makes_child(tracee))
		tracer->spec.counts->untraced_clones++;
	if (tracer->filtered)
		note_seccomp(tracer, tracee, result);
	if (result == 0 && is_call(tracee, "prctl") && tracee->args[0] == PR_SET_NAME)
		tracee_read_comm(tracee->tid, tracer->spec.counts->threads[tracee->thread].comm,
		                 sizeof(tracer->spec.counts->threads[0].comm));
}

static void finish_call(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	const struct target_view view = {tracee, view_read, view_describe};
	uint64_t left_ns =
	    tracer->spec.cpu_time ? tracer_system_ns(&tracer->usage) : tracer->stopped_ns;
	struct finished_call finished = {
	    .info = tracee->info,
	    .result = result,
	    .now_ns = tracer->stopped_ns - tracer->start_ns,
	    .pid = tracee->pid,
	    .group = &tracee->group,
	};
	struct io_call call;

	tracee->in_call = false;
	if (!tracer->armed) {
		note_our_filter(tracer, tracee, result);
		return;
	}
	memcpy(finished.args, tracee->args, sizeof(finished.args));
	io_observe(tracer->observer, &view, &finished, &call);
	call.thread = tracee->thread;
	/* The kernel's estimate of system time can step back a little. */
	call.time_ns = left_ns > tracee->entered_ns ? left_ns - tracee->entered_ns : 0;
	if (trace_set_has(tracer->spec.set, tracee->info))
		io_counts_add(tracer->spec.counts, &call);
	if (!tracee->info->facts || tracee->info->facts->effect == EFFECT_NONE)
		note_special(tracer, tracee, result);
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

	if (!read_stop(tracer, tracee, &stop))
		return;
	if (!filter_stop_refuse_foreign(tracee->tid, &stop)) {
		filter_stop_keep_children(tracee->tid, &stop);
		if (!tracee->in_call)
			enter_call(tracer, tracee, stop.arch, stop.seccomp.nr, stop.seccomp.args);
	}
	tracer_resume(tracer, tracee->tid, 0);
}

void tracer_handle_syscall(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info stop;

	if (!read_stop(tracer, tracee, &stop))
		return;
	/* The kernel says which stop it is: a child made by fork may have an exit without an entry.
	 */
	if (stop.op == PTRACE_SYSCALL_INFO_ENTRY) {
		enter_call(tracer, tracee, stop.arch, stop.entry.nr, stop.entry.args);
		if (!tracer->armed && !tracer->may_filter && is_call(tracee, "seccomp"))
			filter_stop_skip_call(tracee->tid);
	}
	if (stop.op == PTRACE_SYSCALL_INFO_EXIT && tracee->in_call)
		finish_call(tracer, tracee, stop.exit.rval);
	tracer_resume(tracer, tracee->tid, 0);
}
