/* The reader of massif.out: what it takes from a whole file, and that no part of one passes for it.
 */
#include "core/export/massif_read.h"

#include "core/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char header[] = "desc: --depth=30\ncmd: prog -x; y\ntime_unit: ms\n";
static const char plain[] = "#-----------\nsnapshot=0\n#-----------\ntime=5\nmem_heap_B=10\n"
                            "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=empty\n";
static const char peak[] = "#-----------\nsnapshot=1\n#-----------\ntime=25\nmem_heap_B=1000\n"
                           "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=peak\n"
                           "n2: 1000 (heap allocation functions) malloc\n"
                           " n1: 900 0x1139: operator n5: 3(int) (prog.c:7)\n"
                           "  n0: 900 0x1150: main (prog.c:9)\n"
                           " n0: 100 in 2 places, all below massif's threshold (1.00%)\n";

static int read_text(const char *text, size_t len, struct massif_file *file, struct diag *diag)
{
	FILE *in = fmemopen((void *)text, len, "r");
	int err = massif_read(in, file, diag);

	fclose(in);
	return err;
}

static char *whole_text(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, "%s%s%s", header, plain, peak);
	fclose(out);
	return text;
}

static void a_whole_file_gives_its_points(void **state)
{
	char *text = whole_text();
	struct massif_file file;
	struct diag diag;

	(void)state;
	assert_int_equal(read_text(text, strlen(text), &file, &diag), 0);
	assert_string_equal(file.command, "prog -x; y");
	assert_int_equal(file.unit, MASSIF_MS);
	assert_int_equal(file.n_points, 2);
	assert_int_equal(file.points[0].time, 5);
	assert_int_equal(file.points[0].heap_bytes, 10);
	assert_false(file.points[0].is_peak);
	assert_int_equal(file.points[1].heap_bytes, 1000);
	assert_true(file.points[1].is_peak);
	assert_int_equal(file.n_bytes, strlen(text));
	assert_memory_equal(file.text, text, file.n_bytes);
	massif_file_fini(&file);
	free(text);
}

static void a_file_cut_short_is_refused(void **state)
{
	char *text = whole_text();
	size_t len = strlen(text), between = sizeof(header) - 1 + sizeof(plain) - 1;

	(void)state;
	for (size_t cut = 1; cut < len; cut++) {
		struct massif_file file;
		struct diag diag;
		int err = read_text(text, cut, &file, &diag);

		if (cut == between) {
			assert_int_equal(err, 0); /* a file of one snapshot is whole */
			massif_file_fini(&file);
			continue;
		}
		assert_true(err < 0);
		assert_non_null(strstr(diag.text, "not a usable massif.out: line "));
	}
	free(text);
}

static void what_does_not_hold_together_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
	    {"desc: x\ntime_unit: ms\n", "no 'cmd:'"},
	    {"cmd: x\ntime_unit: s\n", "no 'time_unit:'"},
	    {"cmd: x\ntime_unit: ms\n", "no snapshot"},
	    {"cmd: x\ntime_unit: ms\nsnapshot=0\n", "no snapshot begins here"},
	    {"cmd: x\ntime_unit: ms\n#-\nsnapshot=0\n#-\ntime=1x\n", "line 6: no 'time='"},
	    {"cmd: x\ntime_unit: ms\n#-\nsnapshot=0\n#-\ntime=99999999999999999999\n",
	     "no 'time='"},
	    {"cmd: x\ntime_unit: ms\n#-\nsnapshot=0\n#-\ntime=1\nmem_heap_B=1\n"
	     "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=tall\n",
	     "no known kind"},
	    {"cmd: x\ntime_unit: ms\n#-\nsnapshot=0\n#-\ntime=1\nmem_heap_B=1\n"
	     "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=peak\nn9999999999: 1 x\n",
	     "a tree is not whole"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct massif_file file;
		struct diag diag;

		assert_true(read_text(cases[i].text, strlen(cases[i].text), &file, &diag) < 0);
		if (!strstr(diag.text, cases[i].why))
			fail_msg("'%s' is not in '%s'", cases[i].why, diag.text);
		assert_null(file.text);
	}
}

static void time_that_goes_backwards_is_refused(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct massif_file file;
	struct diag diag;

	(void)state;
	fprintf(out, "%s%s%s", header, peak, plain);
	fclose(out);
	assert_true(read_text(text, len, &file, &diag) < 0);
	assert_non_null(strstr(diag.text, "time goes backwards"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_file_gives_its_points),
	    cmocka_unit_test(a_file_cut_short_is_refused),
	    cmocka_unit_test(what_does_not_hold_together_is_refused),
	    cmocka_unit_test(time_that_goes_backwards_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
