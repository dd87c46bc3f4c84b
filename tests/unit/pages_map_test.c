/* Ranges of pages: cut, joined, compared; against a plain array of pages. */
#include "mem/pages/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_PAGES = 64 };

struct sum {
	uint64_t bytes;
	uint32_t stacks[8]; /* bytes by stack */
};

static void add_up(void *context, const struct pages_range *piece)
{
	struct sum *sum = context;

	sum->bytes += piece->end - piece->start;
	sum->stacks[piece->stack] += (uint32_t)(piece->end - piece->start);
}

static void removing_the_middle_leaves_both_ends(void **state)
{
	struct pages_map map = {0};
	struct sum sum = {0};

	(void)state;
	pages_map_add(&map, (struct pages_range){.start = 10, .end = 20, .stack = 1});
	pages_map_remove(&map, 13, 17, add_up, &sum);
	assert_int_equal(sum.bytes, 4);
	assert_int_equal(map.n_ranges, 2);
	assert_int_equal(map.ranges[0].end, 13);
	assert_int_equal(map.ranges[1].start, 17);
	pages_map_fini(&map);
}

static void neighbours_of_one_stack_are_one_range(void **state)
{
	struct pages_map map = {0};

	(void)state;
	pages_map_add(&map, (struct pages_range){.start = 10, .end = 20, .stack = 1});
	pages_map_add(&map, (struct pages_range){.start = 30, .end = 40, .stack = 1});
	pages_map_add(&map, (struct pages_range){.start = 20, .end = 30, .stack = 1});
	assert_int_equal(map.n_ranges, 1);
	pages_map_add(&map, (struct pages_range){.start = 40, .end = 50, .stack = 2});
	pages_map_add(
	    &map, (struct pages_range){.start = 50, .end = 60, .stack = 2, .is_inherited = true});
	assert_int_equal(map.n_ranges, 3);
	pages_map_fini(&map);
}

static void nothing_is_removed_where_nothing_is(void **state)
{
	struct pages_map map = {0};
	struct sum sum = {0};

	(void)state;
	pages_map_remove(&map, 0, 100, add_up, &sum);
	pages_map_add(&map, (struct pages_range){.start = 10, .end = 20, .stack = 1});
	pages_map_remove(&map, 0, 10, add_up, &sum);
	pages_map_remove(&map, 20, 100, add_up, &sum);
	pages_map_remove(&map, 15, 15, add_up, &sum);
	assert_int_equal(sum.bytes, 0);
	assert_int_equal(map.n_ranges, 1);
	pages_map_fini(&map);
}

static void check_same(const struct pages_map *map, const uint32_t *pages)
{
	uint32_t seen[N_PAGES] = {0};

	for (size_t i = 0; i < map->n_ranges; i++) {
		assert_true(map->ranges[i].start < map->ranges[i].end);
		assert_true(i == 0 || map->ranges[i - 1].end <= map->ranges[i].start);
		for (uint64_t page = map->ranges[i].start; page < map->ranges[i].end; page++)
			seen[page] = map->ranges[i].stack;
	}
	assert_memory_equal(seen, pages, sizeof(seen));
}

static void any_order_of_changes_ends_as_in_an_array(void **state)
{
	struct pages_map map = {0};
	uint32_t pages[N_PAGES] = {0};

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		uint64_t start = (uint64_t)rand() % N_PAGES;
		uint64_t end = start + 1 + (uint64_t)rand() % (N_PAGES - start);
		uint32_t stack = (uint32_t)rand() % 4;
		uint64_t expected = 0;
		struct sum sum = {0};

		for (uint64_t page = start; page < end; page++) {
			expected += pages[page] != 0;
			pages[page] = stack;
		}
		pages_map_remove(&map, start, end, add_up, &sum);
		assert_int_equal(sum.bytes, expected);
		if (stack)
			pages_map_add(&map, (struct pages_range){start, end, stack, false});
		check_same(&map, pages);
	}
	pages_map_fini(&map);
}

struct differences {
	uint64_t only_first;
	uint64_t only_second;
};

static void note(void *context, uint64_t start, uint64_t end, bool is_in_map)
{
	struct differences *differences = context;

	*(is_in_map ? &differences->only_first : &differences->only_second) += end - start;
}

static void comparing_finds_each_page_of_one_alone(void **state)
{
	struct pages_map first = {0}, second = {0};
	struct differences differences = {0};

	(void)state;
	pages_map_add(&first, (struct pages_range){.start = 10, .end = 20, .stack = 1});
	pages_map_add(&first, (struct pages_range){.start = 20, .end = 30, .stack = 2});
	pages_map_add(&first, (struct pages_range){.start = 50, .end = 60, .stack = 2});
	pages_map_add(&second, (struct pages_range){.start = 5, .end = 25});
	pages_map_add(&second, (struct pages_range){.start = 27, .end = 52});
	pages_map_compare(&first, &second, note, &differences);
	assert_int_equal(differences.only_first, 2 + 8);
	assert_int_equal(differences.only_second, 5 + 20);
	pages_map_fini(&first);
	pages_map_fini(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(removing_the_middle_leaves_both_ends),
	    cmocka_unit_test(neighbours_of_one_stack_are_one_range),
	    cmocka_unit_test(nothing_is_removed_where_nothing_is),
	    cmocka_unit_test(any_order_of_changes_ends_as_in_an_array),
	    cmocka_unit_test(comparing_finds_each_page_of_one_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
