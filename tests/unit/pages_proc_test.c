/* What the kernel calls [stack] is the stack, whatever files are called. */
#include "mem/pages/proc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE = 4096 };

/* Later in the list than the stack, near the end of what a program can map. */
#define ABOVE_ALL 0x7fffffff0000

/* A page of a file of that name, there if it can be. */
static uint64_t map_file(int directory, const char *name, uint64_t addr)
{
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	void *page;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	page = mmap((void *)(uintptr_t)addr, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(page != MAP_FAILED);
	close(fd);
	return (uint64_t)(uintptr_t)page;
}

static bool has(const struct pages_map *map, uint64_t addr)
{
	size_t i = pages_map_after(map, addr);

	return i < map->n_ranges && map->ranges[i].start <= addr;
}

static void files_named_as_the_stack_are_files(void **state)
{
	char path[] = "/tmp/pages_proc_XXXXXX";
	int directory = open(mkdtemp(path), O_RDONLY | O_DIRECTORY);
	uint64_t here = (uint64_t)(uintptr_t)path;
	uint64_t as_stack = map_file(directory, "a [stack]", ABOVE_ALL);
	uint64_t as_vsyscall = map_file(directory, "a [vsyscall]", 0);
	struct pages_range stack;
	struct pages_map map;

	(void)state;
	assert_true(as_stack > here);
	assert_int_equal(pages_proc_maps(getpid(), &map, &stack), 0);
	assert_in_range(here, stack.start, stack.end);
	assert_true(has(&map, here));
	assert_true(has(&map, as_stack));
	assert_true(has(&map, as_vsyscall));
	assert_false(has(&map, 0xffffffffff600000)); /* where the kernel has its own */
	pages_map_fini(&map);
	unlinkat(directory, "a [stack]", 0);
	unlinkat(directory, "a [vsyscall]", 0);
	close(directory);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_named_as_the_stack_are_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
