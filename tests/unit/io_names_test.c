/* Names in tables: what the target chose is shown and does nothing. */
#include "io/counts.h"
#include "io/names.h"
#include "io/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void texts_of_the_target_are_one_line_without_controls(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
	    {"/tmp/plain name, \"quoted\"", "/tmp/plain name, \"quoted\""},
	    {"a\nb", "a\\012b"},
	    {"\033[2J\t\r\177", "\\033[2J\\011\\015\\177"},
	    {"a\\012b", "a\\134012b"},
	    {"gr\303\274n \302\240", "gr\303\274n \302\240"},
	    {"\302\233"
	     "2J \302",
	     "\\302\\2332J \302"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256] = "";
		FILE *out = fmemopen(text, sizeof(text), "w");
		int n = io_write_text(out, cases[i].text);

		fclose(out);
		assert_string_equal(text, cases[i].shown);
		assert_int_equal(n, strlen(text));
	}
}

static void calls_of_other_abis_have_other_names(void **state)
{
	(void)state;
	assert_string_equal(io_call_name_of(syscall_find_named(ABI_X86_64, "readv")).text, "readv");
	assert_string_equal(io_call_name_of(syscall_find_named(ABI_I386, "readv")).text,
	                    "readv (32 bit)");
	assert_string_equal(io_call_name_of(syscall_find_named(ABI_X32, "readv")).text,
	                    "readv (x32)");
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* A program whose name, command, file and address would each make a row. */
static void no_name_makes_a_row(void **state)
{
	struct io_counts *counts = io_counts_new(512);
	struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, "write"), .result = 1, .bytes = 1};
	uint32_t group = fd_table_group_new(counts->fds, 1);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	io_counts_add_thread(counts, 1, 1, "bad\nname");
	io_counts_add_process(counts, 1, 0, 0, "bad\ncommand");
	fd_table_open(counts->fds, group, 3, "/bad\nfile", false, FD_OPENED, 1);
	fd_table_set_address(counts->fds, group, 3, FD_LOCAL, "/bad\033local");
	fd_table_set_address(counts->fds, group, 3, FD_PEER, "@bad\npeer");
	call.to = fd_table_use(counts->fds, group, 3);
	io_counts_add(counts, &call);
	io_threads_write(out, counts, true);
	io_files_write(out, counts);
	fclose(out);
	/* Two heads and a row each, a line between, a head and a row. */
	assert_int_equal(count_lines(text), 7);
	assert_non_null(strstr(text, "      1       1 bad\\012name              1 "));
	assert_non_null(strstr(text, "  bad\\012command\n"));
	assert_non_null(strstr(text, "  /bad\\012file /bad\\033local -> @bad\\012peer\n"));
	free(text);
	io_counts_free(counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_of_the_target_are_one_line_without_controls),
	    cmocka_unit_test(calls_of_other_abis_have_other_names),
	    cmocka_unit_test(no_name_makes_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
