/* Writes a trend for people. */
#include "core/trend/trend_write.h"

#include "core/alloc.h"
#include "core/compare/comparison_cells.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/stats/describe.h"
#include "core/trend/sparkline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPARKLINE_WIDTH = 40,
	MIN_NAME = 16,
	MAX_NAME = 40,
	CHANGES_SHOWN = 3,
	COMMITS_SHOWN = 12,
	COLUMNS_SHOWN = 4, /* of metrics in the table of commits */
	COMMIT_DIGITS = 10,
	WHOLE_GROUPS = 12, /* where there are more, as of a scan, single runs are a line each */
};

struct moment_text moment_text_of(const struct trend_run *run)
{
	struct moment_text moment;
	char *clean = line_text(run->started);

	snprintf(moment.text, sizeof(moment.text), "%.10s %.5s", clean,
	         strlen(clean) > 11 ? clean + 11 : "");
	free(clean);
	return moment;
}

struct commit_text commit_text_of(const struct trend_run *run)
{
	struct commit_text commit;
	char *clean = line_text(run->commit);

	snprintf(commit.text, sizeof(commit.text), "%.*s%s", COMMIT_DIGITS, *clean ? clean : "-",
	         *clean && run->is_dirty ? "+" : "");
	free(clean);
	return commit;
}

static void write_clean(const char *before, const char *text, const char *after, FILE *out)
{
	char *clean = line_text(text);

	fprintf(out, "%s%s%s", before, clean, after);
	free(clean);
}

/* "syn-1k/stat on HOST (n=1000)" */
static void write_place(const struct trend_group *group, FILE *out)
{
	fprintf(out, "%s/%s", group->scenario, group->type);
	if (*group->host)
		write_clean(" on ", group->host, "", out);
	if (*group->parameters)
		write_clean(" (", group->parameters, ")", out);
}

/* A level may change for that alone. */
static void write_mixed(size_t n_changes, const char *what, FILE *out)
{
	if (n_changes)
		fprintf(out, "  the %s changed %s on the way; show --json RUN has them\n", what,
		        n_changes == 1 ? "once" : counted_text_of(n_changes, "time").text);
}

static void write_heading(const struct trend *trend, const struct trend_group *group, FILE *out)
{
	size_t n_left_out = group->n_runs - group->n_good;

	write_place(group, out);
	fprintf(out, ": %s", counted_text_of(group->n_good, "run").text);
	if (group->n_good)
		fprintf(out, ", %s .. %s UTC", moment_text_of(&trend->runs[group->first]).text,
		        moment_text_of(&trend->runs[group->last]).text);
	if (n_left_out)
		fprintf(out, "; %s unusable or with a failed target left out",
		        count_text_of(n_left_out).text);
	fputc('\n', out);
	write_mixed(group->n_new_commands, "command", out);
	write_mixed(group->n_new_options, "options of the type", out);
}

/* The views of one group are neighbours. */
struct part {
	const struct series_view *views;
	size_t n_views;
	int name_width;
};

static struct part next_part(const struct trend *trend, const struct series_view *views,
                             size_t group, size_t *at)
{
	struct part part = {views + *at, 0, MIN_NAME};

	for (; *at < trend->n_series && trend->series[*at].group == group; ++*at) {
		int len = (int)strlen(trend->series[*at].metric);

		part.n_views++;
		if (len > part.name_width)
			part.name_width = len < MAX_NAME ? len : MAX_NAME;
	}
	return part;
}

static void write_name(const struct part *part, const struct series_view *view, FILE *out)
{
	char *clean = line_text(view->series->metric);

	fprintf(out, "  %-*s", part->name_width, clean);
	free(clean);
}

static void write_cell(double value, const struct series_view *view, FILE *out)
{
	fprintf(out, " %11s", cell_of_value(value, view->series->unit).text);
}

static void write_change(const struct trend *trend, const struct series_view *view,
                         const struct level_change *change, FILE *out)
{
	const struct trend_run *run = &trend->runs[view->runs[change->at]];
	const char *unit = view->series->unit;

	fprintf(out, "    %s from %s on", change->word, moment_text_of(run).text);
	if (*run->commit)
		fprintf(out, ", commit %s", commit_text_of(run).text);
	fprintf(out, ": %s to %s", cell_of_value(change->before, unit).text,
	        cell_of_value(change->after, unit).text);
	if (change->ratio.ratio > 0 && isfinite(change->ratio.ratio) && isfinite(change->ratio.low))
		fprintf(out, ", %.3f x (%.3f .. %.3f)", change->ratio.ratio, change->ratio.low,
		        change->ratio.high);
	fputc('\n', out);
}

static void write_series(const struct trend *trend, const struct part *part,
                         const struct series_view *view, bool utf8, FILE *out)
{
	double *ascending = describe_sorted(view->values, view->n);
	char *line = sparkline_text(view->values, view->n, SPARKLINE_WIDTH, utf8);
	size_t skipped = view->n_changes > CHANGES_SHOWN ? view->n_changes - CHANGES_SHOWN : 0;

	write_name(part, view, out);
	write_cell(view->values[0], view, out);
	write_cell(view->values[view->n - 1], view, out);
	write_cell(ascending[0], view, out);
	write_cell(ascending[view->n - 1], view, out);
	fprintf(out, "  %s\n", line);
	if (skipped)
		fprintf(out, "    %s before these\n", counted_text_of(skipped, "change").text);
	for (size_t i = skipped; i < view->n_changes; i++)
		write_change(trend, view, &view->changes[i], out);
	free(ascending);
	free(line);
}

/* Runs in a row that are of one commit; one alone where it is not known. */
struct stretch {
	size_t first, last, n;
};

static bool are_of_one(const struct trend_run *a, const struct trend_run *b)
{
	return *a->commit && !strcmp(a->commit, b->commit) && a->is_dirty == b->is_dirty;
}

static struct stretch *find_stretches(const struct trend *trend, size_t group, size_t *n)
{
	struct stretch *stretches = NULL, *stretch = NULL;
	size_t capacity = 0;

	*n = 0;
	for (size_t i = 0; i < trend->list->n_runs; i++) {
		const struct trend_run *run = &trend->runs[i];

		if (run->lack || run->group != group || !run->is_good)
			continue;
		if (!stretch || !are_of_one(&trend->runs[stretch->last], run)) {
			stretch = ARRAY_APPEND(stretches, *n, capacity);
			stretch->first = i;
		}
		stretch->last = i;
		stretch->n++;
	}
	return stretches;
}

/* NAN: no run of the stretch has it. */
static double median_in(const struct series_view *view, const struct stretch *stretch)
{
	size_t from = 0, to;

	while (from < view->n && view->runs[from] < stretch->first)
		from++;
	for (to = from; to < view->n && view->runs[to] <= stretch->last;)
		to++;
	return to > from ? describe_median(view->values + from, to - from) : NAN;
}

static void write_stretch(const struct trend *trend, const struct part *part,
                          const struct stretch *stretch, FILE *out)
{
	const struct trend_run *run = &trend->runs[stretch->first];

	fprintf(out, "  %-11s %5zu  %s", commit_text_of(run).text, stretch->n,
	        moment_text_of(run).text);
	for (size_t i = 0; i < part->n_views && i < COLUMNS_SHOWN; i++) {
		const struct series_view *view = &part->views[i];
		double value = median_in(view, stretch);
		int width = (int)strlen(view->series->metric);

		fprintf(out, "  %*s", width > 11 ? width : 11,
		        isnan(value) ? "-" : cell_of_value(value, view->series->unit).text);
	}
	fputc('\n', out);
}

static void write_commits(const struct trend *trend, const struct part *part, size_t group,
                          FILE *out)
{
	size_t n, skipped;
	struct stretch *stretches = find_stretches(trend, group, &n);

	skipped = n > COMMITS_SHOWN ? n - COMMITS_SHOWN : 0;
	fprintf(out, "  %-11s %5s  %-16s", "COMMIT", "RUNS", "FROM (UTC)");
	for (size_t i = 0; i < part->n_views && i < COLUMNS_SHOWN; i++) {
		char *clean = line_text(part->views[i].series->metric);

		fprintf(out, "  %11s", clean);
		free(clean);
	}
	fputc('\n', out);
	if (skipped)
		fprintf(out, "  %s of earlier runs; --csv FILE has them all\n",
		        counted_text_of(skipped, "row").text);
	for (size_t i = skipped; i < n; i++)
		write_stretch(trend, part, &stretches[i], out);
	free(stretches);
}

void trend_write_text(const struct trend *trend, const struct series_view *views, bool utf8,
                      FILE *out)
{
	size_t at = 0;

	for (size_t group = 0; group < trend->n_groups; group++) {
		struct part part = next_part(trend, views, group, &at);

		fputs(group ? "\n" : "", out);
		write_heading(trend, &trend->groups[group], out);
		if (!trend->groups[group].n_good || !part.n_views ||
		    (trend->n_groups > WHOLE_GROUPS && trend->groups[group].n_good == 1))
			continue;
		fprintf(out, "  %-*s %11s %11s %11s %11s  %s\n", part.name_width, "METRIC", "FIRST",
		        "LATEST", "LOWEST", "HIGHEST", "TREND");
		for (size_t i = 0; i < part.n_views; i++)
			if (part.views[i].n)
				write_series(trend, &part, &part.views[i], utf8, out);
		write_commits(trend, &part, group, out);
	}
}

/* The latest run's value beside what the runs before it had. */
static void write_last(const struct part *part, const struct series_view *view, FILE *out)
{
	size_t n_before = view->n - 1;
	double *ascending = describe_sorted(view->values, n_before);

	write_name(part, view, out);
	write_cell(view->values[n_before], view, out);
	fprintf(out, " %6zu", n_before);
	if (n_before) {
		write_cell(describe_median(ascending, n_before), view, out);
		write_cell(ascending[0], view, out);
		write_cell(ascending[n_before - 1], view, out);
	}
	fputc('\n', out);
	free(ascending);
}

void trend_write_latest(const struct trend *trend, const struct series_view *views, FILE *out)
{
	size_t at = 0;

	for (size_t number = 0; number < trend->n_groups; number++) {
		struct part part = next_part(trend, views, number, &at);
		const struct trend_group *group = &trend->groups[number];
		const struct trend_run *run = &trend->runs[group->last];

		if (!group->n_good)
			continue;
		fputs(number ? "\n" : "", out);
		write_place(group, out);
		fprintf(out, ": %s, %s UTC, commit %s\n", trend->list->runs[group->last].id,
		        moment_text_of(run).text, commit_text_of(run).text);
		fprintf(out, "  %-*s %11s %6s %11s %11s %11s\n", part.name_width, "METRIC",
		        "LATEST", "BEFORE", "MEDIAN", "LOWEST", "HIGHEST");
		for (size_t i = 0; i < part.n_views; i++)
			if (part.views[i].n &&
			    part.views[i].runs[part.views[i].n - 1] == group->last)
				write_last(&part, &part.views[i], out);
	}
}
