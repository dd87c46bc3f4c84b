/* Two sides made by hand, and what a comparison says of them: verdicts, what gates, what differs,
 * what moved, and the three documents. */
#include "core/compare/comparison.h"
#include "core/compare/comparison_cells.h"
#include "core/compare/comparison_write.h"
#include "core/diag.h"

#include <errno.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A run of a scenario "s": its type, its machine, its metrics as JSON. */
static struct side *side_of(const char *type, const char *host, const char *metrics)
{
	struct side *side = side_new();
	struct diag diag = {""};
	json_error_t error;
	json_t *values = json_loads(metrics, 0, &error);
	json_t *manifest = json_pack(
	    "{s:i, s:{s:s}, s:s, s:s, s:s, s:s, s:s, s:[ss], s:{}, s:{}, s:{s:s, s:i, s:f}, s:n, "
	    "s:{s:s}, s:{s:s, s:{}}, s:{s:[]}, s:o}",
	    "schema", 1, "tool", "version", "0.1.0", "scenario", "s", "type", type, "run_id",
	    "20261122T184743.363Z", "verdict", "ok", "started", "2026-11-22T18:47:43.363Z",
	    "command", "prog", host, "environment", "parameters", "host", "hostname", host, "cpus",
	    2, "load_1m", host[0] / 100.0, "git", "binary", "path", "/bin/prog", "collector",
	    "name", type, "options", "quality", "notes", "metrics", values);

	if (!manifest)
		print_error("%s in %s\n", error.text, metrics);
	assert_non_null(manifest);
	if (side_add_manifest(side, manifest, "run", &diag) || side_finish(side, &diag))
		fail_msg("%s", diag.text);
	json_decref(manifest);
	return side;
}

struct compared {
	struct side *base, *new, *control;
	struct comparison comparison;
	struct diag diag;
	int err;
};

static void compare_with(struct compared *c, const struct comparison_options *options)
{
	c->diag = (struct diag){""};
	c->err = comparison_init(&c->comparison, c->base, c->new, c->control, options, &c->diag);
}

static void compare(struct compared *c, struct side *base, struct side *new)
{
	*c = (struct compared){.base = base, .new = new};
	compare_with(c, &(struct comparison_options){.threshold_percent = 2});
}

static void compared_fini(struct compared *c)
{
	comparison_fini(&c->comparison);
	side_free(c->base);
	side_free(c->new);
	side_free(c->control);
}

static const struct comparison_metric *metric_of(const struct compared *c, const char *name)
{
	for (size_t i = 0; i < c->comparison.n_metrics; i++)
		if (!strcmp(c->comparison.metrics[i].judged.name, name))
			return &c->comparison.metrics[i];
	fail_msg("there is no metric %s", name);
	return NULL;
}

#define METRIC(name, unit, better, samples)                                                        \
	"\"" name "\": {\"unit\": \"" unit "\", \"better\": " better ", \"value\": 1, "            \
	"\"samples\": " samples "}"
#define LOWER "\"lower\""

#define SLOW "[120, 121, 120, 122, 121, 120, 122, 121]"
#define FAST "[100, 101, 100, 102, 101, 100, 102, 101]"

static void a_count_of_three_equal_runs_gates_exactly(void **state)
{
	struct compared c;

	(void)state;
	compare(&c, side_of("io", "h", "{" METRIC("io.calls", "count", LOWER, "[9, 9, 9]") "}"),
	        side_of("io", "h", "{" METRIC("io.calls", "count", LOWER, "[10, 10, 10]") "}"));
	assert_int_equal(c.err, 0);
	assert_int_equal(c.comparison.verdict, VERDICT_WORSE);
	assert_true(metric_of(&c, "io.calls")->judged.exact);
	assert_string_equal(c.comparison.reason, "1 of 1 metric: io.calls");
	compared_fini(&c);
}

static void one_run_a_side_is_inconclusive(void **state)
{
	struct compared c;

	(void)state;
	compare(&c, side_of("io", "h", "{" METRIC("io.calls", "count", LOWER, "[9]") "}"),
	        side_of("io", "h", "{" METRIC("io.calls", "count", LOWER, "[10]") "}"));
	assert_int_equal(c.err, 0);
	assert_int_equal(c.comparison.verdict, VERDICT_INCONCLUSIVE);
	assert_float_equal(metric_of(&c, "io.calls")->judged.base_value, 9, 0);
	assert_float_equal(metric_of(&c, "io.calls")->judged.new_value, 10, 0);
	assert_int_equal(c.comparison.notes.n_texts, 1);
	compared_fini(&c);
}

/* Of three runs a side: a count that is steady beside one that is not. */
static void the_note_of_few_runs_says_how_many_counts_take(void **state)
{
	static const char steady[] = "{" METRIC("io.calls", "count", LOWER, "[9, 9, 9]") ", " METRIC(
	    "run.user_ns", "ns", LOWER, "[7, 8, 9]") "}";
	static const char varies[] = "{" METRIC("io.calls", "count", LOWER, "[9, 9, 9]") ", " METRIC(
	    "io.read.calls", "count", LOWER, "[7, 8, 9]") "}";
	struct compared c;

	(void)state;
	compare(&c, side_of("stat", "h", steady), side_of("stat", "h", steady));
	assert_non_null(strstr(c.comparison.notes.texts[0], "never vary are judged from 3 on, "));
	compared_fini(&c);
	compare(&c, side_of("io", "h", varies), side_of("io", "h", varies));
	assert_non_null(strstr(c.comparison.notes.texts[0],
	                       "never vary are judged from 5 on where others vary"));
	assert_non_null(strstr(metric_of(&c, "io.calls")->judged.why, "take 5 runs"));
	compared_fini(&c);
	c = (struct compared){.base = side_of("io", "h", varies),
	                      .new = side_of("io", "h", varies),
	                      .control = side_of("io", "h", varies)};
	compare_with(&c, &(struct comparison_options){.threshold_percent = 2});
	assert_non_null(strstr(c.comparison.notes.texts[0],
	                       "never vary are judged from 4 on where others vary"));
	assert_non_null(strstr(metric_of(&c, "io.calls")->judged.why, "take 4 runs"));
	compared_fini(&c);
}

static void times_are_judged_by_their_interval(void **state)
{
	struct compared c;

	(void)state;
	compare(&c, side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, FAST) "}"),
	        side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, SLOW) "}"));
	assert_int_equal(c.comparison.verdict, VERDICT_WORSE);
	assert_false(metric_of(&c, "run.user_ns")->judged.exact);
	compared_fini(&c);
	compare(&c, side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, FAST) "}"),
	        side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, FAST) "}"));
	assert_int_equal(c.comparison.verdict, VERDICT_SAME);
	compared_fini(&c);
}

/* User and system time are parts of the processor time: where that is measured, it decides. */
static void a_part_of_processor_time_leaves_the_gate_to_the_sum(void **state)
{
	struct compared c;

	(void)state;
	compare(&c,
	        side_of("stat", "h",
	                "{" METRIC("run.system_ns", "ns", LOWER, FAST) "," METRIC(
	                    "stat.task-clock_ns", "ns", LOWER, FAST) "}"),
	        side_of("stat", "h",
	                "{" METRIC("run.system_ns", "ns", LOWER, SLOW) "," METRIC(
	                    "stat.task-clock_ns", "ns", LOWER, FAST) "}"));
	assert_int_equal(metric_of(&c, "run.system_ns")->judged.verdict, VERDICT_WORSE);
	assert_false(metric_of(&c, "run.system_ns")->judged.gating);
	assert_true(metric_of(&c, "stat.task-clock_ns")->judged.gating);
	assert_int_equal(c.comparison.verdict, VERDICT_SAME);
	compared_fini(&c);
}

/* A control that differs from base as much as new does. */
static void a_noisy_machine_proves_nothing(void **state)
{
	struct compared c = {
	    .base = side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, FAST) "}"),
	    .new = side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, SLOW) "}"),
	    .control = side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, SLOW) "}"),
	};

	(void)state;
	compare_with(&c, &(struct comparison_options){.threshold_percent = 2});
	assert_int_equal(c.comparison.verdict, VERDICT_INCONCLUSIVE);
	assert_true(metric_of(&c, "run.user_ns")->judged.noise_floor > 0.18);
	compared_fini(&c);
}

static void across_machines_only_counts_are_compared(void **state)
{
	struct compared c;

	(void)state;
	compare(&c,
	        side_of("io", "here",
	                "{" METRIC("io.calls", "count", LOWER,
	                           "[9, 9, 9]") ", " METRIC("io.time_ns", "ns", LOWER, FAST) "}"),
	        side_of("io", "there",
	                "{" METRIC("io.calls", "count", LOWER,
	                           "[9, 9, 9]") ", " METRIC("io.time_ns", "ns", LOWER, SLOW) "}"));
	assert_int_equal(c.err, 0);
	assert_int_equal(c.comparison.verdict, VERDICT_SAME);
	assert_string_equal(metric_of(&c, "io.time_ns")->not_compared, "of another machine");
	assert_false(metric_of(&c, "io.time_ns")->judged.gating);
	assert_non_null(strstr(c.comparison.notes.texts[0], "hostname"));
	compared_fini(&c);
}

static void what_is_advisory_is_judged_and_does_not_gate(void **state)
{
	struct text_list globs = {0};
	struct compared c = {
	    .base = side_of("io", "h",
	                    "{" METRIC("io.calls", "count", LOWER, "[9, 9, 9]") ", " METRIC(
	                        "io.errors", "count", LOWER, "[0, 0, 0]") "}"),
	    .new = side_of("io", "h",
	                   "{" METRIC("io.calls", "count", LOWER, "[10, 10, 10]") ", " METRIC(
	                       "io.errors", "count", LOWER, "[0, 0, 0]") "}"),
	};

	(void)state;
	text_list_add(&globs, "io.ca*");
	compare_with(&c, &(struct comparison_options){.threshold_percent = 2, .advisory = &globs});
	assert_int_equal(c.comparison.verdict, VERDICT_SAME);
	assert_int_equal(metric_of(&c, "io.calls")->judged.verdict, VERDICT_WORSE);
	assert_int_equal(c.comparison.n_gating, 1);
	compared_fini(&c);
	text_list_fini(&globs);
}

static void what_says_nothing_of_the_program_does_not_gate(void **state)
{
	const char *metrics = "{" METRIC("io.calls", "count", LOWER, "[9]") ", " METRIC(
	    "io.lost", "count", LOWER,
	    "[9]") ", " METRIC("io.read.time_ns", "ns", LOWER,
	                       "[9]") ", " METRIC("io.read.calls", "count", LOWER,
	                                          "[9]") ", " METRIC("io.bytes_read", "bytes",
	                                                             "null",
	                                                             "[9]") ", " METRIC("run.user_"
	                                                                                "ns",
	                                                                                "ns", LOWER,
	                                                                                "[9]") "}";
	struct compared c;

	(void)state;
	compare(&c, side_of("io", "h", metrics), side_of("io", "h", metrics));
	assert_int_equal(c.comparison.n_gating, 2);
	assert_true(metric_of(&c, "io.calls")->judged.gating);
	assert_true(metric_of(&c, "io.read.calls")->judged.gating);
	/* run.* of a type that slows the target is not even shown. */
	for (size_t i = 0; i < c.comparison.n_metrics; i++)
		assert_string_not_equal(c.comparison.metrics[i].judged.name, "run.user_ns");
	compared_fini(&c);
}

static void a_metric_that_vanished_is_refused(void **state)
{
	struct compared c;

	(void)state;
	compare(&c,
	        side_of("io", "h",
	                "{" METRIC("io.calls", "count", LOWER,
	                           "[9]") ", " METRIC("io.errors", "count", LOWER, "[9]") "}"),
	        side_of("io", "h", "{" METRIC("io.calls", "count", LOWER, "[9]") "}"));
	assert_int_equal(c.err, -EINVAL);
	assert_non_null(strstr(c.diag.text, "has io.errors, which"));
	compared_fini(&c);
}

/* A resident set is looked at now and then: a short run may have none. */
static void one_that_does_not_gate_may_vanish(void **state)
{
	struct text_list globs = {0};
	struct compared c = {
	    .base = side_of("memory", "h",
	                    "{" METRIC("mem.allocations", "count", LOWER, "[9]") ", " METRIC(
	                        "mem.peak_rss_bytes", "bytes", LOWER, "[4096]") "}"),
	    .new = side_of("memory", "h", "{" METRIC("mem.allocations", "count", LOWER, "[9]") "}"),
	};

	(void)state;
	text_list_add(&globs, "mem.peak_rss_*");
	compare_with(&c, &(struct comparison_options){.threshold_percent = 2, .advisory = &globs});
	assert_int_equal(c.err, 0);
	assert_string_equal(metric_of(&c, "mem.peak_rss_bytes")->not_compared,
	                    "not measured in the new runs");
	compared_fini(&c);
	text_list_fini(&globs);
}

/* It has the collector's own tables in it, and three values of it decide nothing. */
static void the_resident_set_under_memory_does_not_gate(void **state)
{
#define WITH_SET(values)                                                                           \
	"{" METRIC("mem.allocations", "count", LOWER, "[9, 9, 9]") ", " METRIC(                    \
	    "mem.peak_rss_bytes", "bytes", LOWER, values) "}"
	struct compared c;

	(void)state;
	compare(&c, side_of("memory", "h", WITH_SET("[4096, 8192, 4096]")),
	        side_of("memory", "h", WITH_SET("[8192, 8192, 8192]")));
#undef WITH_SET
	assert_false(metric_of(&c, "mem.peak_rss_bytes")->judged.gating);
	assert_int_equal(c.comparison.verdict, VERDICT_SAME);
	compared_fini(&c);
}

static void a_call_that_is_no_longer_made_is_zero(void **state)
{
	struct compared c;

	(void)state;
	compare(&c,
	        side_of("io", "h",
	                "{" METRIC("io.read.calls", "count", LOWER, "[9, 9, 9]") ", " METRIC(
	                    "io.write.calls", "count", LOWER, "[1, 1, 1]") "}"),
	        side_of("io", "h", "{" METRIC("io.write.calls", "count", LOWER, "[2, 2, 2]") "}"));
	assert_int_equal(c.err, 0);
	assert_int_equal(metric_of(&c, "io.read.calls")->judged.verdict, VERDICT_BETTER);
	assert_int_equal(metric_of(&c, "io.write.calls")->judged.verdict, VERDICT_WORSE);
	assert_int_equal(c.comparison.verdict, VERDICT_WORSE);
	compared_fini(&c);
}

static void nothing_in_common_and_other_types_are_refused(void **state)
{
	struct compared c;

	(void)state;
	compare(&c, side_of("io", "a", "{" METRIC("io.time_ns", "ns", LOWER, "[9]") "}"),
	        side_of("io", "b", "{" METRIC("io.time_ns", "ns", LOWER, "[9]") "}"));
	assert_int_equal(c.err, -EINVAL);
	assert_non_null(strstr(c.diag.text, "no metric in common"));
	compared_fini(&c);
	compare(&c, side_of("io", "a", "{" METRIC("io.calls", "count", LOWER, "[9]") "}"),
	        side_of("memory", "a", "{" METRIC("io.calls", "count", LOWER, "[9]") "}"));
	assert_int_equal(c.err, -EINVAL);
	compared_fini(&c);
}

static void what_differs_beside_it_is_told(void **state)
{
	struct compared c;

	(void)state;
	compare(&c, side_of("io", "a", "{" METRIC("io.calls", "count", LOWER, "[9]") "}"),
	        side_of("io", "b", "{" METRIC("io.calls", "count", LOWER, "[9]") "}"));
	/* The command's argument and the hostname; not the load. */
	assert_int_equal(c.comparison.n_differences, 2);
	assert_string_equal(c.comparison.differences[0].what, "command");
	assert_string_equal(c.comparison.differences[0].new, "[\"prog\",\"b\"]");
	assert_string_equal(c.comparison.differences[1].what, "host.hostname");
	assert_string_equal(c.comparison.differences[1].base, "a");
	compared_fini(&c);
}

static void calls_that_moved_come_most_first(void **state)
{
	struct compared c;
	const struct comparison_movers *movers;

	(void)state;
	compare(&c,
	        side_of("io", "h",
	                "{" METRIC("io.a.calls", "count", LOWER, "[9, 9]") ", " METRIC(
	                    "io.b.calls", "count", LOWER,
	                    "[5, 5]") ", " METRIC("io.c.calls", "count", LOWER, "[3, 3]") "}"),
	        side_of("io", "h",
	                "{" METRIC("io.a.calls", "count", LOWER, "[8, 8]") ", " METRIC(
	                    "io.b.calls", "count", LOWER,
	                    "[25, 25]") ", " METRIC("io.c.calls", "count", LOWER, "[3, 3]") "}"));
	assert_int_equal(c.comparison.n_movers, 1);
	movers = &c.comparison.movers[0];
	assert_int_equal(movers->kind, SIDE_CALL);
	assert_int_equal(movers->n_rows, 2);
	assert_string_equal(movers->rows[0].name, "b");
	assert_float_equal(movers->rows[0].base_self, 5, 0);
	assert_float_equal(movers->rows[0].new_self, 25, 0);
	assert_string_equal(movers->rows[1].name, "a");
	compared_fini(&c);
}

static char *written(const struct comparison *comparison,
                     void (*write)(const struct comparison *, const char *, FILE *))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	write(comparison, "diff.svg", out);
	fclose(out);
	return text;
}

static void documents_say_the_same(void **state)
{
	struct compared c;
	char *text, *markdown;
	json_t *json;

	(void)state;
	compare(&c,
	        side_of("io", "h|<b>", "{" METRIC("io.a.calls", "count", LOWER, "[9, 9, 9]") "}"),
	        side_of("io", "h", "{" METRIC("io.a.calls", "count", LOWER, "[10, 10, 10]") "}"));
	text = written(&c.comparison, comparison_write_text);
	assert_non_null(strstr(text, "s/io  WORSE   1 of 1 metric: io.a.calls\n"));
	assert_non_null(strstr(text, "exact                      worse\n"));
	assert_non_null(strstr(text, "page   diff.svg\n"));
	markdown = written(&c.comparison, comparison_write_markdown);
	assert_non_null(strstr(markdown, "### s/io: WORSE\n"));
	assert_non_null(
	    strstr(markdown, "| io.a.calls | 9 | 10 | 1.111 | exact |  | **worse** |\n"));
	/* Nothing of what comes from outside is markup. */
	assert_null(strstr(markdown, "<b>"));
	assert_non_null(strstr(markdown, "h\\|&lt;b&gt;"));
	json = comparison_to_json(&c.comparison, "diff.svg");
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "worse");
	assert_int_equal(json_integer_value(json_object_get(json, "schema")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "metrics")), 1);
	json_decref(json);
	free(text);
	free(markdown);
	compared_fini(&c);
}

static void no_name_reaches_a_terminal_as_more_than_text(void **state)
{
	struct compared c;
	char *text;

	(void)state;
	compare(
	    &c,
	    side_of("io", "h", "{" METRIC("io.\\u001b[31mred", "count", LOWER, "[9, 9, 9]") "}"),
	    side_of("io", "\033[2J",
	            "{" METRIC("io.\\u001b[31mred", "count", LOWER, "[10, 10, 10]") "}"));
	text = written(&c.comparison, comparison_write_text);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "io.?[31mred"));
	assert_null(strchr(c.comparison.reason, '\033'));
	free(text);
	compared_fini(&c);
}

static void a_busy_machine_is_noted_where_a_time_decides(void **state)
{
	struct compared c;

	(void)state;
	/* The load of this machine is that of its name's first letter: 1.04 on 2 CPUs. */
	compare(&c, side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, FAST) "}"),
	        side_of("stat", "h", "{" METRIC("run.user_ns", "ns", LOWER, FAST) "}"));
	assert_int_equal(c.comparison.notes.n_texts, 1);
	assert_non_null(strstr(c.comparison.notes.texts[0], "busy"));
	compared_fini(&c);
}

/* Where most runs have none of it a ratio is that of chance. */
static void what_is_often_0_has_no_ratio_and_words_say_so(void **state)
{
	struct comparison_metric metric = {.unit = "ns"};
	struct metric_cells cells;
	struct compared c;
	char *text;

	(void)state;
	compare(&c,
	        side_of("stat", "h",
	                "{" METRIC("run.sys_ns", "ns", LOWER, "[0, 0, 4e6, 0, 0, 0, 0, 4e6]") "}"),
	        side_of("stat", "h",
	                "{" METRIC("run.sys_ns", "ns", LOWER, "[0, 4e6, 0, 0, 4e6, 0, 0, 0]") "}"));
	assert_int_equal(c.comparison.verdict, VERDICT_INCONCLUSIVE);
	text = written(&c.comparison, comparison_write_text);
	assert_non_null(strstr(text, "no ratio: too often 0"));
	assert_null(strstr(text, "from 0"));
	free(text);
	compared_fini(&c);
	metric.judged.ratio = metric.judged.low = 1;
	metric.judged.high = metric.judged.noise_floor = INFINITY;
	cells = metric_cells_of(&metric);
	assert_string_equal(cells.ratio.text, "-");
	assert_string_equal(cells.interval.text, "-");
	assert_string_equal(cells.noise.text, "-");
}

/* A ratio to 0 is no number: null in JSON, words in the others. */
static void a_rise_from_nothing_is_written_without_infinity(void **state)
{
	struct compared c;
	json_t *json, *metric;
	char *text;

	(void)state;
	compare(&c, side_of("io", "h", "{" METRIC("io.errors", "count", LOWER, "[0, 0, 0]") "}"),
	        side_of("io", "h", "{" METRIC("io.errors", "count", LOWER, "[2, 2, 2]") "}"));
	assert_int_equal(c.comparison.verdict, VERDICT_WORSE);
	json = comparison_to_json(&c.comparison, NULL);
	metric = json_array_get(json_object_get(json, "metrics"), 0);
	assert_true(json_is_null(json_object_get(metric, "ratio")));
	assert_true(json_is_true(json_object_get(metric, "from_zero")));
	assert_true(json_is_null(json_object_get(json, "flamegraph")));
	text = written(&c.comparison, comparison_write_text);
	assert_non_null(strstr(text, "from 0"));
	assert_null(strstr(text, "inf "));
	json_decref(json);
	free(text);
	compared_fini(&c);
}

/* Of the calls that nobody made there are hundreds; what the user has asked for is told. */
static void what_the_user_measures_is_told_though_it_is_zero(void **state)
{
	const char *metrics = "{" METRIC("io.read.calls", "count", LOWER, "[0, 0, 0]") ", " METRIC(
	    "user.cache.misses", "count", LOWER, "[0, 0, 0]") "}";
	struct compared c;
	char *text;

	(void)state;
	compare(&c, side_of("io", "h", metrics), side_of("io", "h", metrics));
	text = written(&c.comparison, comparison_write_text);
	assert_non_null(strstr(text, "user.cache.misses"));
	assert_null(strstr(text, "io.read.calls"));
	free(text);
	compared_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_count_of_three_equal_runs_gates_exactly),
	    cmocka_unit_test(one_run_a_side_is_inconclusive),
	    cmocka_unit_test(the_note_of_few_runs_says_how_many_counts_take),
	    cmocka_unit_test(times_are_judged_by_their_interval),
	    cmocka_unit_test(a_part_of_processor_time_leaves_the_gate_to_the_sum),
	    cmocka_unit_test(a_noisy_machine_proves_nothing),
	    cmocka_unit_test(across_machines_only_counts_are_compared),
	    cmocka_unit_test(what_is_advisory_is_judged_and_does_not_gate),
	    cmocka_unit_test(what_says_nothing_of_the_program_does_not_gate),
	    cmocka_unit_test(a_metric_that_vanished_is_refused),
	    cmocka_unit_test(one_that_does_not_gate_may_vanish),
	    cmocka_unit_test(the_resident_set_under_memory_does_not_gate),
	    cmocka_unit_test(a_call_that_is_no_longer_made_is_zero),
	    cmocka_unit_test(nothing_in_common_and_other_types_are_refused),
	    cmocka_unit_test(what_differs_beside_it_is_told),
	    cmocka_unit_test(calls_that_moved_come_most_first),
	    cmocka_unit_test(documents_say_the_same),
	    cmocka_unit_test(no_name_reaches_a_terminal_as_more_than_text),
	    cmocka_unit_test(a_busy_machine_is_noted_where_a_time_decides),
	    cmocka_unit_test(what_is_often_0_has_no_ratio_and_words_say_so),
	    cmocka_unit_test(a_rise_from_nothing_is_written_without_infinity),
	    cmocka_unit_test(what_the_user_measures_is_told_though_it_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
