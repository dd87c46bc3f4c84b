/* Starts a tracer and ends it, as seen from the driver's thread. */
#include "core/trace/trace.h"

#include "core/alloc.h"
#include "core/trace/apart.h"
#include "core/trace/call_filter.h"
#include "core/trace/follow_cpu.h"
#include "core/trace/parts.h"
#include "core/u64map.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KICK_INTERVAL_NS = 5000000 };

void trace_plan_init(struct trace_plan *plan, bool wants_filter)
{
	*plan = (struct trace_plan){.keeper_fd = -1};
	if (!wants_filter)
		return;
	plan->keeper_fd = keeper_open();
	if (plan->keeper_fd < 0)
		diag_fail(&plan->why_unfiltered, -plan->keeper_fd,
		          "profile-scenario-keeper, which belongs beside profile-scenario: %s",
		          strerror(-plan->keeper_fd));
}

void trace_plan_fini(struct trace_plan *plan)
{
	call_filter_free(plan->filter);
	if (plan->keeper_fd >= 0)
		close(plan->keeper_fd);
}

void trace_plan_in_child(const struct trace_plan *plan)
{
	if (plan->filter)
		call_filter_install(plan->filter);
}

/* Apart where there is a filter to stay with. Where Yama lets only those trace who launched, from
 * here, without. */
static int follow(struct tracer *tracer)
{
	int err = -EPERM;

	tracer->may_filter = tracer->plan->filter != NULL && !tracer->n_pids;
	if (tracer->may_filter)
		err = tracer_follow_apart(tracer);
	if (err != -EPERM)
		return err;
	if (tracer->plan->filter && tracer->n_pids)
		tracer->facts.why_unfiltered =
		    "a program takes a filter on at its start, and this one runs already";
	else if (tracer->may_filter)
		tracer->facts.why_unfiltered =
		    "a filter takes a tracing process of its own, which cannot be had or may not "
		    "trace; see sysctl kernel.yama.ptrace_scope";
	else if (tracer->plan->why_unfiltered.text[0])
		tracer->facts.why_unfiltered = tracer->plan->why_unfiltered.text;
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

	while (u64map_next(tracer->tracees, &position, &tid, &value)) {
		struct tracee *tracee = (struct tracee *)(uintptr_t)value;

		if (tracee) {
			free(tracee->data);
			free(tracee->makers_command);
		}
		free(tracee);
	}
	if (tracer->has_poke_timer)
		timer_delete(tracer->poke_timer);
	u64map_free(tracer->tracees);
	u64map_free(tracer->former);
	free(tracer->stops.taken);
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
void trace_stop(struct tracer *tracer, struct trace_facts *facts)
{
	if (!tracer)
		return;
	end_thread(tracer);
	tracer->facts.let_go = tracer->n_pids ? 0 : tracer->n_tracees; /* was never held */
	if (facts)
		*facts = tracer->facts;
	if (!atomic_load(&tracer->stays)) /* else it is in use until we end */
		tracer_free(tracer);
}

int trace_start(struct tracer **result, const struct trace_spec *spec, struct diag *diag)
{
	struct tracer *tracer = xcalloc(1, sizeof(*tracer));
	int err;

	BUG(spec->plan->filter && !(spec->client->call_begins || spec->client->call_ends));
	tracer->client = spec->client;
	tracer->context = spec->context;
	tracer->client_fd = spec->client_fd;
	tracer->plan = spec->plan;
	tracer->driver = getpid();
	tracer->target = spec->repeat->pid;
	tracer->pids = spec->repeat->pids;
	tracer->n_pids = spec->repeat->pid ? 0 : spec->repeat->n_pids;
	tracer->start_ns = spec->repeat->start_ns;
	tracer->wants_usage = spec->wants_system_time || !tracer->n_pids;
	tracer->tracees = u64map_new();
	tracer->former = u64map_new();
	tracer->follower = cpu_follower_new();
	sem_init(&tracer->ready, 0, 0);
	*result = tracer; /* the client's functions already run when this one returns */
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
		trace_stop(tracer, NULL);
		return err;
	}
	return 0;
}

int trace_fd(const struct tracer *tracer)
{
	return tracer->event_fd;
}

int trace_step(struct tracer *tracer, struct diag *diag)
{
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

/* A single kick may come just before the tracer waits, and be lost. */
void trace_poke(struct tracer *tracer)
{
	struct sigevent kick = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TRACER_KICK};
	struct itimerspec times = {.it_interval = {.tv_nsec = KICK_INTERVAL_NS},
	                           .it_value = {.tv_nsec = 1}};

	BUG(tracer->apart_pid);
	atomic_store(&tracer->is_poked, true);
	kick._sigev_un._tid = tracer->tid;
	if (!tracer->has_poke_timer)
		tracer->has_poke_timer = !timer_create(CLOCK_MONOTONIC, &kick, &tracer->poke_timer);
	if (tracer->has_poke_timer)
		timer_settime(tracer->poke_timer, 0, &times, NULL);
}

void trace_end(struct tracer *tracer)
{
	BUG(!tracer->n_pids);
	atomic_store(&tracer->quits, true);
}

bool trace_has_target(const struct tracer *tracer)
{
	return !atomic_load(&tracer->has_left_target);
}

bool trace_target_ended(struct tracer *tracer, struct target_end *end)
{
	if (!atomic_load(&tracer->has_ended))
		return false;
	*end = tracer->end;
	/* Its parent is us, and a tracer in another process only sees it first. */
	if (tracer->apart_pid)
		waitpid(tracer->target, NULL, WNOHANG);
	return true;
}
