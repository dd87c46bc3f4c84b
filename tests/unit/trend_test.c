/* A trend: series of stored runs have the values of their manifests, in time order, and their
 * levels change where they do. */
#include "core/trend/trend_write.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "tests/unit/place.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* TREE/s/TYPE/20260101T00MM00.000Z with these metrics and other members. */
static void store(const char *tree, const char *type, int minute, const char *metrics,
                  const char *members)
{
	char *path = xasprintf("%s/s/%s/20260101T00%02d00.000Z/run.json", tree, type, minute);
	FILE *out;

	for (char *slash = path; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	}
	out = fopen(path, "w");
	assert_non_null(out);
	fprintf(
	    out,
	    "{\"schema\": 1, \"started\": \"2026-01-01T00:%02d:00.000Z\", %s, \"metrics\": {%s}}",
	    minute, members, metrics);
	assert_int_equal(fclose(out), 0);
	free(path);
}

#define OK "\"verdict\": \"ok\", \"host\": {\"hostname\": \"h\"}"

static struct trend *read_trees(struct run_list *list, const char *const *names,
                                const struct trend_wish *wish)
{
	struct text_list trees = {0};
	struct diag diag = {""};

	for (; *names; names++)
		text_list_add(&trees, *names);
	if (run_list_read(list, &trees, "s", NULL, &diag))
		fail_msg("%s", diag.text);
	text_list_fini(&trees);
	return trend_new(list, wish);
}

static const struct trend_series *find(const struct trend *trend, const char *type,
                                       const char *metric)
{
	for (size_t i = 0; i < trend->n_series; i++)
		if (!strcmp(trend->series[i].metric, metric) &&
		    !strcmp(trend->groups[trend->series[i].group].type, type))
			return &trend->series[i];
	return NULL;
}

static const char *const one_tree[] = {"a", NULL};
static const struct trend_wish all = {.all = true, .with_samples = true};

static void series_have_the_values_of_their_runs_in_time_order(void **state)
{
	const struct trend_series *series;
	struct run_list list;
	struct trend *trend;

	(void)state;
	store("a", "stat", 3,
	      "\"run.wall_ns\": {\"value\": 3.5, \"unit\": \"ns\", \"samples\": [3, 4]}", OK);
	store("a", "stat", 1,
	      "\"run.wall_ns\": {\"samples\": [1], \"value\": 1, \"unit\": \"ns\", \"better\": "
	      "\"lower\"}",
	      OK);
	store("a", "stat", 2, "\"stat.x\": {\"value\": -7, \"unit\": \"count\"}", OK);
	trend = read_trees(&list, one_tree, &all);
	assert_int_equal(trend->n_groups, 1);
	assert_int_equal(trend->groups[0].n_good, 3);
	series = find(trend, "stat", "run.wall_ns");
	assert_int_equal(series->n_values, 2);
	assert_true(series->values[0].value == 1 && series->values[1].value == 3.5);
	assert_int_equal(series->values[1].n_samples, 2);
	assert_true(trend->samples[series->values[1].first_sample + 1] == 4);
	assert_string_equal(series->unit, "ns");
	assert_int_equal(series->better, METRIC_LOWER);
	assert_string_equal(trend->runs[series->values[1].run].started, "2026-01-01T00:03:00.000Z");
	assert_int_equal(find(trend, "stat", "stat.x")->n_values, 1);
	trend_free(trend);
	run_list_fini(&list);
}

static void times_of_types_that_slow_the_target_are_left_out(void **state)
{
	static const char metrics[] =
	    "\"run.wall_ns\": {\"value\": 1}, \"io.calls\": {\"value\": 2}, "
	    "\"io.read.calls\": {\"value\": 3}";
	static const struct trend_wish few = {0}, glob = {.metrics = "io.*.calls"};
	struct run_list list;
	struct trend *trend;

	(void)state;
	store("a", "io", 1, metrics, OK);
	store("a", "stat", 1, metrics, OK);
	trend = read_trees(&list, one_tree, &few);
	assert_null(find(trend, "io", "run.wall_ns"));
	assert_non_null(find(trend, "stat", "run.wall_ns"));
	assert_non_null(find(trend, "io", "io.calls"));
	assert_null(find(trend, "io", "io.read.calls"));
	trend_free(trend);
	run_list_fini(&list);
	trend = read_trees(&list, one_tree, &glob);
	assert_int_equal(trend->n_series, 2);
	assert_non_null(find(trend, "io", "io.read.calls"));
	trend_free(trend);
	run_list_fini(&list);
}

static void hosts_and_parameters_have_series_of_their_own(void **state)
{
	static const char *const trees[] = {"a", "b", NULL};
	static const char metric[] = "\"m.x\": {\"value\": 1}";
	struct run_list list;
	struct trend *trend;

	(void)state;
	store("a", "io", 1, metric, OK);
	store("b", "io", 2, metric, "\"verdict\": \"ok\", \"host\": {\"hostname\": \"other\"}");
	store("a", "io", 3, metric, OK ", \"parameters\": {\"n\": \"9\", \"workloads\": \"/x\"}");
	store("b", "io", 4, metric, OK ", \"parameters\": {\"workloads\": \"/y\"}");
	store("b", "io", 1, metric, OK);
	trend = read_trees(&list, trees, &all);
	assert_int_equal(trend->n_groups, 3);
	assert_string_equal(trend->groups[0].host, "h");
	assert_int_equal(trend->groups[0].n_runs, 2);
	assert_string_equal(trend->groups[1].parameters, "n=9");
	assert_string_equal(trend->groups[2].host, "other");
	assert_int_equal(trend->n_copies, 1);
	assert_int_equal(trend->n_lacking, 0);
	trend_free(trend);
	run_list_fini(&list);
}

/* Each with all that makes it what it is, but for one thing. */
static void what_a_run_lacks_is_told(void **state)
{
	static const struct {
		const char *text;
		enum trend_lack lack;
	} cases[] = {
	    {"{\"schema\": 1, \"started\": \"t\", \"verdict\": \"ok\", \"metrics\": {}}",
	     TREND_READ},
	    {"{\"schema\": 1, \"started\": \"t\", \"verdict\": \"ok\", \"metrics\": {}",
	     TREND_DAMAGED},
	    {"{\"schema\": 1, \"started\": \"t\", \"verdict\": \"ok\", \"metrics\": []}",
	     TREND_DAMAGED},
	    {"{\"schema\": 1, \"started\": \"t\", \"verdict\": \"ok\"}", TREND_DAMAGED},
	    {"{\"schema\": 1, \"started\": \"t\", \"metrics\": {}}", TREND_DAMAGED},
	    {"{\"schema\": 1, \"verdict\": \"ok\", \"metrics\": {}}", TREND_DAMAGED},
	    {"{\"started\": \"t\", \"verdict\": \"ok\", \"metrics\": {}}", TREND_DAMAGED},
	    {"{\"schema\": 1, \"started\": \"t\", \"verdict\": \"ok\", \"metrics\": {\"m\": {}}}",
	     TREND_DAMAGED},
	    {"{\"schema\": 1, \"started\": \"t\", \"verdict\": \"ok\", \"metrics\": {\"m\": "
	     "{\"value\": \"1\"}}}",
	     TREND_DAMAGED},
	    {"{\"schema\": 2, \"metrics\": []}", TREND_NEWER},
	    {"", TREND_DAMAGED},
	};
	struct run_list list;
	struct trend *trend;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *path = xasprintf("a/s/io/20260101T00%02zu00.000Z/run.json", i);
		FILE *out;

		store("a", "io", (int)i, "", OK);
		out = fopen(path, "w");
		fputs(cases[i].text, out);
		assert_int_equal(fclose(out), 0);
		free(path);
	}
	assert_int_equal(system("mkdir a/s/io/20260101T005900.000Z"), 0);
	trend = read_trees(&list, one_tree, &all);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (trend->runs[i].lack != cases[i].lack)
			fail_msg("%s is %s", cases[i].text, trend_lack_text(trend->runs[i].lack));
	assert_int_equal(trend->runs[ARRAY_SIZE(cases)].lack, TREND_UNFINISHED);
	assert_int_equal(trend->n_lacking, ARRAY_SIZE(cases));
	trend_free(trend);
	run_list_fini(&list);
}

/* 30 runs, of which the last 15 have 10 % more of everything; one in between did not end well. */
static void levels_change_for_better_or_worse_by_the_metrics_direction(void **state)
{
	static const struct {
		const char *metric, *word;
	} cases[] = {{"m.low", "worse"}, {"m.high", "better"}, {"m.any", "changed"}};
	struct run_list list;
	struct series_view *views;
	struct trend *trend;

	(void)state;
	for (int i = 0; i < 30; i++) {
		double value = (i < 15 ? 100 : 110) + i % 3;
		char *metrics = xasprintf("\"m.low\": {\"value\": %1$g, \"better\": \"lower\"}, "
		                          "\"m.high\": {\"value\": %1$g, \"better\": \"higher\"}, "
		                          "\"m.any\": {\"value\": %1$g, \"better\": null}",
		                          value);

		store("a", "io", i, metrics, OK);
		free(metrics);
	}
	store("a", "io", 40, "\"m.low\": {\"value\": 1}",
	      "\"verdict\": \"target_failed\", \"host\": {\"hostname\": \"h\"}");
	trend = read_trees(&list, one_tree, &all);
	views = series_views_new(trend);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct level_change *change = &views[i].changes[0];

		assert_string_equal(views[i].series->metric, cases[i].metric);
		assert_int_equal(views[i].n, 30);
		assert_int_equal(views[i].n_changes, 1);
		assert_int_equal(change->at, 15);
		assert_true(change->before == 101 && change->after == 111);
		assert_true(change->ratio.low < 111. / 101 && change->ratio.high > 111. / 101 &&
		            change->ratio.low > 1.08 && change->ratio.high < 1.12);
		assert_string_equal(change->word, cases[i].word);
	}
	series_views_free(views, trend->n_series);
	trend_free(trend);
	run_list_fini(&list);
}

/* More than one thread's share, against jansson. */
static void a_thousand_manifests_are_read_as_jansson_reads_them(void **state)
{
	const struct trend_series *series;
	struct run_list list;
	struct trend *trend;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char *type = xasprintf("t%d", i / 50);
		char *metrics =
		    xasprintf("\"m.%d\": {\"value\": %.17g, \"samples\": [%d, 2.5e-3]}, \"m.x\": "
		              "{\"value\": %d, \"unit\": \"\\u00b5s\"}",
		              i % 7, i / 3., i, i);

		store("a", type, i % 50, metrics, OK);
		free(metrics);
		free(type);
	}
	trend = read_trees(&list, one_tree, &all);
	assert_int_equal(list.n_runs, 1000);
	for (series = trend->series; series < trend->series + trend->n_series; series++)
		for (size_t v = 0; v < series->n_values; v++) {
			char *path = run_list_path(&list, series->values[v].run);
			char *file = xasprintf("%s/run.json", path);
			json_t *manifest = json_load_file(file, 0, NULL);
			const json_t *metric =
			    json_object_get(json_object_get(manifest, "metrics"), series->metric);

			assert_true(json_number_value(json_object_get(metric, "value")) ==
			            series->values[v].value);
			assert_int_equal(json_array_size(json_object_get(metric, "samples")),
			                 series->values[v].n_samples);
			if (!strcmp(series->metric, "m.x"))
				assert_string_equal(series->unit, "\xc2\xb5s");
			json_decref(manifest);
			free(file);
			free(path);
			n++;
		}
	assert_int_equal(n, 2000);
	trend_free(trend);
	run_list_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(series_have_the_values_of_their_runs_in_time_order),
	    IN_PLACE(times_of_types_that_slow_the_target_are_left_out),
	    IN_PLACE(hosts_and_parameters_have_series_of_their_own),
	    IN_PLACE(what_a_run_lacks_is_told),
	    IN_PLACE(levels_change_for_better_or_worse_by_the_metrics_direction),
	    IN_PLACE(a_thousand_manifests_are_read_as_jansson_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
