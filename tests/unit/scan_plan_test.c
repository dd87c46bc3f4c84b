/* Parameter scans: sizes are exact decimals, several variables make the product, braces that are no
 * placeholder stay. */
#include "core/growth/decimal.h"
#include "core/growth/placeholder.h"
#include "core/growth/scan_plan.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The values of one range, "1 2 3", or what is said of it. The caller frees it. */
static char *range_text(const char *range, const char *step, bool doubles)
{
	struct text_list ranges = {0}, lists = {0};
	struct scan_plan plan;
	struct diag diag = {0};
	char *text;

	text_list_add(&ranges, range);
	if (scan_plan_make(&plan, &(struct scan_words){&ranges, step, doubles, &lists}, &diag))
		text = xstrdup(diag.text);
	else
		text = words_join(plan.variables[0].values.texts, plan.variables[0].values.n_texts);
	scan_plan_fini(&plan);
	text_list_fini(&ranges);
	return text;
}

static void steps_are_exact(void **state)
{
	static const struct {
		const char *range, *step, *values;
	} cases[] = {
	    {"n 1 5", NULL, "1 2 3 4 5"},
	    {"n -2 2", "2", "-2 0 2"},
	    {"n 0 1", "0.1", "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"},
	    {"n 0.05 0.3", "0.1", "0.05 0.15 0.25"},
	    {"n 1 2.5", "0.75", "1 1.75 2.5"},
	    {"n 1e3 3e3", "1e3", "1000 2000 3000"},
	    {"n 3 3", NULL, "3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = range_text(cases[i].range, cases[i].step, false);

		assert_string_equal(text, cases[i].values);
		free(text);
	}
}

static void doubling_ends_with_the_last_size(void **state)
{
	static const struct {
		const char *range, *values;
	} cases[] = {
	    {"n 1 8", "1 2 4 8"},
	    {"n 1 10", "1 2 4 8 10"},
	    {"n 0.1 1", "0.1 0.2 0.4 0.8 1"},
	    {"n 7 7", "7"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = range_text(cases[i].range, NULL, true);

		assert_string_equal(text, cases[i].values);
		free(text);
	}
}

static void what_is_no_range_is_refused(void **state)
{
	static const struct {
		const char *range, *step;
		bool doubles;
		const char *said;
	} cases[] = {
	    {"n 5 1", NULL, false, "MIN 5 is more than MAX 1"},
	    {"n 1 5", "0", false, "more than 0, not 0"},
	    {"n 1 5", "-1", false, "more than 0, not -1"},
	    {"n 0 5", NULL, true, "has to be more than 0, not 0"},
	    {"n 1 5", "2", true, "give one of them"},
	    {"n 0.5 2", NULL, false, "-D STEP"},
	    {"n 1 x", NULL, false, "'x' is no number"},
	    {"n 1 0x10", NULL, false, "'0x10' is no number"},
	    {"n 1 1e", NULL, false, "'1e' is no number"},
	    {"n nan 1", NULL, false, "'nan' is no number"},
	    {"n 1 1234567890123456", NULL, false, "no number of up to 15 digits"},
	    {"n 1 1e15", NULL, true, "no number of up to 15 digits"},
	    {"n 1 5000", NULL, false, "1000 runs at most"},
	    {"n 1", NULL, false, "VAR MIN MAX are expected"},
	    {"n 1 2 3", NULL, false, "VAR MIN MAX are expected"},
	    {"{n} 1 2", NULL, false, "no name of a variable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = range_text(cases[i].range, cases[i].step, cases[i].doubles);

		if (!strstr(text, cases[i].said))
			fail_msg("%s: %s", cases[i].range, text);
		free(text);
	}
}

/* The labels of all points, joined by "; ". The caller frees it. */
static char *labels_of(const struct scan_plan *plan)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < plan->n_points; i++) {
		char *label = scan_plan_label(plan, i, -1);
		char *longer = xasprintf("%s%s%s", all, i ? "; " : "", label);

		free(label);
		free(all);
		all = longer;
	}
	return all;
}

static void several_variables_make_the_product_sizes_outermost(void **state)
{
	struct text_list ranges = {0}, lists = {0};
	struct scan_plan plan;
	struct diag diag = {0};
	char *labels;

	(void)state;
	text_list_add(&ranges, "n 1 2");
	text_list_add(&lists, "how quick,slow sort");
	text_list_add(&lists, "x 3,4");
	assert_int_equal(
	    scan_plan_make(&plan, &(struct scan_words){&ranges, NULL, false, &lists}, &diag), 0);
	labels = labels_of(&plan);
	assert_string_equal(labels, "n=1 how=quick x=3; n=1 how=quick x=4; n=1 how=slow sort x=3; "
	                            "n=1 how=slow sort x=4; n=2 how=quick x=3; n=2 how=quick x=4; "
	                            "n=2 how=slow sort x=3; n=2 how=slow sort x=4");
	assert_int_equal(scan_plan_sized_by(&plan), 0);
	free(labels);
	scan_plan_fini(&plan);
	text_list_fini(&ranges);
	text_list_fini(&lists);
}

static void growth_is_told_over_numbers_that_differ(void **state)
{
	static const struct {
		const char *list;
		int sized_by;
	} cases[] = {{"n 1,2,10", 0}, {"n 1,b", -1}, {"n 2,2.0", -1}, {"n ,1", -1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text_list ranges = {0}, lists = {0};
		struct scan_plan plan;
		struct diag diag = {0};

		text_list_add(&lists, cases[i].list);
		assert_int_equal(scan_plan_make(&plan,
		                                &(struct scan_words){&ranges, NULL, false, &lists},
		                                &diag),
		                 0);
		assert_int_equal(scan_plan_sized_by(&plan), cases[i].sized_by);
		scan_plan_fini(&plan);
		text_list_fini(&lists);
	}
}

static void lists_and_ranges_that_do_not_go_together_are_refused(void **state)
{
	static const struct {
		const char *ranges[2], *step, *lists[2], *said;
	} cases[] = {
	    {{"n 1 2", "m 1 2"}, NULL, {NULL}, "one --parameter-scan"},
	    {{"n 1 2"}, NULL, {"n 3,4"}, "'n' is scanned twice"},
	    {{NULL}, "2", {"n 3,4"}, "-D belongs to --parameter-scan"},
	    {{"n 1 40"}, NULL, {"m 1,2,3,4,5,6,7", "o 1,2,3,4"}, "1000 runs at most"},
	    {{NULL}, NULL, {"n"}, "VAR a,b,c are expected"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text_list ranges = {0}, lists = {0};
		struct scan_plan plan;
		struct diag diag = {0};

		for (size_t j = 0; j < 2; j++) {
			if (cases[i].ranges[j])
				text_list_add(&ranges, cases[i].ranges[j]);
			if (cases[i].lists[j])
				text_list_add(&lists, cases[i].lists[j]);
		}
		assert_int_equal(
		    scan_plan_make(
		        &plan, &(struct scan_words){&ranges, cases[i].step, false, &lists}, &diag),
		    -22);
		if (!strstr(diag.text, cases[i].said))
			fail_msg("%zu: %s", i, diag.text);
		scan_plan_fini(&plan);
		text_list_fini(&ranges);
		text_list_fini(&lists);
	}
}

static void only_scanned_names_are_placeholders(void **state)
{
	static const struct {
		const char *text, *filled;
	} cases[] = {
	    {"{n}", "8"},
	    {"-n{n}x${n}", "-n8x8"},
	    {"awk '{print $1} {m} {nn} {n'", "awk '{print $1} {m} {nn} {n'"},
	    {"{v} {{n}} $n ${", "{n} {8} $n ${"},
	    {"", ""},
	};
	struct text_list values = {0};

	(void)state;
	text_list_add(&values, "n=8");
	text_list_add(&values, "v={n}");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool is_used[2] = {false};
		char *filled = placeholders_fill(cases[i].text, &values, is_used);

		assert_string_equal(filled, cases[i].filled);
		assert_int_equal(is_used[0], strstr(cases[i].text, "{n}") != NULL);
		free(filled);
	}
	text_list_fini(&values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steps_are_exact),
	    cmocka_unit_test(doubling_ends_with_the_last_size),
	    cmocka_unit_test(what_is_no_range_is_refused),
	    cmocka_unit_test(several_variables_make_the_product_sizes_outermost),
	    cmocka_unit_test(growth_is_told_over_numbers_that_differ),
	    cmocka_unit_test(lists_and_ranges_that_do_not_go_together_are_refused),
	    cmocka_unit_test(only_scanned_names_are_placeholders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
