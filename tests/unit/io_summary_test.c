/* summary.txt is the table of `strace -c`, and the orders are strace's. */
#include "io/summary.h"

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

static char *summary(const struct io_counts *counts, const char *word)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i = 0;

	while (io_sort_words[i] && strcmp(io_sort_words[i], word))
		i++;
	assert_non_null(io_sort_words[i]);
	io_summary_write(out, counts, io_sort_of_word(i));
	fclose(out);
	return text;
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
	assert_order(*state, "min-time", "roc");
	assert_order(*state, "nothing", "roc");
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(the_table_is_straces),
	    PROMISE(other_abis_have_a_table_below),
	    PROMISE(a_run_without_calls_has_a_table),
	    PROMISE(orders_are_straces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
