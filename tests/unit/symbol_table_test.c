/* Which symbol owns an address: overlapping ranges, kernel symbols, and maps of JIT code. */
#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/interval_map.h"
#include "core/symbolize/kallsyms.h"
#include "core/symbolize/perf_map.h"
#include "core/symbolize/symbol_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char scratch[] = "/tmp/profile-scenario-symbols.XXXXXX";

static int make_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static int remove_scratch(void **state)
{
	(void)state;
	return rmdir(scratch);
}

static char *write_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", scratch, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void remove_file(char *path)
{
	unlink(path);
	free(path);
}

static void expect(struct symbol_table *table, uint64_t address, const char *name)
{
	const char *found = symbol_table_find(table, address);

	if (name)
		assert_string_equal(found, name);
	else
		assert_null(found);
}

struct range {
	uint64_t start;
	uint64_t end;
	uint32_t precedence;
};

/* The rule of interval_map.h, by looking at every range. -1: none. */
static int find_slowly(const struct range *ranges, size_t n, uint64_t address)
{
	int best = -1;

	for (size_t i = 0; i < n; i++) {
		const struct range *old = best >= 0 ? &ranges[best] : NULL;

		if (address < ranges[i].start || address >= ranges[i].end)
			continue;
		if (!old || ranges[i].precedence > old->precedence ||
		    (ranges[i].precedence == old->precedence && ranges[i].start >= old->start))
			best = (int)i;
	}
	return best;
}

static void overlapping_ranges_are_settled_by_the_rule(void **state)
{
	unsigned random = 7;

	(void)state;
	for (size_t round = 0; round < 500; round++) {
		struct interval_map *map = interval_map_new();
		struct range ranges[24];
		size_t n = round % ARRAY_SIZE(ranges);

		for (size_t i = 0; i < n; i++) {
			random = random * 1103515245 + 12345;
			ranges[i].start = random >> 8 & 63;
			ranges[i].end = ranges[i].start + (random >> 16 & 31);
			ranges[i].precedence = random >> 24 & 3;
			interval_map_add(map, ranges[i].start, ranges[i].end, ranges[i].precedence,
			                 (uint32_t)i);
		}
		for (uint64_t address = 0; address < 100; address++) {
			uint32_t value;
			bool found = interval_map_find(map, address, &value);

			assert_int_equal(found ? (int)value : -1, find_slowly(ranges, n, address));
		}
		interval_map_free(map);
	}
}

static void ranges_may_be_added_after_a_question(void **state)
{
	struct symbol_table *table = symbol_table_new();

	(void)state;
	expect(table, 5, NULL);
	symbol_table_add(table, 0, 10, 0, "outer");
	expect(table, 5, "outer");
	symbol_table_add(table, 5, 6, 0, "inner");
	expect(table, 4, "outer");
	expect(table, 5, "inner");
	expect(table, 6, "outer");
	expect(table, 10, NULL);
	symbol_table_add(table, UINT64_MAX - 1, UINT64_MAX, 0, "top");
	expect(table, UINT64_MAX - 1, "top");
	symbol_table_free(table);
}

static void kernel_symbols_reach_to_the_next_one(void **state)
{
	char *path = write_file("kallsyms", "ffffffff81000000 T _stext\n"
	                                    "ffffffff81000100 t do_work\n"
	                                    "ffffffff81000100 T __do_work\n"
	                                    "ffffffff81000200 D some_data\n"
	                                    "ffffffff81000180 W weak_function\n"
	                                    "ffffffffc0000000 t module_function\t[module]\n"
	                                    "ffffffffc0400000 t of_another\t[another]\n"
	                                    "garbage\n");
	struct symbol_table *table = symbol_table_new();
	struct diag diag;

	(void)state;
	assert_int_equal(kallsyms_load(table, path, &diag), 0);
	expect(table, 0xffffffff80ffffff, NULL);
	expect(table, 0xffffffff81000000, "_stext");
	expect(table, 0xffffffff8100017f, "do_work");
	expect(table, 0xffffffff810001ff, "weak_function");
	expect(table, 0xffffffffc0000010, "module_function");
	expect(table, 0xffffffffc0001fff, "module_function");
	expect(table, 0xffffffffc0002000, NULL);
	expect(table, 0xffffffff81ffffff, NULL);
	expect(table, 0xffffffffc0400010, "of_another");
	expect(table, 0xffffffffc1000000, NULL);
	symbol_table_free(table);
	remove_file(path);
}

static void hidden_kernel_addresses_are_said_with_the_remedy(void **state)
{
	char *path =
	    write_file("kallsyms", "0000000000000000 T _stext\n0000000000000000 t do_work\n");
	struct symbol_table *table = symbol_table_new();
	struct diag diag;

	(void)state;
	assert_int_equal(kallsyms_load(table, path, &diag), -EPERM);
	assert_non_null(strstr(diag.text, "kernel.kptr_restrict=0"));
	expect(table, 0, NULL);
	symbol_table_free(table);
	remove_file(path);
}

static void the_running_kernel_has_symbols_or_says_why_not(void **state)
{
	struct symbol_table *table = symbol_table_new();
	struct diag diag;

	(void)state;
	if (kallsyms_load(table, "/proc/kallsyms", &diag))
		assert_true(*diag.text);
	else
		assert_true(symbol_table_count(table) > 1000);
	symbol_table_free(table);
}

static void replaced_jit_code_has_its_last_name(void **state)
{
	char *path = write_file("perf.map", "1000 100 old\n"
	                                    "2000 10 LazyCompile:*f a file.js:3\n"
	                                    "1040 20 new\n"
	                                    "1050 100 newest\n"
	                                    "nonsense\n"
	                                    "3000\n"
	                                    "ffffffffffffff00 1000 wraps\n"
	                                    "4000 10 last line without an end");
	struct symbol_table *table = symbol_table_new();
	struct diag diag;

	(void)state;
	assert_int_equal(perf_map_load(table, path, geteuid(), &diag), 0);
	expect(table, 0x1000, "old");
	expect(table, 0x1040, "new");
	expect(table, 0x1050, "newest");
	expect(table, 0x1070, "newest");
	expect(table, 0x114f, "newest");
	expect(table, 0x1150, NULL);
	expect(table, 0x200f, "LazyCompile:*f a file.js:3");
	expect(table, 0x2010, NULL);
	expect(table, 0x4001, "last line without an end");
	expect(table, 0xffffffffffffff01, NULL);
	symbol_table_free(table);
	remove_file(path);
}

static void only_a_regular_file_of_the_owner_is_believed(void **state)
{
	char *path = write_file("perf.map", "1000 100 f\n");
	char *link_path = xasprintf("%s/link", scratch);
	char *fifo_path = xasprintf("%s/fifo", scratch);
	struct symbol_table *table = symbol_table_new();
	struct diag diag;

	(void)state;
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(mkfifo(fifo_path, 0600), 0);
	assert_int_equal(perf_map_load(table, link_path, geteuid(), &diag), -ELOOP);
	assert_int_equal(perf_map_load(table, fifo_path, geteuid(), &diag), -EINVAL);
	assert_int_equal(perf_map_load(table, path, geteuid() + 1, &diag), -EPERM);
	assert_non_null(strstr(diag.text, path));
	expect(table, 0x1000, NULL);
	symbol_table_free(table);
	remove_file(fifo_path);
	remove_file(link_path);
	remove_file(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(overlapping_ranges_are_settled_by_the_rule),
	    cmocka_unit_test(ranges_may_be_added_after_a_question),
	    cmocka_unit_test(kernel_symbols_reach_to_the_next_one),
	    cmocka_unit_test(hidden_kernel_addresses_are_said_with_the_remedy),
	    cmocka_unit_test(the_running_kernel_has_symbols_or_says_why_not),
	    cmocka_unit_test(replaced_jit_code_has_its_last_name),
	    cmocka_unit_test(only_a_regular_file_of_the_owner_is_believed),
	};

	return cmocka_run_group_tests_name("symbol_table", tests, make_scratch, remove_scratch);
}
