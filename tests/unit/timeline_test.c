/* The timeline that the preload library keeps: bounded, halved when full, trees kept with theirs.
 */
#include "mem/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MAX_SNAPSHOTS = 20, MAX_ENTRIES = 1000 };

static struct wire_section section;
static struct wire_snapshot snapshots[MAX_SNAPSHOTS];
static struct wire_tree_entry entries[MAX_ENTRIES];

static struct timeline empty_timeline(void)
{
	section = (struct wire_section){0};
	return (struct timeline){.section = &section,
	                         .snapshots = snapshots,
	                         .entries = entries,
	                         .max_snapshots = MAX_SNAPSHOTS,
	                         .detailed_freq = 5,
	                         .max_entries = MAX_ENTRIES};
}

static bool add(struct timeline *timeline, uint64_t time, uint64_t live_bytes, uint64_t tree_cost)
{
	struct wire_snapshot taken = {.time = time, .live_bytes = live_bytes};

	return timeline_add(timeline, taken, tree_cost);
}

/* A tree of two stacks that add up to the snapshot's bytes. */
static void take(struct timeline *timeline, uint64_t time, uint64_t live_bytes)
{
	if (!add(timeline, time, live_bytes, TIMELINE_NO_TREE))
		return;
	assert_true(timeline_add_entry(timeline, 1, live_bytes - 1));
	assert_true(timeline_add_entry(timeline, 2, 1));
}

static void the_number_of_snapshots_is_bounded_and_their_times_grow(void **state)
{
	struct timeline timeline = empty_timeline();

	(void)state;
	for (uint64_t time = 1; time <= 10000; time++)
		take(&timeline, time, time);
	assert_in_range(section.n_snapshots, MAX_SNAPSHOTS / 2, MAX_SNAPSHOTS);
	assert_int_equal(snapshots[0].time, 1);
	assert_int_equal(snapshots[section.n_snapshots - 1].time, 10000);
	for (uint32_t i = 1; i < section.n_snapshots; i++)
		assert_true(snapshots[i].time > snapshots[i - 1].time);
}

static void every_tree_stays_with_its_snapshot(void **state)
{
	struct timeline timeline = empty_timeline();
	uint32_t used = 0, n_detailed = 0;

	(void)state;
	for (uint64_t time = 1; time <= 1000; time++)
		take(&timeline, time, time + 1000);
	for (uint32_t i = 0; i < section.n_snapshots; i++) {
		n_detailed += snapshots[i].is_detailed;
		if (!snapshots[i].n_entries) {
			assert_false(snapshots[i].is_detailed);
			continue;
		}
		assert_int_equal(snapshots[i].n_entries, 2);
		assert_int_equal(snapshots[i].first_entry, used);
		assert_int_equal(entries[used].live_bytes + entries[used + 1].live_bytes,
		                 snapshots[i].live_bytes);
		used += 2;
	}
	assert_int_equal(section.n_tree_entries, used);
	/* One in five, give or take what halving does to the rhythm. */
	assert_in_range(n_detailed, section.n_snapshots / 5 - 1, section.n_snapshots / 5 + 1);
}

static void after_halving_snapshots_come_as_far_apart_as_the_kept_ones(void **state)
{
	struct timeline timeline = empty_timeline();
	uint64_t interval;

	(void)state;
	for (uint64_t time = 0; time <= MAX_SNAPSHOTS; time++)
		take(&timeline, time * 10, 1);
	interval = section.interval;
	assert_in_range(interval, 15, 25);
	assert_false(timeline_is_due(&timeline, MAX_SNAPSHOTS * 10 + interval - 1));
	assert_true(timeline_is_due(&timeline, MAX_SNAPSHOTS * 10 + interval));
}

static void a_tree_that_does_not_fit_leaves_a_plain_snapshot(void **state)
{
	struct timeline timeline = empty_timeline();

	(void)state;
	timeline.detailed_freq = 1;
	timeline.max_entries = 3;
	take(&timeline, 1, 10);
	assert_true(add(&timeline, 2, 20, TIMELINE_NO_TREE));
	assert_true(timeline_add_entry(&timeline, 1, 10));
	assert_false(timeline_add_entry(&timeline, 2, 10));
	assert_int_equal(section.n_tree_entries, 2);
	assert_int_equal(snapshots[1].is_detailed, 0);
	assert_int_equal(snapshots[1].n_entries, 0);
	assert_int_equal(snapshots[1].live_bytes, 20);
}

static void trees_that_cost_next_to_nothing_are_taken_besides(void **state)
{
	struct timeline timeline = empty_timeline();

	(void)state;
	timeline.detailed_freq = 1000;
	assert_false(add(&timeline, 1, 10, 1));
	section.interval = 512;
	assert_true(add(&timeline, 1000, 10, 2));
	assert_false(add(&timeline, 2000, 10, 3));
	/* They leave half of the room to those that are asked for. */
	section.n_tree_entries = MAX_ENTRIES / 2;
	assert_false(add(&timeline, 3000, 10, 2));
	timeline.all_trees = true;
	assert_true(add(&timeline, 4000, 10, TIMELINE_NO_TREE));
	for (uint32_t i = 0; i < section.n_snapshots; i++)
		assert_false(snapshots[i].is_detailed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_number_of_snapshots_is_bounded_and_their_times_grow),
	    cmocka_unit_test(every_tree_stays_with_its_snapshot),
	    cmocka_unit_test(after_halving_snapshots_come_as_far_apart_as_the_kept_ones),
	    cmocka_unit_test(a_tree_that_does_not_fit_leaves_a_plain_snapshot),
	    cmocka_unit_test(trees_that_cost_next_to_nothing_are_taken_besides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
