/* Makes us the tracer, of a target that is held before its exec or of processes that run already.
 *
 * Of those all threads are seized before one is interrupted: when one may not be traced, the others
 * have noticed nothing. What a seized thread makes is traced from its beginning on. Once they
 * are interrupted none of them begins a call that is not seen, so that what they have open can be
 * read. A thread that is in a call then makes it again, or comes out of it: see
 * tracer_look_at_newcomer().
 */
#include "core/trace/parts.h"

#include "core/clock.h"
#include "core/proc_file.h"
#include "core/trace/restart.h"
#include "core/trace/restart_names.h"
#include "core/trace/tracee.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

/* 0 where there is no Yama. */
static long yama_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	long scope = 0;

	if (file && fscanf(file, "%ld", &scope) != 1)
		scope = 0;
	if (file)
		fclose(file);
	return scope;
}

/* Why it is not permitted, and what to do about it. `whom`: "the target". */
static int refuse(struct tracer *tracer, pid_t pid, const char *whom)
{
	const char *what = strerror(errno);
	long other = proc_file_status(pid, "TracerPid: %ld"), scope = yama_scope();
	long uid = proc_file_status(pid, "Uid: %ld");
	bool is_launched = tracer->n_pids == 0;
	struct diag *diag = &tracer->diag;

	if (other > 0)
		return diag_fail(diag, EPERM,
		                 "cannot trace %s: %s; process %ld traces it already; %s", whom,
		                 what, other,
		                 is_launched ? "run profile-scenario outside of that tracer"
		                             : "end that tracer first, or use --backend bpf");
	if (!is_launched && geteuid() != 0 && uid >= 0 && (uid_t)uid != geteuid())
		return diag_fail(diag, EPERM,
		                 "cannot trace %s: %s; it is another user's, and the kernel lets "
		                 "only root trace those; use sudo",
		                 whom, what);
	if (scope > 2)
		return diag_fail(diag, EPERM,
		                 "cannot trace %s: %s; kernel.yama.ptrace_scope is %ld, which "
		                 "forbids ptrace to all until the next boot",
		                 whom, what, scope);
	if (scope > 1 || (scope == 1 && !is_launched && geteuid() != 0))
		return diag_fail(diag, EPERM,
		                 "cannot trace %s: %s; run: sysctl "
		                 "kernel.yama.ptrace_scope=%d%s",
		                 whom, what, is_launched, is_launched ? "" : ", or use sudo");
	return diag_fail(diag, EPERM,
	                 "cannot trace %s: %s; ptrace is forbidden here: see sysctl "
	                 "kernel.yama.ptrace_scope, or run the container with "
	                 "--cap-add=SYS_PTRACE",
	                 whom, what);
}

static bool is_refusal(int err)
{
	return err == EPERM || err == EACCES || err == ENOSYS;
}

int tracer_attach(struct tracer *tracer)
{
	long options = tracer_options(tracer, tracer->may_filter);

	if (!ptrace(PTRACE_SEIZE, tracer->target, NULL, (void *)options) &&
	    !ptrace(PTRACE_INTERRUPT, tracer->target, NULL, NULL)) {
		tracer_add(tracer, tracer->target)->has_parent = true;
		return 0;
	}
	if (is_refusal(errno))
		return refuse(tracer, tracer->target, "the target");
	return diag_fail(&tracer->diag, errno, "cannot trace the target: %s", strerror(errno));
}

struct seizing {
	struct tracer *tracer;
	pid_t pid;
	int err;
};

/* One that a seized thread has made in the meantime, or that has ended. */
static bool need_not_be_seized(pid_t tid)
{
	struct tracee_state state;

	return proc_file_status(tid, "TracerPid: %ld") == gettid() ||
	       !tracee_read_state(tid, &state) || state.has_ended;
}

static struct tracee *seize(struct tracer *tracer, pid_t tid, pid_t pid)
{
	long options = tracer_options(tracer, false);
	struct tracee *tracee;

	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)options))
		return NULL;
	tracee = tracer_add(tracer, tid);
	tracee->pid = pid;
	tracee->has_parent = tracee->is_newcomer = true;
	tracer->n_newcomers++;
	return tracee;
}

static bool seize_thread(void *context, pid_t tid)
{
	struct seizing *seizing = context;
	struct tracer *tracer = seizing->tracer;
	char whom[32];
	int err;

	if (seizing->err || tracer_find(tracer, tid))
		return false;
	if (seize(tracer, tid, seizing->pid))
		return true;
	err = errno;
	if (err == ESRCH || need_not_be_seized(tid)) {
		u64map_put(tracer->former, (uint64_t)tid, NULL);
		return false;
	}
	snprintf(whom, sizeof(whom), "process %d", (int)seizing->pid);
	errno = err;
	seizing->err = is_refusal(err) ? refuse(tracer, seizing->pid, whom)
	                               : diag_fail(&tracer->diag, err, "cannot trace %s: %s", whom,
	                                           strerror(err));
	return false;
}

/* What a seized one makes is traced, and not new. */
static int seize_process(struct tracer *tracer, pid_t pid)
{
	struct seizing seizing = {.tracer = tracer, .pid = pid};

	tracer_note_children(tracer, pid);
	tracee_each_thread_until_idle(pid, seize_thread, &seizing);
	return seizing.err;
}

static void interrupt(struct tracee *tracee)
{
	tracee->is_interrupted = !ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
}

struct tracee *tracer_seize(struct tracer *tracer, pid_t tid, pid_t pid)
{
	struct tracee *tracee = seize(tracer, tid, pid);

	if (tracee)
		interrupt(tracee);
	return tracee;
}

static void interrupt_all(const struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;

	while (u64map_next(tracer->tracees, &position, &tid, &value))
		if (value)
			interrupt((struct tracee *)(uintptr_t)value);
}

static void tell(struct tracer *tracer, struct tracee *tracee)
{
	if (tracer->client->thread_found)
		tracer->client->thread_found(tracer->context, tracee);
}

static void tell_process(struct tracer *tracer, pid_t pid)
{
	struct tracee *first = tracer_find(tracer, pid);
	uint64_t tid, value;
	size_t position = 0;

	if (first)
		tell(tracer, first);
	while (u64map_next(tracer->tracees, &position, &tid, &value)) {
		struct tracee *tracee = (struct tracee *)(uintptr_t)value;

		if (tracee && tracee->pid == pid && tracee != first)
			tell(tracer, tracee);
	}
}

/* Whose making ended between its maker's seizing and interruption. */
static void take_late(struct tracer *tracer, pid_t pid)
{
	const struct tracee *parent = tracer_find(tracer, pid);
	uint64_t tid, value;
	size_t position = 0;

	while (!parent && u64map_next(tracer->tracees, &position, &tid, &value)) {
		const struct tracee *tracee = (const struct tracee *)(uintptr_t)value;

		parent = tracee && tracee->pid == pid ? tracee : NULL;
	}
	if (parent)
		tracer_take_late(tracer, parent);
}

int tracer_attach_running(struct tracer *tracer)
{
	int err = 0;

	for (size_t i = 0; i < tracer->n_pids && !err; i++)
		err = seize_process(tracer, tracer->pids[i]);
	if (err)
		return err;
	interrupt_all(tracer);
	tracer->stopped_ns = clock_now_ns();
	for (size_t i = 0; i < tracer->n_pids; i++)
		tell_process(tracer, tracer->pids[i]);
	for (size_t i = 0; i < tracer->n_pids; i++)
		take_late(tracer, tracer->pids[i]);
	tracer->armed = tracer->seized = true;
	sem_post(&tracer->ready);
	return 0;
}

void tracer_forget_newcomer(struct tracer *tracer, struct tracee *tracee)
{
	if (tracee->is_newcomer)
		tracer->n_newcomers--;
	tracee->is_newcomer = false;
}

void tracer_signal_newcomer(struct tracer *tracer, struct tracee *tracee)
{
	tracer_forget_newcomer(tracer, tracee);
	tracer_look_at_late(tracer, tracee, true);
	if (tracee->in_call && tracee->resumed.ip) {
		tracer_interrupt_resumed(tracer, tracee);
		return;
	}
	if (tracee->resumed.ip && tracer->client->call_was_in)
		tracer->client->call_was_in(tracer->context, tracee);
	tracee->resumed.ip = 0;
}

static bool is_made_again(int64_t result)
{
	return restart_name_of((int64_t) - (uint64_t)result) != NULL;
}

/* The result of the call that the thread is in, or has just been in; false: of none. */
static bool look_up_result(struct tracee *tracee, struct user_regs_struct *regs, int64_t *result)
{
	return tracer_look_up_call(tracee, result) &&
	       !ptrace(PTRACE_GETREGS, tracee->tid, NULL, regs) && (int64_t)regs->orig_rax >= 0;
}

void tracer_look_at_newcomer(struct tracer *tracer, struct tracee *tracee, bool restarts)
{
	struct user_regs_struct regs;
	int64_t result;
	bool was_in_call = look_up_result(tracee, &regs, &result);
	bool is_made = was_in_call && tracee_makes_child(tracee) && result == 0;

	tracer_forget_newcomer(tracer, tracee);
	tracer_look_at_late(tracer, tracee, !is_made);
	if (!was_in_call || is_made)
		return;
	if (restarts || is_made_again(result)) {
		tracee->resumed = (struct resumed_call){
		    .ip = regs.rip + (restarts ? SYSCALL_BYTES : 0),
		    .sp = regs.rsp,
		    .number = regs.orig_rax,
		};
		return;
	}
	if (tracee_makes_child(tracee) && result > 0)
		tracer_take_late_result(tracer, tracee, (pid_t)result);
	if (tracer->client->call_was_in)
		tracer->client->call_was_in(tracer->context, tracee);
}

void tracer_meet_newcomer(struct tracer *tracer, struct tracee *tracee)
{
	int64_t result;

	if (!tracee->is_newcomer)
		return;
	tracer_forget_newcomer(tracer, tracee);
	tracee->is_interrupted = false;
	tracer_look_at_late(tracer, tracee, true);
	if (tracer_look_up_call(tracee, &result) && tracer->client->call_was_in)
		tracer->client->call_was_in(tracer->context, tracee);
}

/* One that sleeps uninterruptibly does not come, perhaps for long (vfork(2)); nor does its call end
 * with EINTR. */
bool tracer_awaits_newcomers(const struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;
	struct tracee_state state;

	while (tracer->n_newcomers && u64map_next(tracer->tracees, &position, &tid, &value)) {
		const struct tracee *tracee = (const struct tracee *)(uintptr_t)value;

		if (tracee && tracee->is_newcomer && tracee->is_interrupted &&
		    tracee_read_state(tracee->tid, &state) && !state.has_ended &&
		    !state.is_uninterruptible)
			return true;
	}
	return false;
}
