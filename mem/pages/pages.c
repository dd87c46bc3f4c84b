/* The part that counts pages: starts a tracer with a filter for the calls that give and take them,
 * and ends it. */
#include "mem/part.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/trace/trace.h"
#include "mem/counts.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
#include "mem/options.h"
#include "mem/pages/calls.h"
#include "mem/pages/client.h"

#include <stdlib.h>
#include <string.h>

struct pages {
	struct trace_plan plan;
	struct pages_client client;
	struct tracer *tracer; /* NULL: none runs */
	struct heap_run run;   /* of the current repeat */
};

static bool is_wanted(const struct memory_options *options)
{
	return options->pages_as_heap;
}

/* A filter is no must: without one, every call stops. */
static int create(void **state, const struct memory_options *options, struct diag *diag)
{
	struct pages *pages = xcalloc(1, sizeof(*pages));
	int err = 0;

	(void)diag;
	pages->client.settings = (struct pages_settings){
	    .time_is_bytes = options->time_unit == WIRE_TIME_BYTES,
	    .max_snapshots = (uint32_t)options->max_snapshots,
	    .detailed_freq = (uint32_t)options->detailed_freq,
	};
	trace_plan_init(&pages->plan, true);
	if (pages->plan.keeper_fd >= 0)
		err = pages_filter_new(&pages->plan.filter);
	if (err)
		diag_fail(&pages->plan.why_unfiltered, -err, "libseccomp cannot make a filter: %s",
		          strerror(-err));
	*state = pages;
	return 0;
}

static void destroy(void *state)
{
	struct pages *pages = state;

	if (!pages)
		return;
	trace_stop(pages->tracer, NULL);
	heap_run_fini(&pages->run);
	trace_plan_fini(&pages->plan);
	free(pages);
}

static int in_child(const void *state)
{
	const struct pages *pages = state;

	trace_plan_in_child(&pages->plan);
	return 0;
}

static int prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct pages *pages = state;
	struct trace_spec spec = {
	    .client_fd = -1,
	    .repeat = repeat,
	    .plan = &pages->plan,
	    .client = &pages_client,
	    .context = &pages->client,
	};
	int err;

	pages->run = (struct heap_run){.target = repeat->pid, .words = &pages_words};
	pages->client.run = &pages->run;
	err = trace_start(&pages->client.tracer, &spec, diag);
	if (!err)
		pages->tracer = pages->client.tracer;
	return err;
}

static int watch(void *state, int epoll, struct diag *diag)
{
	const struct pages *pages = state;

	return memory_part_watch(epoll, trace_fd(pages->tracer), diag);
}

static int step(void *state, struct diag *diag)
{
	const struct pages *pages = state;

	return trace_step(pages->tracer, diag);
}

/* What the loader maps is the first that has come. */
static bool needs_names(const void *state)
{
	(void)state;
	return true;
}

static bool target_ended(void *state, struct target_end *end)
{
	const struct pages *pages = state;

	return trace_target_ended(pages->tracer, end);
}

/* Lets go of what still runs. */
static void ended(void *state, struct heap_run *run)
{
	struct pages *pages = state;
	struct trace_facts facts;

	trace_stop(pages->tracer, &facts);
	pages->tracer = NULL;
	*run = pages->run;
	run->trace = facts;
	pages->run = (struct heap_run){0};
}

static void describe(struct result *result, const struct heap_run *run)
{
	result->backend = xasprintf("ptrace%s", run && run->trace.is_filtered ? "+seccomp" : "");
	if (run && run->trace.why_unfiltered)
		result->fallback = xasprintf("every call stops: %s", run->trace.why_unfiltered);
}

const struct memory_part pages_part = {
    .is_wanted = is_wanted,
    .create = create,
    .prepare = prepare,
    .watch = watch,
    .in_child = in_child,
    .step = step,
    .needs_names = needs_names,
    .target_ended = target_ended,
    .ended = ended,
    .add_metrics = counts_add_metrics,
    .describe = describe,
    .report = counts_report,
    .destroy = destroy,
};
