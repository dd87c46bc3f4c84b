/* Goes from metrics back to the events that give them. */
#include "cpu/stat/limits.h"

#include "cpu/stat/events.h"
#include "cpu/stat/runs.h"
#include "cpu/stat/summary.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/gates.h"
#include "core/metrics.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "stat."
#define CLOCK_SUFFIX "_ns"

static const struct event_ratio *find_ratio(const char *metric)
{
	for (const struct event_ratio *ratio = event_ratios; ratio->metric; ratio++)
		if (!strcmp(ratio->metric, metric))
			return ratio;
	return NULL;
}

/* What the event called `name` gives must be this metric. */
static int check_event(const char *metric, const char *name, struct diag *diag)
{
	struct event_list list = {0};
	int err = event_list_parse(&list, name, false, diag);

	if (!err && (list.n_events != 1 || strcmp(list.events[0].metric, metric) != 0))
		err = diag_fail(diag, EINVAL, "there is no metric '%s'; did you mean '%s'?", metric,
		                list.n_events ? list.events[0].metric : "stat.instructions");
	event_list_fini(&list);
	return err;
}

int stat_metric_check(const char *metric, struct diag *diag)
{
	const struct metric_row *row = metric_find(stat_metrics, metric);
	const char *name = metric + strlen(PREFIX);
	size_t len = strlen(name), suffix = strlen(CLOCK_SUFFIX);
	bool is_clock = len > suffix && !strcmp(name + len - suffix, CLOCK_SUFFIX);
	char *event;
	int err;

	if (!strchr(row->name, '*') || find_ratio(metric))
		return 0;
	event = xstrndup(name, is_clock ? len - suffix : len);
	err = check_event(metric, event, diag);
	free(event);
	return err;
}

/* Why an event was not counted; NULL: it was. */
static const char *why_not(const struct stat_facts *facts, const char *name)
{
	const struct counted_event *event = event_list_find(facts->events, name);
	size_t index;

	if (!event)
		return "-e leaves out the event that it is made of";
	if (stat_find(facts, name, &index))
		return NULL;
	return event->why ? event->why : "its event was not counted";
}

static const struct counted_event *find_event(const struct event_list *events, const char *metric)
{
	for (size_t i = 0; i < events->n_events; i++)
		if (!strcmp(events->events[i].metric, metric))
			return &events->events[i];
	return NULL;
}

static const char *why_no_metric(const struct stat_facts *facts, const char *metric)
{
	const struct event_ratio *ratio = find_ratio(metric);
	const struct counted_event *event = find_event(facts->events, metric);
	const char *why = NULL;

	if (ratio)
		why = why_not(facts, ratio->part);
	if (ratio && !why)
		why = why_not(facts, ratio->whole);
	if (event)
		why = event->why;
	else if (!ratio)
		why = "-e does not name its event";
	return why ? why : "its event was not counted";
}

void stat_explain_lacks(const struct stat_facts *facts, const struct metrics *metrics,
                        struct gates *gates)
{
	const char *metric;

	for (size_t i = 0; (metric = gates_metric(gates, i)); i++)
		if (!strncmp(metric, PREFIX, strlen(PREFIX)) && !metrics_n_samples(metrics, metric))
			gates_explain(gates, metric, why_no_metric(facts, metric));
}
