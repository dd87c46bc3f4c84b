/* Compares metrics with their limits. */
#include "core/gates.h"

#include "core/alloc.h"
#include "core/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum gate_status { GATE_OK, GATE_FAILED, GATE_NOT_MEASURED };

static const char *const status_words[] = {
    [GATE_OK] = "ok",
    [GATE_FAILED] = "failed",
    [GATE_NOT_MEASURED] = "not measured",
};

static const char *const signs[] = {
    [GATE_AT_MOST] = "<=", [GATE_AT_LEAST] = ">=", [GATE_BELOW] = "<",
    [GATE_ABOVE] = ">",    [GATE_EQUAL] = "==",
};

struct gate {
	char *metric;
	enum gate_comparison comparison;
	double limit;
	char *source;
	enum gate_status status;
	double value;
	bool of_each; /* the value is the highest of the runs' ... */
	size_t run;   /* ... and this one's, from 1, */
	size_t n_runs;
};

struct gates {
	struct gate *items;
	size_t n_items;
	size_t items_capacity;
	int exit_status;
	char *doubt; /* NULL: none */
};

struct gates *gates_new(void)
{
	struct gates *gates = xcalloc(1, sizeof(*gates));

	gates->exit_status = 1;
	return gates;
}

void gates_free(struct gates *gates)
{
	if (!gates)
		return;
	for (size_t i = 0; i < gates->n_items; i++) {
		free(gates->items[i].metric);
		free(gates->items[i].source);
	}
	free(gates->doubt);
	free(gates->items);
	free(gates);
}

static struct gate *add_gate(struct gates *gates, const char *metric,
                             enum gate_comparison comparison, double limit, const char *source)
{
	struct gate *gate = ARRAY_APPEND(gates->items, gates->n_items, gates->items_capacity);

	gate->metric = xstrdup(metric);
	gate->comparison = comparison;
	gate->limit = limit;
	gate->source = xstrdup(source);
	gate->status = GATE_NOT_MEASURED;
	return gate;
}

void gates_require(struct gates *gates, const char *metric, enum gate_comparison comparison,
                   double limit, const char *source)
{
	add_gate(gates, metric, comparison, limit, source);
}

void gates_require_of_each(struct gates *gates, const char *metric, double limit,
                           const char *source)
{
	add_gate(gates, metric, GATE_AT_MOST, limit, source)->of_each = true;
}

void gates_set_exit_status(struct gates *gates, int status)
{
	gates->exit_status = status;
}

int gates_exit_status(const struct gates *gates)
{
	return gates->exit_status;
}

void gates_doubt(struct gates *gates, const char *what)
{
	if (!gates->doubt)
		gates->doubt = xstrdup(what);
}

static bool holds(const struct gate *gate)
{
	switch (gate->comparison) {
	case GATE_AT_MOST:
		return gate->value <= gate->limit;
	case GATE_AT_LEAST:
		return gate->value >= gate->limit;
	case GATE_BELOW:
		return gate->value < gate->limit;
	case GATE_ABOVE:
		return gate->value > gate->limit;
	case GATE_EQUAL:
		return gate->value == gate->limit;
	}
	return false;
}

static bool find_value(struct gate *gate, const struct metrics *metrics)
{
	gate->n_runs = metrics_n_samples(metrics, gate->metric);
	return gate->of_each ? metrics_highest(metrics, gate->metric, &gate->value, &gate->run)
	                     : metrics_value(metrics, gate->metric, &gate->value);
}

void gates_judge(struct gates *gates, const struct metrics *metrics)
{
	for (size_t i = 0; i < gates->n_items; i++) {
		struct gate *gate = &gates->items[i];

		if (!find_value(gate, metrics))
			gate->status = GATE_NOT_MEASURED;
		else
			gate->status = holds(gate) ? GATE_OK : GATE_FAILED;
	}
}

static size_t count(const struct gates *gates, enum gate_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < gates->n_items; i++)
		n += gates->items[i].status == status;
	return n;
}

size_t gates_n_failed(const struct gates *gates)
{
	return count(gates, GATE_FAILED);
}

size_t gates_n_unmeasured(const struct gates *gates)
{
	return count(gates, GATE_NOT_MEASURED);
}

const char *gates_why_inconclusive(const struct gates *gates)
{
	bool all_hold = gates->n_items && count(gates, GATE_OK) == gates->n_items;

	return all_hold ? gates->doubt : NULL;
}

static const struct gate *find_first(const struct gates *gates, enum gate_status status)
{
	for (size_t i = 0; i < gates->n_items; i++)
		if (gates->items[i].status == status)
			return &gates->items[i];
	return NULL;
}

char *gates_why_failed(const struct gates *gates)
{
	const struct gate *gate = find_first(gates, GATE_FAILED);
	char *where, *text;

	if (!gate)
		return NULL;
	where = gate->of_each && gate->n_runs > 1
	            ? xasprintf(" in run %zu of %zu", gate->run, gate->n_runs)
	            : xstrdup("");
	text = xasprintf("%s is %.15g%s, limit %s %.15g (%s)", gate->metric, gate->value, where,
	                 signs[gate->comparison], gate->limit, gate->source);
	free(where);
	return text;
}

char *gates_why_unmeasured(const struct gates *gates)
{
	const struct gate *gate = find_first(gates, GATE_NOT_MEASURED);

	return gate ? xasprintf("%s was not measured, limit %s %.15g (%s)", gate->metric,
	                        signs[gate->comparison], gate->limit, gate->source)
	            : NULL;
}

static json_t *gate_to_json(const struct gate *gate)
{
	char *text = xasprintf("%s %s %.15g", gate->metric, signs[gate->comparison], gate->limit);
	json_t *object = json_pack("{s:s, s:s}", "text", text, "metric", gate->metric);

	if (gate->status != GATE_NOT_MEASURED)
		json_object_set_new(object, "value", metric_number_to_json(gate->value));
	json_object_set_new(object, "limit", metric_number_to_json(gate->limit));
	json_object_set_new(object, "status", json_string(status_words[gate->status]));
	json_object_set_new(object, "source", json_string(gate->source));
	free(text);
	return object;
}

json_t *gates_to_json(const struct gates *gates)
{
	json_t *array = json_array();

	for (size_t i = 0; i < gates->n_items; i++)
		json_array_append_new(array, gate_to_json(&gates->items[i]));
	return array;
}
