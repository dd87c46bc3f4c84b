/* Gates: limits on metrics hold, fail, or cannot be judged. */
#include "core/gates.h"

#include "core/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct metric_row rows[] = {
    {"mem.leaks", "count", METRIC_LOWER, ""},
    {"run.share", "percent", METRIC_LOWER, ""},
    {0},
};

static struct metrics *three_leaks(void)
{
	struct metrics *metrics = metrics_new();

	metrics_add(metrics, rows, "mem.leaks", 3);
	metrics_add(metrics, rows, "run.share", 12.5);
	return metrics;
}

static void a_limit_is_compared_as_it_says(void **state)
{
	static const struct {
		enum gate_comparison comparison;
		double limit;
		size_t n_failed;
	} cases[] = {
	    {GATE_AT_MOST, 3, 0},  {GATE_AT_MOST, 2, 1}, {GATE_AT_LEAST, 3, 0},
	    {GATE_AT_LEAST, 4, 1}, {GATE_BELOW, 4, 0},   {GATE_BELOW, 3, 1},
	    {GATE_ABOVE, 2, 0},    {GATE_ABOVE, 3, 1},   {GATE_EQUAL, 3, 0},
	    {GATE_EQUAL, 0, 1},
	};
	struct metrics *metrics = three_leaks();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gates *gates = gates_new();

		gates_require(gates, "mem.leaks", cases[i].comparison, cases[i].limit, "--here");
		gates_judge(gates, metrics);
		assert_int_equal(gates_n_failed(gates), cases[i].n_failed);
		assert_int_equal(gates_n_unmeasured(gates), 0);
		gates_free(gates);
	}
	metrics_free(metrics);
}

static void an_error_of_one_run_in_three_is_one(void **state)
{
	struct metrics *metrics = metrics_new();
	struct gates *gates = gates_new();
	char *why;

	(void)state;
	metrics_add(metrics, rows, "mem.leaks", 0);
	metrics_add(metrics, rows, "mem.leaks", 2);
	metrics_add(metrics, rows, "mem.leaks", 0);
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 0, "--median");
	gates_require_of_each(gates, "mem.leaks", 0, "--each");
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 1);
	why = gates_why_failed(gates);
	assert_string_equal(why, "mem.leaks is 2 in run 2 of 3, limit <= 0 (--each)");
	free(why);
	gates_free(gates);
	metrics_free(metrics);
}

/* Only where there are gates, and all of them hold. */
static void gates_that_hold_for_a_part_are_inconclusive(void **state)
{
	struct metrics *metrics = three_leaks();
	struct gates *gates = gates_new();

	(void)state;
	gates_doubt(gates, "one is missing");
	gates_doubt(gates, "another one");
	gates_judge(gates, metrics);
	assert_null(gates_why_inconclusive(gates));
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 3, "--here");
	gates_judge(gates, metrics);
	assert_string_equal(gates_why_inconclusive(gates), "one is missing");
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 2, "--here");
	gates_judge(gates, metrics);
	assert_null(gates_why_inconclusive(gates));
	gates_free(gates);
	gates = gates_new();
	gates_doubt(gates, "one is missing");
	gates_require(gates, "mem.unknown", GATE_AT_MOST, 2, "--here");
	gates_judge(gates, metrics);
	assert_null(gates_why_inconclusive(gates));
	gates_free(gates);
	metrics_free(metrics);
}

static void a_failed_gate_is_a_sentence_and_a_row(void **state)
{
	struct metrics *metrics = three_leaks();
	struct gates *gates = gates_new();
	json_t *json, *row;
	char *why;

	(void)state;
	gates_require(gates, "run.share", GATE_AT_MOST, 20, "--first");
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 0, "--second");
	gates_judge(gates, metrics);
	why = gates_why_failed(gates);
	assert_string_equal(why, "mem.leaks is 3, limit <= 0 (--second)");
	assert_null(gates_why_unmeasured(gates));
	json = gates_to_json(gates);
	row = json_array_get(json, 0);
	assert_string_equal(json_string_value(json_object_get(row, "status")), "ok");
	assert_true(json_real_value(json_object_get(row, "value")) == 12.5);
	row = json_array_get(json, 1);
	assert_string_equal(json_string_value(json_object_get(row, "text")), "mem.leaks <= 0");
	assert_string_equal(json_string_value(json_object_get(row, "metric")), "mem.leaks");
	assert_string_equal(json_string_value(json_object_get(row, "status")), "failed");
	assert_string_equal(json_string_value(json_object_get(row, "source")), "--second");
	assert_int_equal(json_integer_value(json_object_get(row, "value")), 3);
	assert_int_equal(json_integer_value(json_object_get(row, "limit")), 0);
	json_decref(json);
	free(why);
	gates_free(gates);
	metrics_free(metrics);
}

static void what_was_not_measured_neither_holds_nor_fails(void **state)
{
	struct metrics *metrics = metrics_new();
	struct gates *gates = gates_new();
	json_t *json;
	char *why;

	(void)state;
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 0, "--here");
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 0);
	assert_int_equal(gates_n_unmeasured(gates), 1);
	why = gates_why_unmeasured(gates);
	assert_string_equal(why, "mem.leaks was not measured, limit <= 0 (--here)");
	assert_null(gates_why_failed(gates));
	json = gates_to_json(gates);
	assert_null(json_object_get(json_array_get(json, 0), "value"));
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "status")),
	                    "not measured");
	json_decref(json);
	free(why);
	gates_free(gates);
	metrics_free(metrics);
}

/* "2 ms" of a metric in ns; a value that is beyond its limit never looks like it. */
static void numbers_are_shown_in_the_unit_of_the_limit(void **state)
{
	static const struct metric_row times[] = {{"run.wall_ns", "ns", METRIC_LOWER, ""}, {0}};
	static const struct {
		double value, limit, factor;
		const char *unit, *text;
	} cases[] = {
	    {2345678, 2e6, 1e6, "ms", "run.wall_ns is 2.34568 ms, limit <= 2 ms (--budget)"},
	    {2000001, 2e6, 1e6, "ms", "run.wall_ns is 2.000001 ms, limit <= 2 ms (--budget)"},
	    {3e9, 1.5e9, 1e9, "s", "run.wall_ns is 3 s, limit <= 1.5 s (--budget)"},
	    {12.3456789, 12, 1, "%", "run.wall_ns is 12.3457 %, limit <= 12 % (--budget)"},
	    {12345678, 12345677, 1, "", "run.wall_ns is 12345678, limit <= 12345677 (--budget)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct metrics *metrics = metrics_new();
		struct gates *gates = gates_new();
		char *why;

		metrics_add(metrics, times, "run.wall_ns", cases[i].value);
		gates_require_in(gates, "run.wall_ns", GATE_AT_MOST, cases[i].limit,
		                 cases[i].factor, cases[i].unit, "--budget");
		gates_judge(gates, metrics);
		why = gates_why_failed(gates);
		assert_string_equal(why, cases[i].text);
		free(why);
		gates_free(gates);
		metrics_free(metrics);
	}
}

static const char *status_of(json_t *gates, size_t i)
{
	return json_string_value(json_object_get(json_array_get(gates, i), "status"));
}

/* Neither beyond its limit nor not measured. */
static void an_advisory_limit_never_fails(void **state)
{
	struct metrics *metrics = three_leaks();
	struct gates *gates = gates_new();
	json_t *json;
	char *why;

	(void)state;
	gates_advise(gates, "mem.*");
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 0, "--here");
	gates_require(gates, "mem.unknown", GATE_AT_MOST, 0, "--here");
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 3, "--here");
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 0);
	assert_int_equal(gates_n_unmeasured(gates), 0);
	assert_null(gates_why_failed(gates));
	assert_null(gates_why_unmeasured(gates));
	gates_require(gates, "run.share", GATE_AT_MOST, 1, "--here");
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 1);
	why = gates_why_failed(gates);
	assert_string_equal(why, "run.share is 12.5, limit <= 1 (--here)");
	json = gates_to_json(gates);
	assert_string_equal(status_of(json, 0), "advisory");
	assert_string_equal(status_of(json, 1), "not measured");
	assert_string_equal(status_of(json, 2), "ok");
	assert_string_equal(status_of(json, 3), "failed");
	json_decref(json);
	free(why);
	gates_free(gates);
	metrics_free(metrics);
}

static void it_is_said_why_a_metric_was_not_measured(void **state)
{
	struct metrics *metrics = metrics_new();
	struct gates *gates = gates_new();
	char *why;

	(void)state;
	gates_require(gates, "mem.leaks", GATE_AT_MOST, 0, "--here");
	gates_require(gates, "mem.other", GATE_AT_MOST, 0, "--here");
	gates_explain(gates, "mem.l*", "nobody looked");
	gates_explain(gates, "mem.*", "nobody knows");
	gates_judge(gates, metrics);
	why = gates_why_unmeasured(gates);
	assert_string_equal(why, "mem.leaks was not measured, limit <= 0 (--here): nobody looked");
	assert_string_equal(gates_metric(gates, 1), "mem.other");
	assert_null(gates_metric(gates, 2));
	free(why);
	gates_free(gates);
	metrics_free(metrics);
}

static void of_several_failures_the_first_one_and_their_number_are_told(void **state)
{
	struct metrics *metrics = three_leaks();
	struct gates *gates = gates_new();
	char *why;

	(void)state;
	for (double limit = 2; limit >= 0; limit--)
		gates_require(gates, "mem.leaks", GATE_AT_MOST, limit, "--here");
	gates_judge(gates, metrics);
	why = gates_why_failed(gates);
	assert_string_equal(why, "mem.leaks is 3, limit <= 2 (--here); 2 more failed");
	free(why);
	gates_free(gates);
	metrics_free(metrics);
}

static void the_exit_status_is_1_or_what_is_asked_for(void **state)
{
	struct gates *gates = gates_new();

	(void)state;
	assert_int_equal(gates_exit_status(gates), 1);
	gates_set_exit_status(gates, 42);
	assert_int_equal(gates_exit_status(gates), 42);
	gates_free(gates);
}

static void what_somebody_else_has_judged_stays_so(void **state)
{
	struct gates *gates = gates_new();
	struct metrics *metrics = metrics_new();
	struct judged_gate judged = {.metric = "m.worse",
	                             .comparison = GATE_AT_MOST,
	                             .limit = 10,
	                             .value = 11,
	                             .source = "baseline v1"};
	json_t *array;
	char *why;

	(void)state;
	judged.judgement = GATE_UNDECIDED;
	judged.why = "too few runs";
	gates_add_judged(gates, &judged);
	gates_doubt(gates, "a doubt");
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 0);
	assert_int_equal(gates_n_unmeasured(gates), 0);
	assert_string_equal(gates_why_inconclusive(gates), "a doubt");
	judged.judgement = GATE_FAILS;
	judged.is_advisory = true;
	gates_add_judged(gates, &judged);
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 0);
	judged.is_advisory = false;
	gates_add_judged(gates, &judged);
	gates_judge(gates, metrics);
	assert_int_equal(gates_n_failed(gates), 1);
	assert_null(gates_why_inconclusive(gates));
	why = gates_why_failed(gates);
	assert_string_equal(why, "m.worse is 11, limit <= 10 (baseline v1)");
	free(why);
	array = gates_to_json(gates);
	assert_string_equal(json_string_value(json_object_get(json_array_get(array, 0), "status")),
	                    "inconclusive");
	assert_string_equal(json_string_value(json_object_get(json_array_get(array, 0), "why")),
	                    "too few runs");
	assert_string_equal(json_string_value(json_object_get(json_array_get(array, 1), "status")),
	                    "advisory");
	json_decref(array);
	metrics_free(metrics);
	gates_free(gates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_somebody_else_has_judged_stays_so),
	    cmocka_unit_test(a_limit_is_compared_as_it_says),
	    cmocka_unit_test(an_error_of_one_run_in_three_is_one),
	    cmocka_unit_test(gates_that_hold_for_a_part_are_inconclusive),
	    cmocka_unit_test(a_failed_gate_is_a_sentence_and_a_row),
	    cmocka_unit_test(what_was_not_measured_neither_holds_nor_fails),
	    cmocka_unit_test(numbers_are_shown_in_the_unit_of_the_limit),
	    cmocka_unit_test(an_advisory_limit_never_fails),
	    cmocka_unit_test(it_is_said_why_a_metric_was_not_measured),
	    cmocka_unit_test(of_several_failures_the_first_one_and_their_number_are_told),
	    cmocka_unit_test(the_exit_status_is_1_or_what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
