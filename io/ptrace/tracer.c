/* Follows the system calls of a process tree with ptrace(2), from a thread of its own, or, with a
 * filter, from a process of its own (io/ptrace/apart.h).
 *
 * Without a choice each call stops its thread at entry and exit (PTRACE_SYSCALL). A seccomp filter
 * would not be faster then, since its stop replaces the entry stop, one for one: 10,000 calls of dd
 * 97 ms with PTRACE_SYSCALL, 98 ms with a filter; gcc on one small file 75 and 73 ms, medians of
 * interleaved rounds. And it would be less true: calls that the target's own filter answers with an
 * errno are not seen. (strace, too, drops --seccomp-bpf when it traces all calls.)
 *
 * With a choice (--trace) a filter stops the calls of the set alone, and only their exits are asked
 * for (io/ptrace/filter.h). A thread with a filter of its own goes back to stopping at each call.
 *
 * Should the driver die, the target lives on: the kernel detaches the tree (no PTRACE_O_EXITKILL),
 * as under strace, or the process of its own traces on. Stops that are ours alone never reach the
 * target: PTRACE_O_TRACESYSGOOD makes even a stop that the tracer's death cut short a signal number
 * that does not exist.
 */
#include "io/ptrace/tracer.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/u64map.h"
#include "io/fd_table.h"
#include "io/observe.h"
#include "io/ptrace/apart.h"
#include "io/ptrace/filter.h"
#include "io/ptrace/follow_cpu.h"
#include "io/trace_set.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SYSCALL_STOP = SIGTRAP | 0x80, /* PTRACE_O_TRACESYSGOOD */
	/* A filtered target that we leave without a tracer shall not live on broken. */
	FILTER_OPTIONS = TRACER_OPTIONS | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL,
	KICK_INTERVAL_NS = 5000000,
};

uint64_t tracer_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t tracer_system_ns(const struct rusage *usage)
{
	return (uint64_t)usage->ru_stime.tv_sec * 1000000000u +
	       (uint64_t)usage->ru_stime.tv_usec * 1000u;
}

/* Wakes the driver. */
static void ring(const struct tracer *tracer)
{
	uint64_t one = 1;

	BUG(write(tracer->event_fd, &one, sizeof(one)) != sizeof(one));
}

void tracer_fail(struct tracer *tracer, int err, const char *what, pid_t tid)
{
	int negative =
	    diag_fail(&tracer->diag, err, "%s thread %d: %s", what, (int)tid, strerror(err));

	atomic_store(&tracer->error, negative);
	ring(tracer);
}

struct tracee *tracer_find(const struct tracer *tracer, pid_t tid)
{
	const uint64_t *value = u64map_get(tracer->tracees, (uint64_t)tid);

	return value ? (struct tracee *)(uintptr_t)*value : NULL;
}

struct tracee *tracer_add(struct tracer *tracer, pid_t tid)
{
	struct tracee *tracee = xcalloc(1, sizeof(*tracee));

	tracee->tid = tracee->pid = tid;
	*u64map_put(tracer->tracees, (uint64_t)tid, NULL) = (uintptr_t)tracee;
	tracer->n_tracees++;
	return tracee;
}

void tracer_remove(struct tracer *tracer, struct tracee *tracee)
{
	if (tracee->in_call && tracer->armed && trace_set_has(tracer->spec.set, tracee->info))
		tracer->spec.counts->unfinished++;
	if (tracee->has_stopped && !tracee->has_parent)
		tracer->n_waiting--;
	fd_table_group_drop(tracer->spec.counts->fds, tracee->group,
	                    tracer->stopped_ns - tracer->start_ns);
	*u64map_put(tracer->tracees, (uint64_t)tracee->tid, NULL) = 0;
	tracer->n_tracees--;
	free(tracee);
}

void tracer_rename(struct tracer *tracer, struct tracee *tracee, pid_t tid)
{
	*u64map_put(tracer->tracees, (uint64_t)tracee->tid, NULL) = 0;
	tracee->tid = tid;
	*u64map_put(tracer->tracees, (uint64_t)tid, NULL) = (uintptr_t)tracee;
}

/* It may have been killed meanwhile; wait tells. */
void tracer_resume(struct tracer *tracer, pid_t tid, int signal)
{
	const struct tracee *tracee = tracer->filtered ? tracer_find(tracer, tid) : NULL;
	bool leaves_it_to_the_filter = tracee && !tracee->every_call && !tracee->in_call;

	if (ptrace(leaves_it_to_the_filter ? PTRACE_CONT : PTRACE_SYSCALL, tid, NULL,
	           (void *)(long)signal) &&
	    errno != ESRCH)
		tracer_fail(tracer, errno, "cannot resume", tid);
}

/* PTRACE_EVENT_STOP: a new child's first stop, a stop by job control, or its end. */
static void handle_stop(struct tracer *tracer, struct tracee *tracee, pid_t tid, int signal)
{
	if (!tracee)
		tracee = tracer_add(tracer, tid);
	if (signal != SIGTRAP) {
		/* The thread is stopped for its shell: stay so, and hear of SIGCONT. */
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		return;
	}
	if (!tracee->has_stopped) {
		tracee->has_stopped = true;
		cpu_follower_look(tracer->follower, tid);
		if (!tracee->has_parent) {
			tracer->n_waiting++;
			tracer_adopt_orphans(tracer);
			return;
		}
	}
	tracer_resume(tracer, tid, 0);
	if (tid == tracer->target && !tracer->seized) {
		tracer->seized = true;
		sem_post(&tracer->ready);
	}
}

void tracer_note_end(struct tracer *tracer, int status)
{
	tracer->end = (struct target_end){
	    .wait_status = status,
	    .usage = tracer->usage,
	    .wall_ns = tracer->stopped_ns - tracer->start_ns,
	};
	atomic_store(&tracer->has_ended, true);
	ring(tracer);
}

static void handle_end(struct tracer *tracer, struct tracee *tracee, pid_t tid, int status)
{
	if (tracee) {
		if (tid == tracee->pid && tracer->armed) {
			struct process_row *row = &tracer->spec.counts->processes[tracee->process];

			row->has_exit = true;
			row->wait_status = status;
		}
		tracer_remove(tracer, tracee);
		tracer_adopt_orphans(tracer);
	}
	if (tid == tracer->target)
		tracer_note_end(tracer, status);
}

static void dispatch(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = tracer_find(tracer, tid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (!WIFSTOPPED(status)) {
		handle_end(tracer, tracee, tid, status);
		return;
	}
	cpu_follower_stopped(tracer->follower, tid, tracer->waited_ns);
	if (event == PTRACE_EVENT_STOP)
		handle_stop(tracer, tracee, tid, signal);
	else if (event == PTRACE_EVENT_EXEC)
		tracer_handle_exec(tracer, tracee, tid);
	else if (event == PTRACE_EVENT_SECCOMP && tracee)
		tracer_handle_filtered(tracer, tracee);
	else if (event && tracee)
		tracer_handle_child(tracer, tracee);
	else if (signal == SYSCALL_STOP && tracee)
		tracer_handle_syscall(tracer, tracee);
	else
		tracer_resume(tracer, tid, event || signal == SYSCALL_STOP ? 0 : signal);
}

static pid_t wait_for_stop(struct tracer *tracer, int *status)
{
	uint64_t resumed_ns = tracer_now_ns();
	pid_t tid;

	do
		tid = wait4(-1, status, __WALL | __WNOTHREAD, &tracer->usage);
	while (tid < 0 && errno == EINTR && !atomic_load(&tracer->quits));
	tracer->stopped_ns = tracer_now_ns();
	tracer->waited_ns = tracer->stopped_ns - resumed_ns;
	return tid;
}

static int attach(struct tracer *tracer)
{
	long options = tracer->may_filter ? FILTER_OPTIONS : TRACER_OPTIONS;

	if (!ptrace(PTRACE_SEIZE, tracer->target, NULL, (void *)options) &&
	    !ptrace(PTRACE_INTERRUPT, tracer->target, NULL, NULL))
		return 0;
	if (errno == EPERM || errno == EACCES)
		return diag_fail(
		    &tracer->diag, EPERM,
		    "cannot trace the target: %s; ptrace is forbidden here: see sysctl "
		    "kernel.yama.ptrace_scope, or add the container's capability SYS_PTRACE",
		    strerror(errno));
	return diag_fail(&tracer->diag, errno, "cannot trace the target: %s", strerror(errno));
}

static void on_kick(int signal)
{
	(void)signal;
}

void tracer_hear_kicks(void)
{
	struct sigaction kick = {.sa_handler = on_kick};
	sigset_t only_kick;

	sigaction(TRACER_KICK, &kick, NULL);
	sigemptyset(&only_kick);
	sigaddset(&only_kick, TRACER_KICK);
	pthread_sigmask(SIG_UNBLOCK, &only_kick, NULL);
}

int tracer_follow(struct tracer *tracer)
{
	int status, err = attach(tracer);
	pid_t tid;

	if (err)
		return err;
	tracer_add(tracer, tracer->target)->has_parent = true;
	while (!atomic_load(&tracer->quits) && (tid = wait_for_stop(tracer, &status)) > 0)
		dispatch(tracer, tid, status);
	/* Nobody is left. One may be on the list who died before its parent told of it. */
	if (!atomic_load(&tracer->quits))
		tracer->n_tracees = 0;
	cpu_follower_rest(tracer->follower);
	if (!tracer->seized)
		sem_post(&tracer->ready); /* it died at the gate; launching will say why */
	return 0;
}

/* Apart where there is a filter to stay with. Where Yama lets only those trace who launched, from
 * here, without. */
static int follow(struct tracer *tracer)
{
	int err = -EPERM;

	tracer->may_filter = tracer->plan->filter != NULL;
	if (tracer->may_filter)
		err = tracer_follow_apart(tracer);
	if (err != -EPERM)
		return err;
	if (tracer->may_filter)
		tracer->spec.counts->why_unfiltered =
		    "a filter takes a tracing process of its own, which cannot be had or may not "
		    "trace; see sysctl kernel.yama.ptrace_scope";
	else if (tracer->plan->why_unfiltered.text[0])
		tracer->spec.counts->why_unfiltered = tracer->plan->why_unfiltered.text;
	tracer->may_filter = false;
	tracer->apart_pid = 0;
	tracer_hear_kicks();
	return tracer_follow(tracer);
}

static void *tracer_run(void *context)
{
	struct tracer *tracer = context;
	int err = follow(tracer);

	if (err) {
		atomic_store(&tracer->error, err);
		sem_post(&tracer->ready);
	}
	return NULL;
}

static void tracer_free(struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;

	while (u64map_next(tracer->tracees, &position, &tid, &value))
		free((void *)(uintptr_t)value);
	u64map_free(tracer->tracees);
	io_observer_free(tracer->observer);
	cpu_follower_free(tracer->follower);
	sem_destroy(&tracer->ready);
	if (tracer->event_fd >= 0)
		close(tracer->event_fd);
	free(tracer);
}

/* Kicks the tracer out of wait4(2) until the thread has ended. A kick that comes just before it
 * waits is lost, hence the loop. (pthread_cancel(3) would do without, but its unwinding and
 * AddressSanitizer do not agree.) */
static void end_thread(struct tracer *tracer)
{
	struct timespec deadline;

	atomic_store(&tracer->quits, true);
	do {
		if (tracer->apart_pid)
			kill(tracer->apart_pid, TRACER_KICK);
		else
			pthread_kill(tracer->thread, TRACER_KICK);
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_nsec += KICK_INTERVAL_NS;
		deadline.tv_sec += deadline.tv_nsec / 1000000000;
		deadline.tv_nsec %= 1000000000;
	} while (pthread_timedjoin_np(tracer->thread, NULL, &deadline) == ETIMEDOUT &&
	         !atomic_load(&tracer->stays));
}

/* The thread's end makes the kernel detach all that it still traces; they run on. */
static void tracer_stop(void *state)
{
	struct tracer *tracer = state;

	if (!tracer)
		return;
	end_thread(tracer);
	tracer->spec.counts->let_go = tracer->n_tracees;
	if (!atomic_load(&tracer->stays)) /* else it is in use until we end */
		tracer_free(tracer);
}

static int tracer_start(void **state, const struct io_backend_spec *spec, struct diag *diag)
{
	struct tracer *tracer = xcalloc(1, sizeof(*tracer));
	int err;

	tracer->spec = *spec;
	tracer->plan = spec->plan;
	tracer->driver = getpid();
	tracer->target = spec->repeat->pid;
	tracer->start_ns = spec->repeat->start_ns;
	tracer->tracees = u64map_new();
	tracer->observer = io_observer_new(spec->counts);
	tracer->follower = cpu_follower_new();
	sem_init(&tracer->ready, 0, 0);
	tracer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = tracer->event_fd < 0 ? errno
	                           : pthread_create(&tracer->thread, NULL, tracer_run, tracer);
	if (err) {
		tracer_free(tracer);
		return diag_fail(diag, err, "cannot start the tracing thread: %s", strerror(err));
	}
	while (sem_wait(&tracer->ready))
		;
	err = atomic_load(&tracer->error);
	if (err) {
		*diag = tracer->diag;
		tracer_stop(tracer);
		return err;
	}
	*state = tracer;
	return 0;
}

static int tracer_fd(void *state)
{
	return ((struct tracer *)state)->event_fd;
}

static int tracer_step(void *state, struct diag *diag)
{
	struct tracer *tracer = state;
	int err = atomic_load(&tracer->error);
	uint64_t rings;

	/* Nothing to read only means that nobody rang since. */
	if (read(tracer->event_fd, &rings, sizeof(rings)) < 0 && errno != EAGAIN)
		return diag_fail(diag, errno, "cannot read from the tracing thread: %s",
		                 strerror(errno));
	if (err)
		*diag = tracer->diag;
	return err;
}

static bool tracer_target_ended(void *state, struct target_end *end)
{
	struct tracer *tracer = state;

	if (!atomic_load(&tracer->has_ended))
		return false;
	*end = tracer->end;
	/* Its parent is us, and a tracer in another process only sees it first. */
	if (tracer->apart_pid)
		waitpid(tracer->target, NULL, WNOHANG);
	return true;
}

/* A filter is no must: without one, every call stops and the set is chosen from them. */
static int plan_new(void **result, const struct trace_set *set, struct diag *diag)
{
	struct ptrace_plan *plan = xcalloc(1, sizeof(*plan));
	bool gains_anyway = capability_is_held(CAP_SYS_PTRACE);

	(void)diag;
	*result = plan;
	plan->keeper_fd = -1;
	if (trace_set_is_all(set))
		return 0;
	plan->keeper_fd = keeper_open();
	if (plan->keeper_fd < 0)
		diag_fail(&plan->why_unfiltered, -plan->keeper_fd,
		          "profile-scenario-keeper, which belongs beside profile-scenario: %s",
		          strerror(-plan->keeper_fd));
	else
		call_filter_new(&plan->filter, set, !gains_anyway, &plan->why_unfiltered);
	return 0;
}

static void plan_free(void *context)
{
	struct ptrace_plan *plan = context;

	if (!plan)
		return;
	call_filter_free(plan->filter);
	if (plan->keeper_fd >= 0)
		close(plan->keeper_fd);
	free(plan);
}

/* A filter that is refused is none: the tracer sees how this went. */
static int plan_in_child(const void *context)
{
	const struct ptrace_plan *plan = context;

	if (plan->filter)
		call_filter_install(plan->filter);
	return 0;
}

const struct io_backend io_backend_ptrace = {
    .name = "ptrace",
    .plan = plan_new,
    .plan_free = plan_free,
    .in_child = plan_in_child,
    .start = tracer_start,
    .fd = tracer_fd,
    .step = tracer_step,
    .target_ended = tracer_target_ended,
    .stop = tracer_stop,
};
