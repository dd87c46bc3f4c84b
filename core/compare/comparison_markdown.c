/* A comparison for a merge request: GitHub Flavored Markdown's tables (section 4.10 of its
 * specification) and <details>, which GitLab takes, too. */
#include "core/compare/comparison_write.h"

#include "core/compare/comparison_cells.h"

#include "core/alloc.h"
#include "core/line_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MOVERS = 10 };

/* As text in a cell: nothing of it is markup. Before punctuation a backslash may stand anywhere; a
 * bar ends a cell even in code, so names are not written as such. */
static void write_plain(const char *text, FILE *out)
{
	char *line = line_text(text);

	for (const char *c = line; *c; c++) {
		if (*c == '<')
			fputs("&lt;", out);
		else if (*c == '>')
			fputs("&gt;", out);
		else if (*c == '&')
			fputs("&amp;", out);
		else if (*c == '@')
			fputs("&#64;", out); /* calls nobody */
		else if (strchr("\\`*_{}[]()#+!|~$", *c))
			fprintf(out, "\\%c", *c);
		else
			fputc(*c, out);
	}
	free(line);
}

static void write_cell(const char *text, FILE *out)
{
	fputc(' ', out);
	write_plain(text, out);
	fputs(" |", out);
}

static void write_side(const char *which, const struct side *side, FILE *out)
{
	const struct side_run *last = side->n_runs ? &side->runs[side->n_runs - 1] : NULL;

	fprintf(out, "- %s: ", which);
	write_plain(side->title, out);
	fprintf(out, ", %zu measurement%s", (size_t)side->n_repeats,
	        side->n_repeats == 1 ? "" : "s");
	if (last && last->commit) {
		fputs(", commit ", out);
		write_plain(last->commit, out);
		if (last->dirty)
			fputs(" with changes", out);
	}
	fputc('\n', out);
}

static void write_head(FILE *out)
{
	fputs("\n| metric | base | new | ratio | 95 % interval | noise | verdict |\n"
	      "|---|---:|---:|---:|---|---|---|\n",
	      out);
}

static void write_metric(const struct comparison_metric *metric, FILE *out)
{
	struct metric_cells cells = metric_cells_of(metric);
	const char *texts[] = {metric->judged.name, cells.base.text,     cells.new.text,
	                       cells.ratio.text,    cells.interval.text, cells.noise.text};

	fputc('|', out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		write_cell(texts[i], out);
	fprintf(out,
	        metric->judged.gating && metric->judged.verdict == VERDICT_WORSE ? " **%s**"
	                                                                         : " %s",
	        cells.verdict);
	if (cells.why) {
		fputs(": ", out);
		write_plain(cells.why, out);
	}
	fputs(" |\n", out);
}

static bool decides(const struct comparison_metric *metric)
{
	return metric->judged.gating && metric->judged.verdict != VERDICT_SAME;
}

static bool is_minor(const struct comparison_metric *metric)
{
	return metric_is_shown(metric) && !decides(metric);
}

static size_t count(const struct comparison *comparison,
                    bool (*has)(const struct comparison_metric *))
{
	size_t n = 0;

	for (size_t i = 0; i < comparison->n_metrics; i++)
		n += has(&comparison->metrics[i]);
	return n;
}

static void write_metrics(const struct comparison *comparison,
                          bool (*has)(const struct comparison_metric *), FILE *out)
{
	if (count(comparison, has))
		write_head(out);
	for (size_t i = 0; i < comparison->n_metrics; i++)
		if (has(&comparison->metrics[i]))
			write_metric(&comparison->metrics[i], out);
}

static void write_group(const struct comparison *comparison, const struct metric_group *group,
                        FILE *out)
{
	bool is_first = true;

	if (count(comparison, group->has))
		fprintf(out, "\n%s: ", group->label);
	for (size_t i = 0; i < comparison->n_metrics; i++) {
		if (!group->has(&comparison->metrics[i]))
			continue;
		fputs(is_first ? "" : ", ", out);
		write_plain(comparison->metrics[i].judged.name, out);
		is_first = false;
	}
	if (!is_first)
		fputc('\n', out);
}

static void write_others(const struct comparison *comparison, FILE *out)
{
	size_t n = comparison->n_metrics - count(comparison, decides);

	if (!n)
		return;
	fprintf(out, "\n<details><summary>%zu other metric%s</summary>\n", n, n == 1 ? "" : "s");
	write_metrics(comparison, is_minor, out);
	for (size_t i = 0; metric_groups[i].label; i++)
		write_group(comparison, &metric_groups[i], out);
	fputs("\n</details>\n", out);
}

static void write_mover(const struct comparison_movers *movers,
                        const struct comparison_mover *mover, FILE *out)
{
	struct mover_cells cells = mover_cells_of(movers, mover);
	const char *texts[] = {mover->name,     cells.place,      cells.base.text, cells.new.text,
	                       cells.self.text, cells.total.text, cells.verdict};

	fputc('|', out);
	for (size_t j = 0; j < ARRAY_SIZE(texts); j++)
		write_cell(texts[j], out);
	fputc('\n', out);
	free(cells.place);
}

static void write_movers(const struct comparison_movers *movers, FILE *out)
{
	char *value = mover_value_words(movers);
	size_t n_shown = 0;

	fprintf(out,
	        "\nBy %s, %s%s:\n\n| name | place | self base | new | delta | total delta | "
	        "|\n|---|---|---:|---:|---:|---:|---|\n",
	        mover_kind_word(movers), value, movers->shares ? "" : ", of one measurement");
	for (size_t i = 0; i < movers->n_rows && n_shown < MAX_MOVERS; i++) {
		const struct comparison_mover *mover = &movers->rows[i];

		if (!mover_is_told(movers, mover))
			continue;
		write_mover(movers, mover, out);
		n_shown++;
	}
	if (movers_n_told(movers) > n_shown)
		fprintf(out, "\n%zu more moved less.\n", movers_n_told(movers) - n_shown);
	free(value);
}

static bool any_moved(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_movers; i++)
		if (movers_are_told(comparison, &comparison->movers[i]))
			return true;
	return false;
}

static void write_folded_movers(const struct comparison *comparison, FILE *out)
{
	if (!any_moved(comparison))
		return;
	fputs("\n<details><summary>What moved most</summary>\n", out);
	for (size_t i = 0; i < comparison->n_movers; i++)
		if (movers_are_told(comparison, &comparison->movers[i]))
			write_movers(&comparison->movers[i], out);
	fputs("\n</details>\n", out);
}

static void write_differences(const struct comparison *comparison, FILE *out)
{
	if (!comparison->n_differences)
		return;
	fputs("\n<details><summary>What differs beside it</summary>\n\n"
	      "| what | base | new |\n|---|---|---|\n",
	      out);
	for (size_t i = 0; i < comparison->n_differences; i++) {
		const struct comparison_difference *difference = &comparison->differences[i];

		fputc('|', out);
		write_cell(difference->what, out);
		write_cell(difference->base, out);
		write_cell(difference->new, out);
		fputc('\n', out);
	}
	fputs("\n</details>\n", out);
}

static void write_notes(const struct comparison *comparison, const char *picture, FILE *out)
{
	if (comparison->notes.n_texts || picture)
		fputc('\n', out);
	for (size_t i = 0; i < comparison->notes.n_texts; i++) {
		fputs("- note: ", out);
		write_plain(comparison->notes.texts[i], out);
		fputc('\n', out);
	}
	if (picture) {
		fputs("- differential flame graph: ", out);
		write_plain(picture, out);
		fputc('\n', out);
	}
}

void comparison_write_markdown(const struct comparison *comparison, const char *picture, FILE *out)
{
	fputs("### ", out);
	write_plain(comparison->new->scenario, out);
	fputc('/', out);
	write_plain(comparison->new->type, out);
	fprintf(out, ": %s\n\n", verdict_capitals(comparison->verdict));
	write_plain(comparison->reason, out);
	fputs("\n\n", out);
	write_side("base", comparison->base, out);
	write_side("new", comparison->new, out);
	if (comparison->control)
		write_side("control", comparison->control, out);
	write_metrics(comparison, decides, out);
	write_others(comparison, out);
	write_folded_movers(comparison, out);
	write_differences(comparison, out);
	write_notes(comparison, picture, out);
}
