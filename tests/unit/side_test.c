/* One side of a comparison: runs pooled, refused, and their rows. */
#include "core/compare/side.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUN(members)                                                                               \
	"{\"schema\": 1, \"tool\": {\"version\": \"0.1.0\"}, \"scenario\": \"s\", \"type\": "      \
	"\"io\", \"verdict\": \"ok\", \"started\": \"2026-11-22T10:00:00.000Z\", \"command\": "    \
	"[\"p\"], \"collector\": {\"name\": \"io\", \"options\": {\"a\": 1}}, "                    \
	"\"host\": {\"hostname\": \"h\", \"cpus\": 2, \"load_1m\": 1.5}, " members "}"
#define METRIC(name, unit, samples)                                                                \
	"\"" name "\": {\"value\": 1, \"unit\": \"" unit                                           \
	"\", \"better\": \"lower\", \"samples\": "                                                 \
	"[" samples "], \"deterministic\": null, \"instrumented\": false}"
#define METRICS(list) "\"metrics\": {" list "}"

static int add(struct side *side, const char *text, struct diag *diag)
{
	json_error_t error;
	json_t *manifest = json_loads(text, 0, &error);
	int err;

	if (!manifest)
		fail_msg("%s", error.text);
	err = side_add_manifest(side, manifest, "r/s/io/1", diag);
	json_decref(manifest);
	return err;
}

static const char plain[] =
    RUN("\"run_id\": \"1\", \"git\": {\"commit\": \"abc\", \"dirty\": true}, " METRICS(
        METRIC("run.wall_ns", "ns", "10, 30") ", " METRIC("io.calls", "count", "7, 7") ", " METRIC(
            "io.read.calls", "count", "3, 3")));
static const char another[] =
    RUN("\"run_id\": \"2\", " METRICS(METRIC("run.wall_ns", "ns", "20") ", " METRIC(
        "io.calls", "count", "8") ", " METRIC("io.write.calls", "count", "1")));

static void expect_samples(const struct side *side, const char *name, const double *expected,
                           size_t n)
{
	const struct side_metric *metric = side_find_metric(side, name);

	assert_non_null(metric);
	assert_int_equal(metric->n_samples, n);
	for (size_t i = 0; i < n; i++)
		assert_true(metric->samples[i] == expected[i]);
}

static void samples_of_several_runs_are_pooled_in_their_order(void **state)
{
	struct side *side = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, plain, &diag), 0);
	assert_int_equal(add(side, another, &diag), 0);
	assert_int_equal(side_finish(side, &diag), 0);
	assert_string_equal(side->title, "s/io, 2 runs");
	assert_int_equal(side->n_runs, 2);
	assert_int_equal(side->n_repeats, 3);
	assert_string_equal(side->runs[0].commit, "abc");
	assert_true(side->runs[0].dirty);
	assert_null(side->runs[1].commit);
	expect_samples(side, "run.wall_ns", (double[]){10, 30, 20}, 3);
	assert_true(side_metric_median(side_find_metric(side, "run.wall_ns")) == 20);
	assert_int_equal(side->mixed.n_texts, 0);
	side_free(side);
}

static void a_call_that_a_run_did_not_make_is_zero_there(void **state)
{
	struct side *side = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, plain, &diag), 0);
	assert_int_equal(add(side, another, &diag), 0);
	expect_samples(side, "io.read.calls", (double[]){3, 3, 0}, 3);
	expect_samples(side, "io.write.calls", (double[]){0, 0, 1}, 3);
	expect_samples(side, "io.calls", (double[]){7, 7, 8}, 3);
	side_free(side);
}

static void calls_of_one_run_have_its_samples_alone(void **state)
{
	static const char several[] = RUN("\"run_id\": \"1\", " METRICS(METRIC(
	    "io.read.calls", "count", "3, 3") ", " METRIC("io.write.calls", "count", "4, 5")));
	struct side *side = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, several, &diag), 0);
	assert_int_equal(add(side, another, &diag), 0);
	expect_samples(side, "io.read.calls", (double[]){3, 3, 0}, 3);
	expect_samples(side, "io.write.calls", (double[]){4, 5, 1}, 3);
	side_free(side);
}

static void a_call_that_one_side_did_not_make_is_zero_there_under_the_same_options(void **state)
{
	struct side *a = side_new(), *b = side_new(), *c = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(a, plain, &diag), 0);
	assert_int_equal(add(b, another, &diag), 0);
	assert_int_equal(add(c, another, &diag), 0);
	json_object_set_new(c->collector, "options", json_pack("{s:i}", "a", 2));
	side_complete(a, c);
	assert_null(side_find_metric(a, "io.write.calls"));
	json_object_set_new(c->collector, "options", json_pack("{s:i}", "a", 1));
	side_complete(a, b);
	expect_samples(a, "io.write.calls", (double[]){0, 0}, 2);
	expect_samples(b, "io.read.calls", (double[]){0}, 1);
	side_free(a);
	side_free(b);
	side_free(c);
}

static void counts_are_constant_when_three_samples_agree(void **state)
{
	double three[] = {5, 5, 5}, differing[] = {5, 5, 5, 6};

	(void)state;
	assert_true(
	    side_metric_is_constant(&(struct side_metric){.samples = three, .n_samples = 3}));
	assert_false(
	    side_metric_is_constant(&(struct side_metric){.samples = three, .n_samples = 2}));
	assert_false(
	    side_metric_is_constant(&(struct side_metric){.samples = differing, .n_samples = 4}));
}

struct damage {
	const char *text;
	const char *sentence;
};

static void what_is_no_whole_run_is_refused_with_a_sentence(void **state)
{
	static const struct damage damages[] = {
	    {"{}", "no schema version"},
	    {"[]", "no schema version"},
	    {"{\"schema\": \"1\"}", "no schema version"},
	    {"{\"schema\": 2, \"tool\": {\"version\": \"9.1\"}}", "newer version, 9.1"},
	    {"{\"schema\": 0}", "schema 0; this version reads 1"},
	    {"{\"schema\": 1}", "names no scenario"},
	    {RUN("\"run_id\": \"1\""), "has no metrics"},
	    {RUN("\"run_id\": \"1\", \"metrics\": {}"), "has no metrics"},
	    {RUN("\"metrics\": {\"a.b\": 1}"), "no run_id"},
	    {RUN("\"run_id\": \"1\", \"metrics\": {\"a.b\": 1}"), "no unit or no samples"},
	    {RUN("\"run_id\": \"1\", " METRICS(METRIC("a.b", "count", ""))),
	     "no unit or no samples"},
	    {RUN("\"run_id\": \"1\", " METRICS(METRIC("a.b", "count", "1, null"))),
	     "sample 2 of metric a.b is no number"},
	    {RUN("\"run_id\": \"1\", " METRICS(METRIC("a.b", "count", "\"NaN\""))),
	     "sample 1 of metric a.b is no number"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct side *side = side_new();
		struct diag diag = {0};

		assert_int_equal(add(side, damages[i].text, &diag), -EINVAL);
		if (!strstr(diag.text, damages[i].sentence))
			fail_msg("'%s' has no '%s'", diag.text, damages[i].sentence);
		side_free(side);
	}
}

static void a_set_is_of_one_scenario_and_type(void **state)
{
	static const char other[] =
	    "{\"schema\": 1, \"scenario\": \"t\", \"type\": \"io\", \"verdict\": \"ok\"}";
	static const char type[] =
	    "{\"schema\": 1, \"scenario\": \"s\", \"type\": \"cpu\", \"verdict\": \"ok\"}";
	struct side *side = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, plain, &diag), 0);
	assert_int_equal(add(side, other, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "scenario t"));
	assert_int_equal(add(side, type, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "type cpu"));
	side_free(side);
}

static void what_the_runs_differ_in_is_noted(void **state)
{
	struct side *side = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, plain, &diag), 0);
	json_object_set_new(side->host, "load_1m", json_real(9));
	assert_int_equal(add(side, plain, &diag), 0);
	assert_int_equal(side->mixed.n_texts, 0);
	json_object_set_new(side->host, "hostname", json_string("elsewhere"));
	assert_int_equal(add(side, plain, &diag), 0);
	assert_int_equal(side->mixed.n_texts, 1);
	assert_string_equal(side->mixed.texts[0], "host");
	side_free(side);
}

static void another_machine_is_told_by_name(void **state)
{
	struct side *a = side_new(), *b = side_new();
	struct diag diag;
	char *why;

	(void)state;
	assert_int_equal(add(a, plain, &diag), 0);
	assert_int_equal(add(b, plain, &diag), 0);
	assert_true(side_is_same_machine(a, b, &why));
	assert_null(why);
	json_object_set_new(b->host, "hostname", json_string("k"));
	assert_false(side_is_same_machine(a, b, &why));
	assert_string_equal(why, "hostname: h, k");
	free(why);
	side_free(a);
	side_free(b);
}

static void calls_are_rows_summed_over_the_samples(void **state)
{
	struct side *side = side_new();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, plain, &diag), 0);
	assert_int_equal(add(side, another, &diag), 0);
	assert_int_equal(side_finish(side, &diag), 0);
	assert_int_equal(side->n_rows, 2);
	assert_int_equal(side->n_profiled[SIDE_CALL], 3);
	assert_int_equal(side->n_values, 1);
	assert_string_equal(side->values[0].name, "calls");
	assert_true(side->values[0].whole[SIDE_CALL] == 7);
	assert_string_equal(side->rows[0].name, "read");
	assert_true(side->rows[0].self[0] == 6 && side->rows[0].total[0] == 6);
	assert_string_equal(side->rows[1].name, "write");
	side_free(side);
}

/* main calls work, work calls work and help; help is inlined once. */
static struct profile *example(void)
{
	static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
	static const struct symbol_frame main_names[] = {
	    {.function = "main", .file = "/src/a.c", .line = 1}};
	static const struct symbol_frame work_names[] = {
	    {.function = "work(int)", .file = "/src/a.c", .line = 2}};
	static const struct symbol_frame work_other_names[] = {
	    {.function = "work(long)", .file = "/src/a.c", .line = 9}};
	static const struct symbol_frame help_names[] = {
	    {.function = "help", .file = "/src/h.c", .line = 7, .inlined = true},
	    {.function = "work(int)", .file = "/src/a.c", .line = 3}};
	struct recording *recording = recording_new(types, 2);
	struct symbolizer *symbolizer = symbolizer_new();
	struct object program = {.kind = OBJECT_FILE, .path = "/bin/prog", .fd = -1};
	uint32_t o = recording_add_object(recording, &program);
	const struct object *object = recording_object(recording, o);
	uint32_t thread = recording_add_thread(recording, 1, 1, "prog");
	struct profile *profile;

	symbolizer_set_past(symbolizer);
	symbolizer_remember(symbolizer, object, 0x10f, main_names, 1);
	symbolizer_remember(symbolizer, object, 0x200, work_names, 1);
	symbolizer_remember(symbolizer, object, 0x20f, work_names, 1);
	symbolizer_remember(symbolizer, object, 0x2ff, work_other_names, 1);
	symbolizer_remember(symbolizer, object, 0x300, help_names, 2);
	recording_add_sample(
	    recording,
	    (struct sample){.thread = thread,
	                    .stack = recording_add_stack(
	                        recording,
	                        (struct recorded_frame[]){
	                            {o, false, 0x200}, {o, true, 0x300}, {o, true, 0x110}},
	                        3)},
	    (uint64_t[]){3, 30});
	recording_add_sample(
	    recording,
	    (struct sample){
	        .thread = thread,
	        .stack = recording_add_stack(
	            recording, (struct recorded_frame[]){{o, false, 0x300}, {o, true, 0x110}}, 2)},
	    (uint64_t[]){1, 10});
	profile = profile_new(recording, symbolizer);
	recording_free(recording);
	symbolizer_free(symbolizer);
	return profile;
}

static const struct side_row *find_row(const struct side *side, const char *name)
{
	for (size_t i = 0; i < side->n_rows; i++)
		if (!strcmp(side->rows[i].name, name))
			return &side->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static const char bare[] =
    RUN("\"run_id\": \"1\", " METRICS(METRIC("run.wall_ns", "ns", "10, 30")));

static void a_function_counts_once_a_stack_under_its_name_without_arguments(void **state)
{
	static const char *const values[] = {"samples", "cpu", "nosuch", NULL};
	const struct side_view view = {.kind = SIDE_FUNCTION, .values = values};
	struct side *side = side_new();
	struct profile *profile = example();
	const struct side_row *row;
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, bare, &diag), 0);
	side_add_profile(side, profile, &view, 2);
	side_add_profile(side, profile, &view, 2);
	assert_int_equal(side_finish(side, &diag), 0);
	assert_int_equal(side->n_values, 2);
	assert_int_equal(side->n_profiled[SIDE_FUNCTION], 4);
	assert_true(side->values[1].whole[SIDE_FUNCTION] == 80);
	assert_int_equal(side->n_rows, 3);
	row = find_row(side, "work");
	assert_true(row->self[0] == 6 && row->total[0] == 8);
	assert_true(row->self[1] == 60 && row->total[1] == 80);
	assert_string_equal(row->object, "prog");
	assert_string_equal(row->file, "/src/a.c");
	assert_int_equal(row->line, 2);
	row = find_row(side, "help");
	assert_true(row->self[0] == 2 && row->total[0] == 2);
	row = find_row(side, "main");
	assert_true(row->self[0] == 0 && row->total[0] == 8);
	assert_string_equal(side->rows[0].name, "work");
	profile_free(profile);
	side_free(side);
}

static bool is_work(const struct profile *profile, uint32_t frame)
{
	return !strcmp(profile_folded_name(profile, frame), "work");
}

static void a_site_is_the_first_frame_that_asks_for_itself(void **state)
{
	static const char *const values[] = {"samples", NULL};
	const struct side_view view = {.kind = SIDE_SITE, .passes_on = is_work, .values = values};
	struct side *side = side_new();
	struct profile *profile = example();
	struct diag diag;

	(void)state;
	assert_int_equal(add(side, bare, &diag), 0);
	side_add_profile(side, profile, &view, 1);
	assert_int_equal(side_finish(side, &diag), 0);
	assert_int_equal(find_row(side, "main")->kind, SIDE_SITE);
	assert_true(find_row(side, "main")->self[0] + find_row(side, "help")->self[0] == 4);
	profile_free(profile);
	side_free(side);
}

static void the_largest_rows_are_kept_and_the_rest_counted(void **state)
{
	enum { N = SIDE_MAX_ROWS + 5 };
	struct side *side = side_new();
	json_t *manifest = json_loads(bare, 0, NULL);
	json_t *metrics = json_object_get(manifest, "metrics");
	struct diag diag;

	(void)state;
	for (int i = 0; i < N; i++) {
		char name[40];

		snprintf(name, sizeof(name), "io.call%d.calls", i);
		json_object_set_new(metrics, name,
		                    json_pack("{s:s, s:[i]}", "unit", "count", "samples", i + 1));
	}
	assert_int_equal(side_add_manifest(side, manifest, "run", &diag), 0);
	assert_int_equal(side_finish(side, &diag), 0);
	assert_int_equal(side->n_rows, SIDE_MAX_ROWS);
	assert_int_equal(side->n_left_out[SIDE_CALL], 5);
	assert_true(side->rows[0].self[0] == N);
	assert_true(side->rows[side->n_rows - 1].self[0] == 6);
	assert_true(side->values[0].whole[SIDE_CALL] == N * (N + 1) / 2);
	json_decref(manifest);
	side_free(side);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(samples_of_several_runs_are_pooled_in_their_order),
	    cmocka_unit_test(a_call_that_a_run_did_not_make_is_zero_there),
	    cmocka_unit_test(calls_of_one_run_have_its_samples_alone),
	    cmocka_unit_test(
	        a_call_that_one_side_did_not_make_is_zero_there_under_the_same_options),
	    cmocka_unit_test(counts_are_constant_when_three_samples_agree),
	    cmocka_unit_test(what_is_no_whole_run_is_refused_with_a_sentence),
	    cmocka_unit_test(a_set_is_of_one_scenario_and_type),
	    cmocka_unit_test(what_the_runs_differ_in_is_noted),
	    cmocka_unit_test(another_machine_is_told_by_name),
	    cmocka_unit_test(calls_are_rows_summed_over_the_samples),
	    cmocka_unit_test(a_function_counts_once_a_stack_under_its_name_without_arguments),
	    cmocka_unit_test(a_site_is_the_first_frame_that_asks_for_itself),
	    cmocka_unit_test(the_largest_rows_are_kept_and_the_rest_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
