/* Compares metrics with their limits. */
#include "core/gates.h"

#include "core/alloc.h"
#include "core/json_text.h"
#include "core/metrics.h"
#include "core/options.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum gate_status { GATE_OK, GATE_FAILED, GATE_ADVISORY, GATE_INCONCLUSIVE, GATE_NOT_MEASURED };

static const char *const status_words[] = {
    [GATE_OK] = "ok",
    [GATE_FAILED] = "failed",
    [GATE_ADVISORY] = "advisory",
    [GATE_INCONCLUSIVE] = "inconclusive",
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
	double factor; /* the unit that it was written in, by the metric's */
	char *unit;    /* "": the metric's */
	char *source;
	enum gate_status status;
	bool is_advisory;
	const char *why; /* it was not measured or is not decided; NULL: nobody says */
	bool is_judged;  /* by somebody else: value, why and this are given */
	enum gate_judgement judgement;
	double value;
	bool of_each; /* the value is the highest of the runs' ... */
	size_t run;   /* ... and this one's, from 1, */
	size_t n_runs;
};

struct explanation {
	char *glob;
	char *why;
};

struct gates {
	struct gate *items;
	size_t n_items;
	size_t items_capacity;
	struct text_list advisory; /* globs */
	struct explanation *explanations;
	size_t n_explanations;
	size_t explanations_capacity;
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
		free(gates->items[i].unit);
		free(gates->items[i].source);
	}
	for (size_t i = 0; i < gates->n_explanations; i++) {
		free(gates->explanations[i].glob);
		free(gates->explanations[i].why);
	}
	free(gates->explanations);
	text_list_fini(&gates->advisory);
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
	gate->factor = 1;
	gate->unit = xstrdup("");
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

void gates_require_in(struct gates *gates, const char *metric, enum gate_comparison comparison,
                      double limit, double factor, const char *unit, const char *source)
{
	struct gate *gate = add_gate(gates, metric, comparison, limit, source);

	gate->factor = factor;
	free(gate->unit);
	gate->unit = xstrdup(unit);
}

void gates_add_judged(struct gates *gates, const struct judged_gate *judged)
{
	struct gate *gate =
	    add_gate(gates, judged->metric, judged->comparison, judged->limit, judged->source);

	if (judged->unit) {
		gate->factor = judged->factor;
		free(gate->unit);
		gate->unit = xstrdup(judged->unit);
	}
	gate->is_judged = true;
	gate->judgement = judged->judgement;
	gate->is_advisory = judged->is_advisory;
	gate->value = judged->value;
	gate->why = judged->why;
}

const struct text_list *gates_advisory(const struct gates *gates)
{
	return &gates->advisory;
}

void gates_of_each(struct gates *gates)
{
	struct gate *gate = &gates->items[gates->n_items - 1];

	gate->of_each = gate->comparison != GATE_AT_LEAST && gate->comparison != GATE_ABOVE;
}

void gates_advise(struct gates *gates, const char *glob)
{
	text_list_add(&gates->advisory, glob);
}

void gates_explain(struct gates *gates, const char *glob, const char *why)
{
	*ARRAY_APPEND(gates->explanations, gates->n_explanations, gates->explanations_capacity) =
	    (struct explanation){xstrdup(glob), xstrdup(why)};
}

const char *gates_metric(const struct gates *gates, size_t i)
{
	return i < gates->n_items ? gates->items[i].metric : NULL;
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

/* A metric's name may have a glob's characters, those of a function's operator[] for one. */
static bool is_meant(const char *glob, const char *metric)
{
	return !strcmp(glob, metric) || !fnmatch(glob, metric, 0);
}

static bool is_advisory(const struct gates *gates, const char *metric)
{
	for (size_t i = 0; i < gates->advisory.n_texts; i++)
		if (is_meant(gates->advisory.texts[i], metric))
			return true;
	return false;
}

static const char *explanation_of(const struct gates *gates, const char *metric)
{
	for (size_t i = 0; i < gates->n_explanations; i++)
		if (is_meant(gates->explanations[i].glob, metric))
			return gates->explanations[i].why;
	return NULL;
}

/* What somebody else has judged stays so. */
static void take_judgement(struct gate *gate)
{
	static const enum gate_status status[] = {[GATE_HOLDS] = GATE_OK,
	                                          [GATE_FAILS] = GATE_FAILED,
	                                          [GATE_UNDECIDED] = GATE_INCONCLUSIVE};

	gate->status = status[gate->judgement];
	if (gate->status == GATE_FAILED && gate->is_advisory)
		gate->status = GATE_ADVISORY;
}

void gates_judge(struct gates *gates, const struct metrics *metrics)
{
	for (size_t i = 0; i < gates->n_items; i++) {
		struct gate *gate = &gates->items[i];

		if (gate->is_judged) {
			gate->is_advisory |= is_advisory(gates, gate->metric);
			take_judgement(gate);
			continue;
		}
		gate->is_advisory = is_advisory(gates, gate->metric);
		gate->why = explanation_of(gates, gate->metric);
		if (!find_value(gate, metrics))
			gate->status = GATE_NOT_MEASURED;
		else if (holds(gate))
			gate->status = GATE_OK;
		else
			gate->status = gate->is_advisory ? GATE_ADVISORY : GATE_FAILED;
	}
}

static bool counts_as(const struct gate *gate, enum gate_status status)
{
	return gate->status == status && !gate->is_advisory;
}

static size_t count(const struct gates *gates, enum gate_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < gates->n_items; i++)
		n += counts_as(&gates->items[i], status);
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
	bool none_failed = (count(gates, GATE_OK) || count(gates, GATE_INCONCLUSIVE)) &&
	                   !count(gates, GATE_FAILED) && !count(gates, GATE_NOT_MEASURED);

	return none_failed ? gates->doubt : NULL;
}

static const struct gate *find_first(const struct gates *gates, enum gate_status status)
{
	for (size_t i = 0; i < gates->n_items; i++)
		if (counts_as(&gates->items[i], status))
			return &gates->items[i];
	return NULL;
}

/* In the unit that the limit was written in. What is not whole is rounded, unless that makes it the
 * limit that it is not. The caller frees it. */
static char *number_text(const struct gate *gate, double value)
{
	const char *blank = *gate->unit ? " " : "";
	double number = value / gate->factor;
	char *text = xasprintf("%.6g%s%s", number, blank, gate->unit);

	if (number == floor(number) ||
	    (value != gate->limit && strtod(text, NULL) == gate->limit / gate->factor)) {
		free(text);
		text = xasprintf("%.15g%s%s", number, blank, gate->unit);
	}
	return text;
}

/* "<= 20 %" */
static char *limit_text(const struct gate *gate)
{
	return xasprintf("%s %.15g%s%s", signs[gate->comparison], gate->limit / gate->factor,
	                 *gate->unit ? " " : "", gate->unit);
}

/* "; 2 more failed"; the caller frees it. */
static char *more_text(const struct gates *gates, enum gate_status status, const char *what)
{
	size_t n = count(gates, status);

	return n > 1 ? xasprintf("; %zu more %s", n - 1, what) : xstrdup("");
}

char *gates_why_failed(const struct gates *gates)
{
	const struct gate *gate = find_first(gates, GATE_FAILED);
	char *where, *value, *limit, *more, *text;

	if (!gate)
		return NULL;
	where = gate->of_each && gate->n_runs > 1
	            ? xasprintf(" in run %zu of %zu", gate->run, gate->n_runs)
	            : xstrdup("");
	value = number_text(gate, gate->value);
	limit = limit_text(gate);
	more = more_text(gates, GATE_FAILED, "failed");
	text = xasprintf("%s is %s%s, limit %s (%s)%s", gate->metric, value, where, limit,
	                 gate->source, more);
	free(where);
	free(value);
	free(limit);
	free(more);
	return text;
}

char *gates_why_unmeasured(const struct gates *gates)
{
	const struct gate *gate = find_first(gates, GATE_NOT_MEASURED);
	char *limit, *text;

	if (!gate)
		return NULL;
	limit = limit_text(gate);
	text = xasprintf("%s was not measured, limit %s (%s)%s%s", gate->metric, limit,
	                 gate->source, gate->why ? ": " : "", gate->why ? gate->why : "");
	free(limit);
	return text;
}

static void add_value(json_t *object, const struct gate *gate)
{
	char *text = number_text(gate, gate->value);

	json_object_set_new(object, "value", metric_number_to_json(gate->value));
	json_object_set_new(object, "value_text", json_string(text));
	free(text);
}

static json_t *gate_to_json(const struct gate *gate)
{
	char *limit = limit_text(gate);
	char *text = xasprintf("%s %s", gate->metric, limit);
	json_t *object =
	    json_pack("{s:o, s:o}", "text", json_text(text), "metric", json_text(gate->metric));

	if (gate->status != GATE_NOT_MEASURED)
		add_value(object, gate);
	if (gate->why)
		json_object_set_new(object, "why", json_text(gate->why));
	json_object_set_new(object, "limit", metric_number_to_json(gate->limit));
	json_object_set_new(object, "status", json_string(status_words[gate->status]));
	json_object_set_new(object, "source", json_text(gate->source));
	json_object_set_new(object, "advisory", json_boolean(gate->is_advisory));
	free(text);
	free(limit);
	return object;
}

json_t *gates_to_json(const struct gates *gates)
{
	json_t *array = json_array();

	for (size_t i = 0; i < gates->n_items; i++)
		json_array_append_new(array, gate_to_json(&gates->items[i]));
	return array;
}
