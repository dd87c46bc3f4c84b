/* Sets of runs: every form of RUN names the runs that it says, of one tree or of several. */
#include "core/results/run_set.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "tests/unit/place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define C1 "1111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define C2 "1111111bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C3 "3333333ccccccccccccccccccccccccccccccccc"

/* TREE/PLACE/20261120T0930SS.000Z with a manifest of these members. */
static void store(const char *tree, const char *place, int second, const char *members)
{
	char *directory = xasprintf("%s/%s/20261120T0930%02d.000Z", tree, place, second);
	char *command = xasprintf("mkdir -p %s", directory);
	char *path = xasprintf("%s/run.json", directory);
	FILE *out;

	assert_int_equal(system(command), 0);
	out = fopen(path, "w");
	assert_non_null(out);
	fprintf(out, "{\"schema\": 1, \"run_id\": \"20261120T0930%02d.000Z\", %s}\n", second,
	        members);
	assert_int_equal(fclose(out), 0);
	free(directory);
	free(command);
	free(path);
}

static void store_commit(const char *tree, const char *place, int second, const char *commit,
                         bool is_dirty, const char *verdict)
{
	char *members =
	    xasprintf("\"verdict\": \"%s\", \"git\": {\"commit\": \"%s\", \"dirty\": %s}", verdict,
	              commit, is_dirty ? "true" : "false");

	store(tree, place, second, members);
	free(members);
}

static void split(struct text_list *list, const char *words)
{
	char *copy = xstrdup(words), *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		text_list_add(list, word);
	free(copy);
}

/* The set's directories without "/20261120T0930" and ".000Z": "a/s/cpu.01 b/s/cpu.02". */
static char *text_of(const struct run_set *set)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < set->n_runs; i++) {
		const char *directory = set->runs[i].directory;
		size_t len = strlen(directory);

		fprintf(out, "%s%.*s.%.2s", i ? " " : "",
		        (int)(len - strlen("/20261120T093001.000Z")), directory,
		        directory + len - strlen("01.000Z"));
	}
	fclose(out);
	return text;
}

static void found(const char *trees, const char *operand, enum run_set_choice choice,
                  const char *expected)
{
	struct text_list list = {0};
	struct diag diag = {""};
	struct run_set set;
	char *text;

	split(&list, trees);
	if (results_find_set(&set, &list, operand, choice, &diag))
		fail_msg("%s", diag.text);
	text = text_of(&set);
	assert_string_equal(text, expected);
	free(text);
	text_list_fini(&list);
	run_set_fini(&set);
}

static void finds(const char *operand, const char *expected)
{
	found("a", operand, RUN_SET_USABLE, expected);
}

static void fails(const char *trees, const char *operand, int err, const char *sentence)
{
	struct text_list list = {0};
	struct diag diag = {""};
	struct run_set set;

	split(&list, trees);
	assert_int_equal(results_find_set(&set, &list, operand, RUN_SET_USABLE, &diag), -err);
	if (!strstr(diag.text, sentence))
		fail_msg("no '%s' in '%s'", sentence, diag.text);
	assert_int_equal(set.n_runs, 0);
	text_list_fini(&list);
}

static void store_plain(const char *tree, const char *place, int second)
{
	store_commit(tree, place, second, C3, false, "ok");
}

static void commas_make_a_set_in_time_order_with_each_run_once(void **state)
{
	(void)state;
	for (int i = 1; i <= 4; i++)
		store_plain("a", "s/cpu", i);
	finds("s/cpu", "a/s/cpu.04");
	finds("s/cpu,s/cpu~2", "a/s/cpu.02 a/s/cpu.04");
	finds("s/cpu,s/cpu~0,a/s/cpu/20261120T093004.000Z/", "a/s/cpu.04");
	finds("s/cpu/20261120T093003.000Z,s/cpu/20261120T093001.000Z,s/cpu~1",
	      "a/s/cpu.01 a/s/cpu.03");
	fails("a", "s/cpu,", EINVAL, "before and after each comma of 's/cpu,'");
	fails("a", "s/cpu,s/io", ENOENT, "no io runs of s; s has cpu");
	fails("a", "s/cpu,s/cpu~9", ENOENT, "no usable run s/cpu~9 in a; cpu has ");
	fails("a", "s/cpu,baseline:v1", EINVAL, "stands alone");
	assert_string_equal(run_set_baseline("baseline:v1"), "v1");
	assert_null(run_set_baseline("v1"));
}

static void paths_may_have_commas_and_other_names(void **state)
{
	(void)state;
	store_plain("a", "s/cpu", 1);
	store_plain("a", "s/cpu", 2);
	assert_int_equal(system("mv a/s/cpu/20261120T093001.000Z 'old,run,20261120T093000.000Z' && "
	                        "mkdir -p a/s/cpu/20261120T093002.000Z/processes/7.0-sh"),
	                 0);
	finds("old,run,20261120T093000.000Z", "old,run.00");
	finds("s/cpu", "a/s/cpu.02");
	fails("a", "a/s/cpu/20261120T093002.000Z/processes/7.0-sh", EINVAL,
	      "a whole run is expected: ");
}

static void a_commit_is_all_its_usable_runs_of_a_clean_checkout(void **state)
{
	(void)state;
	store_commit("a", "s/cpu", 1, C1, false, "ok");
	store_commit("a", "s/cpu", 2, C1, true, "ok");
	store_commit("a", "s/io", 3, C1, false, "target_failed");
	store_commit("a", "s/cpu", 4, C1, false, "unusable");
	store_commit("a", "t/cpu", 5, C1, false, "gate_failed");
	store_commit("a", "t/cpu", 6, C3, true, "ok");
	store("a", "t/cpu", 7, "\"verdict\": \"ok\", \"git\": null");
	store("a", "t/cpu", 8, "\"verdict\": ");

	found("a", "@" C1, RUN_SET_USABLE, "a/s/cpu.01 a/s/io.03 a/t/cpu.05");
	finds("@1111111A", "a/s/cpu.01 a/s/io.03 a/t/cpu.05");
	finds("s@1111111", "a/s/cpu.01 a/s/io.03");
	finds("s/cpu@1111111", "a/s/cpu.01");
	found("a", "s/cpu@1111111", RUN_SET_ALL, "a/s/cpu.01 a/s/cpu.04");
	finds("s/cpu@1111111-dirty", "a/s/cpu.02");
	finds("@3333333", "a/t/cpu.06");
	finds("s/cpu@1111111,t/cpu", "a/s/cpu.01 a/t/cpu.07");
}

/* What is left out, and what was not quite asked for. */
static void what_a_commit_leaves_out_is_counted(void **state)
{
	struct text_list trees = {0};
	struct diag diag = {""};
	struct run_set set;

	(void)state;
	store_commit("a", "s/cpu", 1, C1, true, "ok");
	store_commit("a", "s/cpu", 2, C1, false, "unusable");
	store("a", "s/cpu", 3, "\"verdict\": ");
	text_list_add(&trees, "a");
	assert_int_equal(results_find_set(&set, &trees, "@1111111", RUN_SET_USABLE, &diag), 0);
	assert_int_equal(set.n_runs, 1);
	assert_int_equal(set.n_dirty, 1);
	assert_int_equal(set.n_unusable, 1);
	assert_int_equal(set.n_damaged, 1);
	run_set_fini(&set);
	assert_int_equal(results_find_set(&set, &trees, "@1111111-dirty", RUN_SET_USABLE, &diag),
	                 0);
	assert_int_equal(set.n_dirty, 0);
	run_set_fini(&set);
	text_list_fini(&trees);
}

static void commits_that_are_not_there_or_not_one_are_said(void **state)
{
	(void)state;
	store_commit("a", "s/cpu", 1, C1, false, "ok");
	store_commit("a", "s/cpu", 2, C2, false, "ok");
	store_commit("a", "s/io", 3, C3, false, "unusable");
	fails("a", "@111111", EINVAL, "@COMMIT (7 digits or more)");
	fails("a", "@HEAD", EINVAL, "@COMMIT (7 digits or more)");
	fails("a", "@1111111", EINVAL, "begins more than one commit");
	finds("@1111111b", "a/s/cpu.02");
	fails("a", "@2222222", ENOENT, "of the 3 runs there none is of that commit");
	fails("a", "@1111111a-dirty", ENOENT, "none is of that commit with a changed checkout");
	fails("a", "@3333333", ENOENT, "has 1 run, none of them usable");
	fails("a", "u@1111111a", ENOENT, "no runs of u; a has s");
	fails("a", "s/mem@1111111a", ENOENT, "no mem runs of s; s has cpu, io");
}

static void several_trees_are_read_as_one(void **state)
{
	(void)state;
	store_commit("a", "s/cpu", 1, C1, false, "ok");
	store_commit("b", "s/cpu", 2, C1, false, "ok");
	store_commit("a", "s/cpu", 3, C1, false, "ok");
	store_commit("b", "s/io", 4, C1, false, "ok");
	found("a b", "s/cpu", RUN_SET_USABLE, "a/s/cpu.03");
	found("b a", "s/cpu~1", RUN_SET_USABLE, "b/s/cpu.02");
	found("a b", "s/cpu~2", RUN_SET_USABLE, "a/s/cpu.01");
	found("a b", "s/cpu/20261120T093002.000Z", RUN_SET_USABLE, "b/s/cpu.02");
	found("a b", "s/io", RUN_SET_USABLE, "b/s/io.04");
	found("a b", "@1111111", RUN_SET_USABLE, "a/s/cpu.01 b/s/cpu.02 a/s/cpu.03 b/s/io.04");
	found("a ./a a/", "@1111111", RUN_SET_USABLE, "a/s/cpu.01 a/s/cpu.03");
	assert_int_equal(system("cp -r a copy"), 0);
	found("a copy", "@1111111", RUN_SET_USABLE, "a/s/cpu.01 a/s/cpu.03");
	store_commit("copy", "s/cpu", 3, C1, false, "gate_failed");
	found("a copy", "s/cpu@1111111", RUN_SET_USABLE, "a/s/cpu.01 a/s/cpu.03 copy/s/cpu.03");
	fails("a b", "t/cpu", ENOENT, "no runs of t; b has s");
	fails("a nowhere", "s/cpu", ENOENT, "cannot open nowhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(commas_make_a_set_in_time_order_with_each_run_once),
	    IN_PLACE(paths_may_have_commas_and_other_names),
	    IN_PLACE(a_commit_is_all_its_usable_runs_of_a_clean_checkout),
	    IN_PLACE(what_a_commit_leaves_out_is_counted),
	    IN_PLACE(commits_that_are_not_there_or_not_one_are_said),
	    IN_PLACE(several_trees_are_read_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
