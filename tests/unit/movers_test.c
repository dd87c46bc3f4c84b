/* Functions and sites of two profiles, paired and ordered by how far they moved. */
#include "core/compare/comparison.h"
#include "core/compare/comparison_cells.h"

#include "tests/unit/folded_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct value_type samples[] = {{"samples", "count"}};
static const struct value_type bytes[] = {{"alloc_space", "bytes"}};

struct stack {
	const char *frames; /* NULL ends them */
	uint64_t value;
};

static void add_manifest(struct side *side)
{
	json_error_t error;
	struct diag diag;
	json_t *manifest = json_loads(
	    "{\"schema\": 1, \"tool\": {\"version\": \"0.1.0\"}, \"scenario\": \"s\", \"type\": "
	    "\"t\","
	    "\"run_id\": \"20261122T184743.363Z\", \"verdict\": \"ok\", \"started\": "
	    "\"2026-11-22T18:47:43.363Z\", \"command\": [], \"quality\": {\"notes\": []},"
	    "\"metrics\": {\"a.b\": {\"unit\": \"count\", \"better\": null, \"samples\": [1]}}}",
	    0, &error);

	assert_non_null(manifest);
	if (side_add_manifest(side, manifest, "run", &diag))
		fail_msg("%s", diag.text);
	json_decref(manifest);
}

/* Of so many measurements together. */
static struct side *side_of(const struct value_type *type, const struct stack *stacks,
                            uint64_t n_measurements)
{
	const char *const values[] = {type->name, NULL};
	struct side_view view = {.kind = SIDE_FUNCTION, .values = values};
	struct side *side = side_new();
	struct fixture fixture;
	struct profile *profile;
	struct diag diag;

	fixture_init(&fixture, type, 1);
	for (; stacks->frames; stacks++)
		fixture_add(&fixture, 1, "prog", stacks->frames, &stacks->value);
	profile = fixture_profile(&fixture);
	add_manifest(side);
	side_add_profile(side, profile, &view, n_measurements);
	assert_int_equal(side_finish(side, &diag), 0);
	profile_free(profile);
	fixture_fini(&fixture);
	return side;
}

struct compared {
	struct side *base, *new;
	struct comparison comparison;
	const struct comparison_movers *movers;
};

static void compare(struct compared *c, struct side *base, struct side *new)
{
	struct diag diag;

	c->base = base;
	c->new = new;
	assert_int_equal(comparison_init(&c->comparison, base, new, NULL,
	                                 &(struct comparison_options){.threshold_percent = 2},
	                                 &diag),
	                 0);
	assert_int_equal(c->comparison.n_movers, 1);
	c->movers = &c->comparison.movers[0];
}

static void compared_fini(struct compared *c)
{
	comparison_fini(&c->comparison);
	side_free(c->base);
	side_free(c->new);
}

static const struct comparison_mover *find(const struct compared *c, const char *name)
{
	for (size_t i = 0; i < c->movers->n_rows; i++)
		if (!strcmp(c->movers->rows[i].name, name))
			return &c->movers->rows[i];
	return NULL;
}

static void self_and_total_move_apart(void **state)
{
	static const struct stack before[] = {{"main;a", 100}, {"main;b", 50}, {0}};
	static const struct stack after[] = {{"main;a", 130}, {"main;b", 50}, {0}};
	struct compared c;

	(void)state;
	compare(&c, side_of(bytes, before, 1), side_of(bytes, after, 1));
	assert_string_equal(c.movers->rows[0].name, "a");
	assert_float_equal(find(&c, "a")->new_self - find(&c, "a")->base_self, 30, 0);
	assert_float_equal(find(&c, "main")->new_self, 0, 0);
	assert_float_equal(find(&c, "main")->new_total - find(&c, "main")->base_total, 30, 0);
	assert_null(find(&c, "b"));
	compared_fini(&c);
}

static void sides_of_more_measurements_are_of_one(void **state)
{
	static const struct stack before[] = {{"main;a", 100}, {0}};
	static const struct stack after[] = {{"main;a", 330}, {0}};
	struct compared c;

	(void)state;
	compare(&c, side_of(bytes, before, 1), side_of(bytes, after, 3));
	assert_float_equal(find(&c, "a")->base_self, 100, 0);
	assert_float_equal(find(&c, "a")->new_self, 110, 1e-9);
	compared_fini(&c);
}

static void a_function_is_itself_where_its_line_and_program_changed(void **state)
{
	static const struct stack before[] = {{"main;a@x.c:10", 100}, {"main;b!lib.so", 10}, {0}};
	static const struct stack after[] = {{"main;a@x.c:22", 90}, {"main;b!lib2.so", 10}, {0}};
	struct compared c;

	(void)state;
	compare(&c, side_of(bytes, before, 1), side_of(bytes, after, 1));
	assert_float_equal(find(&c, "a")->base_self, 100, 0);
	assert_float_equal(find(&c, "a")->new_self, 90, 0);
	assert_int_equal(find(&c, "a")->line, 22);
	assert_null(find(&c, "b"));
	compared_fini(&c);
}

/* 10,000 samples a side: 5 points are many standard deviations, 0.2 points are none. */
static void shares_are_judged_by_sampling_error(void **state)
{
	static const struct stack before[] = {
	    {"main;a", 5000}, {"main;b", 3000}, {"main;c", 2000}, {0}};
	static const struct stack after[] = {
	    {"main;a", 5500}, {"main;b", 2520}, {"main;c", 1980}, {0}};
	struct compared c;

	(void)state;
	compare(&c, side_of(samples, before, 1), side_of(samples, after, 1));
	assert_int_equal(find(&c, "a")->share->verdict, VERDICT_WORSE);
	assert_float_equal(find(&c, "a")->share->delta, 0.05, 1e-9);
	assert_int_equal(find(&c, "b")->share->verdict, VERDICT_BETTER);
	assert_int_equal(find(&c, "c")->share->verdict, VERDICT_SAME);
	compared_fini(&c);
}

/* A run that took twice as long with the same shares moved nowhere. */
static void twice_the_samples_are_the_same_shares(void **state)
{
	static const struct stack before[] = {{"main;a", 5000}, {"main;b", 5000}, {0}};
	static const struct stack after[] = {{"main;a", 10000}, {"main;b", 10000}, {0}};
	struct compared c;

	(void)state;
	compare(&c, side_of(samples, before, 1), side_of(samples, after, 1));
	assert_int_equal(find(&c, "a")->share->verdict, VERDICT_SAME);
	assert_float_equal(find(&c, "a")->share->delta, 0, 1e-9);
	compared_fini(&c);
}

/* 3 of 100,000 samples are 0.003 points, which two decimals show as 0. */
static void what_moved_by_no_digit_shown_is_not_told(void **state)
{
	static const struct stack before[] = {{"a", 50000}, {"b", 30000}, {"c", 20000}, {0}};
	static const struct stack after[] = {{"a", 50500}, {"b", 30003}, {"c", 19497}, {0}};
	struct compared c;

	(void)state;
	compare(&c, side_of(samples, before, 1), side_of(samples, after, 1));
	assert_int_equal(c.movers->n_rows, 3);
	assert_true(mover_is_told(c.movers, find(&c, "a")));
	assert_false(mover_is_told(c.movers, find(&c, "b")));
	assert_int_equal(movers_n_told(c.movers), 2);
	compared_fini(&c);
}

/* Each side keeps its 200 largest: what is not among them is unknown, not 0. */
static void what_a_side_has_left_out_is_not_known(void **state)
{
	enum { N = 250 };
	static struct stack before[N + 1], after[] = {{"main;f_000", 1}, {"main;f_249", 7}, {0}};
	char names[N][16];
	struct compared c;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "main;f_%03d", i);
		before[i] = (struct stack){names[i], (uint64_t)(1000 - i)};
	}
	compare(&c, side_of(bytes, before, 1), side_of(bytes, after, 1));
	assert_true(isnan(find(&c, "f_249")->base_self));
	assert_float_equal(find(&c, "f_249")->new_self, 7, 0);
	assert_float_equal(find(&c, "f_001")->new_self, 0, 0);
	compared_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(self_and_total_move_apart),
	    cmocka_unit_test(sides_of_more_measurements_are_of_one),
	    cmocka_unit_test(a_function_is_itself_where_its_line_and_program_changed),
	    cmocka_unit_test(shares_are_judged_by_sampling_error),
	    cmocka_unit_test(twice_the_samples_are_the_same_shares),
	    cmocka_unit_test(what_moved_by_no_digit_shown_is_not_told),
	    cmocka_unit_test(what_a_side_has_left_out_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
