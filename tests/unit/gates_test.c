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

static void the_exit_status_is_1_or_what_is_asked_for(void **state)
{
	struct gates *gates = gates_new();

	(void)state;
	assert_int_equal(gates_exit_status(gates), 1);
	gates_set_exit_status(gates, 42);
	assert_int_equal(gates_exit_status(gates), 42);
	gates_free(gates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_limit_is_compared_as_it_says),
	    cmocka_unit_test(an_error_of_one_run_in_three_is_one),
	    cmocka_unit_test(gates_that_hold_for_a_part_are_inconclusive),
	    cmocka_unit_test(a_failed_gate_is_a_sentence_and_a_row),
	    cmocka_unit_test(what_was_not_measured_neither_holds_nor_fails),
	    cmocka_unit_test(the_exit_status_is_1_or_what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
