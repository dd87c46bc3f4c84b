/* A flame graph of one profile against another: what is red, what is blue, and how much. */
#include "core/export/exporter.h"

#include "core/export/call_difference.h"
#include "tests/unit/folded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct value_type bytes[] = {{"inuse_space", "bytes"}};
static const struct value_type calls[] = {{"calls", "count"}};
static const struct value_type times[] = {{"cpu", "nanoseconds"}};
static const struct value_type samples[] = {{"samples", "count"}};

struct stack {
	const char *frames; /* NULL ends them */
	uint64_t value;
};

static struct profile *profile_of(struct fixture *fixture, const struct value_type *type,
                                  const struct stack *stacks)
{
	fixture_init(fixture, type, 1);
	for (; stacks->frames; stacks++)
		fixture_add(fixture, 1, "prog", stacks->frames, &stacks->value);
	return fixture_profile(fixture);
}

static char *draw(const struct value_type *type, const struct stack *before,
                  const struct stack *now)
{
	struct fixture base_fixture, fixture;
	struct profile *base = profile_of(&base_fixture, type, before);
	struct profile *profile = profile_of(&fixture, type, now);
	struct export_base compared = {.profile = base, .name = "prog/cpu A<B"};
	struct export_options options = {.title = "t", .base = &compared};
	struct diag diag = {""};
	char *svg;
	size_t len;
	FILE *out = open_memstream(&svg, &len);

	assert_int_equal(flamegraph_exporter.write(profile, &options, out, &diag), 0);
	assert_int_equal(fclose(out), 0);
	profile_free(base);
	profile_free(profile);
	fixture_fini(&base_fixture);
	fixture_fini(&fixture);
	return svg;
}

/* The class of a box, such as "g7", and what is behind its name in the tooltip. */
static void assert_box(const char *svg, const char *name, const char *style, const char *tooltip)
{
	char *title = xasprintf("<g class=\"%s\"><title>%s\n", style, name);
	const char *box = strstr(svg, title);
	const char *end, *found;

	if (!box)
		print_error("no %s in %s\n", title, svg + strlen(svg) / 2);
	assert_non_null(box);
	end = strstr(box, "</title>");
	found = strstr(box, tooltip);
	if (!found || found > end)
		print_error("no %s in %.*s\n", tooltip, (int)(end - box), box);
	assert_true(found && found < end);
	free(title);
}

static void what_has_more_is_red_and_what_has_less_is_blue(void **state)
{
	static const struct stack before[] = {
	    {"main;a", 400}, {"main;b", 400}, {"main;c", 200}, {0}};
	static const struct stack now[] = {{"main;a", 600}, {"main;b", 350}, {"main;c", 50}, {0}};
	char *svg = draw(times, before, now);

	(void)state;
	assert_box(svg, "a", "g7", "\nbefore 400, 40.00 %: +20.00 points; self 40.00 %: +20.00");
	assert_box(svg, "b", "s2", "\nbefore 400, 40.00 %: -5.00 points");
	assert_box(svg, "c", "s6", "\nbefore 200, 20.00 %: -15.00 points");
	/* The caller has nothing of its own: the cause is below it. */
	assert_box(svg, "main", "e0", "\nbefore 1,000, 100.00 %: +0.00 points");
	assert_non_null(strstr(svg, "own value against prog/cpu A&lt;B, totals made equal</text>"));
	free(svg);
}

static void a_run_that_only_took_longer_differs_nowhere(void **state)
{
	static const struct stack before[] = {{"main;a", 30}, {"main;b", 70}, {0}};
	static const struct stack now[] = {{"main;a", 60}, {"main;b", 140}, {0}};
	char *svg = draw(times, before, now);

	(void)state;
	assert_box(svg, "a", "e0", "\nbefore 30, 30.00 %: +0.00 points");
	assert_box(svg, "b", "e0", "\nbefore 70, 70.00 %: +0.00 points");
	free(svg);
}

/* One more call is no less of all others, and twice the bytes are more. */
static void exact_counts_and_bytes_are_compared_as_they_are(void **state)
{
	static const struct stack before[] = {{"main;a", 1}, {"main;b", 999}, {0}};
	static const struct stack now[] = {{"main;a", 2}, {"main;b", 999}, {0}};
	static const struct stack twice[] = {{"main;a", 2}, {"main;b", 1998}, {0}};
	char *svg = draw(calls, before, now);

	(void)state;
	assert_box(svg, "a", "g7", "\nbefore 1: +1; self 1: +1");
	assert_box(svg, "b", "e0", "\nbefore 999: +0; self 999: +0");
	assert_box(svg, "main", "e0", "\nbefore 1,000: +1");
	assert_non_null(strstr(svg, "own value against prog/cpu A&lt;B, counts as they are<"));
	free(svg);
	svg = draw(bytes, before, twice);
	assert_box(svg, "b", "g7", "\nbefore 999: +999; self 999: +999");
	free(svg);
	svg = draw(bytes, twice, before);
	assert_box(svg, "b", "s7", "\nbefore 1,998: -999; self 1,998: -999");
	free(svg);
}

static void what_is_new_is_red_and_what_is_gone_is_told(void **state)
{
	static const struct stack before[] = {
	    {"main;a", 50}, {"main;gone;deep", 30}, {"main;zero", 20}, {0}};
	static const struct stack now[] = {{"main;a", 50}, {"main;fresh", 50}, {0}};
	char *svg = draw(times, before, now);

	(void)state;
	assert_box(svg, "fresh", "g7", "\nbefore 0, 0.00 %: +50.00 points");
	assert_box(svg, "a", "e0", "\nbefore 50");
	assert_non_null(
	    strstr(svg, "; of the base alone, so without a box: 50 of nanoseconds, 50.00 %"));
	free(svg);
}

static void frames_are_paired_by_their_callers_too(void **state)
{
	static const struct stack before[] = {{"main;a;work", 80}, {"main;b;work", 20}, {0}};
	static const struct stack now[] = {{"main;a;work", 20}, {"main;b;work", 80}, {0}};
	char *svg = draw(times, before, now);

	(void)state;
	assert_box(svg, "work", "s7", "\nbefore 80, 80.00 %: -60.00 points");
	assert_box(svg, "work", "g7", "\nbefore 20, 20.00 %: +60.00 points");
	free(svg);
}

/* 1,000 samples a side: the difference of two halves has a standard deviation of 32. */
static void samples_that_differ_by_chance_have_no_colour(void **state)
{
	static const struct stack before[] = {
	    {"main;a", 500}, {"main;b", 400}, {"main;c", 100}, {0}};
	static const struct stack now[] = {{"main;a", 530}, {"main;b", 300}, {"main;c", 170}, {0}};
	char *svg = draw(samples, before, now);

	(void)state;
	assert_box(svg, "a", "e0", "\nbefore 500");
	assert_box(svg, "b", "s7", "\nbefore 400");
	assert_box(svg, "c", "g5", "\nbefore 100");
	assert_non_null(strstr(svg, "totals made equal, 2 standard deviations</text>"));
	free(svg);
}

static void a_base_without_values_colours_all_as_more(void **state)
{
	static const struct stack before[] = {{0}};
	static const struct stack now[] = {{"main;a", 10}, {0}};
	char *svg = draw(times, before, now);

	(void)state;
	assert_box(svg, "a", "g7", "\nbefore 0, 0.00 %: +100.00 points");
	free(svg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_has_more_is_red_and_what_has_less_is_blue),
	    cmocka_unit_test(a_run_that_only_took_longer_differs_nowhere),
	    cmocka_unit_test(exact_counts_and_bytes_are_compared_as_they_are),
	    cmocka_unit_test(what_is_new_is_red_and_what_is_gone_is_told),
	    cmocka_unit_test(frames_are_paired_by_their_callers_too),
	    cmocka_unit_test(samples_that_differ_by_chance_have_no_colour),
	    cmocka_unit_test(a_base_without_values_colours_all_as_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
