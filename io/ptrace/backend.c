/* The ptrace backend as the collector knows it: plans the filter, starts the tracer and ends it. */
#include "io/ptrace/apart.h"
#include "io/ptrace/filter.h"
#include "io/ptrace/follow_cpu.h"
#include "io/ptrace/tracer.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/u64map.h"
#include "io/observe.h"
#include "io/trace_set.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KICK_INTERVAL_NS = 5000000 };

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
