/* Metrics: values are medians or sums of samples, and what was not measured is absent. */
#include "core/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct metric_row rows[] = {
    {"io.calls", "count", METRIC_LOWER, ""},
    {"io.*.calls", "count", METRIC_LOWER, ""},
    {"io.read.calls", "reads", METRIC_NEUTRAL, ""},
    {0},
};

static void add(struct metrics *metrics, const char *name, double a, double b, double c)
{
	metrics_add(metrics, rows, name, a);
	metrics_add(metrics, rows, name, b);
	metrics_add(metrics, rows, name, c);
}

static void a_value_is_the_median_of_its_samples(void **state)
{
	struct metrics *metrics = metrics_new();
	double value;

	(void)state;
	add(metrics, "io.calls", 9, 1, 5);
	assert_true(metrics_value(metrics, "io.calls", &value));
	assert_true(value == 5);
	metrics_add(metrics, rows, "io.calls", 6);
	assert_true(metrics_value(metrics, "io.calls", &value));
	assert_true(value == 5.5);
	metrics_free(metrics);
}

static void merged_repeats_are_summed(void **state)
{
	struct metrics *metrics = metrics_new();
	double value;

	(void)state;
	add(metrics, "io.calls", 9, 1, 5);
	metrics_sum(metrics, "io.calls");
	assert_true(metrics_value(metrics, "io.calls", &value));
	assert_true(value == 15);
	metrics_free(metrics);
}

static void the_highest_sample_names_its_run(void **state)
{
	struct metrics *metrics = metrics_new();
	double value;
	size_t run;

	(void)state;
	add(metrics, "io.calls", 1, 9, 9);
	assert_true(metrics_highest(metrics, "io.calls", &value, &run));
	assert_true(value == 9);
	assert_int_equal(run, 2);
	assert_int_equal(metrics_n_samples(metrics, "io.calls"), 3);
	metrics_free(metrics);
}

static void what_was_not_measured_is_absent(void **state)
{
	struct metrics *metrics = metrics_new();
	json_t *json = metrics_to_json(metrics);
	double value;
	size_t run;

	(void)state;
	assert_false(metrics_value(metrics, "io.calls", &value));
	assert_false(metrics_highest(metrics, "io.calls", &value, &run));
	assert_int_equal(metrics_n_samples(metrics, "io.calls"), 0);
	assert_int_equal(json_object_size(json), 0);
	json_decref(json);
	metrics_add(metrics, rows, "io.calls", NAN);
	metrics_add(metrics, rows, "io.calls", INFINITY);
	assert_false(metrics_value(metrics, "io.calls", &value));
	metrics_free(metrics);
}

static void an_exact_row_goes_before_a_pattern(void **state)
{
	(void)state;
	assert_string_equal(metric_find(rows, "io.read.calls")->unit, "reads");
	assert_string_equal(metric_find(rows, "io.write.calls")->unit, "count");
	assert_null(metric_find(rows, "io.write.errors"));
}

static void three_equal_runs_are_deterministic_and_fewer_are_unknown(void **state)
{
	static const struct {
		double samples[3];
		size_t n;
		json_type type;
	} cases[] = {
	    {{7, 7, 7}, 3, JSON_TRUE},
	    {{7, 7, 8}, 3, JSON_FALSE},
	    {{7, 7}, 2, JSON_NULL},
	    {{7, 8}, 2, JSON_FALSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct metrics *metrics = metrics_new();
		json_t *json;

		for (size_t j = 0; j < cases[i].n; j++)
			metrics_add(metrics, rows, "io.calls", cases[i].samples[j]);
		json = metrics_to_json(metrics);
		assert_int_equal(json_typeof(json_object_get(json_object_get(json, "io.calls"),
		                                             "deterministic")),
		                 cases[i].type);
		json_decref(json);
		metrics_free(metrics);
	}
}

/* A mean of counts is judged exactly, before it is stored on one side and after on the other. */
static void a_number_is_the_one_that_will_be_read_again(void **state)
{
	static const double values[] = {0.1, 31250.0 / 314, 2.0 / 3, 1e-300, 1e300, 12345678.9};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		json_t *number = metric_number_to_json(values[i]);
		char *text = json_dumps(number, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		json_t *again = json_loads(text, JSON_DECODE_ANY, NULL);

		assert_true(json_number_value(number) == json_number_value(again));
		json_decref(again);
		json_decref(number);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_is_the_median_of_its_samples),
	    cmocka_unit_test(merged_repeats_are_summed),
	    cmocka_unit_test(the_highest_sample_names_its_run),
	    cmocka_unit_test(what_was_not_measured_is_absent),
	    cmocka_unit_test(an_exact_row_goes_before_a_pattern),
	    cmocka_unit_test(three_equal_runs_are_deterministic_and_fewer_are_unknown),
	    cmocka_unit_test(a_number_is_the_one_that_will_be_read_again),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
