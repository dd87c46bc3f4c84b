/* Counts the system calls of traced threads: each stops its thread at its entry and at its exit. */
#include "io/ptrace/tracer.h"

#include "core/alloc.h"
#include "io/observe.h"
#include "io/ptrace/tracee.h"
#include "io/trace_set.h"

#include <errno.h>
#include <linux/audit.h>
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

static void enter_call(struct tracer *tracer, struct tracee *tracee,
                       const struct __ptrace_syscall_info *stop)
{
	tracee->in_call = true;
	tracee->made_child = false;
	tracee->info = identify(stop->arch, stop->entry.nr);
	for (size_t i = 0; i < ARRAY_SIZE(tracee->args); i++)
		tracee->args[i] = stop->entry.args[i];
	/* Our own work is not the call's: its wall time starts when it may run. */
	tracee->entered_ns =
	    tracer->spec.cpu_time ? tracer_system_ns(&tracer->usage) : tracer_now_ns();
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

/* Things to note of a few calls beside the counting. */
static void note_special(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	if (result > 0 && !tracee->made_child && tracee_makes_child(tracee))
		tracer->spec.counts->untraced_clones++;
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
	if (!tracer->armed)
		return;
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

void tracer_handle_syscall(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info stop;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, (void *)sizeof(stop), &stop) < 0) {
		if (errno != ESRCH)
			tracer_fail(tracer, errno, "cannot read the system call of", tracee->tid);
		return;
	}
	/* The kernel says which stop it is: a child made by fork may have an exit without an entry.
	 */
	if (stop.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(tracer, tracee, &stop);
	else if (stop.op == PTRACE_SYSCALL_INFO_EXIT && tracee->in_call)
		finish_call(tracer, tracee, stop.exit.rval);
	tracer_resume(tracer, tracee->tid, 0);
}
