/* Pages by stack: what is live, the peak, inheritance, and the timeline. */
#include "mem/pages/space.h"

#include "mem/wire_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { P = PAGES_BYTES };

static const struct pages_settings settings = {.max_snapshots = 10, .detailed_freq = 2};

static void give(struct pages_space *space, uint32_t stack, uint64_t now, uint64_t from,
                 uint64_t to)
{
	struct pages_event event = {.space = space, .now_ns = now, .stack = stack};

	pages_event_give(&event, from * P, to * P);
	pages_event_end(&event);
}

static void take(struct pages_space *space, uint64_t now, uint64_t from, uint64_t to)
{
	struct pages_event event = {.space = space, .now_ns = now};

	pages_event_take(&event, from * P, to * P);
	pages_event_end(&event);
}

static struct wire_sums sums_of(const struct pages_space *space, uint32_t stack)
{
	struct wire_section_copy copy = pages_space_counted(space);
	struct wire_sums sums = {0};

	for (size_t i = 0; i < copy.n_sums; i++)
		if (copy.sums[i].stack == stack)
			sums = copy.sums[i];
	free(copy.sums);
	return sums;
}

static void the_peak_is_what_each_stack_had_then(void **state)
{
	struct pages_space space;

	(void)state;
	pages_space_init(&space, &settings, 100);
	give(&space, 1, 101, 0, 10);
	give(&space, 2, 102, 20, 25);
	take(&space, 103, 5, 22);
	give(&space, 1, 104, 30, 31);
	assert_int_equal(space.live_bytes, 9 * P);
	assert_int_equal(space.head.peak_bytes, 15 * P);
	assert_int_equal(space.head.peak_time, 102);
	assert_int_equal(sums_of(&space, 1).peak_bytes, 10 * P);
	assert_int_equal(sums_of(&space, 2).peak_bytes, 5 * P);
	assert_int_equal(sums_of(&space, 1).live_bytes, 6 * P);
	assert_int_equal(sums_of(&space, 2).live_blocks, 3);
	assert_int_equal(space.giving_calls, 3);
	assert_int_equal(space.taking_calls, 1);
	pages_space_fini(&space);
}

static void what_is_mapped_over_is_no_more_and_raises_no_peak(void **state)
{
	struct pages_space space;

	(void)state;
	pages_space_init(&space, &settings, 0);
	give(&space, 1, 1, 0, 10);
	give(&space, 2, 2, 2, 6);
	assert_int_equal(space.live_bytes, 10 * P);
	assert_int_equal(space.head.peak_bytes, 10 * P);
	assert_int_equal(sums_of(&space, 1).live_bytes, 6 * P);
	assert_int_equal(sums_of(&space, 2).live_bytes, 4 * P);
	/* The peak was before. */
	assert_int_equal(sums_of(&space, 1).peak_bytes, 10 * P);
	assert_int_equal(sums_of(&space, 2).peak_bytes, 0);
	pages_space_fini(&space);
}

static void moved_pages_are_those_of_the_call_that_moved_them(void **state)
{
	struct pages_space space;
	struct pages_event event = {.space = &space, .stack = 2};

	(void)state;
	pages_space_init(&space, &settings, 0);
	give(&space, 1, 1, 0, 4);
	give(&space, 3, 1, 6, 8);
	pages_event_move(&event, 1 * P, 8 * P, 100 * P);
	pages_event_end(&event);
	assert_int_equal(sums_of(&space, 1).live_bytes, 1 * P);
	assert_int_equal(sums_of(&space, 3).live_bytes, 0);
	assert_int_equal(sums_of(&space, 2).live_bytes, 5 * P);
	assert_int_equal(space.map.ranges[space.map.n_ranges - 1].start, 105 * P);
	assert_int_equal(space.live_bytes, 6 * P);
	pages_space_fini(&space);
}

static void a_forked_child_has_its_parents_pages_as_inherited(void **state)
{
	struct pages_space parent, child;

	(void)state;
	pages_space_init(&parent, &settings, 0);
	give(&parent, 1, 1, 0, 10);
	take(&parent, 2, 0, 2);
	pages_space_fork(&child, &parent, 3);
	take(&child, 4, 2, 5);
	give(&child, 1, 5, 20, 21);
	assert_int_equal(sums_of(&child, 1).inherited_blocks, 5);
	assert_int_equal(sums_of(&child, 1).live_blocks, 1);
	assert_int_equal(sums_of(&child, 1).allocations, 1);
	assert_int_equal(child.head.peak_bytes, 8 * P);
	assert_int_equal(sums_of(&child, 1).peak_blocks, 8);
	assert_int_equal(sums_of(&parent, 1).live_blocks, 8);
	pages_space_fini(&child);
	pages_space_fini(&parent);
}

static void what_changes_nothing_is_no_event(void **state)
{
	struct pages_space space;

	(void)state;
	pages_space_init(&space, &settings, 0);
	give(&space, 1, 1, 5, 5);
	take(&space, 2, 0, 100);
	assert_int_equal(space.giving_calls + space.taking_calls, 0);
	assert_int_equal(space.head.n_snapshots, 0);
	pages_space_fini(&space);
}

static void the_timeline_is_bounded_and_its_trees_add_up(void **state)
{
	struct pages_settings bytes = settings;
	struct pages_space space;

	(void)state;
	bytes.time_is_bytes = true;
	pages_space_init(&space, &bytes, 7);
	for (uint32_t i = 0; i < 1000; i++) {
		give(&space, i % 3 + 1, 8, i, i + 1);
		if (i % 5 == 4)
			take(&space, 9, i - 2, i);
	}
	assert_in_range(space.head.n_snapshots, 4, 10);
	for (uint32_t i = 0; i < space.head.n_snapshots; i++) {
		const struct wire_snapshot *snapshot = &space.snapshots[i];
		uint64_t sum = 0;

		for (uint32_t j = 0; j < snapshot->n_entries; j++)
			sum += space.entries[snapshot->first_entry + j].live_bytes;
		assert_int_equal(sum, snapshot->live_bytes);
		assert_true(i == 0 || snapshot->time > snapshot[-1].time);
	}
	assert_int_equal(space.churn_bytes, (1000 + 400) * P);
	pages_space_fini(&space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_peak_is_what_each_stack_had_then),
	    cmocka_unit_test(what_is_mapped_over_is_no_more_and_raises_no_peak),
	    cmocka_unit_test(moved_pages_are_those_of_the_call_that_moved_them),
	    cmocka_unit_test(a_forked_child_has_its_parents_pages_as_inherited),
	    cmocka_unit_test(what_changes_nothing_is_no_event),
	    cmocka_unit_test(the_timeline_is_bounded_and_its_trees_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
