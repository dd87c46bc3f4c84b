/* A comparison for a terminal. */
#include "core/compare/comparison_write.h"

#include "core/compare/comparison_cells.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/line_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MOVERS = 5, MAX_DIFFERENCES = 20, MIN_NAME = 24, MAX_NAME = 44 };

static const char *runs_noun(size_t n)
{
	return n == 1 ? "" : "s";
}

static void write_side(const char *which, const struct side *side, FILE *out)
{
	const struct side_run *last = side->n_runs ? &side->runs[side->n_runs - 1] : NULL;

	fprintf(out, "  %-8s%s, %zu measurement%s", which, side->title, (size_t)side->n_repeats,
	        runs_noun(side->n_repeats));
	if (last && last->commit)
		fprintf(out, ", commit %.12s%s", last->commit, last->dirty ? " with changes" : "");
	fputc('\n', out);
}

static int name_width(const struct comparison *comparison)
{
	size_t widest = MIN_NAME;

	for (size_t i = 0; i < comparison->n_metrics; i++) {
		size_t len = strlen(comparison->metrics[i].judged.name);

		if (metric_is_shown(&comparison->metrics[i]) && len > widest)
			widest = len;
	}
	return (int)(widest > MAX_NAME ? MAX_NAME : widest);
}

/* *said: the reason of the row before, which is not said again. */
static void write_metric(const struct comparison_metric *metric, int width, const char **said,
                         FILE *out)
{
	struct metric_cells cells = metric_cells_of(metric);

	fprintf(out, "  %-*s %11s %11s %8s  %-18s %-6s  %s", width, metric->judged.name,
	        cells.base.text, cells.new.text, cells.ratio.text, cells.interval.text,
	        cells.noise.text, cells.verdict);
	if (cells.why)
		fprintf(out, ": %s", *said && !strcmp(*said, cells.why) ? "as above" : cells.why);
	*said = cells.why;
	fputc('\n', out);
}

/* The metrics that moved, or may have; gating says which. */
static void write_metrics(const struct comparison *comparison, bool gating, FILE *out)
{
	int width = name_width(comparison);
	const char *said = NULL;
	bool is_first = true;

	for (size_t i = 0; i < comparison->n_metrics; i++) {
		const struct comparison_metric *metric = &comparison->metrics[i];

		if (!metric_is_shown(metric) || metric->judged.gating != gating)
			continue;
		if (is_first)
			fprintf(out, "\n  %-*s %11s %11s %8s  %-18s %-6s  %s\n", width,
			        gating ? "METRIC" : "METRIC (NOT GATING)", "BASE", "NEW", "RATIO",
			        "95 % INTERVAL", comparison->control ? "NOISE" : "", "VERDICT");
		is_first = false;
		write_metric(metric, width, &said, out);
	}
}

/* "  same: run.wall_ns, ..." over several lines. */
static void write_group(const struct comparison *comparison, const struct metric_group *group,
                        FILE *out)
{
	enum { WIDTH = 100 };
	int column = 0;

	for (size_t i = 0; i < comparison->n_metrics; i++) {
		const char *name = comparison->metrics[i].judged.name;

		if (!group->has(&comparison->metrics[i]))
			continue;
		if (!column)
			column = fprintf(out, "\n  %s: ", group->label) - 1;
		else if (column + (int)strlen(name) + 2 > WIDTH)
			column = fprintf(out, ",\n    ") - 2;
		else
			column += fprintf(out, ", ");
		column += fprintf(out, "%s", name);
	}
	if (column)
		fputc('\n', out);
}

static void write_mover(const struct comparison_movers *movers,
                        const struct comparison_mover *mover, FILE *out)
{
	struct mover_cells cells = mover_cells_of(movers, mover);
	char *name = line_text(mover->name);
	char *place = line_text(cells.place);

	fprintf(out, "  %11s %11s %14s %14s  %-12s %s", cells.base.text, cells.new.text,
	        cells.self.text, cells.total.text, cells.verdict, name);
	if (*place)
		fprintf(out, "  %s", place);
	fputc('\n', out);
	free(name);
	free(place);
	free(cells.place);
}

static void write_movers(const struct comparison_movers *movers, FILE *out)
{
	char *value = mover_value_words(movers);
	size_t n_shown = 0;

	fprintf(out, "\n  by %s, %s%s\n", mover_kind_word(movers), value,
	        movers->shares ? "" : ", of one measurement");
	fprintf(out, "  %11s %11s %14s %14s\n", "SELF BASE", "NEW", "DELTA", "TOTAL DELTA");
	for (size_t i = 0; i < movers->n_rows && n_shown < MAX_MOVERS; i++) {
		if (!mover_is_told(movers, &movers->rows[i]))
			continue;
		write_mover(movers, &movers->rows[i], out);
		n_shown++;
	}
	if (movers_n_told(movers) > n_shown)
		fprintf(out, "  %zu more moved less\n", movers_n_told(movers) - n_shown);
	free(value);
}

static void write_differences(const struct comparison *comparison, FILE *out)
{
	size_t n = comparison->n_differences;

	if (n)
		fputs("\n  what differs beside it\n", out);
	for (size_t i = 0; i < n && i < MAX_DIFFERENCES; i++)
		fprintf(out, "    %-28s %s -> %s\n", comparison->differences[i].what,
		        comparison->differences[i].base, comparison->differences[i].new);
	if (n > MAX_DIFFERENCES)
		fprintf(out, "    %zu more: --json has them\n", n - MAX_DIFFERENCES);
}

static void write_lines(const struct comparison *comparison, const char *picture, FILE *out)
{
	fprintf(out, "%s/%s  %s   %s\n", comparison->new->scenario, comparison->new->type,
	        verdict_capitals(comparison->verdict), comparison->reason);
	write_side("base", comparison->base, out);
	write_side("new", comparison->new, out);
	if (comparison->control)
		write_side("control", comparison->control, out);
	write_metrics(comparison, true, out);
	write_metrics(comparison, false, out);
	for (size_t i = 0; metric_groups[i].label; i++)
		write_group(comparison, &metric_groups[i], out);
	for (size_t i = 0; i < comparison->n_movers; i++)
		if (movers_are_told(comparison, &comparison->movers[i]))
			write_movers(&comparison->movers[i], out);
	write_differences(comparison, out);
	if (comparison->notes.n_texts)
		fputc('\n', out);
	for (size_t i = 0; i < comparison->notes.n_texts; i++)
		fprintf(out, "  note   %s\n", comparison->notes.texts[i]);
	if (picture)
		fprintf(out, "%s  page   %s\n", comparison->notes.n_texts ? "" : "\n", picture);
}

/* Names of metrics, runs and machines come from files that may be anybody's: no line of them
 * reaches a terminal as anything but text. */
static void write_clean(char *text, FILE *out)
{
	char *rest = text;

	while (rest && *rest) {
		char *line = strsep(&rest, "\n");
		char *clean = line_text(line);

		fprintf(out, "%s\n", clean);
		free(clean);
	}
}

void comparison_write_text(const struct comparison *comparison, const char *picture, FILE *out)
{
	char *text = NULL;
	size_t len_bytes = 0;
	FILE *lines = open_memstream(&text, &len_bytes);

	BUG(!lines);
	write_lines(comparison, picture, lines);
	BUG(fclose(lines));
	write_clean(text, out);
	free(text);
}
