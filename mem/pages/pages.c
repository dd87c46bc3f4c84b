/* Starts a tracer with a filter for the calls that give and take pages, and ends it. */
#include "mem/pages/pages.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/trace/trace.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
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

struct pages *pages_new(const struct pages_settings *settings)
{
	struct pages *pages = xcalloc(1, sizeof(*pages));
	int err = 0;

	pages->client.settings = *settings;
	/* A filter is no must: without one, every call stops. */
	trace_plan_init(&pages->plan, true);
	if (pages->plan.keeper_fd >= 0)
		err = pages_filter_new(&pages->plan.filter);
	if (err)
		diag_fail(&pages->plan.why_unfiltered, -err, "libseccomp cannot make a filter: %s",
		          strerror(-err));
	return pages;
}

void pages_free(struct pages *pages)
{
	if (!pages)
		return;
	trace_stop(pages->tracer, NULL);
	heap_run_fini(&pages->run);
	trace_plan_fini(&pages->plan);
	free(pages);
}

int pages_in_child(const struct pages *pages)
{
	trace_plan_in_child(&pages->plan);
	return 0;
}

int pages_start(struct pages *pages, const struct repeat *repeat, struct diag *diag)
{
	struct trace_spec spec = {
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

int pages_fd(const struct pages *pages)
{
	return trace_fd(pages->tracer);
}

int pages_step(struct pages *pages, struct diag *diag)
{
	return trace_step(pages->tracer, diag);
}

bool pages_target_ended(struct pages *pages, struct target_end *end)
{
	return trace_target_ended(pages->tracer, end);
}

void pages_stop(struct pages *pages, struct heap_run *run)
{
	struct trace_facts facts;

	trace_stop(pages->tracer, &facts);
	pages->tracer = NULL;
	*run = pages->run;
	run->trace = facts;
	pages->run = (struct heap_run){0};
}
