/* stacks.folded: one line a stack, spelt as CONTRACT 3 says, in a stable order. */
#include "core/export/exporter.h"

#include "tests/unit/folded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

static char *folded(struct fixture *fixture, size_t type)
{
	struct profile *profile = fixture_profile(fixture);
	struct diag diag = {""};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(
	    folded_exporter.write(profile, &(struct export_options){.type = type}, out, &diag), 0);
	assert_int_equal(fclose(out), 0);
	profile_free(profile);
	fixture_fini(fixture);
	return text;
}

static void add(struct fixture *fixture, const char *comm, const char *stack, uint64_t samples,
                uint64_t time_ns)
{
	fixture_add(fixture, 1, comm, stack, (uint64_t[]){samples, time_ns});
}

static void a_line_is_command_frames_and_the_chosen_value(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;work", 3, 3000);
	text = folded(&fixture, 1);
	assert_string_equal(text, "prog;main;work 3000\n");
	free(text);
}

static void kinds_of_frames_have_their_marks(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;inner_[i];read;sys_read_[k]", 1, 0);
	add(&fixture, "prog", "main;compiled_[j]", 2, 0);
	add(&fixture, "prog", "main;[libx.so]", 3, 0);
	text = folded(&fixture, 0);
	assert_string_equal(text, "prog;main;[libx.so] 3\n"
	                          "prog;main;compiled_[j] 2\n"
	                          "prog;main;inner_[i];read;sys_read_[k] 1\n");
	free(text);
}

static void a_stack_that_could_not_be_unwound_says_so(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "[unwind failed: test];work", 1, 0);
	text = folded(&fixture, 0);
	assert_ptr_equal(strstr(text, "prog;[unwind failed: "), text);
	assert_non_null(strstr(text, "];work 1\n"));
	free(text);
}

static void lines_come_in_the_order_of_their_names_whatever_came_first(void **state)
{
	static const char *const stacks[] = {"main;b;c", "main;b", "main;a", "Main", "main"};
	char *first;
	char *second;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, types, 2);
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++)
		add(&fixture, "prog", stacks[i], i + 1, 0);
	first = folded(&fixture, 0);
	fixture_init(&fixture, types, 2);
	for (size_t i = ARRAY_SIZE(stacks); i-- > 0;)
		add(&fixture, "prog", stacks[i], i + 1, 0);
	second = folded(&fixture, 0);
	assert_string_equal(first, "prog;Main 4\n"
	                           "prog;main 5\n"
	                           "prog;main;a 3\n"
	                           "prog;main;b 2\n"
	                           "prog;main;b;c 1\n");
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void threads_and_lines_of_source_fall_together_commands_do_not(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "main@m.c:3;work@m.c:10", (uint64_t[]){1, 0});
	fixture_add(&fixture, 2, "prog", "main@m.c:4;work@m.c:11", (uint64_t[]){2, 0});
	fixture_add(&fixture, 3, "helper", "main@m.c:3;work@m.c:10", (uint64_t[]){4, 0});
	text = folded(&fixture, 0);
	assert_string_equal(text, "helper;main;work 4\n"
	                          "prog;main;work 3\n");
	free(text);
}

static void stacks_whose_value_is_zero_are_left_out(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;freed", 5, 0);
	add(&fixture, "prog", "main;kept", 0, 64);
	text = folded(&fixture, 1);
	assert_string_equal(text, "prog;main;kept 64\n");
	free(text);
}

static void no_command_name_can_break_a_line(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "a;b\nc 7", "main", 1, 0);
	add(&fixture, "", "main", 2, 0);
	text = folded(&fixture, 0);
	assert_string_equal(text, "?;main 2\n"
	                          "a:b?c 7;main 1\n");
	free(text);
}

static void a_stack_without_frames_is_its_command(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "", 2, 0);
	text = folded(&fixture, 0);
	assert_string_equal(text, "prog 2\n");
	free(text);
}

static void a_recursion_of_a_thousand_calls_is_whole(void **state)
{
	enum { N_CALLS = 1000 };
	struct fixture fixture;
	char stack[N_CALLS * 3 + 1];
	char *expected;
	char *text;

	(void)state;
	for (size_t i = 0; i < N_CALLS; i++)
		memcpy(stack + i * 3, i ? ";fx" : "fx_", 3);
	stack[sizeof(stack) - 1] = '\0';
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", stack, 1, 0);
	text = folded(&fixture, 0);
	expected = xasprintf("prog;%s 1\n", stack);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

static char *folded_within(struct fixture *fixture, uint64_t most_bytes, size_t *n_small)
{
	struct profile *profile = fixture_profile(fixture);
	struct export_options options = {.most_bytes = most_bytes, .n_small = n_small};
	struct diag diag = {""};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(folded_exporter.write(profile, &options, out, &diag), 0);
	fclose(out);
	profile_free(profile);
	fixture_fini(fixture);
	return text;
}

static void too_many_stacks_are_put_together_under_their_callers(void **state)
{
	struct fixture fixture;
	char *text;
	size_t n_small;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;large;leaf", 1000, 0);
	add(&fixture, "prog", "main;many;a", 3, 0);
	add(&fixture, "prog", "main;many;b;deep", 4, 0);
	add(&fixture, "prog", "main;many;b;deeper", 5, 0);
	add(&fixture, "prog", "main;many", 40, 0);
	add(&fixture, "prog", "main;other", 60, 0);
	text = folded_within(&fixture, 110, &n_small);
	assert_string_equal(text, "prog;main;large;leaf 1000\n"
	                          "prog;main;many 40\n"
	                          "prog;main;many;(3 smaller stacks) 12\n"
	                          "prog;main;other 60\n");
	assert_int_equal(n_small, 3);
	free(text);
}

static void stacks_that_are_all_small_keep_their_sum(void **state)
{
	struct fixture fixture;
	char *text;
	size_t n_small;

	(void)state;
	fixture_init(&fixture, types, 2);
	for (int i = 0; i < 500; i++) {
		char stack[40];

		snprintf(stack, sizeof(stack), "main;function_%d", i);
		add(&fixture, "prog", stack, 2, 0);
	}
	text = folded_within(&fixture, 1000, &n_small);
	assert_string_equal(text, "prog;main;(500 smaller stacks) 1000\n");
	assert_int_equal(n_small, 500);
	free(text);
}

static void what_fits_is_left_as_it_is(void **state)
{
	struct fixture fixture;
	char *text;
	size_t n_small = 7;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;work", 3, 3000);
	text = folded_within(&fixture, strlen("prog;main;work 3\n"), &n_small);
	assert_string_equal(text, "prog;main;work 3\n");
	assert_int_equal(n_small, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_command_frames_and_the_chosen_value),
	    cmocka_unit_test(kinds_of_frames_have_their_marks),
	    cmocka_unit_test(a_stack_that_could_not_be_unwound_says_so),
	    cmocka_unit_test(lines_come_in_the_order_of_their_names_whatever_came_first),
	    cmocka_unit_test(threads_and_lines_of_source_fall_together_commands_do_not),
	    cmocka_unit_test(stacks_whose_value_is_zero_are_left_out),
	    cmocka_unit_test(no_command_name_can_break_a_line),
	    cmocka_unit_test(a_stack_without_frames_is_its_command),
	    cmocka_unit_test(a_recursion_of_a_thousand_calls_is_whole),
	    cmocka_unit_test(too_many_stacks_are_put_together_under_their_callers),
	    cmocka_unit_test(stacks_that_are_all_small_keep_their_sum),
	    cmocka_unit_test(what_fits_is_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
