/* Writes rows with stable columns. */
#include "core/growth/growth_csv.h"

#include "core/csv_field.h"
#include "core/growth/site_growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_field(FILE *out, const char *text)
{
	csv_field_write(out, text);
	fputc(',', out);
}

/* An empty field: not known. */
static void write_number(FILE *out, double value, char end)
{
	if (isfinite(value))
		fprintf(out, "%.15g", value);
	fputc(end, out);
}

static void write_series(const struct scan_growth *growth, size_t series, FILE *out)
{
	char *label = scan_growth_series_label(growth, series);

	write_field(out, label);
	free(label);
}

/* variable,size,series */
static void write_point(const struct scan_growth *growth, size_t series, size_t size, FILE *out)
{
	const struct scan_variable *axis = &growth->plan->variables[growth->axis];

	write_field(out, axis->name);
	write_field(out, axis->values.texts[size]);
	write_series(growth, series, out);
}

static const char *run_id_of(const struct scan_growth *growth, size_t point, const char *type)
{
	for (size_t i = 0; i < growth->n_runs; i++)
		if (growth->runs[i].point == point && !strcmp(growth->runs[i].type, type) &&
		    growth->runs[i].run_id)
			return growth->runs[i].run_id;
	return "";
}

static void write_metric(const struct scan_growth *growth, const struct scan_metric *metric,
                         size_t series, FILE *out)
{
	for (size_t size = 0; size < growth->n_sizes; size++) {
		size_t point = scan_growth_point(growth, series, size);

		if (isnan(metric->values[point]))
			continue;
		write_point(growth, series, size, out);
		write_field(out, metric->type);
		write_field(out, metric->name);
		write_field(out, metric->unit);
		write_number(out, metric->values[point], ',');
		fprintf(out, "%s\n", run_id_of(growth, point, metric->type));
	}
}

void growth_csv_write(const struct scan_growth *growth, FILE *out)
{
	fputs("variable,size,series,type,metric,unit,value,run_id\n", out);
	for (size_t i = 0; i < growth->n_metrics; i++)
		for (size_t series = 0; series < growth->n_series; series++)
			write_metric(growth, &growth->metrics[i], series, out);
}

static size_t count_known(const struct scan_growth *growth, const double *values, size_t series)
{
	size_t n = 0;

	for (size_t i = 0; i < growth->n_sizes; i++)
		n += isfinite(values[scan_growth_point(growth, series, i)]);
	return n;
}

static void write_fit(const struct scan_growth *growth, const struct scan_metric *metric,
                      size_t series, FILE *out)
{
	struct growth fit = scan_growth_fit(growth, metric->values, series);
	const char *between = "";

	write_field(out, growth->plan->variables[growth->axis].name);
	write_series(growth, series, out);
	write_field(out, metric->type);
	write_field(out, metric->name);
	write_field(out, metric->unit);
	fprintf(out, "%zu,", count_known(growth, metric->values, series));
	write_number(out, fit.exponent, ',');
	write_number(out, fit.low, ',');
	write_number(out, fit.high, ',');
	write_field(out, fit.has_law ? growth_law_text(fit.law) : "");
	write_number(out, fit.has_law ? fit.start : NAN, ',');
	write_number(out, fit.has_law ? fit.factor : NAN, ',');
	for (int law = 0; fit.has_law && law < N_GROWTH_LAWS; law++) {
		if (!fit.fits[law])
			continue;
		fprintf(out, "%s%s", between, growth_law_text((enum growth_law)law));
		between = ";";
	}
	fputc('\n', out);
}

void growth_csv_write_fits(const struct scan_growth *growth, FILE *out)
{
	fputs("variable,series,type,metric,unit,sizes,exponent,exponent_low,exponent_high,law,"
	      "start,factor,laws_that_fit\n",
	      out);
	for (size_t i = 0; i < growth->n_metrics; i++)
		for (size_t series = 0; series < growth->n_series; series++)
			write_fit(growth, &growth->metrics[i], series, out);
}

static void write_site(const struct scan_growth *growth, const struct judged_site *row,
                       size_t series, FILE *out)
{
	const struct site *site = row->site;

	for (size_t size = 0; size < growth->n_sizes; size++) {
		size_t point = scan_growth_point(growth, series, size);

		if (isnan(site->blocks[point]))
			continue;
		write_point(growth, series, size, out);
		write_field(out, site_kind_word(row->verdict.kind));
		write_number(out, site->blocks[point], ',');
		write_number(out, site->bytes[point], ',');
		write_number(out, site->lost_bytes[point], ',');
		csv_field_write(out, site->stack);
		fputc('\n', out);
	}
}

void growth_csv_write_sites(const struct scan_growth *growth, FILE *out)
{
	fputs("variable,size,series,kind,blocks,bytes,lost_bytes,stack\n", out);
	for (size_t series = 0; series < growth->n_series; series++) {
		size_t n_rows;
		struct judged_site *rows = site_growth_rows(growth, series, &n_rows);

		for (size_t i = 0; i < n_rows; i++)
			write_site(growth, &rows[i], series, out);
		free(rows);
	}
}
