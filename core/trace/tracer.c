/* Waits for the stops of a process tree, from a thread of its own, or, with a filter, from a
 * process of its own (core/trace/apart.h).
 *
 * Without a choice each call stops its thread at entry and exit (PTRACE_SYSCALL). A seccomp filter
 * would not be faster then, since its stop replaces the entry stop, one for one: 10,000 calls of dd
 * 97 ms with PTRACE_SYSCALL, 98 ms with a filter; gcc on one small file 75 and 73 ms, medians of
 * interleaved rounds. And it would be less true: calls that the target's own filter answers with an
 * errno are not seen. (strace, too, drops --seccomp-bpf when it traces all calls.)
 *
 * A client that wants no calls gets none: then nothing but the events of ptrace(2) stops a thread,
 * and the end of a call that was begun again (core/trace/restart.h).
 *
 * With a choice a filter stops those calls alone, and only their exits are asked for
 * (core/trace/call_filter.h). A thread with a filter of its own goes back to stopping at each call.
 *
 * Should the driver die, the target lives on: the kernel detaches the tree (no PTRACE_O_EXITKILL),
 * as under strace, or the process of its own traces on. Stops that are ours alone never reach the
 * target: PTRACE_O_TRACESYSGOOD makes even a stop that the tracer's death cut short a signal number
 * that does not exist.
 */
#include "core/trace/parts.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/trace/filter_stop.h"
#include "core/trace/follow_cpu.h"
#include "core/trace/restart.h"
#include "core/u64map.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAITING_TICK_NS = 100 * 1000000 }; /* while children wait for their parents' word */

long tracer_options(const struct tracer *tracer, bool filtered)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	               PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;

	if (tracer->client->thread_exits)
		options |= PTRACE_O_TRACEEXIT;
	/* A filtered target that we leave without a tracer shall not live on broken. */
	if (filtered)
		options |= PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
	return options;
}

uint64_t tracer_stopped_ns(const struct tracer *tracer)
{
	return tracer->stopped_ns;
}

uint64_t tracer_elapsed_ns(const struct tracer *tracer)
{
	return tracer->stopped_ns - tracer->start_ns;
}

uint64_t tracer_system_ns(const struct tracer *tracer)
{
	return (uint64_t)tracer->usage.ru_stime.tv_sec * 1000000000u +
	       (uint64_t)tracer->usage.ru_stime.tv_usec * 1000u;
}

bool tracer_sees_calls(const struct tracer *tracer)
{
	return tracer->client->call_begins || tracer->client->call_ends;
}

bool tracer_has_begun(const struct tracer *tracer)
{
	return tracer->armed;
}

pid_t tracer_driver(const struct tracer *tracer)
{
	return tracer->driver;
}

void tracer_ring(const struct tracer *tracer)
{
	uint64_t one = 1;

	BUG(write(tracer->event_fd, &one, sizeof(one)) != sizeof(one));
}

void tracer_fail(struct tracer *tracer, int err, const char *what, pid_t tid)
{
	int negative =
	    diag_fail(&tracer->diag, err, "%s thread %d: %s", what, (int)tid, strerror(err));

	atomic_store(&tracer->error, negative);
	tracer_ring(tracer);
}

/* A tick that comes just before wait4(2) is lost; the next one is not. */
static void set_timer(struct tracer *tracer)
{
	struct sigevent tick = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TRACER_KICK};
	bool some_wait = tracer->n_waiting && !tracer_sees_calls(tracer);
	uint64_t interval_ns = tracer->wake_ns ? tracer->wake_ns : some_wait ? WAITING_TICK_NS : 0;
	struct itimerspec times = {.it_interval = {.tv_sec = (time_t)(interval_ns / 1000000000),
	                                           .tv_nsec = (long)(interval_ns % 1000000000)}};

	tick._sigev_un._tid = gettid();
	if (!tracer->has_timer && interval_ns)
		tracer->has_timer = !timer_create(CLOCK_MONOTONIC, &tick, &tracer->timer);
	times.it_value = times.it_interval;
	if (tracer->has_timer)
		timer_settime(tracer->timer, 0, &times, NULL);
}

void tracer_wake_every(struct tracer *tracer, uint64_t interval_ns)
{
	tracer->wake_ns = interval_ns;
	set_timer(tracer);
}

void tracer_count_waiting(struct tracer *tracer, bool more)
{
	if (more)
		tracer->n_waiting++;
	else
		tracer->n_waiting--;
	if (!tracer->wake_ns && !tracer_sees_calls(tracer))
		set_timer(tracer);
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
	if (tracer->client->thread_ends)
		tracer->client->thread_ends(tracer->context, tracee);
	if (tracee->has_stopped && !tracee->has_parent)
		tracer_count_waiting(tracer, false);
	tracer_forget_newcomer(tracer, tracee);
	*u64map_put(tracer->tracees, (uint64_t)tracee->tid, NULL) = 0;
	tracer->n_tracees--;
	free(tracee->data);
	free(tracee->makers_command);
	free(tracee);
}

void tracer_rename(struct tracer *tracer, struct tracee *tracee, pid_t tid)
{
	*u64map_put(tracer->tracees, (uint64_t)tracee->tid, NULL) = 0;
	tracee->tid = tid;
	*u64map_put(tracer->tracees, (uint64_t)tid, NULL) = (uintptr_t)tracee;
}

bool tracer_has_moved_on(pid_t tid)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) && info.si_signo == SIGTRAP &&
	       info.si_code == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
}

/* It goes on when the client lets it. */
static void halt(struct tracer *tracer, struct tracee *tracee, int signal, bool listens)
{
	tracee->is_halted = true;
	tracee->halt_signal = signal;
	tracee->halt_listens = listens;
	tracer->client->thread_halts(tracer->context, tracee);
}

/* Of a target that ran before us, and runs on: none of its stops is left when it is told. */
static bool is_to_leave(const struct tracer *tracer)
{
	return tracer->n_pids && atomic_load(&tracer->quits);
}

/* Tracing ends for a thread that stands still. */
static void leave(struct tracer *tracer, pid_t tid, int signal)
{
	struct tracee *tracee = tracer_find(tracer, tid);

	if (tracee && tracer->client->tracing_ends_in) {
		tracer->client->tracing_ends_in(tracer->context, tracee);
		tracee->in_call = false; /* is told */
		tracee->has_left = true;
	}
	ptrace(PTRACE_DETACH, tid, NULL, (void *)(long)signal);
}

/* It may have been killed meanwhile; wait tells. (What remains is the time from here to ptrace(2).)
 */
void tracer_resume(struct tracer *tracer, pid_t tid, int signal)
{
	bool sees_calls = tracer_sees_calls(tracer);
	struct tracee *tracee = tracer->filtered || !sees_calls ? tracer_find(tracer, tid) : NULL;
	bool leaves_it_to_the_filter =
	    tracer->filtered && tracee && !tracee->every_call && !tracee->in_call;
	bool awaits_end = tracee && tracee->restarted.ip;
	bool skips_calls = leaves_it_to_the_filter || (!sees_calls && !awaits_end);

	/* The target may queue to itself a SIGTRAP that looks like it. */
	if (!sees_calls && !(tracee && tracee->at_exit) && signal != SIGTRAP &&
	    tracer_has_moved_on(tid))
		return;
	if (is_to_leave(tracer)) {
		leave(tracer, tid, signal);
		return;
	}
	if (tracee && tracee->wants_halt && !tracee->at_exit) {
		halt(tracer, tracee, signal, false);
		return;
	}
	if (ptrace(skips_calls ? PTRACE_CONT : PTRACE_SYSCALL, tid, NULL, (void *)(long)signal) &&
	    errno != ESRCH)
		tracer_fail(tracer, errno, "cannot resume", tid);
}

void tracer_let_go(struct tracee *tracee)
{
	tracee->leaves = true;
}

bool tracer_detach(struct tracer *tracer, struct tracee *tracee)
{
	bool is_target = tracee->tid == tracer->target;

	if (tracer_has_moved_on(tracee->tid) || ptrace(PTRACE_DETACH, tracee->tid, NULL, NULL))
		return false;
	tracer_remove(tracer, tracee);
	if (is_target) {
		atomic_store(&tracer->has_left_target, true);
		tracer_ring(tracer);
	}
	return true;
}

void tracer_halt(struct tracee *tracee)
{
	tracee->wants_halt = true;
	tracee->is_interrupted = !ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
}

void tracer_go_on(struct tracer *tracer, struct tracee *tracee)
{
	bool is_halted = tracee->is_halted;

	tracee->wants_halt = tracee->is_halted = false;
	if (is_halted && tracee->halt_listens)
		ptrace(PTRACE_LISTEN, tracee->tid, NULL, NULL);
	else if (is_halted)
		tracer_resume(tracer, tracee->tid, tracee->halt_signal);
}

/* The thread is stopped for its shell: it stays so, and we hear of SIGCONT. */
static void stay_stopped(struct tracer *tracer, struct tracee *tracee)
{
	tracee->is_interrupted = false;
	if (tracee->wants_halt)
		halt(tracer, tracee, 0, true);
	else
		ptrace(PTRACE_LISTEN, tracee->tid, NULL, NULL);
}

/* PTRACE_EVENT_STOP: a new child's first stop, a stop by job control, or its end. */
static void handle_stop(struct tracer *tracer, struct tracee *tracee, pid_t tid, int signal)
{
	bool restarts;

	if (!tracee)
		tracee = tracer_add(tracer, tid);
	if (signal != SIGTRAP) {
		stay_stopped(tracer, tracee);
		return;
	}
	restarts = tracee->is_interrupted && restart_interrupted_call(tracee, 0);
	tracee->is_interrupted = false;
	if (tracee->is_newcomer)
		tracer_look_at_newcomer(tracer, tracee, restarts);
	if (!tracee->has_stopped) {
		tracee->has_stopped = true;
		cpu_follower_look(tracer->follower, tid);
		if (!tracee->has_parent) {
			tracee->waits_since_ns = tracer->stopped_ns;
			tracer_count_waiting(tracer, true);
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
	tracer_ring(tracer);
}

static void handle_end(struct tracer *tracer, struct tracee *tracee, pid_t tid, int status)
{
	if (tracee) {
		/* Killed while it waited for its parent's word it has not begun. */
		if (tid == tracee->pid && tracee->has_parent && tracer->armed &&
		    tracer->client->process_ends)
			tracer->client->process_ends(tracer->context, tracee, status);
		tracer_remove(tracer, tracee);
		tracer_adopt_orphans(tracer);
	}
	if (tid == tracer->target)
		tracer_note_end(tracer, status);
}

static void handle_exit(struct tracer *tracer, struct tracee *tracee)
{
	if (!tracer_sees_calls(tracer)) {
		tracer_handle_early_end(tracer, tracee);
		tracer_handle_last_child(tracer, tracee);
	}
	tracee->at_exit = true;
	tracee->wants_halt = tracee->is_halted = false;
	if (tracer->client->thread_exits(tracer->context, tracee))
		tracer_resume(tracer, tracee->tid, 0);
}

static void handle_signal(struct tracer *tracer, struct tracee *tracee, pid_t tid, int signal)
{
	/* A program that we have launched sees them as under strace, one that ran before us does
	 * not. */
	if (signal && tracee && (!tracer_sees_calls(tracer) || tracer->n_pids))
		restart_interrupted_call(tracee, signal);
	if (signal && tracee)
		tracer_signal_newcomer(tracer, tracee);
	tracer_resume(tracer, tid, signal);
}

static void dispatch(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = tracer_find(tracer, tid);
	int signal = WSTOPSIG(status), event = status >> 16;
	bool may_have_told = tracee && tracer_may_tell(tracee);

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
	else if (event == PTRACE_EVENT_EXIT && (tracee || !tracer_sees_calls(tracer)))
		handle_exit(tracer, tracee ? tracee : tracer_add(tracer, tid));
	else if (event && tracee)
		tracer_handle_child(tracer, tracee);
	else if (signal == SYSCALL_STOP && tracee)
		tracer_handle_syscall(tracer, tracee);
	else
		handle_signal(tracer, tracee, tid, event || signal == SYSCALL_STOP ? 0 : signal);
	/* Others that wait may have waited for its word alone. */
	if (may_have_told)
		tracer_adopt_orphans(tracer);
}

/* Measuring is over: the client is told of ends, and of what a thread was in when we came, but of
 * no calls any more. No call ends with EINTR only since we were there. */
static void leave_at(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = tracer_find(tracer, tid);
	int signal = WSTOPSIG(status), event = status >> 16;
	bool is_of_call = signal == SYSCALL_STOP;

	if (!WIFSTOPPED(status) || (tracee && tracee->is_newcomer)) {
		dispatch(tracer, tid, status);
		return;
	}
	if (tracee && !event)
		restart_interrupted_call(tracee, is_of_call ? 0 : signal);
	leave(tracer, tid, event || is_of_call ? 0 : signal);
}

/* The timer has ticked. */
static void wake(struct tracer *tracer)
{
	tracer->woken_ns = clock_now_ns();
	if (tracer->wake_ns)
		tracer->client->woken(tracer->context);
	if (!tracer_sees_calls(tracer))
		tracer_adopt_orphans(tracer);
}

static void stop_timer(struct tracer *tracer)
{
	if (tracer->has_timer)
		timer_delete(tracer->timer);
	tracer->has_timer = false;
}

/* The driver wants no more, and the client nothing more either; and nobody's call ends with an
 * EINTR that we would have hidden. */
static bool is_over(const struct tracer *tracer)
{
	const struct trace_client *client = tracer->client;

	return atomic_load(&tracer->quits) &&
	       !(client->is_busy && client->is_busy(tracer->context)) &&
	       !tracer_awaits_newcomers(tracer);
}

static bool take_poke(struct tracer *tracer)
{
	if (!atomic_exchange(&tracer->is_poked, false))
		return false;
	tracer->may_be_kicked = tracer->has_poke_timer;
	tracer->client->poked(tracer->context);
	return true;
}

/* Something interrupted the wait. The timer is stopped by a kick that nobody asks for any more; a
 * poke that comes meanwhile is seen after that, or starts it again. */
static void take_kick(struct tracer *tracer)
{
	const struct itimerspec never = {.it_value = {.tv_nsec = 0}};

	if (take_poke(tracer) || !tracer->may_be_kicked)
		return;
	tracer->may_be_kicked = false;
	timer_settime(tracer->poke_timer, 0, &never, NULL);
	take_poke(tracer);
}

/* What a thread has used is added up over all threads of its process (getrusage(2)), so that the
 * ends of n threads cost n * n. So it is asked for where it is wanted: by who sees calls, and at
 * the target's end, for which one has to know who stopped before the stop is taken. At any stop of
 * the target's first thread, since it may be killed before its stop is taken. 0: nothing has
 * stopped any more; it was killed meanwhile. Where waitid(2) cannot be had all are asked for. */
static pid_t take_stop(struct tracer *tracer, int *status)
{
	enum { WHOM = __WALL | __WNOTHREAD };
	siginfo_t stop = {0};

	if (!tracer->asks_who_stopped)
		return wait4(-1, status, WHOM, tracer->wants_usage ? &tracer->usage : NULL);
	if (waitid(P_ALL, 0, &stop, WEXITED | WSTOPPED | WNOWAIT | WHOM))
		return -1;
	return wait4(stop.si_pid, status, WNOHANG | WHOM,
	             stop.si_pid == tracer->target ? &tracer->usage : NULL);
}

/* -errno: there are none any more, the driver is done with us, or waiting is refused. */
static pid_t wait_for_stop(struct tracer *tracer, int *status)
{
	uint64_t resumed_ns = clock_now_ns();
	pid_t tid;

	for (;;) {
		tid = take_stop(tracer, status);
		if (!tid)
			continue;
		tid = tid < 0 ? -errno : tid;
		if (tid != -EINTR || is_over(tracer))
			break;
		take_kick(tracer);
		if (tracer->has_timer)
			wake(tracer);
	}
	tracer->stopped_ns = clock_now_ns();
	tracer->waited_ns = tracer->stopped_ns - resumed_ns;
	if (tid > 0 && tracer->n_tracees > 1 && tracer_sees_calls(tracer))
		stops_take_due(&tracer->stops, tracer->wants_usage);
	/* If not, all that was taken has come before the end. */
	tracer->is_leaving = is_to_leave(tracer);
	return tid;
}

/* As wait_for_stop(), but those that have been taken come first. */
static pid_t next_stop(struct tracer *tracer, int *status)
{
	const struct stop *taken = stops_next(&tracer->stops);
	pid_t tid;

	if (!taken) {
		tid = is_over(tracer) ? -EINTR : wait_for_stop(tracer, status);
	} else {
		tid = taken->tid;
		*status = taken->status;
		tracer->usage = taken->usage;
		tracer->stopped_ns = taken->taken_ns;
		tracer->waited_ns = 0;
	}
	if (tid > 0)
		take_poke(tracer);
	/* Where stop follows stop no wait is there for a tick to interrupt. */
	if (tid > 0 && tracer->wake_ns &&
	    tracer->stopped_ns > tracer->woken_ns + 2 * tracer->wake_ns)
		wake(tracer);
	return tid;
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

/* What waits for us now: processes that have ended, as their pidfds tell the driver, who now wants
 * no more: nothing of their ends shall be left to chance. And stops, of each thread one, since it
 * is not resumed for another. */
static void take_rest(struct tracer *tracer)
{
	int status;
	pid_t tid;

	while ((tid = wait4(-1, &status, WNOHANG | __WALL | __WNOTHREAD, &tracer->usage)) > 0) {
		tracer->stopped_ns = clock_now_ns();
		leave_at(tracer, tid, status);
	}
}

/* We are no child of ours: where the call is not refused it says so. */
static bool has_waitid(void)
{
	siginfo_t ignored;

	return waitid(P_PID, (id_t)getpid(), &ignored, WEXITED | WNOHANG) < 0 && errno == ECHILD;
}

static void tell_ending(const struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;

	while (tracer->client->tracing_ends_in && tracer->n_tracees &&
	       u64map_next(tracer->tracees, &position, &tid, &value))
		if (value && !((struct tracee *)(uintptr_t)value)->has_left)
			tracer->client->tracing_ends_in(tracer->context,
			                                (struct tracee *)(uintptr_t)value);
	if (tracer->client->tracing_ends)
		tracer->client->tracing_ends(tracer->context);
}

int tracer_follow(struct tracer *tracer)
{
	pid_t tid;
	int status, err;

	tracer->tid = gettid(); /* before we are ready, and may be poked */
	err = tracer->n_pids ? tracer_attach_running(tracer) : tracer_attach(tracer);
	if (err)
		return err;
	tracer->asks_who_stopped = !tracer_sees_calls(tracer) && has_waitid();
	while ((tid = next_stop(tracer, &status)) > 0)
		(tracer->is_leaving ? leave_at : dispatch)(tracer, tid, status);
	if (tracer->n_pids)
		take_rest(tracer);
	/* Nobody is left. One may be on the list who died before its parent told of it. */
	if (tid == -ECHILD)
		tracer->n_tracees = 0;
	cpu_follower_rest(tracer->follower);
	stop_timer(tracer);
	if (tid < 0 && tid != -ECHILD && tid != -EINTR) {
		BUG(tracer->seized);
		return diag_fail(&tracer->diag, EPERM,
		                 "cannot trace the target: wait4(2): %s; run profile-scenario "
		                 "outside of the seccomp filter that refuses it",
		                 strerror(-tid));
	}
	tell_ending(tracer);
	if (!tracer->seized)
		sem_post(&tracer->ready); /* it died at the gate; launching will say why */
	return 0;
}
