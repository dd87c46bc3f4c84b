/* Keeps the samples of each metric and gives its value: their median, or their sum. */
#include "core/metrics.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/stats/describe.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metric {
	char *name;
	const struct metric_row *row;
	double *samples;
	size_t n_samples;
	size_t samples_capacity;
	bool is_sum;
	bool instrumented;
};

struct metrics {
	struct metric *items;
	size_t n_items;
	size_t capacity;
};

struct metrics *metrics_new(void)
{
	return xcalloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->n_items; i++) {
		free(metrics->items[i].name);
		free(metrics->items[i].samples);
	}
	free(metrics->items);
	free(metrics);
}

const struct metric_row *metric_find(const struct metric_row *rows, const char *name)
{
	/* An exact row goes before a pattern, wherever it stands. */
	for (const struct metric_row *row = rows; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	for (const struct metric_row *row = rows; row->name; row++)
		if (!fnmatch(row->name, name, 0))
			return row;
	return NULL;
}

static struct metric *find_metric(const struct metrics *metrics, const char *name)
{
	for (size_t i = 0; i < metrics->n_items; i++)
		if (!strcmp(metrics->items[i].name, name))
			return &metrics->items[i];
	return NULL;
}

void metrics_add(struct metrics *metrics, const struct metric_row *rows, const char *name,
                 double value)
{
	struct metric *metric = find_metric(metrics, name);

	if (!isfinite(value))
		return;
	if (!metric) {
		metric = ARRAY_APPEND(metrics->items, metrics->n_items, metrics->capacity);
		metric->name = xstrdup(name);
		metric->row = metric_find(rows, name);
		BUG(!metric->row);
	}
	*ARRAY_APPEND(metric->samples, metric->n_samples, metric->samples_capacity) = value;
}

void metrics_sum(struct metrics *metrics, const char *name)
{
	struct metric *metric = find_metric(metrics, name);

	if (metric)
		metric->is_sum = true;
}

void metrics_mark_instrumented(struct metrics *metrics, const char *name)
{
	struct metric *metric = find_metric(metrics, name);

	if (metric)
		metric->instrumented = true;
}

static double value_of(const struct metric *metric)
{
	double sum = 0;

	if (!metric->is_sum)
		return describe_median(metric->samples, metric->n_samples);
	for (size_t i = 0; i < metric->n_samples; i++)
		sum += metric->samples[i];
	return sum;
}

bool metrics_value(const struct metrics *metrics, const char *name, double *value)
{
	const struct metric *metric = find_metric(metrics, name);

	if (!metric)
		return false;
	*value = value_of(metric);
	return true;
}

bool metrics_highest(const struct metrics *metrics, const char *name, double *value, size_t *run)
{
	const struct metric *metric = find_metric(metrics, name);

	if (!metric)
		return false;
	*run = 1;
	for (size_t i = 1; i < metric->n_samples; i++)
		if (metric->samples[i] > metric->samples[*run - 1])
			*run = i + 1;
	*value = metric->samples[*run - 1];
	return true;
}

size_t metrics_n_samples(const struct metrics *metrics, const char *name)
{
	const struct metric *metric = find_metric(metrics, name);

	return metric ? metric->n_samples : 0;
}

/* JSON has one kind of number, jansson two. What is not whole is rounded to the 15 digits that are
 * written, so that a manifest is the same before it is stored and after: counts' means are compared
 * exactly. */
json_t *metric_number_to_json(double value)
{
	char digits[32];

	if (value == floor(value) && fabs(value) < 9007199254740992.0)
		return json_integer((json_int_t)value);
	snprintf(digits, sizeof(digits), "%.15g", value);
	return json_real(strtod(digits, NULL));
}

static json_t *better_to_json(enum metric_better better)
{
	if (better == METRIC_NEUTRAL)
		return json_null();
	return json_string(better == METRIC_LOWER ? "lower" : "higher");
}

/* true: at least 3 runs agreed exactly; false: two differed; null: too few to tell. */
static json_t *deterministic_to_json(const struct metric *metric)
{
	for (size_t i = 1; i < metric->n_samples; i++)
		if (metric->samples[i] != metric->samples[0])
			return json_false();
	return metric->n_samples >= 3 ? json_true() : json_null();
}

json_t *metrics_to_json(const struct metrics *metrics)
{
	json_t *object = json_object();

	for (size_t i = 0; i < metrics->n_items; i++) {
		const struct metric *metric = &metrics->items[i];
		json_t *samples = json_array();

		for (size_t j = 0; j < metric->n_samples; j++)
			json_array_append_new(samples, metric_number_to_json(metric->samples[j]));
		json_set_named(object, metric->name,
		               json_pack("{s:o, s:s, s:o, s:o, s:o, s:b}", "value",
		                         metric_number_to_json(value_of(metric)), "unit",
		                         metric->row->unit, "better",
		                         better_to_json(metric->row->better), "samples", samples,
		                         "deterministic", deterministic_to_json(metric),
		                         "instrumented", metric->instrumented));
	}
	return object;
}
