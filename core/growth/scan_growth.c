/* Gathers the manifests of a scan and fits what is in them. */
#include "core/growth/scan_growth.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/growth/site_growth.h"
#include "core/json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scan_growth *scan_growth_new(const struct scan_plan *plan)
{
	struct scan_growth *growth = xcalloc(1, sizeof(*growth));
	int sized_by = scan_plan_sized_by(plan);

	growth->plan = plan;
	growth->has_sizes = sized_by >= 0;
	growth->axis = sized_by >= 0 ? (size_t)sized_by : 0;
	growth->n_sizes = plan->variables[growth->axis].values.n_texts;
	growth->n_series = plan->n_points / growth->n_sizes;
	return growth;
}

void scan_growth_free(struct scan_growth *growth)
{
	if (!growth)
		return;
	for (size_t i = 0; i < growth->n_metrics; i++) {
		free(growth->metrics[i].type);
		free(growth->metrics[i].name);
		free(growth->metrics[i].unit);
		free(growth->metrics[i].values);
	}
	for (size_t i = 0; i < growth->n_runs; i++) {
		free(growth->runs[i].type);
		free(growth->runs[i].run_id);
		free(growth->runs[i].left_out);
	}
	site_growth_free(growth->sites);
	free(growth->metrics);
	free(growth->runs);
	free(growth->scenario);
	free(growth);
}

static struct scan_metric *metric_of(struct scan_growth *growth, const char *type, const char *name,
                                     const json_t *from)
{
	struct scan_metric *metric;
	const char *unit = json_string_value(json_object_get(from, "unit"));

	for (size_t i = 0; i < growth->n_metrics; i++)
		if (!strcmp(growth->metrics[i].type, type) &&
		    !strcmp(growth->metrics[i].name, name))
			return &growth->metrics[i];
	metric = ARRAY_APPEND(growth->metrics, growth->n_metrics, growth->metrics_capacity);
	metric->type = xstrdup(type);
	metric->name = xstrdup(name);
	metric->unit = xstrdup(unit ? unit : "");
	metric->instrumented = json_is_true(json_object_get(from, "instrumented"));
	metric->values = xcalloc(growth->plan->n_points, sizeof(*metric->values));
	for (size_t i = 0; i < growth->plan->n_points; i++)
		metric->values[i] = NAN;
	return metric;
}

/* Why a run does not count, or NULL. The caller frees it. */
static char *why_left_out(const json_t *manifest, const char *why)
{
	const char *verdict = json_text_or_empty(manifest, "verdict");

	if (manifest && strcmp(verdict, "unusable") != 0 && strcmp(verdict, "target_failed") != 0)
		return NULL;
	return xstrdup(*why ? why : *verdict ? verdict : "not measured");
}

bool scan_growth_add(struct scan_growth *growth, size_t point, const char *type,
                     const json_t *manifest, const char *why)
{
	struct scan_run_id *run = ARRAY_APPEND(growth->runs, growth->n_runs, growth->runs_capacity);
	json_t *metrics = json_object_get(manifest, "metrics"), *metric;
	const char *name;

	run->point = point;
	run->type = xstrdup(type);
	run->run_id = manifest ? xstrdup(json_text_or_empty(manifest, "run_id")) : NULL;
	run->left_out = why_left_out(manifest, why);
	if (manifest && !growth->scenario)
		growth->scenario = xstrdup(json_text_or_empty(manifest, "scenario"));
	if (run->left_out)
		return false;
	json_object_foreach(metrics, name, metric)
	{
		const json_t *value = json_object_get(metric, "value");

		if (json_is_number(value))
			metric_of(growth, type, name, metric)->values[point] =
			    json_number_value(value);
	}
	return true;
}

static bool counts_at(const struct scan_growth *growth, const char *type, size_t point)
{
	for (size_t i = 0; i < growth->n_runs; i++)
		if (growth->runs[i].point == point && !strcmp(growth->runs[i].type, type) &&
		    !growth->runs[i].left_out)
			return true;
	return false;
}

void scan_growth_finish(struct scan_growth *growth)
{
	for (size_t i = 0; i < growth->n_metrics; i++) {
		struct scan_metric *metric = &growth->metrics[i];

		if (!side_metric_is_of_item(metric->name, metric->unit))
			continue;
		for (size_t j = 0; j < growth->plan->n_points; j++)
			if (isnan(metric->values[j]) && counts_at(growth, metric->type, j))
				metric->values[j] = 0;
	}
}

size_t scan_growth_n_missing(const struct scan_growth *growth)
{
	size_t highest = 0;

	for (size_t i = 0; i < growth->n_runs; i++)
		if (growth->runs[i].point + 1 > highest)
			highest = growth->runs[i].point + 1;
	return growth->plan->n_points - highest;
}

size_t scan_growth_n_shown(const struct scan_growth *growth)
{
	size_t n = 1;

	if (!scan_growth_n_missing(growth))
		return growth->n_sizes;
	for (size_t i = 0; i < growth->n_runs; i++) {
		size_t size = scan_plan_index(growth->plan, growth->runs[i].point, growth->axis);

		if (!growth->runs[i].left_out && size + 1 > n)
			n = size + 1;
	}
	return n;
}

/* Points are numbers with a digit a variable; a series has all digits but that of the sizes. */
size_t scan_growth_point(const struct scan_growth *growth, size_t series, size_t size)
{
	size_t inner = 1;

	for (size_t i = growth->axis + 1; i < growth->plan->n_variables; i++)
		inner *= growth->plan->variables[i].values.n_texts;
	return series / inner * inner * growth->n_sizes + size * inner + series % inner;
}

double scan_growth_size(const struct scan_growth *growth, size_t size)
{
	return growth->has_sizes ? growth->plan->variables[growth->axis].numbers[size] : NAN;
}

char *scan_growth_series_label(const struct scan_growth *growth, size_t series)
{
	return scan_plan_label(growth->plan, scan_growth_point(growth, series, 0),
	                       (int)growth->axis);
}

size_t scan_growth_known(const struct scan_growth *growth, const double *values, size_t series,
                         double *sizes, double *known)
{
	size_t n = 0;

	for (size_t i = 0; i < growth->n_sizes; i++) {
		double value = values[scan_growth_point(growth, series, i)];

		if (!isfinite(value) || scan_growth_size(growth, i) <= 0)
			continue;
		sizes[n] = scan_growth_size(growth, i);
		known[n++] = value;
	}
	return n;
}

/* Noise that seems to rise fits a law too, most easily a steep one. Where the exponent may be 0 a
 * law is believed that holds to within 1 % of each value and of what they grew by, as a count's
 * does that grows beside a large constant. */
static bool is_believed(const struct growth *fit, const double *sizes, const double *values,
                        size_t n)
{
	double least = INFINITY, most = -INFINITY;

	if (fit->law == GROWTH_CONSTANT || isnan(fit->exponent) || fit->low > 0 || fit->high < 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		least = fmin(least, values[i]);
		most = fmax(most, values[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (fabs(fit->start + fit->factor * growth_law_at(fit->law, sizes[i]) - values[i]) >
		    0.01 * fmin(values[i], most - least))
			return false;
	return true;
}

struct growth scan_growth_fit(const struct scan_growth *growth, const double *values, size_t series)
{
	struct growth fit = {.exponent = NAN, .low = NAN, .high = NAN};
	double *sizes = xcalloc(growth->n_sizes, sizeof(*sizes));
	double *known = xcalloc(growth->n_sizes, sizeof(*known));
	size_t n = scan_growth_known(growth, values, series, sizes, known);

	if (n && growth->has_sizes)
		fit = growth_fit(sizes, known, n);
	fit.has_law = fit.has_law && is_believed(&fit, sizes, known, n);
	free(sizes);
	free(known);
	return fit;
}

const struct scan_metric *scan_growth_best(const struct scan_growth *growth, const char *name)
{
	const struct scan_metric *best = NULL;

	for (size_t i = 0; i < growth->n_metrics; i++) {
		const struct scan_metric *metric = &growth->metrics[i];

		if (strcmp(metric->name, name) != 0)
			continue;
		if (!best || (best->instrumented && !metric->instrumented) ||
		    (!strcmp(metric->type, "stat") && !metric->instrumented))
			best = metric;
	}
	return best;
}

static bool is_of_run(const struct scan_metric *metric)
{
	return !strncmp(metric->name, "run.", 4) || !strncmp(metric->name, "user.", 5);
}

static bool is_shown(const struct scan_growth *growth, const struct growth_row *row)
{
	for (size_t i = 0; i < growth->n_sizes; i++) {
		double value = row->metric->values[scan_growth_point(growth, row->series, i)];

		if (isfinite(value) && value != 0)
			return true;
	}
	return false;
}

/* Lower ones first. */
static int place_of(const struct scan_metric *metric)
{
	static const char *const first[] = {"run.wall_ns", "run.work_per_s"};

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (!strcmp(metric->name, first[i]))
			return (int)i;
	/* Shares grow for many reasons. */
	return strcmp(metric->unit, "percent") ? (int)ARRAY_SIZE(first)
	                                       : (int)ARRAY_SIZE(first) + 1;
}

/* To two decimals: what differs in noise alone stays in the order of its type's table. */
static double speed_of(const struct growth_row *row)
{
	return isnan(row->fit.exponent) ? -INFINITY : round(row->fit.exponent * 100);
}

static int by_interest(const void *a, const void *b)
{
	const struct growth_row *left = a, *right = b;
	int place = place_of(left->metric) - place_of(right->metric);

	if (place)
		return place;
	if (speed_of(left) != speed_of(right))
		return speed_of(left) < speed_of(right) ? 1 : -1;
	if (left->metric != right->metric)
		return left->metric < right->metric ? -1 : 1;
	return left->series < right->series ? -1 : left->series > right->series;
}

struct growth_row *scan_growth_rows(const struct scan_growth *growth, size_t *n_rows)
{
	struct growth_row *rows = xcalloc(growth->n_metrics * growth->n_series + 1, sizeof(*rows));

	*n_rows = 0;
	for (size_t i = 0; i < growth->n_metrics; i++) {
		const struct scan_metric *metric = &growth->metrics[i];

		if (is_of_run(metric) && scan_growth_best(growth, metric->name) != metric)
			continue;
		for (size_t series = 0; series < growth->n_series; series++) {
			struct growth_row *row = &rows[*n_rows];

			*row = (struct growth_row){.metric = metric, .series = series};
			if (!is_shown(growth, row))
				continue;
			row->fit = scan_growth_fit(growth, metric->values, series);
			++*n_rows;
		}
	}
	qsort(rows, *n_rows, sizeof(*rows), by_interest);
	return rows;
}
