/* Writes a baseline so that a difference of two versions is read line by line. */
#include "core/baseline/baseline.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/compare/side_rows.h"
#include "core/json_text.h"
#include "core/metrics.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

/* One value on one line; the reference is used up. */
static void write_value(FILE *out, json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	fputs(text ? text : "null", out);
	free(text);
	json_decref(value);
}

/* A member on its line, `depth` blanks in; a comma follows unless it is the last. */
static void write_member(FILE *out, int depth, const char *name, json_t *value, bool is_last)
{
	fprintf(out, "%*s", depth, "");
	write_value(out, json_text(name));
	fputs(": ", out);
	write_value(out, value);
	fputs(is_last ? "\n" : ",\n", out);
}

static void write_line(FILE *out, int depth, json_t *value, bool is_last)
{
	fprintf(out, "%*s", depth, "");
	write_value(out, value);
	fputs(is_last ? "\n" : ",\n", out);
}

static void open_list(FILE *out, int depth, const char *name, char bracket)
{
	fprintf(out, "%*s", depth, "");
	write_value(out, json_text(name));
	fprintf(out, ": %c\n", bracket);
}

static json_t *numbers(const double *values, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, metric_number_to_json(values[i]));
	return array;
}

static json_t *metric_to_json(const struct side_metric *metric)
{
	static const char *const better[] = {
	    [METRIC_NEUTRAL] = NULL, [METRIC_LOWER] = "lower", [METRIC_HIGHER] = "higher"};

	return json_pack("{s:o, s:o, s:s?, s:b, s:o}", "value",
	                 metric_number_to_json(side_metric_median(metric)), "unit",
	                 json_text(metric->unit), "better", better[metric->better], "instrumented",
	                 metric->instrumented, "samples",
	                 numbers(metric->samples, metric->n_samples));
}

static int by_name(const void *left, const void *right)
{
	const struct side_metric *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static void write_metrics(FILE *out, const struct side *side)
{
	const struct side_metric **sorted = xcalloc(side->n_metrics, sizeof(*sorted));

	for (size_t i = 0; i < side->n_metrics; i++)
		sorted[i] = &side->metrics[i];
	qsort(sorted, side->n_metrics, sizeof(*sorted), by_name);
	open_list(out, 3, "metrics", '{');
	for (size_t i = 0; i < side->n_metrics; i++)
		write_member(out, 4, sorted[i]->name, metric_to_json(sorted[i]),
		             i + 1 == side->n_metrics);
	fputs("   },\n", out);
	free(sorted);
}

static void write_runs(FILE *out, const struct side *side)
{
	open_list(out, 3, "runs", '[');
	for (size_t i = 0; i < side->n_runs; i++) {
		const struct side_run *run = &side->runs[i];
		json_t *object = json_pack("{s:o, s:o}", "run_id", json_text(run->run_id),
		                           "started", json_text(run->started));

		if (run->commit) {
			json_object_set_new(object, "commit", json_text(run->commit));
			json_object_set_new(object, "dirty", json_boolean(run->dirty));
		}
		write_line(out, 4, object, i + 1 == side->n_runs);
	}
	fputs("   ],\n", out);
}

static json_t *quality_to_json(const struct side *side)
{
	json_t *quality = json_pack("{s:I, s:I}", "samples", (json_int_t)side->n_samples,
	                            "lost_samples", (json_int_t)side->n_lost);

	if (side->lost_percent >= 0)
		json_object_set_new(quality, "lost_percent", json_real(side->lost_percent));
	if (side->truncated_percent >= 0)
		json_object_set_new(quality, "truncated_percent",
		                    json_real(side->truncated_percent));
	if (side->unresolved_percent >= 0)
		json_object_set_new(quality, "unresolved_percent",
		                    json_real(side->unresolved_percent));
	json_object_set_new(quality, "notes", json_texts(&side->notes));
	return quality;
}

/* What the rows of a kind are of. */
static json_t *kind_to_json(const struct side *side, enum side_row_kind kind)
{
	double whole[SIDE_MAX_VALUES];

	for (size_t i = 0; i < side->n_values; i++)
		whole[i] = side->values[i].whole[kind];
	return json_pack("{s:I, s:I, s:o}", "repeats", (json_int_t)side->n_profiled[kind],
	                 "left_out", (json_int_t)side->n_left_out[kind], "whole",
	                 numbers(whole, side->n_values));
}

static json_t *row_to_json(const struct side *side, const struct side_row *row)
{
	json_t *object = json_pack("{s:s, s:o}", "kind", side_kind_words[row->kind], "name",
	                           json_text(row->name));

	if (*row->object)
		json_object_set_new(object, "object", json_text(row->object));
	if (*row->file)
		json_object_set_new(object, "file", json_text(row->file));
	if (row->line)
		json_object_set_new(object, "line", json_integer(row->line));
	json_object_set_new(object, "self", numbers(row->self, side->n_values));
	json_object_set_new(object, "total", numbers(row->total, side->n_values));
	return object;
}

static int by_kind_and_name(const void *left, const void *right)
{
	const struct side_row *const *a = left, *const *b = right;
	int order = (int)(*a)->kind - (int)(*b)->kind;

	if (!order)
		order = strcmp((*a)->name, (*b)->name);
	return order ? order : strcmp((*a)->object, (*b)->object);
}

static void write_rows(FILE *out, const struct side *side)
{
	const struct side_row **sorted = xcalloc(side->n_rows, sizeof(*sorted));
	json_t *columns = json_array(), *kinds = json_object();

	for (size_t i = 0; i < side->n_values; i++)
		json_array_append_new(columns, json_pack("{s:o, s:o}", "name",
		                                         json_text(side->values[i].name), "unit",
		                                         json_text(side->values[i].unit)));
	for (int kind = 0; kind < SIDE_N_KINDS; kind++)
		if (side->n_profiled[kind])
			json_object_set_new(kinds, side_kind_words[kind],
			                    kind_to_json(side, (enum side_row_kind)kind));
	write_member(out, 3, "values", columns, false);
	write_member(out, 3, "kinds", kinds, false);
	for (size_t i = 0; i < side->n_rows; i++)
		sorted[i] = &side->rows[i];
	if (side->n_rows)
		qsort(sorted, side->n_rows, sizeof(*sorted), by_kind_and_name);
	open_list(out, 3, "rows", '[');
	for (size_t i = 0; i < side->n_rows; i++)
		write_line(out, 4, row_to_json(side, sorted[i]), i + 1 == side->n_rows);
	fputs("   ]\n", out);
	free(sorted);
}

static json_t *reference_to(json_t *value)
{
	return value ? json_incref(value) : json_null();
}

static void write_side(FILE *out, const struct side *side, bool is_last)
{
	open_list(out, 2, side->type, '{');
	write_runs(out, side);
	write_member(out, 3, "repeats", json_integer((json_int_t)side->n_repeats), false);
	write_member(out, 3, "command", reference_to(side->command), false);
	write_member(out, 3, "environment", reference_to(side->environment), false);
	write_member(out, 3, "parameters", reference_to(side->parameters), false);
	write_member(out, 3, "host", reference_to(side->host), false);
	write_member(out, 3, "binary", reference_to(side->binary), false);
	write_member(out, 3, "collector", reference_to(side->collector), false);
	write_member(out, 3, "mixed", json_texts(&side->mixed), false);
	write_member(out, 3, "quality", quality_to_json(side), false);
	write_metrics(out, side);
	write_rows(out, side);
	fputs(is_last ? "  }\n" : "  },\n", out);
}

void baseline_write(const struct baseline *baseline, FILE *out)
{
	size_t n_entries = json_array_size(baseline->history);

	fputs("{\n", out);
	write_member(out, 1, "schema", json_integer(SCHEMA), false);
	write_member(out, 1, "tool", json_pack("{s:s}", "version", VERSION), false);
	write_member(out, 1, "baseline", json_text(baseline->name), false);
	write_member(out, 1, "scenario", json_text(baseline->scenario), false);
	open_list(out, 1, "history", '[');
	for (size_t i = 0; i < n_entries; i++)
		write_line(out, 2, json_incref(json_array_get(baseline->history, i)),
		           i + 1 == n_entries);
	fputs(" ],\n", out);
	open_list(out, 1, "types", '{');
	for (size_t i = 0; i < baseline->n_sides; i++)
		write_side(out, baseline->sides[i], i + 1 == baseline->n_sides);
	fputs(" }\n}\n", out);
}
