/* A comparison for machines. */
#include "core/compare/comparison_write.h"

#include "core/compare/comparison_cells.h"

#include "core/json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

/* What is no finite number is null: JSON has no other. */
static json_t *number(double value)
{
	return isfinite(value) ? metric_number_to_json(value) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return text ? json_text(text) : json_null();
}

static json_t *run_to_json(const struct side_run *run)
{
	json_t *object = json_object();

	json_object_set_new(object, "run_id", json_text(run->run_id));
	json_object_set_new(object, "started", text_or_null(run->started));
	json_object_set_new(object, "commit", text_or_null(run->commit));
	json_object_set_new(object, "dirty", json_boolean(run->dirty));
	return object;
}

static json_t *side_to_json(const struct side *side)
{
	json_t *object, *runs;

	if (!side)
		return json_null();
	object = json_object();
	runs = json_array();
	for (size_t i = 0; i < side->n_runs; i++)
		json_array_append_new(runs, run_to_json(&side->runs[i]));
	json_object_set_new(object, "title", json_text(side->title));
	json_object_set_new(object, "measurements", json_integer((json_int_t)side->n_repeats));
	json_object_set_new(object, "runs", runs);
	json_object_set_new(object, "command", json_incref(side->command));
	json_object_set_new(object, "mixed", json_texts(&side->mixed));
	return object;
}

static json_t *samples_to_json(const struct judged_samples *samples, double value)
{
	json_t *object = json_object(), *values = json_array();

	for (size_t i = 0; i < samples->n; i++)
		json_array_append_new(values, number(samples->values[i]));
	json_object_set_new(object, "value", number(value));
	json_object_set_new(object, "samples", values);
	return object;
}

static const char *better_word(enum metric_better better)
{
	return better == METRIC_NEUTRAL ? NULL : better == METRIC_LOWER ? "lower" : "higher";
}

static json_t *interval_to_json(const struct judged_metric *judged)
{
	return json_pack("[o, o]", number(judged->low), number(judged->high));
}

static json_t *metric_to_json(const struct comparison_metric *metric)
{
	const struct judged_metric *judged = &metric->judged;
	json_t *object = json_object();
	bool is_judged = !metric->not_compared;

	json_object_set_new(object, "name", json_text(judged->name));
	json_object_set_new(object, "unit", json_text(metric->unit));
	json_object_set_new(object, "better", text_or_null(better_word(judged->better)));
	json_object_set_new(
	    object, "verdict",
	    json_string(is_judged ? verdict_word(judged->verdict) : "not compared"));
	json_object_set_new(object, "why",
	                    text_or_null(is_judged ? judged->why : metric->not_compared));
	json_object_set_new(object, "gating", json_boolean(judged->gating));
	json_object_set_new(object, "advisory", text_or_null(metric->advisory));
	if (!is_judged)
		return object;
	json_object_set_new(object, "exact", json_boolean(judged->exact));
	json_object_set_new(object, "ratio", number(judged->ratio));
	json_object_set_new(object, "from_zero", json_boolean(isinf(judged->ratio) != 0));
	json_object_set_new(object, "interval", interval_to_json(judged));
	json_object_set_new(object, "p", number(judged->p));
	json_object_set_new(object, "noise_floor", number(judged->noise_floor));
	json_object_set_new(object, "base", samples_to_json(&judged->base, judged->base_value));
	json_object_set_new(object, "new", samples_to_json(&judged->new, judged->new_value));
	return object;
}

static json_t *share_to_json(const struct judged_share *share)
{
	json_t *object;

	if (!share)
		return json_null();
	object = json_object();
	json_object_set_new(object, "base", number(share->base_share));
	json_object_set_new(object, "new", number(share->new_share));
	json_object_set_new(object, "delta", number(share->delta));
	json_object_set_new(object, "interval",
	                    json_pack("[o, o]", number(share->low), number(share->high)));
	json_object_set_new(object, "p", number(share->p));
	json_object_set_new(object, "verdict", json_string(share_verdict_word(share->verdict)));
	json_object_set_new(object, "why", text_or_null(share->why));
	return object;
}

static json_t *pair_to_json(double base, double new)
{
	return json_pack("{s:o, s:o, s:o}", "base", number(base), "new", number(new), "delta",
	                 number(new - base));
}

static json_t *mover_to_json(const struct comparison_mover *mover)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_text(mover->name));
	json_object_set_new(object, "object", json_text(mover->object));
	json_object_set_new(object, "file", json_text(mover->file));
	json_object_set_new(object, "line", json_integer(mover->line));
	json_object_set_new(object, "self", pair_to_json(mover->base_self, mover->new_self));
	json_object_set_new(object, "total", pair_to_json(mover->base_total, mover->new_total));
	json_object_set_new(object, "share", share_to_json(mover->share));
	return object;
}

static json_t *movers_to_json(const struct comparison_movers *movers)
{
	static const char *const kinds[] = {
	    [SIDE_FUNCTION] = "function", [SIDE_SITE] = "site", [SIDE_CALL] = "call"};
	json_t *object = json_object(), *rows = json_array();

	for (size_t i = 0; i < movers->n_rows; i++)
		json_array_append_new(rows, mover_to_json(&movers->rows[i]));
	json_object_set_new(object, "kind", json_string(kinds[movers->kind]));
	json_object_set_new(object, "value", json_text(movers->value));
	json_object_set_new(object, "unit", json_text(movers->unit));
	json_object_set_new(object, "whole", pair_to_json(movers->base_whole, movers->new_whole));
	json_object_set_new(object, "rows", rows);
	return object;
}

static json_t *differences_to_json(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; i < comparison->n_differences; i++) {
		const struct comparison_difference *difference = &comparison->differences[i];

		json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "what",
		                                       json_text(difference->what), "base",
		                                       json_text(difference->base), "new",
		                                       json_text(difference->new)));
	}
	return array;
}

static json_t *lists_to_json(const struct comparison *comparison, json_t **movers)
{
	json_t *metrics = json_array();

	*movers = json_array();
	for (size_t i = 0; i < comparison->n_metrics; i++)
		json_array_append_new(metrics, metric_to_json(&comparison->metrics[i]));
	for (size_t i = 0; i < comparison->n_movers; i++)
		json_array_append_new(*movers, movers_to_json(&comparison->movers[i]));
	return metrics;
}

json_t *comparison_to_json(const struct comparison *comparison, const char *picture)
{
	json_t *object = json_object(), *movers;
	json_t *metrics = lists_to_json(comparison, &movers);

	json_object_set_new(object, "schema", json_integer(SCHEMA));
	json_object_set_new(object, "tool", json_pack("{s:s}", "version", VERSION));
	json_object_set_new(object, "scenario", json_text(comparison->new->scenario));
	json_object_set_new(object, "type", json_text(comparison->new->type));
	json_object_set_new(object, "verdict", json_string(verdict_word(comparison->verdict)));
	json_object_set_new(object, "reason", json_text(comparison->reason));
	json_object_set_new(object, "threshold_percent", json_real(comparison->threshold_percent));
	json_object_set_new(object, "base", side_to_json(comparison->base));
	json_object_set_new(object, "new", side_to_json(comparison->new));
	json_object_set_new(object, "control", side_to_json(comparison->control));
	json_object_set_new(object, "metrics", metrics);
	json_object_set_new(object, "movers", movers);
	json_object_set_new(object, "differences", differences_to_json(comparison));
	json_object_set_new(object, "notes", json_texts(&comparison->notes));
	json_object_set_new(object, "flamegraph", text_or_null(picture));
	return object;
}
