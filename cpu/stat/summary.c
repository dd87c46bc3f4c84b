/* Derives metrics, headline, table and findings from the runs' counts. */
#include "cpu/stat/summary.h"

#include "cpu/stat/events.h"
#include "cpu/stat/limits.h"
#include "cpu/stat/notes.h"
#include "cpu/stat/text.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/host/host_findings.h"
#include "core/number_text.h"
#include "core/stats/describe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct metric_row stat_metrics[] = {
    {"stat.ipc", "instructions/cycle", METRIC_HIGHER, "instructions by cycle"},
    {"stat.cpus_utilized", "CPUs", METRIC_NEUTRAL, "processor time by the time of counting"},
    {"stat.*_percent", "percent", METRIC_LOWER, "misses in percent of all"},
    {"stat.*_ns", "ns", METRIC_LOWER, "a clock of perf stat"},
    {"stat.*", "count", METRIC_LOWER, "an event by its name in perf list"},
    {0},
};

const struct finding_row stat_findings[] = {
    {"ipc", FINDING_BELOW, 0.4, "warning", "instructions a cycle; under half of it they are poor"},
    {"cache-miss-percent", FINDING_ABOVE, 5, "warning", "cache misses in percent of references"},
    {"branch-miss-percent", FINDING_ABOVE, 5, "warning",
     "mispredicted branches in percent of all"},
    HOST_FINDING_ROWS,
    {"layout-percent", FINDING_ABOVE, 5, "info",
     "the relative standard deviation of the run times under ASLR"},
    {0},
};

static bool ratio_of(const struct stat_facts *facts, const struct stat_run *run,
                     const struct event_ratio *ratio, double *value)
{
	size_t part, whole;

	if (!stat_find(facts, ratio->part, &part) || !stat_find(facts, ratio->whole, &whole) ||
	    !run->counts[part].is_known || !run->counts[whole].is_known)
		return false;
	*value = ratio->factor * run->counts[part].value / run->counts[whole].value;
	return isfinite(*value);
}

/* Of a repeat; what is not known of it is absent. */
static void add_run(const struct stat_facts *facts, const struct stat_run *run,
                    struct metrics *metrics)
{
	const struct event_list *events = facts->events;
	double value;
	size_t clock;

	for (size_t i = 0; i < events->n_events; i++)
		if (run->counts[i].is_known)
			metrics_add(metrics, stat_metrics, events->events[i].metric,
			            round(run->counts[i].value));
	for (const struct event_ratio *ratio = event_ratios; ratio->metric; ratio++)
		if (ratio_of(facts, run, ratio, &value))
			metrics_add(metrics, stat_metrics, ratio->metric, value);
	if (stat_find_clock(facts, &clock) && run->counts[clock].is_known && run->counted_ns)
		metrics_add(metrics, stat_metrics, "stat.cpus_utilized",
		            run->counts[clock].value / (double)run->counted_ns);
}

/* "12.3 ms (± 0.4 ms, 11.9 ms to 13.2 ms)" */
static char *wall_text(const struct stat_facts *facts)
{
	size_t n;
	double *times = stat_samples(facts, stat_wall_s, 0, &n);
	char *text;

	if (n < 2)
		text = xasprintf("%s", time_text_of(describe_median(times, n)).text);
	else
		text = xasprintf("%s (± %s, %s to %s)", time_text_of(describe_median(times, n)).text,
		                 time_text_of(describe_deviation(times, n)).text,
		                 time_text_of(describe_quantile(times, n, 0)).text,
		                 time_text_of(describe_quantile(times, n, 1)).text);
	free(times);
	return text;
}

static char *headline(const struct stat_facts *facts)
{
	double user_s = stat_centre(facts, STAT_MEDIAN, stat_user_s, 0);
	double system_s = stat_centre(facts, STAT_MEDIAN, stat_system_s, 0);
	double bytes = stat_centre(facts, STAT_MEDIAN, stat_rss_bytes, 0);
	char *wall = wall_text(facts);
	char *used = isfinite(user_s)
	                 ? xasprintf(", user %s, system %s", time_text_of(user_s).text,
	                             time_text_of(system_s).text)
	                 : xstrdup("");
	char *memory = isfinite(bytes)
	                   ? xasprintf(", %s resident", size_text_of((uint64_t)bytes).text)
	                   : xstrdup("");
	const struct counted_event *cycles = event_list_find(facts->events, "cycles");
	bool lacks_pmu = cycles && cycles->source == SOURCE_NONE;
	char *text = xasprintf("%s%s%s%s", wall, used, memory,
	                       lacks_pmu ? "; no PMU here" : "");

	free(wall);
	free(used);
	free(memory);
	return text;
}

static void add_table(const struct stat_facts *facts, struct text_list *table)
{
	for (size_t i = 0; i < facts->events->n_events; i++) {
		const struct counted_event *event = &facts->events->events[i];
		char *value = stat_value_text(facts, STAT_MEDIAN, i);
		char *comment = stat_comment_text(facts, STAT_MEDIAN, i);
		char *line;

		if (value) {
			line = xasprintf("%14s %-4s  %s%-*s  %s", value,
			                 event->is_time ? "msec" : "", event->name,
			                 24 - (int)strlen(event->name),
			                 event->lacks_kernel ? ":u" : "", comment ? comment : "");
			text_list_add(table, line);
			free(line);
		}
		free(value);
		free(comment);
	}
}

static void judge_misses(struct result *result, const char *metric, const char *key,
                         const char *what)
{
	double value;

	if (metrics_value(result->metrics, metric, &value))
		findings_judge(result->findings, stat_findings, key, value, metric,
		               "%.1f %% of the %s", value, what);
}

static void judge_ipc(struct result *result)
{
	double threshold = findings_threshold(result->findings, &stat_findings[0]);
	double value;

	if (metrics_value(result->metrics, "stat.ipc", &value))
		findings_judge(result->findings, stat_findings, "ipc", value, "stat.ipc",
		               "%.2f instructions a cycle are %s: the processor waits, mostly for "
		               "memory; --type cpu shows where",
		               value, value < threshold / 2 ? "poor" : "few");
}

/* Where the run times scatter, the address space may be a reason: its random layout changes what
 * shares a line of the cache, or a slot of the branch predictor. */
static void judge_layout(const struct stat_facts *facts, struct result *result)
{
	enum { ENOUGH_RUNS = 5 };
	size_t n;
	double *times = stat_samples(facts, stat_wall_s, 0, &n);
	double percent = 100 * describe_deviation(times, n) / describe_mean(times, n);

	free(times);
	if (n < ENOUGH_RUNS || !isfinite(percent) ||
	    json_integer_value(json_object_get(result->host, "aslr")) <= 0)
		return;
	findings_judge(result->findings, stat_findings, "layout-percent", percent, "run.wall_ns",
	               "times vary by %.1f %%, and each run has another layout of addresses: setarch "
	               "-R before this command line gives all the same, and shows what of it is that",
	               percent);
}

void stat_summarize(const struct stat_facts *facts, struct result *result)
{
	for (size_t i = 0; i < facts->n_runs; i++)
		add_run(facts, &facts->runs[i], result->metrics);
	stat_explain_lacks(facts, result->metrics, result->gates);
	stat_notes_add(facts, result->quality);
	judge_ipc(result);
	judge_misses(result, "stat.cache_miss_percent", "cache-miss-percent",
	             "cache references missed: data lies far apart, or is more than the cache holds");
	judge_misses(result, "stat.branch_miss_percent", "branch-miss-percent",
	             "branches were predicted wrongly: their order has no pattern");
	host_findings_judge(result->findings, stat_findings, result->host);
	judge_layout(facts, result);
	result->headline = headline(facts);
	add_table(facts, &result->table);
}
