/* Figures over the runs of a stat measurement. */
#include "cpu/stat/runs.h"

#include "cpu/stat/events.h"

#include "core/alloc.h"
#include "core/stats/describe.h"

#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>

int stat_run_code(const struct stat_run *run)
{
	int status = run->wait_status;

	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

double stat_wall_s(const struct stat_facts *facts, const struct stat_run *run, size_t event)
{
	(void)facts;
	(void)event;
	return (double)(run->is_child ? run->wall_ns : run->counted_ns) / 1e9;
}

double stat_user_s(const struct stat_facts *facts, const struct stat_run *run, size_t event)
{
	(void)facts;
	(void)event;
	return run->is_child ? (double)run->user_ns / 1e9 : NAN;
}

double stat_system_s(const struct stat_facts *facts, const struct stat_run *run, size_t event)
{
	(void)facts;
	(void)event;
	return run->is_child ? (double)run->system_ns / 1e9 : NAN;
}

double stat_rss_bytes(const struct stat_facts *facts, const struct stat_run *run, size_t event)
{
	(void)facts;
	(void)event;
	return run->max_rss_bytes ? (double)run->max_rss_bytes : NAN;
}

double stat_count(const struct stat_facts *facts, const struct stat_run *run, size_t event)
{
	(void)facts;
	return run->counts[event].is_known ? run->counts[event].value : NAN;
}

double *stat_samples(const struct stat_facts *facts, stat_figure *figure, size_t event, size_t *n)
{
	double *samples = xcalloc(facts->n_runs + 1, sizeof(*samples));

	*n = 0;
	for (size_t i = 0; i < facts->n_runs; i++) {
		double value = figure(facts, &facts->runs[i], event);

		if (isfinite(value))
			samples[(*n)++] = value;
	}
	return samples;
}

double stat_centre(const struct stat_facts *facts, enum stat_average average, stat_figure *figure,
                   size_t event)
{
	size_t n;
	double *samples = stat_samples(facts, figure, event, &n);
	double centre =
	    average == STAT_MEAN ? describe_mean(samples, n) : describe_median(samples, n);

	free(samples);
	return centre;
}

bool stat_find(const struct stat_facts *facts, const char *name, size_t *event)
{
	const struct counted_event *found = event_list_find(facts->events, name);

	if (!found)
		return false;
	*event = (size_t)(found - facts->events->events);
	for (size_t i = 0; i < facts->n_runs; i++)
		if (facts->runs[i].counts[*event].is_known)
			return true;
	return false;
}

bool stat_find_clock(const struct stat_facts *facts, size_t *event)
{
	return stat_find(facts, "task-clock", event) || stat_find(facts, "cpu-clock", event);
}
