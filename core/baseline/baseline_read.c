/* Reads a baseline file, which anybody may have edited. */
#include "core/baseline/baseline.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/compare/side_rows.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/results/results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

/* Where a sentence is about. */
struct reading {
	const char *path;
	const char *type;
	struct side *side;
	struct diag *diag;
};

static int refuse(const struct reading *reading, const char *what)
{
	return diag_fail(reading->diag, EINVAL,
	                 "%s, type %s: %s; restore the file, or make it anew with: "
	                 "profile-scenario baseline bless NAME",
	                 reading->path, reading->type, what);
}

/* A whole number of things. */
static bool read_count(const json_t *value, uint64_t *count)
{
	double number = json_number_value(value);

	if (!json_is_number(value) || !(number >= 0) || number > 9e15)
		return false;
	*count = (uint64_t)number;
	return true;
}

static int read_runs(const struct reading *reading, const json_t *type)
{
	const json_t *runs = json_object_get(type, "runs");

	if (!json_array_size(runs))
		return refuse(reading, "it has no runs");
	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);

		if (!json_text_at(run, "run_id"))
			return refuse(reading, "a run has no run_id");
		side_add_run(reading->side, json_text_at(run, "run_id"),
		             json_text_at(run, "started"), run);
	}
	return read_count(json_object_get(type, "repeats"), &reading->side->n_repeats)
	           ? 0
	           : refuse(reading, "repeats is no count");
}

static json_t *member_of(const json_t *type, const char *name)
{
	json_t *value = json_object_get(type, name);

	return value ? json_incref(value) : json_null();
}

static void read_environment(struct side *side, const json_t *type)
{
	const struct side_run *last = &side->runs[side->n_runs - 1];
	const json_t *mixed = json_object_get(type, "mixed");

	side->command = member_of(type, "command");
	side->environment = member_of(type, "environment");
	side->parameters = member_of(type, "parameters");
	side->host = member_of(type, "host");
	side->binary = member_of(type, "binary");
	side->collector = member_of(type, "collector");
	side->git = last->commit
	                ? json_pack("{s:s, s:b}", "commit", last->commit, "dirty", last->dirty)
	                : json_null();
	for (size_t i = 0; i < json_array_size(mixed); i++)
		if (json_is_string(json_array_get(mixed, i)))
			text_list_add(&side->mixed, json_string_value(json_array_get(mixed, i)));
	side_add_quality(side, json_object_get(type, "quality"));
}

static int read_metrics(const struct reading *reading, const json_t *type)
{
	char *name = xasprintf("%s, type %s", reading->path, reading->type);
	int err =
	    side_add_metrics(reading->side, json_object_get(type, "metrics"), name, reading->diag);

	free(name);
	return err;
}

static int read_columns(const struct reading *reading, const json_t *type)
{
	const json_t *columns = json_object_get(type, "values");

	for (size_t i = 0; i < json_array_size(columns); i++) {
		const json_t *column = json_array_get(columns, i);
		const char *name = json_text_at(column, "name"),
		           *unit = json_text_at(column, "unit");

		if (!name || !unit || side_rows_column(reading->side, name, unit) != (int)i)
			return refuse(reading, "values are not what rows are of");
	}
	return 0;
}

/* As many as there are columns. */
static bool read_numbers(const struct side *side, const json_t *array, double *numbers)
{
	if (json_array_size(array) != side->n_values)
		return false;
	for (size_t i = 0; i < side->n_values; i++) {
		const json_t *value = json_array_get(array, i);

		numbers[i] = json_number_value(value);
		if (!json_is_number(value) || !(numbers[i] >= 0) || !isfinite(numbers[i]))
			return false;
	}
	return true;
}

static int read_kinds(const struct reading *reading, const json_t *type)
{
	struct side *side = reading->side;
	double whole[SIDE_MAX_VALUES];

	for (int kind = 0; kind < SIDE_N_KINDS; kind++) {
		const json_t *of_kind =
		    json_object_get(json_object_get(type, "kinds"), side_kind_words[kind]);
		uint64_t n_left_out;

		if (!of_kind)
			continue;
		if (!read_count(json_object_get(of_kind, "repeats"), &side->n_profiled[kind]) ||
		    !side->n_profiled[kind] ||
		    !read_count(json_object_get(of_kind, "left_out"), &n_left_out) ||
		    !read_numbers(side, json_object_get(of_kind, "whole"), whole))
			return refuse(reading, "what its rows are of is no number");
		side->n_left_out[kind] = n_left_out;
		for (size_t i = 0; i < side->n_values; i++)
			side->values[i].whole[kind] = whole[i];
	}
	return 0;
}

static int kind_of(const json_t *row)
{
	const char *word = json_text_at(row, "kind");

	for (int kind = 0; word && kind < SIDE_N_KINDS; kind++)
		if (!strcmp(word, side_kind_words[kind]))
			return kind;
	return -1;
}

static int read_row(const struct reading *reading, const json_t *json)
{
	const char *name = json_text_at(json, "name"), *object = json_text_at(json, "object");
	const char *file = json_text_at(json, "file");
	size_t n_before = reading->side->n_rows;
	int kind = kind_of(json);
	struct side_row *row;
	uint64_t line = 0;

	if (!name || kind < 0 || !reading->side->n_profiled[kind])
		return refuse(reading, "a row has no name or kind");
	if (json_object_get(json, "line") && !read_count(json_object_get(json, "line"), &line))
		return refuse(reading, "the line of a row is no number");
	row = side_rows_add(reading->side, (enum side_row_kind)kind, name, object ? object : "");
	if (reading->side->n_rows == n_before)
		return refuse(reading, "a row is there twice");
	if (!read_numbers(reading->side, json_object_get(json, "self"), row->self) ||
	    !read_numbers(reading->side, json_object_get(json, "total"), row->total))
		return refuse(reading, "a row has not a number for each of its values");
	free(row->file);
	row->file = xstrdup(file ? file : "");
	row->line = (uint32_t)line;
	return 0;
}

static int read_rows(const struct reading *reading, const json_t *type)
{
	const json_t *rows = json_object_get(type, "rows");
	int err = read_columns(reading, type);

	if (!err)
		err = read_kinds(reading, type);
	for (size_t i = 0; !err && i < json_array_size(rows); i++)
		err = read_row(reading, json_array_get(rows, i));
	if (!err)
		side_rows_sort(reading->side);
	return err;
}

static int read_side(struct baseline *baseline, const char *path, const char *type_name,
                     const json_t *type, struct diag *diag)
{
	struct side *side = side_new();
	struct reading reading = {path, type_name, side, diag};
	int err;

	side->scenario = xstrdup(baseline->scenario);
	side->type = xstrdup(type_name);
	side->title = xasprintf("baseline %s", baseline->name);
	err = read_runs(&reading, type);
	if (!err)
		err = read_metrics(&reading, type);
	if (!err)
		err = read_rows(&reading, type);
	if (err) {
		side_free(side);
		return err;
	}
	read_environment(side, type);
	baseline_put(baseline, side);
	return 0;
}

static int read_types(struct baseline *baseline, const char *path, const json_t *document,
                      struct diag *diag)
{
	json_t *types = json_object_get(document, "types");
	const char *name;
	json_t *type;

	if (!json_object_size(types))
		return diag_fail(diag, EINVAL, "%s has no types: it is no baseline, or damaged",
		                 path);
	json_object_foreach(types, name, type)
	{
		int err;

		if (!results_name_is_valid(name))
			return diag_fail(diag, EINVAL, "%s has a type '%s', which cannot be", path,
			                 name);
		err = read_side(baseline, path, name, type, diag);
		if (err)
			return err;
	}
	return 0;
}

static int read_document(const json_t *document, const char *path, struct baseline **baseline,
                         struct diag *diag)
{
	const char *name = json_text_at(document, "baseline"),
	           *scenario = json_text_at(document, "scenario");
	json_t *history = json_object_get(document, "history");
	int err = side_check_schema(document, SCHEMA, path, diag);

	if (err)
		return err;
	if (!name || !scenario || !results_name_is_valid(name) || !results_name_is_valid(scenario))
		return diag_fail(diag, EINVAL,
		                 "%s names no baseline and scenario: it is no baseline, or damaged",
		                 path);
	*baseline = baseline_new(name, scenario);
	if (json_is_array(history)) {
		json_decref((*baseline)->history);
		(*baseline)->history = json_incref(history);
	}
	return read_types(*baseline, path, document, diag);
}

int baseline_read(const char *text, size_t len_bytes, const char *path, struct baseline **baseline,
                  struct diag *diag)
{
	json_error_t error;
	json_t *document = json_loadb(text, len_bytes, JSON_REJECT_DUPLICATES, &error);
	int err;

	*baseline = NULL;
	if (!document)
		return diag_fail(diag, EINVAL,
		                 "%s is cut short or damaged, line %d: %s; restore the file", path,
		                 error.line, error.text);
	err = read_document(document, path, baseline, diag);
	json_decref(document);
	if (err) {
		baseline_free(*baseline);
		*baseline = NULL;
	}
	return err;
}
