/* Manifests as OpenMetrics text: names, units, labels, families. */
#include "core/export/openmetrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text_of(json_t *const *manifests, size_t n_manifests)
{
	char *text = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);

	openmetrics_write(manifests, n_manifests, out);
	fclose(out);
	return text;
}

static json_t *parse(const char *text)
{
	json_t *manifest = json_loads(text, 0, NULL);

	assert_non_null(manifest);
	return manifest;
}

/* A run of these metrics alone. */
static json_t *run_of(const char *scenario, const char *metrics)
{
	json_t *manifest = json_pack("{s:s, s:s, s:s, s:o}", "scenario", scenario, "type", "io",
	                             "verdict", "ok", "metrics", parse(metrics));

	assert_non_null(manifest);
	return manifest;
}

static void assert_line(const char *text, const char *line)
{
	char *whole = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&whole, &len_bytes);

	fprintf(out, "\n%s\n", line);
	fclose(out);
	if (strncmp(text, line, strlen(line)) != 0 && !strstr(text, whole))
		fail_msg("no line '%s' in:\n%s", line, text);
	free(whole);
}

static void a_run_is_written_whole(void **state)
{
	json_t *manifest = parse(
	    "{\"scenario\": \"syn-1k\", \"type\": \"memory\", \"verdict\": \"gate_failed\","
	    " \"clock\": {\"realtime_ns\": 1500000000000000000},"
	    " \"host\": {\"hostname\": \"box\"}, \"git\": {\"commit\": \"abc\", \"dirty\": false},"
	    " \"gates\": [{\"status\": \"failed\"}, {\"status\": \"ok\"}],"
	    " \"metrics\": {\"mem.peak_bytes\": {\"value\": 4096, \"unit\": \"bytes\","
	    " \"better\": \"lower\"}}}");
	char *text = text_of(&manifest, 1);

	(void)state;
	assert_string_equal(
	    text, "# TYPE profile_scenario_gates_failed gauge\n"
	          "# HELP profile_scenario_gates_failed limits that the run does not keep\n"
	          "profile_scenario_gates_failed"
	          "{scenario=\"syn-1k\",type=\"memory\",host=\"box\",commit=\"abc\"} 1\n"
	          "# TYPE profile_scenario_mem_peak_bytes gauge\n"
	          "# UNIT profile_scenario_mem_peak_bytes bytes\n"
	          "# HELP profile_scenario_mem_peak_bytes mem.peak_bytes, lower is better\n"
	          "profile_scenario_mem_peak_bytes"
	          "{scenario=\"syn-1k\",type=\"memory\",host=\"box\",commit=\"abc\"} 4096\n"
	          "# TYPE profile_scenario_started_timestamp_seconds gauge\n"
	          "# UNIT profile_scenario_started_timestamp_seconds seconds\n"
	          "# HELP profile_scenario_started_timestamp_seconds when the run began\n"
	          "profile_scenario_started_timestamp_seconds"
	          "{scenario=\"syn-1k\",type=\"memory\",host=\"box\",commit=\"abc\"} 1500000000\n"
	          "# TYPE profile_scenario_verdict gauge\n"
	          "# HELP profile_scenario_verdict 1 for the verdict that the run has\n"
	          "profile_scenario_verdict"
	          "{scenario=\"syn-1k\",type=\"memory\",host=\"box\",commit=\"abc\",verdict=\"gate_"
	          "failed\"} "
	          "1\n"
	          "# EOF\n");
	free(text);
	json_decref(manifest);
}

static void units_become_base_units(void **state)
{
	json_t *manifest =
	    run_of("s", "{\"run.wall_ns\": {\"value\": 2500000000, \"unit\": \"ns\"},"
	                " \"io.duration\": {\"value\": 1500000000, \"unit\": \"ns\"},"
	                " \"cpu.truncated_percent\": {\"value\": 12.5, \"unit\": \"percent\"},"
	                " \"io.bytes_read\": {\"value\": 7, \"unit\": \"bytes\"},"
	                " \"run.work_per_s\": {\"value\": 0.25, \"unit\": \"1/s\"},"
	                " \"io.calls\": {\"value\": 9007199254740991, \"unit\": \"count\"}}");
	char *text = text_of(&manifest, 1);

	(void)state;
	assert_line(text, "profile_scenario_run_wall_seconds{scenario=\"s\",type=\"io\"} 2.5");
	assert_line(text, "profile_scenario_io_duration_seconds{scenario=\"s\",type=\"io\"} 1.5");
	assert_line(text, "profile_scenario_cpu_truncated_ratio{scenario=\"s\",type=\"io\"} 0.125");
	assert_line(text, "# UNIT profile_scenario_cpu_truncated_ratio ratio");
	assert_line(text, "profile_scenario_io_bytes_read{scenario=\"s\",type=\"io\"} 7");
	assert_null(strstr(text, "# UNIT profile_scenario_io_bytes_read"));
	assert_line(text, "profile_scenario_run_work_per_second{scenario=\"s\",type=\"io\"} 0.25");
	assert_line(text, "profile_scenario_io_calls{scenario=\"s\",type=\"io\"} 9007199254740991");
	free(text);
	json_decref(manifest);
}

static void names_hold_what_names_may(void **state)
{
	json_t *manifest =
	    run_of("s", "{\"stat.cache-misses\": {\"value\": 1, \"unit\": \"count\"},"
	                " \"stat.cache_misses\": {\"value\": 2, \"unit\": \"count\"},"
	                " \"user.fooBar\": {\"value\": 3, \"unit\": \"count\"},"
	                " \"cpu.self_percent(a::b)\": {\"value\": 50, \"unit\": \"percent\"},"
	                " \"cpu.self_percent(c)\": {\"value\": 25, \"unit\": \"percent\"}}");
	char *text = text_of(&manifest, 1);

	(void)state;
	assert_line(text, "profile_scenario_stat_cache_misses{scenario=\"s\",type=\"io\"} 1");
	assert_line(text, "profile_scenario_stat_cache_misses{scenario=\"s\",type=\"io\","
	                  "metric=\"stat.cache_misses\"} 2");
	assert_line(text, "profile_scenario_user_foo_bar{scenario=\"s\",type=\"io\"} 3");
	assert_line(text, "profile_scenario_cpu_self_ratio{scenario=\"s\",type=\"io\","
	                  "function=\"a::b\"} 0.5");
	assert_line(text, "profile_scenario_cpu_self_ratio{scenario=\"s\",type=\"io\","
	                  "function=\"c\"} 0.25");
	free(text);
	json_decref(manifest);
}

/* The specification: "\\", "\"" and "\n" in label values. */
static void labels_are_escaped(void **state)
{
	json_t *manifest = run_of("a\\b\"c\nd", "{\"io.calls\": {\"value\": 1}}");
	char *text = text_of(&manifest, 1);

	(void)state;
	assert_line(text, "profile_scenario_io_calls{scenario=\"a\\\\b\\\"c\\nd\",type=\"io\"} 1");
	free(text);
	json_decref(manifest);
}

/* All samples of a family stand together, below its only TYPE line. */
static void a_family_of_several_runs_stands_once(void **state)
{
	json_t *manifests[] = {
	    run_of("a", "{\"io.calls\": {\"value\": 1}, \"io.errors\": {\"value\": 2}}"),
	    run_of("b", "{\"io.calls\": {\"value\": 3}}"),
	};
	char *text = text_of(manifests, 2);

	(void)state;
	assert_line(text, "# TYPE profile_scenario_io_calls gauge\n"
	                  "# HELP profile_scenario_io_calls io.calls\n"
	                  "profile_scenario_io_calls{scenario=\"a\",type=\"io\"} 1\n"
	                  "profile_scenario_io_calls{scenario=\"b\",type=\"io\"} 3\n"
	                  "# TYPE profile_scenario_io_errors gauge");
	free(text);
	json_decref(manifests[0]);
	json_decref(manifests[1]);
}

static void what_is_no_number_is_absent(void **state)
{
	json_t *manifest =
	    parse("{\"metrics\": {\"io.calls\": {\"value\": \"x\"}, \"io.lost\": 3, \"\": {}},"
	          " \"gates\": 7, \"clock\": []}");
	char *text = text_of(&manifest, 1);
	char *none = text_of(NULL, 0);

	(void)state;
	assert_null(strstr(text, "scenario_io_"));
	assert_null(strstr(text, "timestamp"));
	assert_string_equal(none, "# EOF\n");
	free(none);
	free(text);
	json_decref(manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_run_is_written_whole),
	    cmocka_unit_test(units_become_base_units),
	    cmocka_unit_test(names_hold_what_names_may),
	    cmocka_unit_test(labels_are_escaped),
	    cmocka_unit_test(a_family_of_several_runs_stands_once),
	    cmocka_unit_test(what_is_no_number_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
