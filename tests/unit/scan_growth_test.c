/* What a scan has measured: series of a product, what does not count, which metrics come first,
 * leaks and caches. */
#include "core/growth/scan_growth.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/growth/growth_cells.h"
#include "core/growth/site_growth.h"
#include "core/metric_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make_plan(struct scan_plan *plan, const char *first, const char *second)
{
	struct text_list none = {0}, lists = {0};
	struct diag diag;

	text_list_add(&lists, first);
	if (second)
		text_list_add(&lists, second);
	assert_int_equal(
	    scan_plan_make(plan, &(struct scan_words){&none, NULL, false, &lists}, &diag), 0);
	text_list_fini(&lists);
}

/* A run with one metric. */
static bool add(struct scan_growth *growth, size_t point, const char *verdict, const char *metric,
                double value)
{
	json_t *manifest = json_pack("{s:s, s:s, s:s, s:{s:{s:f, s:s, s:b}}}", "scenario", "s",
	                             "run_id", "r", "verdict", verdict, "metrics", metric, "value",
	                             value, "unit", "count", "instrumented", 0);
	bool counts = scan_growth_add(growth, point, "t", manifest, "why");

	json_decref(manifest);
	return counts;
}

static void a_series_is_fitted_over_its_own_sizes(void **state)
{
	static const double sizes[] = {1, 2, 4, 8};
	struct scan_growth *growth;
	struct scan_plan plan;
	char *label;

	(void)state;
	/* The words are outermost, the sizes inside. */
	make_plan(&plan, "how a,b,c", "n 1,2,4,8");
	growth = scan_growth_new(&plan);
	assert_int_equal(growth->n_series, 3);
	for (size_t how = 0; how < 3; how++)
		for (size_t i = 0; i < 4; i++)
			add(growth, how * 4 + i, "ok", "m", pow(sizes[i], (double)how));
	for (size_t how = 0; how < 3; how++) {
		struct growth fit = scan_growth_fit(growth, growth->metrics[0].values, how);

		assert_true(fabs(fit.exponent - (double)how) < 1e-9);
	}
	label = scan_growth_series_label(growth, 1);
	assert_string_equal(label, "how=b");
	free(label);
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

static void points_and_series_agree_wherever_the_sizes_nest(void **state)
{
	struct scan_growth *growth;
	struct scan_plan plan;

	(void)state;
	for (int sizes_first = 0; sizes_first < 2; sizes_first++) {
		bool seen[6] = {false};

		make_plan(&plan, sizes_first ? "n 1,2,3" : "how a,b",
		          sizes_first ? "how a,b" : "n 1,2,3");
		growth = scan_growth_new(&plan);
		for (size_t series = 0; series < 2; series++)
			for (size_t size = 0; size < 3; size++) {
				size_t point = scan_growth_point(growth, series, size);

				assert_false(seen[point]);
				seen[point] = true;
				assert_int_equal(scan_plan_index(&plan, point, growth->axis), size);
				assert_int_equal(scan_plan_index(&plan, point, 1 - growth->axis),
				                 series);
			}
		scan_growth_free(growth);
		scan_plan_fini(&plan);
	}
}

static void runs_that_failed_do_not_count(void **state)
{
	struct scan_growth *growth;
	struct scan_plan plan;
	struct growth fit;

	(void)state;
	make_plan(&plan, "n 1,2,3,4,5", NULL);
	growth = scan_growth_new(&plan);
	assert_true(add(growth, 0, "ok", "m", 1));
	assert_true(add(growth, 1, "gate_failed", "m", 2));
	assert_false(add(growth, 2, "target_failed", "m", 100));
	assert_false(add(growth, 3, "unusable", "m", 100));
	assert_false(scan_growth_add(growth, 3, "t", NULL, "not run"));
	assert_true(add(growth, 4, "inconclusive", "m", 5));
	fit = scan_growth_fit(growth, growth->metrics[0].values, 0);
	assert_true(fabs(fit.exponent - 1) < 1e-9);
	assert_string_equal(growth->runs[2].left_out, "why");
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

static void an_interrupted_scan_shows_the_sizes_with_numbers(void **state)
{
	size_t columns[GROWTH_MAX_COLUMNS];
	struct scan_growth *growth;
	struct scan_plan plan;

	(void)state;
	make_plan(&plan, "n 1,2,3,4,5", NULL);
	growth = scan_growth_new(&plan);
	assert_int_equal(scan_growth_n_shown(growth), 1);
	add(growth, 0, "ok", "m", 1);
	add(growth, 1, "ok", "m", 2);
	add(growth, 2, "unusable", "m", 100);
	assert_int_equal(scan_growth_n_missing(growth), 2);
	assert_int_equal(scan_growth_n_shown(growth), 2);
	assert_int_equal(growth_columns(growth, GROWTH_MAX_COLUMNS, columns), 2);
	assert_int_equal(columns[1], 1);
	/* What ran to its end keeps a size that failed. */
	add(growth, 3, "ok", "m", 4);
	add(growth, 4, "target_failed", "m", 100);
	assert_int_equal(scan_growth_n_shown(growth), 5);
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

static void noise_follows_no_law_and_a_count_beside_a_constant_does(void **state)
{
	static const double noise[] = {1.2, 1.6, 1.5, 1.94, 1.1}, sizes[] = {1, 2, 4, 8, 16};
	struct scan_growth *growth;
	struct scan_plan plan;
	struct growth fit;

	(void)state;
	make_plan(&plan, "n 1,2,4,8,16", NULL);
	growth = scan_growth_new(&plan);
	for (size_t i = 0; i < 5; i++) {
		add(growth, i, "ok", "noise", noise[i]);
		add(growth, i, "ok", "count", 10000 + sizes[i] * sizes[i]);
	}
	fit = scan_growth_fit(growth, growth->metrics[0].values, 0);
	assert_true(!fit.has_law || fit.law == GROWTH_CONSTANT);
	fit = scan_growth_fit(growth, growth->metrics[1].values, 0);
	assert_true(fit.has_law);
	assert_int_equal(fit.law, GROWTH_SQUARE);
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

/* Times of four sizes, of which one is off. */
static void where_an_exponent_may_be_0_no_law_is_named_of_noise(void **state)
{
	static const double times[][4] = {
	    {100, 240, 230, 1140},   /* 1.05 (-0.28 .. 2.38), nearest to O(n^3) */
	    {100, 100, 101, 900},    /* all but the last alike */
	    {5000, 100, 120, 90},    /* falls, but for three that do not */
	    {1000, 1001, 1000, 1009}, /* within 1 % of each value */
	};
	struct scan_plan plan;

	(void)state;
	make_plan(&plan, "n 1,2,4,8", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct scan_growth *growth = scan_growth_new(&plan);
		struct growth_cell cell;
		struct growth fit;

		for (size_t j = 0; j < 4; j++)
			add(growth, j, "ok", "io.execve.time_ns", times[i][j]);
		fit = scan_growth_fit(growth, growth->metrics[0].values, 0);
		cell = growth_law_cell(&fit);
		if (!i)
			assert_string_equal(growth_exponent_cell(&fit).text, "1.05 (-0.28 .. 2.38)");
		assert_true(fit.low < 0 && fit.high > 0);
		assert_true(!strcmp(cell.text, "unclear") || !strncmp(cell.text, "O(1)", 4));
		scan_growth_free(growth);
	}
	scan_plan_fini(&plan);
}

static void what_grows_fastest_comes_first_and_zeros_do_not_come(void **state)
{
	static const char *const names[] = {"none", "log", "square", "linear", "run.wall_ns"};
	static const char *const order[] = {"run.wall_ns", "square", "linear", "log"};
	struct scan_growth *growth;
	struct scan_plan plan;
	struct growth_row *rows;
	size_t n_rows;

	(void)state;
	make_plan(&plan, "n 2,4,8,16", NULL);
	growth = scan_growth_new(&plan);
	for (size_t i = 0; i < 4; i++) {
		double n = pow(2, (double)i + 1);
		double values[] = {0, log2(n), n * n, n, 5};

		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			add(growth, i, "ok", names[j], values[j]);
	}
	rows = scan_growth_rows(growth, &n_rows);
	assert_int_equal(n_rows, ARRAY_SIZE(order));
	for (size_t i = 0; i < n_rows; i++)
		assert_string_equal(rows[i].metric->name, order[i]);
	free(rows);
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

static void a_leak_has_ever_more_blocks(void **state)
{
	static const struct {
		double blocks[6], bytes[6];
		enum site_kind kind;
	} cases[] = {
	    {{10, 20, 30, 40, 50, 60}, {1, 2, 3, 4, 5, 6}, SITE_LEAK},
	    {{4, 4, 4, 4, 4, 4}, {9, 9, 9, 9, 9, 9}, SITE_CACHE},
	    {{1, 2, 4, 4, 4, 4}, {1, 2, 4, 4, 4, 4}, SITE_CACHE},
	    {{1, 1, 1, 1, 1, 1}, {10, 20, 30, 40, 50, 60}, SITE_BUFFER},
	    {{0, 0, 0, 0, 5, 9}, {0, 0, 0, 0, 5, 9}, SITE_LEAK},
	    {{9, 5, 0, 0, 0, 0}, {9, 5, 0, 0, 0, 0}, SITE_CACHE},
	    {{7, 9, 8, 9, 7, 8}, {7, 9, 8, 9, 7, 8}, SITE_CACHE},
	    {{1, 1.5, 2, 2.5, 2.8, 3.1}, {1, 1, 1, 1, 1, 1}, SITE_LEAK},
	};
	struct scan_growth *growth;
	struct scan_plan plan;

	(void)state;
	/* In any order of sizes. */
	make_plan(&plan, "n 60,50,40,30,20,10", NULL);
	growth = scan_growth_new(&plan);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double blocks[6], bytes[6];
		struct site site = {.blocks = blocks, .bytes = bytes};
		struct site_verdict verdict;

		for (size_t j = 0; j < 6; j++) {
			blocks[j] = cases[i].blocks[5 - j];
			bytes[j] = cases[i].bytes[5 - j];
		}
		assert_true(site_growth_judge(growth, &site, 0, &verdict));
		if (verdict.kind != cases[i].kind)
			fail_msg("%zu: %s", i, site_kind_word(verdict.kind));
	}
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

static void two_sizes_have_no_verdict(void **state)
{
	double values[] = {1, 2, NAN};
	struct site site = {.blocks = values, .bytes = values};
	struct site_verdict verdict;
	struct scan_growth *growth;
	struct scan_plan plan;

	(void)state;
	make_plan(&plan, "n 1,2,3", NULL);
	growth = scan_growth_new(&plan);
	assert_false(site_growth_judge(growth, &site, 0, &verdict));
	scan_growth_free(growth);
	scan_plan_fini(&plan);
}

static void values_are_written_as_people_read_them(void **state)
{
	static const struct {
		double value;
		const char *unit, *text;
	} cases[] = {
	    {1234567, "count", "1,234,567"},
	    {1.5e9, "ns", "1.50 s"},
	    {0, "ns", "0 ns"},
	    {2500, "ns", "2.50 us"},
	    {1536, "bytes", "1.50 KB"},
	    {12.34, "percent", "12.3 %"},
	    {1234.4, "1/s", "1,234 /s"},
	    {0.5, "count", "0.50"},
	    {NAN, "count", "-"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(metric_text_of(cases[i].value, cases[i].unit).text,
		                    cases[i].text);
}

static void laws_that_cannot_be_told_apart_are_unclear(void **state)
{
	struct growth fit = {.exponent = 1, .low = 0.9, .high = 1.1, .has_law = true};

	(void)state;
	fit.law = GROWTH_LINEAR;
	fit.fits[GROWTH_LINEAR] = fit.fits[GROWTH_LINEAR_LOG] = true;
	assert_string_equal(growth_law_cell(&fit).text, "O(n) or O(n log n)");
	assert_string_equal(growth_exponent_cell(&fit).text, "1.00 (0.90 .. 1.10)");
	fit.fits[GROWTH_CONSTANT] = fit.fits[GROWTH_LOG] = true;
	assert_string_equal(growth_law_cell(&fit).text, "unclear");
	fit.low = -0.9;
	fit.high = -0.1;
	assert_string_equal(growth_law_cell(&fit).text, "falls");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_series_is_fitted_over_its_own_sizes),
	    cmocka_unit_test(points_and_series_agree_wherever_the_sizes_nest),
	    cmocka_unit_test(runs_that_failed_do_not_count),
	    cmocka_unit_test(an_interrupted_scan_shows_the_sizes_with_numbers),
	    cmocka_unit_test(noise_follows_no_law_and_a_count_beside_a_constant_does),
	    cmocka_unit_test(where_an_exponent_may_be_0_no_law_is_named_of_noise),
	    cmocka_unit_test(what_grows_fastest_comes_first_and_zeros_do_not_come),
	    cmocka_unit_test(a_leak_has_ever_more_blocks),
	    cmocka_unit_test(two_sizes_have_no_verdict),
	    cmocka_unit_test(values_are_written_as_people_read_them),
	    cmocka_unit_test(laws_that_cannot_be_told_apart_are_unclear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
