/* report.txt: rows, sums and call graphs in the shape of perf report --stdio. */
#include "core/export/exporter.h"
#include "core/export/report_shape.h"

#include "tests/unit/folded_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
static const uint64_t lost = 4;
static const struct export_options options = {
    .title = "syn-1k/cpu",
    .subtitle = "10 samples, lost 4",
    .command = "prog -x",
    .event = "cpu-clock",
    .lost = &lost,
    .percent_limit = 0.5,
};

static void add(struct fixture *fixture, const char *comm, const char *stack, uint64_t samples)
{
	fixture_add(fixture, 1, comm, stack, (uint64_t[]){samples, samples * 1000});
}

static char *report_with(struct fixture *fixture, const struct export_options *with)
{
	struct profile *profile = fixture_profile(fixture);
	struct diag diag = {""};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(report_exporter.write(profile, with, out, &diag), 0);
	assert_int_equal(fclose(out), 0);
	profile_free(profile);
	fixture_fini(fixture);
	return text;
}

static char *report(struct fixture *fixture)
{
	return report_with(fixture, &options);
}

static void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("no\n%s\nin\n%s", part, text ? text : "nothing");
}

/* The rows alone, without comments and graphs. */
static void assert_rows(const char *text, const char *rows)
{
	char *copy = xstrdup(text);
	char *found = xcalloc(1, strlen(text) + 1);
	char *save;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, "[.]") || strstr(line, "[k]"))
			strcat(strcat(found, line), "\n");
	assert_string_equal(found, rows);
	free(found);
	free(copy);
}

static void comments_say_event_counts_loss_and_quality(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main", 10);
	text = report(&fixture);
	assert_ptr_equal(strstr(text, "# syn-1k/cpu\n"
	                              "# cmdline : prog -x\n"
	                              "# 10 samples, lost 4\n"
	                              "#\n"
	                              "# Total Lost Samples: 4\n"
	                              "#\n"
	                              "# Samples: 10  of event 'cpu-clock'\n"
	                              "# Event count (approx.): 10000\n"
	                              "#\n"
	                              "# Children      Self  Command  Shared Object  Symbol\n"
	                              "# ........  ........  .......  .............  ........\n"
	                              "#\n"),
	                 text);
	free(text);
}

static void the_count_is_that_of_the_event(void **state)
{
	static const struct value_type counts[] = {{"samples", "count"}, {"cycles", "count"}};
	struct export_options of_cycles = options;
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, counts, 2);
	add(&fixture, "prog", "main", 10);
	of_cycles.event = "cycles";
	text = report_with(&fixture, &of_cycles);
	assert_contains(text, "# Samples: 10  of event 'cycles'\n# Event count (approx.): 10000\n");
	free(text);
}

static void what_is_not_known_is_not_in_the_comments(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main", 10);
	text = report_with(&fixture, &(struct export_options){0});
	assert_null(strstr(text, "Lost"));
	assert_null(strstr(text, "of event"));
	assert_null(strstr(text, "cmdline"));
	free(text);
}

static void a_row_has_total_self_command_object_and_mark(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;read!libc.so.6;sys_read_[k]", 3);
	add(&fixture, "prog", "main", 1);
	text = report(&fixture);
	assert_rows(text, "   100.00%    25.00%  prog     prog               [.] main\n"
	                  "    75.00%    75.00%  prog     [kernel.kallsyms]  [k] sys_read\n"
	                  "    75.00%     0.00%  prog     libc.so.6          [.] read\n");
	free(text);
}

static void a_recursion_counts_once(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;f;f;f", 3);
	add(&fixture, "prog", "main;f;g;f", 1);
	text = report(&fixture);
	assert_rows(text, "   100.00%   100.00%  prog     prog           [.] f\n"
	                  "   100.00%     0.00%  prog     prog           [.] main\n"
	                  "    25.00%     0.00%  prog     prog           [.] g\n");
	free(text);
}

static void commands_and_objects_are_told_apart(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;init!liba.so", 4);
	add(&fixture, "prog", "main;init!libb.so", 3);
	add(&fixture, "helper", "main;init!liba.so", 3);
	text = report(&fixture);
	assert_contains(text, "    40.00%  prog     liba.so        [.] init\n");
	assert_contains(text, "    30.00%  prog     libb.so        [.] init\n");
	assert_contains(text, "    30.00%  helper   liba.so        [.] init\n");
	free(text);
}

static void inlined_calls_and_failures_have_rows(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;f;sum_[i]", 2);
	add(&fixture, "prog", "main;sum", 1);
	add(&fixture, "prog", "[unwind failed: test];[libx.so]", 1);
	text = report(&fixture);
	assert_contains(text, "    75.00%    75.00%  prog     prog           [.] sum\n");
	assert_contains(text, "[unknown]      [.] [unwind failed: ");
	assert_contains(text, "libx.so        [.] [libx.so]\n");
	free(text);
}

static void callees_are_drawn_where_a_function_calls(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;a;b;c", 6);
	add(&fixture, "prog", "main;a;b;d", 2);
	add(&fixture, "prog", "main;e_[i]", 2);
	text = report(&fixture);
	assert_contains(text, "   100.00%     0.00%  prog     prog           [.] main\n"
	                      "            |\n"
	                      "            ---main\n"
	                      "               |          \n"
	                      "               |--80.00%--a\n"
	                      "               |          b\n"
	                      "               |          |          \n"
	                      "               |          |--60.00%--c\n"
	                      "               |          |          \n"
	                      "               |           --20.00%--d\n"
	                      "               |          \n"
	                      "                --20.00%--e (inlined)\n"
	                      "\n");
	free(text);
}

static void callers_are_drawn_where_a_function_is_the_leaf(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;a;work", 6);
	add(&fixture, "prog", "main;b;work", 3);
	add(&fixture, "prog", "main;b;work;help", 1);
	text = report(&fixture);
	assert_contains(text, "   100.00%    90.00%  prog     prog           [.] work\n"
	                      "            |          \n"
	                      "            |--90.00%--main\n"
	                      "            |          |          \n"
	                      "            |          |--60.00%--a\n"
	                      "            |          |          work\n"
	                      "            |          |          \n"
	                      "            |           --30.00%--b\n"
	                      "            |                     work\n"
	                      "            |          \n"
	                      "             --10.00%--work\n"
	                      "                       help\n"
	                      "\n");
	free(text);
}

static void what_is_under_the_limit_is_left_out_and_counted(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;common", 995);
	add(&fixture, "prog", "main;edge", 5);
	add(&fixture, "prog", "main;rare", 1);
	text = report_with(&fixture, &(struct export_options){.percent_limit = 1});
	assert_null(strstr(text, "rare"));
	assert_null(strstr(text, "edge"));
	assert_contains(text, "# functions with at least 1 %: 2 of 4\n");
	free(text);
}

static void the_chosen_value_type_is_summed(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "a", (uint64_t[]){9, 100});
	fixture_add(&fixture, 1, "prog", "b", (uint64_t[]){1, 300});
	text = report_with(&fixture, &(struct export_options){.type = 1});
	assert_rows(text, "    75.00%    75.00%  prog     prog           [.] b\n"
	                  "    25.00%    25.00%  prog     prog           [.] a\n");
	free(text);
}

/* Each call of it parts from a stack that ends there, so each would indent the next. */
static void a_deep_recursion_stays_readable(void **state)
{
	enum { N_CALLS = 1000 };
	struct fixture fixture;
	char stack[N_CALLS * 2 + 2] = "f";
	char *text;
	size_t widest = 0;

	(void)state;
	fixture_init(&fixture, types, 2);
	for (size_t i = 1; i < N_CALLS; i++) {
		strcpy(stack + 2 * i - 1, ";f");
		add(&fixture, "prog", stack, 1);
	}
	strcpy(stack + 2 * N_CALLS - 1, ";g");
	add(&fixture, "prog", stack, 100000);
	text = report(&fixture);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > widest)
			widest = strcspn(line, "\n");
	assert_in_range(widest, 500, 700);
	assert_contains(text, "[deeper calls are not drawn]\n");
	free(text);
}

static void a_profile_without_samples_is_a_report_without_rows(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fixture_init(&fixture, types, 2);
	text = report(&fixture);
	assert_rows(text, "");
	assert_contains(text, "# Samples: 0  of event 'cpu-clock'\n");
	assert_contains(text, "# functions with at least 0.5 %: 0 of 0");
	free(text);
}

static struct report_shape shape_of(const char *keys)
{
	struct report_shape shape = {0};
	struct diag diag;

	assert_int_equal(report_keys_parse(&shape, keys, &diag), 0);
	return shape;
}

static char *report_sorted(struct fixture *fixture, const struct report_shape *shape)
{
	struct export_options with = options;

	with.shape = shape;
	return report_with(fixture, &with);
}

static void fill_three_threads(struct fixture *fixture)
{
	fixture_init(fixture, types, 2);
	fixture_add(fixture, 1, "prog", "main;read!libc.so.6", (uint64_t[]){5, 0});
	fixture_add(fixture, 2, "worker", "main;work", (uint64_t[]){2, 0});
	fixture_add(fixture, 3, "worker", "main;work", (uint64_t[]){3, 0});
}

static void rows_are_told_apart_by_the_keys_alone(void **state)
{
	struct report_shape shape = shape_of("comm");
	struct fixture fixture;
	char *text;

	(void)state;
	fill_three_threads(&fixture);
	text = report_sorted(&fixture, &shape);
	assert_contains(text, "# Children      Self  Command\n"
	                      "# ........  ........  .......\n"
	                      "#\n"
	                      "    50.00%    50.00%  prog\n");
	assert_contains(text, "\n    50.00%    50.00%  worker\n");
	assert_contains(text, "# rows with at least 0.5 %: 2 of 2");
	free(text);
	shape = shape_of("dso");
	fill_three_threads(&fixture);
	text = report_sorted(&fixture, &shape);
	assert_contains(text, "   100.00%    50.00%  prog\n");
	assert_contains(text, "    50.00%    50.00%  libc.so.6\n");
	free(text);
}

static void threads_of_a_name_are_told_apart_by_number(void **state)
{
	struct report_shape shape = shape_of("thread,symbol");
	struct fixture fixture;
	char *text;

	(void)state;
	fill_three_threads(&fixture);
	text = report_sorted(&fixture, &shape);
	assert_contains(text, "# Children      Self  Tid:Command     Symbol\n");
	assert_contains(text, "    30.00%    30.00%        3:worker  [.] work\n");
	assert_contains(text, "    20.00%    20.00%        2:worker  [.] work\n");
	free(text);
}

static void a_thread_has_the_tree_of_its_calls(void **state)
{
	struct report_shape shape = shape_of("pid,tid");
	struct fixture fixture;
	char *text;

	(void)state;
	fill_three_threads(&fixture);
	text = report_sorted(&fixture, &shape);
	assert_contains(text, "    30.00%    30.00%        1:worker        3:worker\n"
	                      "            |\n"
	                      "            ---main\n"
	                      "               work\n"
	                      "\n");
	free(text);
}

static void without_children_graphs_lead_from_the_leaf_to_its_callers(void **state)
{
	struct report_shape shape = shape_of("comm,dso,symbol");
	struct fixture fixture;
	char *text;

	(void)state;
	shape.self_only = true;
	fixture_init(&fixture, types, 2);
	add(&fixture, "prog", "main;a;work", 6);
	add(&fixture, "prog", "main;b;work", 3);
	add(&fixture, "prog", "main;b;help", 1);
	text = report_sorted(&fixture, &shape);
	assert_rows(text, "    90.00%  prog     prog           [.] work\n"
	                  "    10.00%  prog     prog           [.] help\n");
	assert_contains(text, "# Overhead  Command  Shared Object  Symbol\n"
	                      "# ........  .......  .............  ........\n"
	                      "#\n"
	                      "    90.00%  prog     prog           [.] work\n"
	                      "            |\n"
	                      "            ---work\n"
	                      "               |          \n"
	                      "               |--60.00%--a\n"
	                      "               |          main\n"
	                      "               |          \n"
	                      "                --30.00%--b\n"
	                      "                          main\n"
	                      "\n");
	free(text);
}

static bool is_read(const char *object, const char *function, const void *data)
{
	return !strcmp(object, data) && !strcmp(function, "read");
}

static void only_rows_that_are_asked_for_are_shown_with_shares_of_the_whole(void **state)
{
	static const char *const comments[] = {"symbol: read", NULL};
	struct report_shape shape = shape_of("dso,sym");
	struct export_options with = options;
	struct fixture fixture;
	char *text;

	(void)state;
	shape.shows = is_read;
	shape.data = "libc.so.6";
	shape.comments = comments;
	with.shape = &shape;
	with.whole = 20;
	fill_three_threads(&fixture);
	text = report_with(&fixture, &with);
	assert_rows(text, "    25.00%    25.00%  libc.so.6      [.] read\n");
	assert_contains(text, "# symbol: read\n");
	assert_contains(text, "# functions with at least 0.5 %: 1 of 1");
	free(text);
}

static void a_report_without_a_row_is_refused(void **state)
{
	struct report_shape shape = shape_of("dso,sym");
	struct export_options with = {.shape = &shape};
	struct fixture fixture;
	struct profile *profile;
	struct diag diag = {""};

	(void)state;
	shape.shows = is_read;
	shape.data = "nothing.so";
	fill_three_threads(&fixture);
	profile = fixture_profile(&fixture);
	assert_int_equal(report_exporter.write(profile, &with, stderr, &diag), -ENOENT);
	assert_contains(diag.text, "no row");
	profile_free(profile);
	fixture_fini(&fixture);
}

static void wrong_keys_are_refused(void **state)
{
	struct report_shape shape;
	struct diag diag;

	(void)state;
	assert_int_equal(report_keys_parse(&shape, "comm,symbl", &diag), -EINVAL);
	assert_contains(diag.text, "did you mean 'symbol'");
	assert_int_equal(report_keys_parse(&shape, "tid,thread", &diag), -EINVAL);
	assert_contains(diag.text, "twice");
	assert_int_equal(report_keys_parse(&shape, ",", &diag), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comments_say_event_counts_loss_and_quality),
	    cmocka_unit_test(the_count_is_that_of_the_event),
	    cmocka_unit_test(what_is_not_known_is_not_in_the_comments),
	    cmocka_unit_test(a_row_has_total_self_command_object_and_mark),
	    cmocka_unit_test(a_recursion_counts_once),
	    cmocka_unit_test(commands_and_objects_are_told_apart),
	    cmocka_unit_test(inlined_calls_and_failures_have_rows),
	    cmocka_unit_test(callees_are_drawn_where_a_function_calls),
	    cmocka_unit_test(callers_are_drawn_where_a_function_is_the_leaf),
	    cmocka_unit_test(what_is_under_the_limit_is_left_out_and_counted),
	    cmocka_unit_test(the_chosen_value_type_is_summed),
	    cmocka_unit_test(a_deep_recursion_stays_readable),
	    cmocka_unit_test(a_profile_without_samples_is_a_report_without_rows),
	    cmocka_unit_test(rows_are_told_apart_by_the_keys_alone),
	    cmocka_unit_test(threads_of_a_name_are_told_apart_by_number),
	    cmocka_unit_test(a_thread_has_the_tree_of_its_calls),
	    cmocka_unit_test(without_children_graphs_lead_from_the_leaf_to_its_callers),
	    cmocka_unit_test(only_rows_that_are_asked_for_are_shown_with_shares_of_the_whole),
	    cmocka_unit_test(a_report_without_a_row_is_refused),
	    cmocka_unit_test(wrong_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
