/* Writes the rows of a sweep as text and as Markdown. */
#include "core/regress/table.h"

#include "core/regress/row.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/line_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "1.250", "inf", or "-" where there is nothing to compare. */
struct ratio_text {
	char text[32];
};

static struct ratio_text ratio_text_of(const struct regress_row *row)
{
	struct ratio_text ratio = {"-"};

	if (row->metric && isinf(row->ratio))
		strcpy(ratio.text, "inf");
	else if (row->metric && !isnan(row->ratio))
		snprintf(ratio.text, sizeof(ratio.text), "%.3f", row->ratio);
	return ratio;
}

static const char *metric_text(const struct regress_row *row)
{
	return row->metric ? row->metric : "-";
}

/* "12 ok, 1 regression, 2 unusable": the worst first. The caller frees it. */
static char *counts_text(const struct regress_row *rows, size_t n_rows)
{
	char *text = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);
	const char *between = "";

	for (int verdict = REGRESS_N_VERDICTS - 1; out && verdict >= 0; verdict--) {
		size_t n = 0;

		for (size_t i = 0; i < n_rows; i++)
			n += (int)rows[i].verdict == verdict;
		if (!n)
			continue;
		fprintf(out, "%s%zu %s", between, n, regress_verdict_word(verdict));
		between = ", ";
	}
	if (out)
		fclose(out);
	return text;
}

static int widest_name(const struct regress_row *rows, size_t n_rows)
{
	size_t widest = strlen("SCENARIO/TYPE");

	for (size_t i = 0; i < n_rows; i++) {
		size_t len = strlen(rows[i].scenario) + 1 + strlen(rows[i].type);

		if (len > widest)
			widest = len;
	}
	return (int)widest;
}

/* Why the verdict is what it is, or why an ok says less than it seems; "" where there is nothing to
 * say. Lives as long as the row. */
static const char *why_of(const struct regress_row *row)
{
	const json_t *notes = json_object_get(json_object_get(row->manifest, "quality"), "notes");
	const json_t *note;
	size_t i;

	if (row->verdict != REGRESS_OK)
		return row->reason ? row->reason : "";
	json_array_foreach(notes, i, note)
	{
		const char *text = json_string_value(note);

		if (text && !strncmp(text, BASELINE_NONE, strlen(BASELINE_NONE)))
			return text;
	}
	return "";
}

static void write_reasons(const struct regress_row *rows, size_t n_rows, FILE *out)
{
	for (size_t i = 0; i < n_rows; i++) {
		char *reason = line_text(why_of(&rows[i]));

		if (*reason)
			fprintf(out, "%s/%s: %s\n", rows[i].scenario, rows[i].type, reason);
		free(reason);
	}
}

void regress_table_write(const struct regress_row *rows, size_t n_rows, FILE *out)
{
	int width = widest_name(rows, n_rows);
	char *counts = counts_text(rows, n_rows);

	fprintf(out, "%-*s  %-12s  %8s  %s\n", width, "SCENARIO/TYPE", "VERDICT", "RATIO",
	        "WORST METRIC");
	for (size_t i = 0; i < n_rows; i++) {
		char *name = xasprintf("%s/%s", rows[i].scenario, rows[i].type);

		fprintf(out, "%-*s  %-12s  %8s  %s\n", width, name,
		        regress_verdict_word(rows[i].verdict), ratio_text_of(&rows[i]).text,
		        metric_text(&rows[i]));
		free(name);
	}
	write_reasons(rows, n_rows, out);
	fprintf(out, "%s\n", counts);
	free(counts);
}

/* Text in a cell: what would end it or be markup stands for itself. */
static void write_cell(FILE *out, const char *text)
{
	char *line = line_text(text);

	fputs(" ", out);
	for (const char *c = line; *c; c++) {
		if (strchr("\\|`*_<>[]&", *c))
			fputc('\\', out);
		fputc(*c, out);
	}
	fputs(" |", out);
	free(line);
}

void regress_markdown_write(const char *title, const struct regress_row *rows, size_t n_rows,
                            FILE *out)
{
	char *counts = counts_text(rows, n_rows);

	fprintf(out,
	        "## %s\n\n%s\n\n| scenario | type | verdict | ratio | worst metric | why |\n"
	        "|---|---|---|---:|---|---|\n",
	        title, counts);
	for (size_t i = 0; i < n_rows; i++) {
		const struct regress_row *row = &rows[i];

		fputc('|', out);
		write_cell(out, row->scenario);
		write_cell(out, row->type);
		write_cell(out, regress_verdict_word(row->verdict));
		write_cell(out, ratio_text_of(row).text);
		write_cell(out, metric_text(row));
		write_cell(out, why_of(row));
		fputc('\n', out);
	}
	free(counts);
}
