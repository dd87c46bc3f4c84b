/* Writes stat.txt. The columns are those that perf stat 6.1 prints. */
#include "cpu/stat/text.h"

#include "cpu/stat/events.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/stats/describe.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct time_text time_text_of(double seconds)
{
	struct time_text text;

	if (seconds < 0.001)
		snprintf(text.text, sizeof(text.text), "%.0f us", seconds * 1e6);
	else if (seconds < 0.1)
		snprintf(text.text, sizeof(text.text), "%.2f ms", seconds * 1e3);
	else if (seconds < 1)
		snprintf(text.text, sizeof(text.text), "%.1f ms", seconds * 1e3);
	else
		snprintf(text.text, sizeof(text.text), "%.3f s", seconds);
	return text;
}

/* "1,234,567.89" */
static char *grouped_text(double value, int decimals)
{
	double whole = floor(value);
	char *fraction = xasprintf("%.*f", decimals, value - whole);
	char *text;

	if (*fraction == '1') { /* rounded up to a whole */
		whole++;
		*fraction = '0';
	}
	text = xasprintf("%s%s", count_text_of((uint64_t)whole).text, fraction + 1);
	free(fraction);
	return text;
}

char *stat_value_text(const struct stat_facts *facts, enum stat_average average, size_t event)
{
	double value = stat_centre(facts, average, stat_count, event);

	if (!isfinite(value))
		return NULL;
	return facts->events->events[event].is_time ? grouped_text(value / 1e6, 2)
	                                            : grouped_text(round(value), 0);
}

/* "2.66 K/sec" */
static char *rate_text(double per_second)
{
	if (per_second >= 1e9)
		return xasprintf("%8.3f G/sec", per_second / 1e9);
	if (per_second >= 1e6)
		return xasprintf("%8.3f M/sec", per_second / 1e6);
	if (per_second >= 1e3)
		return xasprintf("%8.3f K/sec", per_second / 1e3);
	return xasprintf("%8.3f /sec", per_second);
}

/* What the event is divided by, and by how much; NULL: it is the part of no ratio. */
static char *ratio_text(const struct stat_facts *facts, enum stat_average average, size_t event)
{
	const char *name = facts->events->events[event].name;

	for (const struct event_ratio *ratio = event_ratios; ratio->metric; ratio++) {
		size_t whole;
		double value;

		if (strcmp(ratio->part, name) != 0 || !stat_find(facts, ratio->whole, &whole))
			continue;
		value = ratio->factor * stat_centre(facts, average, stat_count, event) /
		        stat_centre(facts, average, stat_count, whole);
		if (isfinite(value))
			return xasprintf(ratio->factor == 1 ? "%8.2f  %s" : "%8.2f%% %s", value,
			                 ratio->words);
	}
	return NULL;
}

static double counted_s(const struct stat_facts *facts, const struct stat_run *run, size_t event)
{
	(void)facts;
	(void)event;
	return (double)run->counted_ns / 1e9;
}

char *stat_comment_text(const struct stat_facts *facts, enum stat_average average, size_t event)
{
	const struct counted_event *counted = &facts->events->events[event];
	double value = stat_centre(facts, average, stat_count, event);
	char *ratio = ratio_text(facts, average, event);
	double clock_ns;
	size_t clock;

	if (ratio || !isfinite(value))
		return ratio;
	if (counted->is_time) {
		double utilized =
		    value / 1e9 / stat_centre(facts, average, counted_s, 0);

		return isfinite(utilized) ? xasprintf("%8.3f CPUs utilized", utilized) : NULL;
	}
	if (!stat_find_clock(facts, &clock))
		return NULL;
	clock_ns = stat_centre(facts, average, stat_count, clock);
	if (!(clock_ns > 0))
		return NULL;
	if (!strcmp(counted->wish.row.name, "cycles"))
		return xasprintf("%8.3f GHz", value / clock_ns);
	return rate_text(value / clock_ns * 1e9);
}

/* "( +-  1.20% )": the standard error of the mean, as perf stat -r has it. */
static char *error_text(const struct stat_facts *facts, stat_figure *figure, size_t event)
{
	size_t n;
	double *samples = stat_samples(facts, figure, event, &n);
	double mean = describe_mean(samples, n);
	double error = describe_deviation(samples, n) / sqrt((double)n);

	free(samples);
	if (n < 2 || !(mean > 0))
		return xstrdup("");
	return xasprintf("  ( +- %5.2f%% )", 100 * error / mean);
}

/* "  (49.98%)" where the PMU had no counter for it all the time. */
static char *scaling_text(const struct stat_facts *facts, size_t event)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < facts->n_runs; i++) {
		if (!facts->runs[i].counts[event].is_known)
			continue;
		sum += facts->runs[i].counts[event].counted_percent;
		n++;
	}
	if (!n || sum / (double)n > 99.995)
		return xstrdup("");
	return xasprintf("  (%.2f%%)", sum / (double)n);
}

static void write_event(const struct stat_facts *facts, size_t event, FILE *out)
{
	const struct counted_event *counted = &facts->events->events[event];
	char *value = stat_value_text(facts, STAT_MEAN, event);
	char *comment = stat_comment_text(facts, STAT_MEAN, event);
	char *error = error_text(facts, stat_count, event);
	char *scaling = scaling_text(facts, event);
	bool is_absent = counted->source == SOURCE_NONE &&
	                 !(counted->error == -EACCES || counted->error == -EPERM);
	const char *mark = counted->lacks_kernel ? ":u" : "";

	if (value)
		fprintf(out, "%18s %-4s %s%-*s", value, counted->is_time ? "msec" : "",
		        counted->name, comment ? 32 - (int)strlen(counted->name) : 0, mark);
	else
		fprintf(out, "%18s      %s", is_absent ? "<not supported>" : "<not counted>",
		        counted->name);
	if (comment)
		fprintf(out, " # %-*s", *error || *scaling ? 29 : 0, comment);
	fprintf(out, "%s%s\n", error, scaling);
	free(value);
	free(comment);
	free(error);
	free(scaling);
}

static void write_seconds(const struct stat_facts *facts, stat_figure *figure, const char *words,
                          FILE *out)
{
	double mean = stat_centre(facts, STAT_MEAN, figure, 0);
	char *error = error_text(facts, figure, 0);

	if (isfinite(mean))
		fprintf(out, "%18.9f seconds %s%s\n", mean, words, error);
	free(error);
}

static void write_memory(const struct stat_facts *facts, FILE *out)
{
	size_t n;
	double *samples = stat_samples(facts, stat_rss_bytes, 0, &n);
	double most = describe_quantile(samples, n, 1);

	free(samples);
	if (n)
		fprintf(out, "%18s bytes largest resident set of one process\n",
		        count_text_of((uint64_t)most).text);
}

/* What hyperfine prints of several runs. */
static void write_spread(const struct stat_facts *facts, FILE *out)
{
	size_t n;
	double *times = stat_samples(facts, stat_wall_s, 0, &n);

	if (n > 1)
		fprintf(out,
		        "\n       Time of %zu runs: mean %s, standard deviation %s\n"
		        "       median %s, range %s to %s\n",
		        n, time_text_of(describe_mean(times, n)).text,
		        time_text_of(describe_deviation(times, n)).text,
		        time_text_of(describe_median(times, n)).text,
		        time_text_of(describe_quantile(times, n, 0)).text,
		        time_text_of(describe_quantile(times, n, 1)).text);
	free(times);
}

static void write_title(const struct stat_facts *facts, FILE *out)
{
	char *command = line_text(facts->command);

	if (facts->all_cpus)
		fputs("\n Performance counter stats for 'system wide'", out);
	else if (facts->pids)
		fprintf(out, "\n Performance counter stats for process id '%s'", facts->pids);
	else
		fprintf(out, "\n Performance counter stats for '%s'", command ? command : "");
	if (facts->n_runs > 1)
		fprintf(out, " (%zu runs)", facts->n_runs);
	fputs(":\n\n", out);
	free(command);
}

void stat_text_write(const struct stat_facts *facts, const char *notes, FILE *out)
{
	write_title(facts, out);
	for (size_t i = 0; i < facts->events->n_events; i++)
		write_event(facts, i, out);
	fputc('\n', out);
	write_seconds(facts, stat_wall_s, "time elapsed", out);
	fputc('\n', out);
	write_seconds(facts, stat_user_s, "user", out);
	write_seconds(facts, stat_system_s, "sys", out);
	write_memory(facts, out);
	write_spread(facts, out);
	if (facts->has_intervals)
		fputs("\n The counters over time are in interval.csv.\n", out);
	if (notes && *notes)
		fprintf(out, "\n%s", notes);
	fputc('\n', out);
}
