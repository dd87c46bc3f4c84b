/* A sweep's rows: what each end means, what decides, the table, and the state between two calls. */
#include "core/baseline/baseline.h"
#include "core/regress/row.h"
#include "core/regress/state.h"
#include "core/regress/table.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
	json_t *object = json_loads(text, 0, NULL);

	assert_non_null(object);
	return object;
}

static struct regress_row row_of(const char *manifest, int status, const char *reason)
{
	json_t *object = manifest ? parse(manifest) : NULL;
	struct regress_row row;

	regress_row_init(
	    &row, "s", "io",
	    &(struct regress_end){.status = status, .reason = reason, .manifest = object});
	json_decref(object);
	return row;
}

static void each_end_has_its_verdict(void **state)
{
	static const struct {
		int status;
		bool target_failed, gate_failed;
		const char *manifest;
		enum regress_verdict verdict;
		int status_of_sweep;
	} cases[] = {
	    {0, false, false, "{\"verdict\": \"ok\"}", REGRESS_OK, 0},
	    {0, false, false, "{\"verdict\": \"inconclusive\"}", REGRESS_INCONCLUSIVE, 2},
	    {2, false, false, "{\"verdict\": \"inconclusive\"}", REGRESS_INCONCLUSIVE, 2},
	    {1, false, true, "{\"verdict\": \"gate_failed\"}", REGRESS_REGRESSION, 1},
	    {42, false, true, "{\"verdict\": \"gate_failed\"}", REGRESS_REGRESSION, 42},
	    {3, false, false, "{\"verdict\": \"unusable\"}", REGRESS_UNUSABLE, 3},
	    {3, false, false, NULL, REGRESS_UNUSABLE, 3},
	    {127, false, false, NULL, REGRESS_UNUSABLE, 3},
	    {126, false, false, NULL, REGRESS_ERROR, 126},
	    {125, false, false, NULL, REGRESS_ERROR, 125},
	    /* The target's own statuses are no verdicts of ours. */
	    {1, true, false, "{\"verdict\": \"target_failed\"}", REGRESS_CRASH, 1},
	    {2, true, false, "{\"verdict\": \"target_failed\"}", REGRESS_CRASH, 2},
	    {139, true, false, "{\"verdict\": \"target_failed\"}", REGRESS_CRASH, 139},
	    {124, true, false, "{\"verdict\": \"target_failed\"}", REGRESS_TIMED_OUT, 124},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *manifest = cases[i].manifest ? parse(cases[i].manifest) : NULL;
		struct regress_end end = {.status = cases[i].status,
		                          .target_failed = cases[i].target_failed,
		                          .gate_failed = cases[i].gate_failed,
		                          .reason = "why",
		                          .manifest = manifest};
		struct regress_row row;

		regress_row_init(&row, "s", "io", &end);
		assert_int_equal(row.verdict, cases[i].verdict);
		assert_int_equal(regress_row_status(&row), cases[i].status_of_sweep);
		if (end.status)
			assert_string_equal(row.reason, "why");
		else
			assert_null(row.reason);
		regress_row_fini(&row);
		json_decref(manifest);
	}
}

/* A time-out or crash before 1, 3, 2, 0 (CONTRACT 1). */
static void the_worst_end_decides(void **state)
{
	struct regress_row rows[REGRESS_N_VERDICTS];

	(void)state;
	for (size_t i = 0; i < REGRESS_N_VERDICTS; i++)
		rows[i] = (struct regress_row){.verdict = (enum regress_verdict)i};
	assert_null(regress_decisive(rows, 1, true));
	assert_null(regress_decisive(rows, 2, false));
	assert_ptr_equal(regress_decisive(rows, 2, true), &rows[REGRESS_INCONCLUSIVE]);
	assert_ptr_equal(regress_decisive(rows, 3, true), &rows[REGRESS_UNUSABLE]);
	assert_ptr_equal(regress_decisive(rows, 3, false), &rows[REGRESS_UNUSABLE]);
	assert_ptr_equal(regress_decisive(rows, 4, false), &rows[REGRESS_REGRESSION]);
	assert_ptr_equal(regress_decisive(rows, 5, false), &rows[REGRESS_CRASH]);
	assert_ptr_equal(regress_decisive(rows, 6, false), &rows[REGRESS_TIMED_OUT]);
	assert_ptr_equal(regress_decisive(rows, 7, false), &rows[REGRESS_ERROR]);
}

#define GATE(metric, value, op, limit, status)                                                     \
	"{\"text\": \"" metric " " op " " #limit "\", \"metric\": \"" metric                       \
	"\", \"value\": " #value ", \"limit\": " #limit ", \"status\": \"" status "\"}"

static void the_worst_metric_is_that_which_failed_most(void **state)
{
	static const struct {
		const char *gates, *metric;
		double ratio;
	} cases[] = {
	    {GATE("a", 5, "<=", 10, "ok") "," GATE("b", 9, "<=", 10, "ok"), "b", 0.9},
	    {GATE("a", 12, "<=", 10, "failed") "," GATE("b", 15, "<=", 10, "failed"), "b", 1.5},
	    /* One that failed comes before one that is nearer to its limit. */
	    {GATE("a", 10, "<=", 10, "ok") "," GATE("b", 10, "<", 10, "failed"), "b", 1},
	    /* More is better: the limit to the value. */
	    {GATE("a", 5, ">=", 10, "failed"), "a", 2},
	    {GATE("a", 3, "<=", 0, "failed"), "a", INFINITY},
	    {GATE("a", 0, ">=", 3, "failed"), "a", INFINITY},
	    {GATE("a", 0, "<", 0, "failed"), "a", NAN},
	    {GATE("a", 0, "<=", 0, "ok"), NULL, 0},
	    {"{\"text\": \"a <= 1\", \"metric\": \"a\", \"limit\": 1, \"status\": \"not "
	     "measured\"}",
	     NULL, 0},
	    {"7", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *manifest = xasprintf("{\"gates\": [%s]}", cases[i].gates);
		struct regress_row row = row_of(manifest, 0, "");

		if (!cases[i].metric)
			assert_null(row.metric);
		else
			assert_string_equal(row.metric, cases[i].metric);
		if (isnan(cases[i].ratio))
			assert_true(isnan(row.ratio));
		else if (cases[i].metric)
			assert_true(row.ratio == cases[i].ratio);
		regress_row_fini(&row);
		free(manifest);
	}
}

static void the_table_has_a_line_a_row_and_the_reasons(void **state)
{
	struct regress_row rows[] = {
	    row_of("{\"verdict\": \"ok\", \"gates\": [" GATE("m", 1, "<=", 2, "ok") "]}", 0, ""),
	    row_of(NULL, 3, "no\n|PMU| here"),
	    row_of("{\"verdict\": \"ok\", \"quality\": {\"notes\": [\"odd\", \"" BASELINE_NONE
	           "no v2\"]}}",
	           0, ""),
	};
	char *text = NULL, *markdown = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);

	(void)state;
	regress_table_write(rows, 3, out);
	fclose(out);
	out = open_memstream(&markdown, &len_bytes);
	regress_markdown_write("A title", rows, 3, out);
	fclose(out);
	assert_string_equal(text, "SCENARIO/TYPE  VERDICT          RATIO  WORST METRIC\n"
	                          "s/io           ok               0.500  m\n"
	                          "s/io           unusable             -  -\n"
	                          "s/io           ok                   -  -\n"
	                          "s/io: no |PMU| here\n"
	                          "s/io: judged against nothing: no v2\n"
	                          "1 unusable, 2 ok\n");
	assert_string_equal(markdown, "## A title\n\n1 unusable, 2 ok\n\n"
	                              "| scenario | type | verdict | ratio | worst metric | why |\n"
	                              "|---|---|---|---:|---|---|\n"
	                              "| s | io | ok | 0.500 | m |  |\n"
	                              "| s | io | unusable | - | - | no \\|PMU\\| here |\n"
	                              "| s | io | ok | - | - | judged against nothing: no v2 |\n");
	free(text);
	free(markdown);
	regress_row_fini(&rows[0]);
	regress_row_fini(&rows[1]);
	regress_row_fini(&rows[2]);
}

static void a_state_is_read_as_it_was_written(void **state)
{
	struct regress_state before = {.sweep_id = xstrdup("20261120T093000.123Z"),
	                               .key = parse("{\"the commit\": \"abc\"}")};
	struct regress_state after = {0};
	struct diag diag;
	json_t *object;

	(void)state;
	*regress_state_add(&before) =
	    row_of("{\"run_id\": \"20261120T093000.124Z\", \"gates\": [" GATE("m", 1, "<=", 0,
	                                                                      "failed") "]}",
	           1, "limit \xff");
	*regress_state_add(&before) = row_of(NULL, 127, "not installed");
	object = regress_state_to_json(&before);
	assert_int_equal(regress_state_from_json(&after, object, &diag), 0);
	assert_string_equal(after.sweep_id, before.sweep_id);
	assert_null(regress_key_difference(before.key, after.key));
	assert_int_equal(after.n_rows, 2);
	assert_int_equal(after.rows[0].verdict, REGRESS_REGRESSION);
	assert_string_equal(after.rows[0].run_id, "20261120T093000.124Z");
	assert_string_equal(after.rows[0].metric, "m");
	assert_string_equal(after.rows[0].reason, "limit \xef\xbf\xbd");
	assert_true(isinf(after.rows[0].ratio));
	assert_int_equal(after.rows[1].verdict, REGRESS_UNUSABLE);
	assert_int_equal(after.rows[1].status, 127);
	assert_string_equal(after.rows[1].reason, "not installed");
	assert_null(after.rows[1].run_id);
	assert_non_null(regress_state_find(&after, "s", "io"));
	assert_null(regress_state_find(&after, "s", "cpu"));
	regress_state_fini(&before);
	regress_state_fini(&after);
	json_decref(object);
}

static void another_key_is_told_by_what_differs(void **state)
{
	json_t *a = parse("{\"the commit\": \"abc\", \"the program of s\": \"1\"}");
	json_t *b = parse("{\"the commit\": \"abc\", \"the program of s\": \"2\"}");
	json_t *c = parse("{\"the commit\": \"abc\"}");
	char *text;

	(void)state;
	assert_null(regress_key_difference(a, a));
	text = regress_key_difference(a, b);
	assert_string_equal(text, "the program of s");
	free(text);
	text = regress_key_difference(a, c);
	assert_string_equal(text, "the program of s");
	free(text);
	text = regress_key_difference(c, a);
	assert_string_equal(text, "the program of s");
	free(text);
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

static void what_is_no_state_is_refused(void **state)
{
	static const char *const texts[] = {
	    "{}",
	    "{\"schema\": 2, \"sweep_id\": \"20261120T093000.123Z\", \"key\": {}, \"rows\": []}",
	    "{\"schema\": 1, \"sweep_id\": \"../x\", \"key\": {}, \"rows\": []}",
	    "{\"schema\": 1, \"sweep_id\": \"20261120T093000.123Z\", \"key\": 1, \"rows\": []}",
	    "{\"schema\": 1, \"sweep_id\": \"20261120T093000.123Z\", \"key\": {}, \"rows\": {}}",
	    "{\"schema\": 1, \"sweep_id\": \"20261120T093000.123Z\", \"key\": {}, \"rows\": [1]}",
	    /* The brackets tell clang that no comma is missing. */
	    ("{\"schema\": 1, \"sweep_id\": \"20261120T093000.123Z\", \"key\": {}, \"rows\": "
	     "[{\"scenario\": \"s\", \"type\": \"io\", \"verdict\": \"odd\"}]}"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *object = parse(texts[i]);
		struct regress_state read = {0};
		struct diag diag = {0};

		assert_int_equal(regress_state_from_json(&read, object, &diag), -EINVAL);
		assert_true(*diag.text);
		regress_state_fini(&read);
		json_decref(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_end_has_its_verdict),
	    cmocka_unit_test(the_worst_end_decides),
	    cmocka_unit_test(the_worst_metric_is_that_which_failed_most),
	    cmocka_unit_test(the_table_has_a_line_a_row_and_the_reasons),
	    cmocka_unit_test(a_state_is_read_as_it_was_written),
	    cmocka_unit_test(another_key_is_told_by_what_differs),
	    cmocka_unit_test(what_is_no_state_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
