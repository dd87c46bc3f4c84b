/* Prints tables of growth. */
#include "core/growth/growth_text.h"

#include "core/alloc.h"
#include "core/growth/growth_cells.h"
#include "core/growth/scaling_rows.h"
#include "core/growth/site_growth.h"
#include "core/line_text.h"
#include "core/metric_text.h"
#include "core/number_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SUMMARY_COLUMNS = 3, CELL_WIDTH = 11, EXPONENT_WIDTH = 21 };

/* Which sizes a table of metrics shows, and how wide its names are. */
struct table {
	size_t columns[GROWTH_MAX_COLUMNS];
	size_t n_columns;
	int name_width;
};

static const struct scan_variable *axis_of(const struct scan_growth *growth)
{
	return &growth->plan->variables[growth->axis];
}

static const char *size_text(const struct scan_growth *growth, size_t size)
{
	return axis_of(growth)->values.texts[size];
}

static struct table table_of(const struct scan_growth *growth, size_t most_columns,
                             const struct growth_row *rows, size_t n_rows)
{
	struct table table = {.name_width = (int)strlen("METRIC")};

	table.n_columns = growth_columns(growth, most_columns, table.columns);
	for (size_t i = 0; i < n_rows; i++) {
		char *name = growth_row_name(growth, &rows[i]);

		if ((int)strlen(name) > table.name_width)
			table.name_width = (int)strlen(name);
		free(name);
	}
	return table;
}

static void write_head(const struct scan_growth *growth, const struct table *table, FILE *out)
{
	fprintf(out, "   %-*s", table->name_width, "METRIC");
	for (size_t i = 0; i < table->n_columns; i++)
		fprintf(out, " %*s", CELL_WIDTH, size_text(growth, table->columns[i]));
	if (growth->has_sizes)
		fprintf(out, "   %-*s  GROWTH", EXPONENT_WIDTH, "EXPONENT");
	fputc('\n', out);
}

static void write_values(const struct scan_growth *growth, const double *values, const char *unit,
                         size_t series, const struct table *table, FILE *out)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		size_t point = scan_growth_point(growth, series, table->columns[i]);

		fprintf(out, " %*s", CELL_WIDTH, metric_text_of(values[point], unit).text);
	}
}

static void write_row(const struct scan_growth *growth, const struct growth_row *row,
                      const struct table *table, FILE *out)
{
	char *name = growth_row_name(growth, row);

	fprintf(out, "   %-*s", table->name_width, name);
	write_values(growth, row->metric->values, row->metric->unit, row->series, table, out);
	if (growth->has_sizes)
		fprintf(out, "   %-*s  %s", EXPONENT_WIDTH, growth_exponent_cell(&row->fit).text,
		        growth_law_cell(&row->fit).text);
	fputc('\n', out);
	free(name);
}

/* "n = 10 .. 1000, 8 sizes", and how many of them are not there for an interrupt. */
static void write_axis(const struct scan_growth *growth, FILE *out)
{
	size_t n_shown = scan_growth_n_shown(growth);
	const char *noun = growth->has_sizes ? "size" : "value";

	fputs(axis_of(growth)->name, out);
	if (growth->has_sizes)
		fprintf(out, " = %s .. %s", size_text(growth, 0), size_text(growth, n_shown - 1));
	fprintf(out, ", %s", counted_text_of(n_shown, noun).text);
	if (n_shown < growth->n_sizes)
		fprintf(out, "; %zu more left out by the interrupt", growth->n_sizes - n_shown);
}

static size_t count_left_out(const struct scan_growth *growth)
{
	size_t n = 0;

	for (size_t i = 0; i < growth->n_runs; i++)
		n += growth->runs[i].left_out != NULL;
	return n;
}

static void write_left_out(const struct scan_growth *growth, size_t most, FILE *out)
{
	size_t n = count_left_out(growth), shown = 0;

	for (size_t i = 0; i < growth->n_runs && shown < most; i++) {
		const struct scan_run_id *run = &growth->runs[i];
		char *label;

		if (!run->left_out)
			continue;
		label = scan_plan_label(growth->plan, run->point, -1);
		fprintf(out, "note   left out: %s (%s), %s", label, run->type, run->left_out);
		if (++shown == most && n > shown)
			fprintf(out, "; and %zu more", n - shown);
		fputc('\n', out);
		free(label);
	}
}

/* Why there are no exponents, or not of all sizes; or NULL. */
static const char *why_no_growth(const struct scan_growth *growth)
{
	size_t n_fitted = 0, n_shown = scan_growth_n_shown(growth);

	if (!growth->has_sizes)
		return "no growth is told: the values are not all different numbers";
	for (size_t i = 0; i < n_shown; i++)
		n_fitted += scan_growth_size(growth, i) > 0;
	if (n_fitted < 3)
		return "no growth is told: that takes 3 sizes above 0 at least";
	return n_fitted < n_shown ? "growth is told of the sizes above 0" : NULL;
}

/* What is not there and why, at most so many of the runs that were left out. */
static void write_notes(const struct scan_growth *growth, size_t most, FILE *out)
{
	const char *why = why_no_growth(growth);
	size_t n_missing = scan_growth_n_missing(growth);

	if (why)
		fprintf(out, "note   %s\n", why);
	if (n_missing)
		fprintf(out, "note   interrupted: %s not run\n",
		        counted_text_of(n_missing, "point").text);
	write_left_out(growth, most, out);
}

static size_t count_kind(const struct judged_site *rows, size_t n_rows, enum site_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < n_rows; i++)
		n += rows[i].verdict.kind == kind;
	return n;
}

/* "2 sites grow with n: leaks; 1 does not: a cache" */
static void write_site_sums(const struct scan_growth *growth, const struct judged_site *rows,
                            size_t n_rows, FILE *out)
{
	size_t leaks = count_kind(rows, n_rows, SITE_LEAK);
	size_t buffers = count_kind(rows, n_rows, SITE_BUFFER);
	size_t caches = count_kind(rows, n_rows, SITE_CACHE);

	if (leaks)
		fprintf(out, "%s %s with %s: %s; ", counted_text_of(leaks, "site").text,
		        leaks == 1 ? "grows" : "grow", axis_of(growth)->name,
		        leaks == 1 ? "a leak" : "leaks");
	else
		fprintf(out, "no site grows with %s, so none is a leak; ", axis_of(growth)->name);
	fprintf(out, "%zu %s: %s", caches, caches == 1 ? "does not" : "do not",
	        caches == 1 ? "a cache" : "caches");
	if (buffers)
		fprintf(out, "; %zu in bytes alone: %s", buffers,
		        buffers == 1 ? "a buffer" : "buffers");
	fputc('\n', out);
}

/* Blocks at the sizes, bytes at the last one. */
static void write_site(const struct scan_growth *growth, const struct judged_site *row,
                       size_t series, const struct table *table, FILE *out)
{
	size_t last = scan_growth_point(growth, series, scan_growth_n_shown(growth) - 1);

	fprintf(out, "   %-7s", site_kind_word(row->verdict.kind));
	write_values(growth, row->site->blocks, "count", series, table, out);
	fprintf(out, " %*s %*s   %s\n", CELL_WIDTH, metric_text_of(row->last_bytes, "bytes").text,
	        CELL_WIDTH, metric_text_of(row->site->lost_bytes[last], "bytes").text,
	        row->site->stack);
}

static void write_sites(const struct scan_growth *growth, size_t series, FILE *out)
{
	size_t n_rows;
	struct judged_site *rows = site_growth_rows(growth, series, &n_rows);
	struct table table = table_of(growth, SUMMARY_COLUMNS, NULL, 0);
	char *label = scan_growth_series_label(growth, series);

	if (n_rows) {
		fprintf(out, "\nmemory in use at the end, by who allocated it%s%s\n   ",
		        *label ? ", " : "", label);
		write_site_sums(growth, rows, n_rows, out);
		fprintf(out, "   KIND   ");
		for (size_t i = 0; i < table.n_columns; i++)
			fprintf(out, " %*s", CELL_WIDTH, size_text(growth, table.columns[i]));
		fprintf(out,
		        " %*s %*s   ALLOCATED BY (blocks at the sizes; bytes, and of them "
		        "definitely lost, at the last one)\n",
		        CELL_WIDTH, "BYTES", CELL_WIDTH, "LOST");
	}
	for (size_t i = 0; i < n_rows; i++)
		write_site(growth, &rows[i], series, &table, out);
	free(label);
	free(rows);
}

static void write_scaling(const struct scan_growth *growth, size_t series, FILE *out)
{
	struct scaling_rows *rows = scaling_rows_new(growth, series);
	char *label;

	if (!rows)
		return;
	label = scan_growth_series_label(growth, series);
	fprintf(out, "\nscaling over %s, by %s of type %s%s%s\n   %*s %*s %*s %*s\n",
	        axis_of(growth)->name, rows->metric->name, rows->metric->type, *label ? ", " : "",
	        label, CELL_WIDTH, axis_of(growth)->name, CELL_WIDTH, "VALUE", CELL_WIDTH,
	        "SPEED-UP", CELL_WIDTH, "EFFICIENCY");
	free(label);
	for (size_t i = 0; i < rows->n_rows; i++) {
		const struct scaling_row *row = &rows->rows[i];

		fprintf(out, "   %*s %*s %*.2f %*.1f %%\n", CELL_WIDTH,
		        size_text(growth, row->size), CELL_WIDTH,
		        metric_text_of(row->value, rows->metric->unit).text, CELL_WIDTH,
		        row->speed_up, CELL_WIDTH - 2, row->efficiency_percent);
	}
	if (!isnan(rows->amdahl.serial))
		fprintf(out, "   serial by Amdahl's law: %.1f %% of the work (%.1f .. %.1f %%)\n",
		        100 * rows->amdahl.serial, 100 * rows->amdahl.low, 100 * rows->amdahl.high);
	scaling_rows_free(rows);
}

static void write_type(const struct scan_growth *growth, const char *type, FILE *out)
{
	struct growth_row *rows = xcalloc(growth->n_metrics * growth->n_series + 1, sizeof(*rows));
	struct table table;
	size_t n_rows = 0;

	for (size_t i = 0; i < growth->n_metrics; i++) {
		const struct scan_metric *metric = &growth->metrics[i];

		for (size_t j = 0; !strcmp(metric->type, type) && j < growth->n_series; j++)
			rows[n_rows++] = (struct growth_row){
			    metric, j, scan_growth_fit(growth, metric->values, j)};
	}
	table = table_of(growth, GROWTH_MAX_COLUMNS, rows, n_rows);
	fprintf(out, "\n%s\n", type);
	write_head(growth, &table, out);
	for (size_t i = 0; i < n_rows; i++)
		write_row(growth, &rows[i], &table, out);
	free(rows);
}

/* Does the type stand in an earlier metric? */
static bool is_again(const struct scan_growth *growth, size_t metric)
{
	for (size_t i = 0; i < metric; i++)
		if (!strcmp(growth->metrics[i].type, growth->metrics[metric].type))
			return true;
	return false;
}

void growth_text_write(const struct scan_growth *growth, const char *command, FILE *out)
{
	fprintf(out, "%s over ", growth->scenario);
	write_axis(growth, out);
	fprintf(out, "\ncommand %s\n", command);
	write_notes(growth, SIZE_MAX, out);
	for (size_t i = 0; i < growth->n_metrics; i++)
		if (!is_again(growth, i))
			write_type(growth, growth->metrics[i].type, out);
	for (size_t series = 0; series < growth->n_series; series++)
		write_scaling(growth, series, out);
	for (size_t series = 0; series < growth->n_series; series++)
		write_sites(growth, series, out);
}

/* The first series that says something of sites, or of scaling. Returns the lines, or without a
 * stream those it would take. */
static unsigned summarise_sites(const struct scan_growth *growth, FILE *out)
{
	size_t n_rows;
	struct judged_site *rows = site_growth_rows(growth, 0, &n_rows);

	if (n_rows && out) {
		fputs("leaks  ", out);
		write_site_sums(growth, rows, n_rows, out);
	}
	free(rows);
	return n_rows ? 1 : 0;
}

static unsigned summarise_scaling(const struct scan_growth *growth, FILE *out)
{
	struct scaling_rows *rows = scaling_rows_new(growth, 0);
	const struct scaling_row *last = rows ? &rows->rows[rows->n_rows - 1] : NULL;
	unsigned n_lines = rows ? 1 : 0;

	if (rows && out) {
		fprintf(out, "scale  %.2f times as fast with %s %s as with %s: efficiency %.0f %%",
		        last->speed_up, size_text(growth, last->size), axis_of(growth)->name,
		        size_text(growth, rows->rows[0].size), last->efficiency_percent);
		if (!isnan(rows->amdahl.serial))
			fprintf(out, ", serial %.1f %% (%.1f .. %.1f)", 100 * rows->amdahl.serial,
			        100 * rows->amdahl.low, 100 * rows->amdahl.high);
		fputc('\n', out);
	}
	scaling_rows_free(rows);
	return n_lines;
}

void growth_summary_write(const struct scan_growth *growth, unsigned max_lines, FILE *out)
{
	size_t n_rows;
	struct growth_row *rows = scan_growth_rows(growth, &n_rows);
	unsigned n_other = 2 + summarise_sites(growth, NULL) + summarise_scaling(growth, NULL) +
	                   (count_left_out(growth) > 0) + (scan_growth_n_missing(growth) > 0) +
	                   (why_no_growth(growth) != NULL);
	struct table table;

	if (n_rows > max_lines - n_other)
		n_rows = max_lines - n_other;
	table = table_of(growth, SUMMARY_COLUMNS, rows, n_rows);
	fprintf(out, "%s over ", growth->scenario);
	write_axis(growth, out);
	fputc('\n', out);
	write_head(growth, &table, out);
	for (size_t i = 0; i < n_rows; i++)
		write_row(growth, &rows[i], &table, out);
	summarise_sites(growth, out);
	summarise_scaling(growth, out);
	write_notes(growth, 1, out);
	free(rows);
}
