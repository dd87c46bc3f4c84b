/* The ptrace backend: counts what a tracer (core/trace/trace.h) tells of the target's calls. */
#include "io/ptrace/counting.h"
#include "io/ptrace/filter.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/trace/trace.h"
#include "io/detail/log.h"
#include "io/observe.h"
#include "io/ptrace/callers.h"
#include "io/trace_set.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>

/* A filter is no must: without one, every call stops and the set is chosen from them. With stacks
 * there is none, since it takes a tracing process of its own (core/trace/apart.h), whose handles of
 * the program's files would not be ours to name the stacks by. */
static int plan_new(void **result, const struct trace_set *set, bool with_stacks, struct diag *diag)
{
	struct trace_plan *plan = xcalloc(1, sizeof(*plan));
	bool gains_anyway = capability_is_held(CAP_SYS_PTRACE);

	(void)diag;
	*result = plan;
	trace_plan_init(plan, !trace_set_is_all(set) && !with_stacks);
	if (!trace_set_is_all(set) && with_stacks)
		diag_fail(&plan->why_unfiltered, EOPNOTSUPP, "--stacks goes without a filter");
	if (plan->keeper_fd >= 0)
		io_filter_new(&plan->filter, set, !gains_anyway, &plan->why_unfiltered);
	return 0;
}

static void plan_free(void *context)
{
	struct trace_plan *plan = context;

	if (plan)
		trace_plan_fini(plan);
	free(plan);
}

static int plan_in_child(const void *context)
{
	trace_plan_in_child(context);
	return 0;
}

static void backend_free(struct counting *counting)
{
	callers_free(counting->callers);
	io_observer_free(counting->observer);
	free(counting);
}

static int backend_start(void **state, const struct io_backend_spec *spec, struct diag *diag)
{
	struct counting *counting = xcalloc(1, sizeof(*counting));
	struct trace_spec trace = {
	    .repeat = spec->repeat,
	    .plan = spec->plan,
	    .client = &counting_client,
	    .context = counting,
	    .wants_system_time = spec->cpu_time,
	    .client_fd = spec->detail ? detail_log_fd(spec->detail) : -1,
	};
	int err;

	counting->spec = *spec;
	io_scope_init(&counting->scope, spec->set, spec->repeat);
	counting->observer = io_observer_new(spec->counts);
	counting->callers = callers_new(spec->counts->sites);
	err = trace_start(&counting->tracer, &trace, diag);
	if (err)
		backend_free(counting);
	else
		*state = counting;
	return err;
}

static void backend_begin(void *state)
{
	struct counting *counting = state;

	io_scope_begin(&counting->scope);
}

static int backend_fd(void *state)
{
	return trace_fd(((struct counting *)state)->tracer);
}

static int backend_step(void *state, struct diag *diag)
{
	return trace_step(((struct counting *)state)->tracer, diag);
}

static bool backend_target_ended(void *state, struct target_end *end)
{
	return trace_target_ended(((struct counting *)state)->tracer, end);
}

static void backend_cease(void *state)
{
	trace_end(((struct counting *)state)->tracer);
}

static void backend_stop(void *state)
{
	struct counting *counting = state;

	if (!counting)
		return;
	trace_stop(counting->tracer, &counting->spec.counts->trace);
	backend_free(counting);
}

const struct io_backend io_backend_ptrace = {
    .name = "ptrace",
    .time_note = "Times are wall time from start to end of each call and hold one switch to the "
                 "tracer.",
    .plan = plan_new,
    .plan_free = plan_free,
    .in_child = plan_in_child,
    .start = backend_start,
    .begin = backend_begin,
    .fd = backend_fd,
    .step = backend_step,
    .target_ended = backend_target_ended,
    .cease = backend_cease,
    .stop = backend_stop,
};
