/* What a process touched of its memory: the same by the kernel's scan as by reading entries. */
#include "mem/leaks/memory.h"

#include "core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE = 4096, N_PAGES = 20000 };

/* More than one read of entries has room for. */
static const size_t touched[] = {0, 1, 2, 5, 8190, 8191, 8192, 8193, 16384, N_PAGES - 1};

static char *map_touched(void)
{
	char *memory = mmap(NULL, N_PAGES * PAGE, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(memory != MAP_FAILED);
	madvise(memory, N_PAGES * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < ARRAY_SIZE(touched); i++)
		memory[touched[i] * PAGE + 8] = (char)(i + 1);
	return memory;
}

static struct leak_target *open_self(bool reads_entries)
{
	struct leak_target *target;

	assert_int_equal(leak_target_open(&target, getpid()), 0);
	if (reads_entries)
		leak_target_read_entries(target);
	return target;
}

static bool is_touched(size_t page)
{
	for (size_t i = 0; i < ARRAY_SIZE(touched); i++)
		if (touched[i] == page)
			return true;
	return false;
}

static void assert_finds_touched(bool reads_entries)
{
	char *memory = map_touched();
	struct leak_target *target = open_self(reads_entries);
	struct leak_memory reader = leak_target_memory(target);
	uint64_t first = (uint64_t)memory, end = first + N_PAGES * PAGE, at = first, stop = end;
	size_t n = 0;

	for (; reader.next_touched(reader.context, &at, &stop); at = stop, stop = end)
		for (uint64_t page = at; page < stop; page += PAGE, n++)
			assert_true(is_touched((page - first) / PAGE));
	assert_int_equal(n, ARRAY_SIZE(touched));
	leak_target_close(target);
	munmap(memory, N_PAGES * PAGE);
}

static void what_was_touched_is_found_by_the_scan(void **state)
{
	(void)state;
	assert_finds_touched(false);
}

static void and_by_reading_entries(void **state)
{
	(void)state;
	assert_finds_touched(true);
}

static void assert_stays_within(bool reads_entries)
{
	char *memory = map_touched();
	struct leak_target *target = open_self(reads_entries);
	struct leak_memory reader = leak_target_memory(target);
	uint64_t first = (uint64_t)memory, start = first + PAGE + 100, end = first + 2 * PAGE + 7;

	assert_true(reader.next_touched(reader.context, &start, &end));
	assert_int_equal(start, first + PAGE + 100);
	assert_int_equal(end, first + 2 * PAGE + 7);
	start = first + 6 * PAGE + 1;
	end = first + 8190 * PAGE;
	assert_false(reader.next_touched(reader.context, &start, &end));
	/* Beyond all addresses. */
	start = UINT64_MAX - 8 * PAGE;
	end = UINT64_MAX;
	assert_false(reader.next_touched(reader.context, &start, &end));
	leak_target_close(target);
	munmap(memory, N_PAGES * PAGE);
}

static void a_stretch_stays_within_what_was_asked_for(void **state)
{
	(void)state;
	assert_stays_within(false);
	assert_stays_within(true);
}

/* And reading leaves them untouched. */
static void untouched_pages_are_read_as_0(void **state)
{
	char *memory = map_touched(), *copy = xmalloc(16 * PAGE);
	struct leak_target *target = open_self(false);
	struct leak_memory reader = leak_target_memory(target);
	uint64_t start = (uint64_t)memory + 8194 * PAGE, end = start + 16 * PAGE;

	(void)state;
	memset(copy, 1, 16 * PAGE);
	leak_memory_read(&reader, (uint64_t)memory, copy, 16 * PAGE);
	for (size_t i = 0; i < 16 * PAGE; i++)
		assert_int_equal(copy[i], i % PAGE == 8 && is_touched(i / PAGE) ? memory[i] : 0);
	leak_memory_read(&reader, start, copy, 16 * PAGE);
	for (size_t i = 0; i < 16 * PAGE; i++)
		assert_int_equal(copy[i], 0);
	assert_false(reader.next_touched(reader.context, &start, &end));
	leak_target_close(target);
	free(copy);
	munmap(memory, N_PAGES * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_touched_is_found_by_the_scan),
	    cmocka_unit_test(and_by_reading_entries),
	    cmocka_unit_test(a_stretch_stays_within_what_was_asked_for),
	    cmocka_unit_test(untouched_pages_are_read_as_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
