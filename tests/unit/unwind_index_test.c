/* Tests that a search table made for an object finds what its own one does. */
#include "core/unwind/fde.h"
#include "core/unwind/tables.h"
#include "core/walk/unwind_index.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct unwind_tables tables_of_libc(void)
{
	struct unwind_tables tables;
	struct stat status;
	int fd = open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC);
	void *image;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_ptr_not_equal(image, MAP_FAILED);
	assert_true(unwind_tables_of_file(&tables, image, (size_t)status.st_size));
	return tables;
}

static void assert_same_fde(const struct unwind_tables *a, const struct unwind_tables *b,
                            uint64_t vaddr)
{
	struct unwind_fde in_a = {0}, in_b = {0};
	enum fde_found found = unwind_fde_find(a, vaddr, &in_a);

	assert_int_equal(unwind_fde_find(b, vaddr, &in_b), found);
	if (found == FDE_FOUND)
		assert_int_equal(in_a.offset, in_b.offset);
}

static void a_made_table_finds_what_the_own_one_does(void **state)
{
	struct unwind_tables own = tables_of_libc(), without = {.eh_frame = own.eh_frame}, made;
	struct unwind_index *index = unwind_index_new();
	struct unwind_fde fde = {0};
	size_t offset = 0, n = 0;

	(void)state;
	made = unwind_index_tables(index, 1, &without);
	assert_true(made.eh_frame_hdr.size_bytes > 0);
	for (; unwind_fde_next(&own.eh_frame, &offset, &fde) == FDE_FOUND; n++) {
		assert_same_fde(&own, &made, fde.start);
		assert_same_fde(&own, &made, fde.end - 1);
		assert_same_fde(&own, &made, fde.end);
	}
	assert_true(n > 1000);
	assert_same_fde(&own, &made, 0);
	assert_same_fde(&own, &made, UINT64_MAX);
	unwind_index_free(index);
}

static void a_table_is_made_once_and_only_where_there_is_none(void **state)
{
	struct unwind_tables own = tables_of_libc(), without = {.eh_frame = own.eh_frame};
	struct unwind_tables nothing = {0};
	struct unwind_index *index = unwind_index_new();

	(void)state;
	assert_ptr_equal(unwind_index_tables(index, 1, &own).eh_frame_hdr.data,
	                 own.eh_frame_hdr.data);
	assert_int_equal(unwind_index_tables(index, 2, &nothing).eh_frame_hdr.size_bytes, 0);
	assert_ptr_equal(unwind_index_tables(index, 3, &without).eh_frame_hdr.data,
	                 unwind_index_tables(index, 3, &without).eh_frame_hdr.data);
	unwind_index_free(index);
}

static void a_malformed_section_stays_as_it_is(void **state)
{
	static const uint8_t bytes[] = {0xff, 0xff, 0, 0, 1, 2, 3, 4};
	struct unwind_tables tables = {.eh_frame = {bytes, sizeof(bytes), 0x1000}};
	struct unwind_index *index = unwind_index_new();
	struct unwind_tables made = unwind_index_tables(index, 1, &tables);

	(void)state;
	assert_int_equal(made.eh_frame_hdr.size_bytes, 0);
	assert_int_equal(unwind_rule_decode(&made, 0x2000).kind, UNWIND_RULE_BAD);
	unwind_index_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_made_table_finds_what_the_own_one_does),
	    cmocka_unit_test(a_table_is_made_once_and_only_where_there_is_none),
	    cmocka_unit_test(a_malformed_section_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
