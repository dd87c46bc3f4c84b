/* stat: lists of events, scaling of shared counters, figures of runs, and the files made of them. No
 * PMU is needed: what one would have counted is made up here. */
#include "core/collector.h"
#include "core/diag.h"
#include "core/gates.h"
#include "core/options.h"
#include "cpu/stat/csv.h"
#include "cpu/stat/events.h"
#include "cpu/stat/hyperfine.h"
#include "cpu/stat/runs.h"
#include "cpu/stat/summary.h"
#include "cpu/stat/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct event_list parse(const char *text)
{
	struct event_list list;
	struct diag diag;

	assert_int_equal(event_list_parse(&list, text, false, &diag), 0);
	return list;
}

static void assert_refused(const char *text, const char *reason)
{
	struct diag diag = {0};

	assert_int_equal(event_list_check(text, &diag), -EINVAL);
	if (!strstr(diag.text, reason))
		fail_msg("'%s': '%s' is not in '%s'", text, reason, diag.text);
}

static void names_are_those_of_perf_list(void **state)
{
	struct event_list list =
	    parse("cpu-cycles,cs,faults,task-clock,cycles:u,r1a8,sched:sched_switch");
	static const char *const metrics[] = {
	    "stat.cycles",   "stat.context-switches", "stat.page-faults",
	    "stat.task-clock_ns", "stat.cycles:u",    "stat.r1a8",
	    "stat.sched:sched_switch",
	};

	(void)state;
	assert_int_equal(list.n_events, 7);
	for (size_t i = 0; i < list.n_events; i++)
		assert_string_equal(list.events[i].metric, metrics[i]);
	event_list_fini(&list);
	list = parse(NULL);
	assert_non_null(event_list_find(&list, "LLC-load-misses"));
	assert_string_equal(list.events[0].name, "task-clock");
	event_list_fini(&list);
}

static void an_event_that_is_named_twice_is_counted_once(void **state)
{
	struct event_list list = parse("cs,context-switches,cs:k");

	(void)state;
	assert_int_equal(list.n_events, 2);
	event_list_fini(&list);
}

static void what_is_no_event_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_refused("cylces", "did you mean 'cycles'");
	assert_refused("cycles,,cs", "'' is none");
	assert_refused("", "'' is none");
	assert_refused("{cycles,instructions", "ends with }");
	assert_refused("cycles}", "'cycles}' is none");
	assert_refused("{{cycles}}", "is none");
	assert_refused("{cycles,{instructions}}", "is none");
	assert_refused("cs:u", "leave out :u");
	assert_refused("{a}{b}", "is none");
}

static void set_counted(struct event_list *list)
{
	for (size_t i = 0; i < list->n_events; i++)
		list->events[i].source = SOURCE_COUNTER;
}

static size_t leader_of(const struct event_list *list, const char *name)
{
	return event_list_find(list, name)->leader;
}

static void the_two_of_a_ratio_are_counted_together(void **state)
{
	struct event_list list =
	    parse("cycles,page-faults,instructions,cache-misses,cache-references,branches");

	(void)state;
	set_counted(&list);
	event_list_group(&list);
	assert_int_equal(leader_of(&list, "instructions"), 0);
	assert_int_equal(leader_of(&list, "page-faults"), 1);
	assert_int_equal(leader_of(&list, "cache-misses"), 3);
	assert_int_equal(leader_of(&list, "cache-references"), 3);
	assert_int_equal(leader_of(&list, "branches"), 5);
	/* Only the leader waits for the exec; the others count when it does. */
	assert_true(counted_event_attr(&list, 0, true).enable_on_exec);
	assert_false(counted_event_attr(&list, 2, true).disabled);
	/* One that is not counted leads nobody. */
	list.events[0].source = SOURCE_NONE;
	event_list_group(&list);
	assert_int_equal(leader_of(&list, "instructions"), 2);
	event_list_fini(&list);
}

static void braces_are_groups(void **state)
{
	struct event_list list = parse("cycles,{instructions,branches},{r1,r2,r3}");

	(void)state;
	set_counted(&list);
	event_list_group(&list);
	assert_int_equal(leader_of(&list, "cycles"), 0);
	assert_int_equal(leader_of(&list, "instructions"), 1);
	assert_int_equal(leader_of(&list, "branches"), 1);
	assert_int_equal(leader_of(&list, "r3"), 3);
	event_list_fini(&list);
}

static void a_shared_counter_is_scaled_to_the_whole_time(void **state)
{
	struct raw_count half = {1000, 400, 200}, all = {1000, 400, 400}, none = {0, 400, 0};
	struct raw_count off = {0};
	struct count count = count_scale(&half, false);

	(void)state;
	assert_true(count.is_known);
	assert_true(count.value == 2000 && count.counted_percent == 50);
	count = count_scale(&all, false);
	assert_true(count.value == 1000 && count.counted_percent == 100);
	/* It never had a counter, or was never on: not 0 ... */
	assert_false(count_scale(&none, false).is_known);
	assert_false(count_scale(&none, true).is_known);
	assert_false(count_scale(&off, false).is_known);
	/* ... unless nothing ran that could have been counted. */
	assert_true(count_scale(&off, true).is_known);
	half = raw_count_since(&(struct raw_count){1500, 500, 300}, &half);
	assert_true(half.value == 500 && half.enabled_ns == 100 && half.running_ns == 100);
}

/* Two runs of a command on a machine with a PMU. */
struct fixture {
	struct event_list events;
	struct count counts[2][8];
	struct stat_run runs[2];
	struct stat_facts facts;
};

static void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){
	    .events = parse("task-clock,cycles,instructions,cache-references,cache-misses,"
	                    "branches,branch-misses,page-faults"),
	    .counts =
	        {
	            {{true, 50e6, 100}, {true, 100e6, 100}, {true, 30e6, 100}, {true, 1e6, 50},
	             {true, 2e5, 50}, {true, 1e7, 100}, {true, 1e5, 100}, {true, 120, 100}},
	            {{true, 50e6, 100}, {true, 100e6, 100}, {true, 20e6, 100}, {true, 1e6, 50},
	             {true, 1e5, 50}, {true, 1e7, 100}, {true, 1e5, 100}, {false, 0, 0}},
	        },
	    .runs =
	        {
	            {.is_child = true, .wall_ns = 100000000, .user_ns = 40000000,
	             .system_ns = 10000000, .max_rss_bytes = 4096000, .counted_ns = 100000000},
	            {.is_child = true, .wall_ns = 200000000, .user_ns = 60000000,
	             .system_ns = 20000000, .max_rss_bytes = 8192000, .counted_ns = 100000000,
	             .wait_status = 9},
	        },
	};
	set_counted(&fixture->events);
	fixture->runs[0].counts = fixture->counts[0];
	fixture->runs[1].counts = fixture->counts[1];
	fixture->facts = (struct stat_facts){
	    .events = &fixture->events,
	    .runs = fixture->runs,
	    .n_runs = 2,
	    .command = "prog 'a b'",
	    .runs_command = true,
	};
}

static char *text_of(const struct fixture *fixture,
                     void (*write)(const struct stat_facts *facts, FILE *out))
{
	static char *text;
	static size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);

	write(&fixture->facts, out);
	fclose(out);
	return text;
}

static void write_text(const struct stat_facts *facts, FILE *out)
{
	stat_text_write(facts, "a note\n", out);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text ? text : "nothing");
}

static void the_text_has_the_shape_of_perf_stat(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture);
	text = text_of(&fixture, write_text);
	assert_has(text, "\n Performance counter stats for 'prog 'a b'' (2 runs):\n\n");
	assert_has(text, "             50.00 msec task-clock                       #    0.500 CPUs "
	                 "utilized         ( +-  0.00% )\n");
	assert_has(text, "        25,000,000      instructions                     #     0.25  insn "
	                 "per cycle       ( +- 20.00% )\n");
	assert_has(text, "       100,000,000      cycles                           #    2.000 GHz");
	assert_has(text, "#    15.00% of all cache refs    ( +- 33.33% )  (50.00%)\n");
	assert_has(text, "       0.150000000 seconds time elapsed");
	assert_has(text, "a note\n");
	free(text);
	event_list_fini(&fixture.events);
}

static void a_row_of_csv_is_a_run_and_empty_where_not_measured(void **state)
{
	struct fixture fixture;
	char *text, *second;

	(void)state;
	fixture_init(&fixture);
	text = text_of(&fixture, runs_csv_write);
	assert_has(text, "run,wall_ns,user_ns,system_ns,max_rss_bytes,exit,counted_ns,"
	                 "task-clock_ns,task-clock_ns_counted_percent,cycles,");
	assert_has(text, "\n1,100000000,40000000,10000000,4096000,0,100000000,50000000,100.00,");
	assert_has(text, ",120,100.00\n2,");
	second = strstr(text, "\n2,") + 1;
	assert_has(second, "2,200000000,60000000,20000000,8192000,137,");
	assert_string_equal(second + strlen(second) - 3, ",,\n");
	free(text);
	event_list_fini(&fixture.events);
}

static double number_at(json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void the_json_has_the_members_of_hyperfine(void **state)
{
	struct text_list parameters = {0};
	struct fixture fixture;
	json_t *json, *result;

	(void)state;
	fixture_init(&fixture);
	text_list_add(&parameters, "size=10");
	json = hyperfine_to_json(&fixture.facts, &parameters);
	result = json_array_get(json_object_get(json, "results"), 0);
	assert_string_equal(json_string_value(json_object_get(result, "command")), "prog 'a b'");
	assert_float_equal(number_at(result, "mean"), 0.15, 1e-12);
	assert_float_equal(number_at(result, "median"), 0.15, 1e-12);
	assert_true(number_at(result, "min") == 0.1 && number_at(result, "max") == 0.2);
	assert_float_equal(number_at(result, "user"), 0.05, 1e-12);
	assert_float_equal(number_at(result, "system"), 0.015, 1e-12);
	assert_float_equal(number_at(result, "stddev"), 0.0707106781, 1e-9);
	assert_int_equal(json_array_size(json_object_get(result, "times")), 2);
	assert_int_equal(json_array_size(json_object_get(result, "memory_usage_byte")), 2);
	assert_int_equal(
	    json_integer_value(json_array_get(json_object_get(result, "exit_codes"), 1)), 137);
	assert_string_equal(
	    json_string_value(json_object_get(json_object_get(result, "parameters"), "size")),
	    "10");
	json_decref(json);
	/* Of one run there is no deviation; and memory that is not known leaves no gap. */
	fixture.facts.n_runs = 1;
	fixture.runs[0].max_rss_bytes = 0;
	json = hyperfine_to_json(&fixture.facts, NULL);
	result = json_array_get(json_object_get(json, "results"), 0);
	assert_true(json_is_null(json_object_get(result, "stddev")));
	assert_null(json_object_get(result, "memory_usage_byte"));
	assert_null(json_object_get(result, "parameters"));
	json_decref(json);
	text_list_fini(&parameters);
	event_list_fini(&fixture.events);
}

/* Result with what the driver gives. */
static struct result summarize(struct fixture *fixture)
{
	struct result result = {
	    .metrics = metrics_new(),
	    .findings = findings_new(),
	    .gates = gates_new(),
	    .quality = json_pack("{s:[]}", "notes"),
	};

	stat_summarize(&fixture->facts, &result);
	return result;
}

static bool is_said(const struct result *result, const char *part)
{
	json_t *notes = json_object_get(result->quality, "notes");

	for (size_t i = 0; i < json_array_size(notes); i++)
		if (strstr(json_string_value(json_array_get(notes, i)), part))
			return true;
	return false;
}

static bool is_found(const struct result *result, const char *part)
{
	for (size_t i = 0; i < findings_count(result->findings); i++)
		if (strstr(findings_text(result->findings, i), part))
			return true;
	return false;
}

static void ratios_are_metrics_and_poor_ones_findings(void **state)
{
	struct fixture fixture;
	struct result result;
	double value;

	(void)state;
	fixture_init(&fixture);
	result = summarize(&fixture);
	assert_true(metrics_value(result.metrics, "stat.ipc", &value) && value == 0.25);
	assert_true(metrics_value(result.metrics, "stat.cache_miss_percent", &value));
	assert_float_equal(value, 15, 1e-9);
	assert_true(metrics_value(result.metrics, "stat.branch_miss_percent", &value));
	assert_true(metrics_value(result.metrics, "stat.cpus_utilized", &value) && value == 0.5);
	/* Of the run that has it. */
	assert_int_equal(metrics_n_samples(result.metrics, "stat.page-faults"), 1);
	assert_true(is_found(&result, "0.25 instructions a cycle are few"));
	assert_true(is_found(&result, "15.0 % of the cache references missed"));
	assert_false(is_found(&result, "branches"));
	assert_true(is_said(&result, "cache-references, cache-misses: scaled"));
	result_fini(&result);
	fixture.counts[0][2].value = fixture.counts[1][2].value = 19e6;
	result = summarize(&fixture);
	assert_true(is_found(&result, "0.19 instructions a cycle are poor"));
	result_fini(&result);
	event_list_fini(&fixture.events);
}

static void what_is_missing_is_said_with_its_reason(void **state)
{
	struct fixture fixture;
	struct result result;
	double value;

	(void)state;
	fixture_init(&fixture);
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 1; j < 7; j++)
			fixture.counts[i][j] = (struct count){0};
	for (size_t j = 1; j < 7; j++) {
		fixture.events.events[j].source = SOURCE_NONE;
		fixture.events.events[j].why = "no PMU here";
	}
	fixture.events.events[7].source = SOURCE_RUSAGE;
	fixture.events.events[7].why = "perf_event_paranoid hides it from you";
	result = summarize(&fixture);
	assert_true(is_said(&result, "not counted: no PMU here: cycles, instructions, "));
	assert_true(is_said(&result, "page-faults: from wait4(2)"));
	assert_false(metrics_value(result.metrics, "stat.cycles", &value));
	assert_false(metrics_value(result.metrics, "stat.ipc", &value));
	assert_int_equal(findings_count(result.findings), 0);
	result_fini(&result);
	/* More was used than counters saw. */
	fixture.runs[1].user_ns = 900000000;
	result = summarize(&fixture);
	assert_true(is_said(&result, "the counters saw 0.050 of 0.920 s of processor time in run 2"));
	result_fini(&result);
	event_list_fini(&fixture.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_those_of_perf_list),
	    cmocka_unit_test(an_event_that_is_named_twice_is_counted_once),
	    cmocka_unit_test(what_is_no_event_is_refused_with_the_nearest),
	    cmocka_unit_test(the_two_of_a_ratio_are_counted_together),
	    cmocka_unit_test(braces_are_groups),
	    cmocka_unit_test(a_shared_counter_is_scaled_to_the_whole_time),
	    cmocka_unit_test(the_text_has_the_shape_of_perf_stat),
	    cmocka_unit_test(a_row_of_csv_is_a_run_and_empty_where_not_measured),
	    cmocka_unit_test(the_json_has_the_members_of_hyperfine),
	    cmocka_unit_test(ratios_are_metrics_and_poor_ones_findings),
	    cmocka_unit_test(what_is_missing_is_said_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
