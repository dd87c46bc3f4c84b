/* Baseline files: written, read again, and refused when they do not hold together. */
#include "core/baseline/baseline.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/diag.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char run[] =
    "{\"schema\": 1, \"scenario\": \"s\", \"type\": \"io\", \"verdict\": \"ok\", \"run_id\": "
    "\"r1\","
    " \"started\": \"2026-11-22T10:00:00.000Z\", \"command\": [\"p\", \"a b\"],"
    " \"environment\": {}, \"parameters\": {\"n\": \"3\"}, \"git\": {\"commit\": \"abc\", "
    "\"dirty\":"
    " false}, \"host\": {\"hostname\": \"h\", \"cpus\": 2, \"load_1m\": 0.25},"
    " \"binary\": {\"build_id\": \"11\"}, \"collector\": {\"name\": \"io\", \"options\": {}},"
    " \"quality\": {\"samples\": 20, \"lost_samples\": 1, \"lost_percent\": 5, \"notes\": [\"n\"]},"
    " \"metrics\": {"
    "  \"run.wall_ns\": {\"unit\": \"ns\", \"better\": \"lower\", \"samples\": [10, 30.5, 20],"
    "   \"instrumented\": true},"
    "  \"io.calls\": {\"unit\": \"count\", \"better\": \"lower\", \"samples\": [9, 9, 9],"
    "   \"instrumented\": false},"
    "  \"io.read.calls\": {\"unit\": \"count\", \"better\": \"lower\", \"samples\": [7, 7, 7],"
    "   \"instrumented\": false},"
    "  \"io.write.calls\": {\"unit\": \"count\", \"better\": null, \"samples\": [2, 2, 2],"
    "   \"instrumented\": false}}}";

static struct side *make_side(const char *type)
{
	json_t *manifest = json_loads(run, 0, NULL);
	struct side *side = side_new();
	struct diag diag;

	json_object_set_new(manifest, "type", json_string(type));
	assert_int_equal(side_add_manifest(side, manifest, "run", &diag), 0);
	assert_int_equal(side_finish(side, &diag), 0);
	json_decref(manifest);
	return side;
}

static struct baseline *make_baseline(void)
{
	static const char *const types[] = {"memory", "io"};
	struct baseline *baseline = baseline_new("v1.2", "s");

	baseline_put(baseline, make_side("memory"));
	baseline_put(baseline, make_side("io"));
	baseline_note(baseline, "2026-11-22T10:00:01Z", "save", types, 2);
	return baseline;
}

/* The caller frees it. */
static char *write_text(const struct baseline *baseline)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	baseline_write(baseline, out);
	fclose(out);
	return text;
}

static void what_is_written_is_read_again(void **state)
{
	struct baseline *baseline = make_baseline(), *read;
	char *text = write_text(baseline), *again;
	const struct side_metric *metric;
	const struct side *side;
	struct diag diag;

	(void)state;
	if (baseline_read(text, strlen(text), "b.json", &read, &diag))
		fail_msg("%s\n%s", diag.text, text);
	assert_string_equal(read->name, "v1.2");
	assert_string_equal(read->scenario, "s");
	assert_int_equal(read->n_sides, 2);
	assert_string_equal(read->sides[0]->type, "io");
	side = baseline_find(read, "io");
	assert_string_equal(side->title, "baseline v1.2");
	assert_string_equal(side->runs[0].run_id, "r1");
	assert_string_equal(side->runs[0].commit, "abc");
	assert_int_equal(side->n_repeats, 3);
	assert_int_equal(side->n_samples, 20);
	assert_int_equal(side->n_lost, 1);
	assert_true(side->lost_percent == 5 && side->truncated_percent == -1);
	metric = side_find_metric(side, "run.wall_ns");
	assert_int_equal(metric->n_samples, 3);
	assert_true(metric->samples[1] == 30.5 && metric->instrumented);
	assert_int_equal(metric->better, METRIC_LOWER);
	assert_int_equal(side_find_metric(side, "io.write.calls")->better, METRIC_NEUTRAL);
	assert_int_equal(side_find_metric(side, "io.write.calls")->n_samples, 3);
	assert_int_equal(side->n_rows, 2);
	assert_string_equal(side->rows[0].name, "read");
	assert_true(side->rows[0].self[0] == 21);
	assert_true(baseline_has_run(read, "io", "r1"));
	assert_false(baseline_has_run(read, "io", "r2"));
	assert_false(baseline_has_run(read, "cpu", "r1"));
	again = write_text(read);
	assert_string_equal(again, text);
	free(again);
	free(text);
	baseline_free(read);
	baseline_free(baseline);
}

static size_t lines_that_differ(const char *a, const char *b)
{
	size_t n = 0;

	while (*a && *b) {
		size_t a_len = strcspn(a, "\n"), b_len = strcspn(b, "\n");

		n += a_len != b_len || memcmp(a, b, a_len) != 0;
		a += a_len + 1;
		b += b_len + 1;
	}
	return n;
}

static void another_value_of_a_metric_is_one_other_line(void **state)
{
	struct baseline *baseline = make_baseline();
	char *before = write_text(baseline), *after;
	struct side *side = baseline_find(baseline, "io");

	(void)state;
	side->metrics[1].samples[2] = 10;
	after = write_text(baseline);
	assert_int_equal(lines_that_differ(before, after), 1);
	free(before);
	free(after);
	baseline_free(baseline);
}

static void a_type_that_comes_again_takes_the_place_of_the_one_before(void **state)
{
	static const char *const types[] = {"io"};
	struct baseline *baseline = make_baseline();

	(void)state;
	baseline_put(baseline, make_side("io"));
	baseline_note(baseline, "2026-11-23T10:00:01Z", "bless", types, 1);
	assert_int_equal(baseline->n_sides, 2);
	assert_int_equal(json_array_size(baseline->history), 2);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(baseline->history, 1), "by")),
	    "bless");
	baseline_free(baseline);
}

static void a_file_that_is_cut_anywhere_is_refused(void **state)
{
	struct baseline *baseline = make_baseline(), *read;
	char *text = write_text(baseline);
	size_t len = strlen(text);
	struct diag diag;

	(void)state;
	/* The last is the end of a line. */
	for (size_t i = 0; i + 1 < len; i++) {
		assert_int_equal(baseline_read(text, i, "b.json", &read, &diag), -EINVAL);
		assert_null(read);
		assert_non_null(strstr(diag.text, "b.json is cut short"));
	}
	free(text);
	baseline_free(baseline);
}

struct change {
	const char *from;
	const char *to;
	const char *sentence;
};

/* The first occurrence in the text. The caller frees the result. */
static char *changed(const char *text, const struct change *change)
{
	size_t before = 0;

	while (text[before] && strncmp(text + before, change->from, strlen(change->from)) != 0)
		before++;
	if (!text[before])
		fail_msg("no '%s'", change->from);
	return xasprintf("%.*s%s%s", (int)before, text, change->to,
	                 text + before + strlen(change->from));
}

static void what_does_not_hold_together_is_refused_with_a_sentence(void **state)
{
	static const struct change changes[] = {
	    {"\"schema\": 1", "\"schema\": 2", "newer version"},
	    {"\"schema\": 1", "\"format\": 1", "no schema version"},
	    {"\"scenario\": \"s\"", "\"scenario\": \"../s\"", "names no baseline and scenario"},
	    {"\"baseline\": \"v1.2\"", "\"baseline\": 3", "names no baseline and scenario"},
	    {"\"types\"", "\"sorts\"", "has no types"},
	    {"\"io\": {", "\"../io\": {", "a type '../io'"},
	    {"\"runs\": [\n", "\"walks\": [\n", "it has no runs"},
	    {"\"run_id\"", "\"walk_id\"", "a run has no run_id"},
	    {"\"repeats\": 3", "\"repeats\": \"3\"", "repeats is no count"},
	    {"\"metrics\"", "\"metres\"", "has no metrics"},
	    {"\"samples\": [9", "\"samples\": [\"NaN\"",
	     "sample 1 of metric io.calls is no number"},
	    {"\"samples\": [9", "\"samples\": [NaN", "cut short or damaged"},
	    {"\"samples\": [9", "\"samples\": [1e999", "cut short or damaged"},
	    {"[9, 9, 9]", "[]", "no unit or no samples"},
	    {"\"values\": [{\"name\"", "\"values\": [{\"nome\"", "values are not"},
	    {"\"whole\": [", "\"whole\": [1, ", "no number"},
	    {"\"kind\": \"call\"", "\"kind\": \"shout\"", "a row has no name or kind"},
	    {"\"name\": \"read\"", "\"name\": \"write\"", "a row is there twice"},
	    {"\"self\": [21]", "\"self\": [-21]", "a number for each of its values"},
	    {"\"self\": [21]", "\"self\": [21, 3]", "a number for each of its values"},
	    {"\"baseline\": \"v1.2\"", "\"baseline\": \"v1.2\", \"baseline\": \"v1.2\"",
	     "cut short or damaged"},
	};
	struct baseline *baseline = make_baseline(), *read;
	char *text = write_text(baseline);
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		char *bad = changed(text, &changes[i]);

		if (!baseline_read(bad, strlen(bad), "b.json", &read, &diag))
			fail_msg("taken: %s", changes[i].to);
		if (!strstr(diag.text, changes[i].sentence) || strncmp(diag.text, "b.json", 6) != 0)
			fail_msg("'%s' has no '%s'", diag.text, changes[i].sentence);
		assert_null(read);
		free(bad);
	}
	free(text);
	baseline_free(baseline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_again),
	    cmocka_unit_test(another_value_of_a_metric_is_one_other_line),
	    cmocka_unit_test(a_type_that_comes_again_takes_the_place_of_the_one_before),
	    cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
	    cmocka_unit_test(what_does_not_hold_together_is_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
