/* summary.txt is the table of `strace -c`, and the orders are strace's. */
#include "io/summary.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "io/call_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(struct io_counts *counts, const struct syscall_info *info, int64_t result,
                uint64_t time_ns)
{
	const struct io_call call = {.info = info, .result = result, .time_ns = time_ns};

	io_counts_add(counts, &call);
}

static int set_up(void **state)
{
	struct io_counts *counts = io_counts_new(512);

	io_counts_add_thread(counts, 1, 1, "test");
	for (int i = 0; i < 3; i++)
		add(counts, syscall_find_named(ABI_X86_64, "read"), 1, 100000);
	add(counts, syscall_find_named(ABI_X86_64, "openat"), 3, 500000);
	add(counts, syscall_find_named(ABI_X86_64, "openat"), -ENOENT, 100000);
	add(counts, syscall_find_named(ABI_X86_64, "close"), 0, 100000);
	*state = counts;
	return 0;
}

static int tear_down(void **state)
{
	io_counts_free(*state);
	return 0;
}

static char *summary_of(const struct io_counts *counts, const char *word, const char *shown)
{
	struct io_columns columns;
	struct diag diag;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i = 0;

	while (io_column_words[i] && strcmp(io_column_words[i], word))
		i++;
	assert_non_null(io_column_words[i]);
	assert_int_equal(io_columns_parse(&columns, shown, &diag), 0);
	io_summary_write(out, counts, &columns, io_column_of_word(i));
	fclose(out);
	return text;
}

static char *summary(const struct io_counts *counts, const char *word)
{
	return summary_of(counts, word, IO_DEFAULT_COLUMNS);
}

static void the_table_is_straces(void **state)
{
	char *text = summary(*state, "time");

	assert_string_equal(text,
	                    "% time     seconds  usecs/call     calls    errors syscall\n"
	                    "------ ----------- ----------- --------- --------- ----------------\n"
	                    " 60.00    0.000600         300         2         1 openat\n"
	                    " 30.00    0.000300         100         3           read\n"
	                    " 10.00    0.000100         100         1           close\n"
	                    "------ ----------- ----------- --------- --------- ----------------\n"
	                    "100.00    0.001000         166         6         1 total\n");
	free(text);
}

static void other_abis_have_a_table_below(void **state)
{
	char *text, *second;

	add(*state, syscall_find(ABI_I386, 20), 1, 0);
	text = summary(*state, "time");
	second = strstr(text, "System call usage summary for 32 bit mode:\n% time");
	assert_non_null(second);
	assert_non_null(strstr(second, "getpid\n"));
	free(text);
}

static void a_run_without_calls_has_a_table(void **state)
{
	struct io_counts *none = io_counts_new(512);
	char *text = summary(none, "time");

	(void)state;
	assert_non_null(strstr(text, "100.00    0.000000           0         0           total\n"));
	free(text);
	io_counts_free(none);
}

static void times_that_are_all_0_are_said(void **state)
{
	struct io_counts *counts = io_counts_new(512);

	assert_null(io_time_remark(*state));
	io_counts_add_thread(counts, 1, 1, "test");
	assert_null(io_time_remark(counts));
	add(counts, syscall_find_named(ABI_X86_64, "read"), 1, 0);
	assert_string_equal(io_time_remark(counts), "No time was above the clock's resolution; "
	                                            "rows alike stand by the call's number.");
	add(counts, syscall_find_named(ABI_X86_64, "read"), 1, 1);
	assert_null(io_time_remark(counts));
	io_counts_free(counts);
}

/* The first letters of the rows, in order. */
static void assert_order(const struct io_counts *counts, const char *word, const char *letters)
{
	char *text = summary(counts, word), *save = NULL, *line = strtok_r(text, "\n", &save);
	char found[8] = "";

	for (size_t n = 0; (line = strtok_r(NULL, "\n", &save)) && n < sizeof(found) - 1;)
		if (line[0] != '-' && !strstr(line, "total"))
			found[n++] = strrchr(line, ' ')[1];
	assert_string_equal(found, letters);
	free(text);
}

static void columns_are_those_asked_for(void **state)
{
	char *text = summary_of(*state, "calls", "syscall,longest,min_time,count");

	assert_string_equal(text, "syscall           longest shortest     calls\n"
	                          "---------------- -------- -------- ---------\n"
	                          "read             0.000100 0.000100         3\n"
	                          "openat           0.000500 0.000100         2\n"
	                          "close            0.000100 0.000100         1\n"
	                          "---------------- -------- -------- ---------\n"
	                          "total            0.000500 0.000100         6\n");
	free(text);
}

static void a_name_is_always_there(void **state)
{
	char *text = summary_of(*state, "name", "errors");

	assert_string_equal(text, "   errors syscall\n"
	                          "--------- ----------------\n"
	                          "          close\n"
	                          "        1 openat\n"
	                          "          read\n"
	                          "--------- ----------------\n"
	                          "        1 total\n");
	free(text);
}

static void wide_figures_widen_their_column(void **state)
{
	char *text;

	add(*state, syscall_find_named(ABI_X86_64, "sched_get_priority_max"), 1,
	    123456789012000000);
	text = summary_of(*state, "time", "total-time,name,max-time");
	assert_non_null(strstr(text, "         seconds syscall                          longest\n"
	                             "---------------- ----------------------- ----------------\n"
	                             "123456789.012000 sched_get_priority_max  "
	                             "123456789.012000\n"));
	free(text);
}

static void assert_refused(const char *columns, const char *why)
{
	struct diag diag;

	assert_int_equal(io_columns_check(columns, &diag), -EINVAL);
	assert_string_equal(diag.text, why);
}

static void what_is_no_column_is_refused(void **state)
{
	(void)state;
	assert_refused("calls,eror", "no column is called 'eror'; did you mean 'error'?");
	assert_refused("", "no column is called ''");
	assert_refused("calls,", "no column is called ''");
	assert_refused("nothing", "no column is called 'nothing'");
	assert_refused("calls,name,count", "the column 'count' is there more than once");
}

static void orders_are_straces(void **state)
{
	assert_order(*state, "time", "orc");
	assert_order(*state, "total-time", "orc");
	assert_order(*state, "calls", "roc");
	assert_order(*state, "count", "roc");
	assert_order(*state, "errors", "orc");
	assert_order(*state, "name", "cor");
	assert_order(*state, "longest", "orc");
	assert_order(*state, "avg-time", "orc");
	assert_order(*state, "min-time", "rco");
	assert_order(*state, "nothing", "rco");
}

/* Whichever came first. */
static void errors_have_one_order(void **state)
{
	static const struct {
		enum syscall_abi abi;
		const char *name;
		int error;
	} failures[] = {
	    {ABI_X86_64, "openat", EACCES}, {ABI_X86_64, "close", EBADF},
	    {ABI_I386, "close", EBADF},     {ABI_X86_64, "openat", ENOENT},
	    {ABI_X86_64, "read", EIO},      {ABI_X86_64, "openat", EACCES},
	};
	static const char expected[] = "\n"
	                               "   errors error                  syscall\n"
	                               "        2 EACCES                 openat\n"
	                               "        1 EIO                    read\n"
	                               "        1 EBADF                  close\n"
	                               "        1 ENOENT                 openat\n"
	                               "        1 EBADF                  close (32 bit)\n";

	(void)state;
	for (size_t first = 0; first < ARRAY_SIZE(failures); first++) {
		struct io_counts *counts = io_counts_new(512);
		char *text = NULL;
		size_t n_bytes;
		FILE *out = open_memstream(&text, &n_bytes);

		io_counts_add_thread(counts, 1, 1, "test");
		for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
			size_t which = (first + i) % ARRAY_SIZE(failures);

			add(counts, syscall_find_named(failures[which].abi, failures[which].name),
			    -failures[which].error, 1);
		}
		io_errors_write(out, counts);
		fclose(out);
		assert_string_equal(text, expected);
		free(text);
		io_counts_free(counts);
	}
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(the_table_is_straces),
	    PROMISE(other_abis_have_a_table_below),
	    PROMISE(a_run_without_calls_has_a_table),
	    PROMISE(times_that_are_all_0_are_said),
	    PROMISE(columns_are_those_asked_for),
	    PROMISE(a_name_is_always_there),
	    PROMISE(wide_figures_widen_their_column),
	    PROMISE(what_is_no_column_is_refused),
	    PROMISE(orders_are_straces),
	    cmocka_unit_test(errors_have_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
