/* Keeps massif's timeline: when it is full every second snapshot goes and the interval doubles. */
#include "mem/timeline.h"

#include <string.h>

bool timeline_is_due(const struct timeline *timeline, uint64_t time)
{
	const struct wire_section *section = timeline->section;

	return section->n_snapshots == 0 ||
	       time - timeline->snapshots[section->n_snapshots - 1].time >= section->interval;
}

/* Moves a snapshot with its tree down to where the kept ones end. */
static void keep(struct timeline *timeline, struct wire_snapshot snapshot, uint32_t *n_kept)
{
	struct wire_section *section = timeline->section;

	memmove(timeline->entries + section->n_tree_entries,
	        timeline->entries + snapshot.first_entry,
	        snapshot.n_entries * sizeof(*timeline->entries));
	snapshot.first_entry = section->n_tree_entries;
	section->n_tree_entries += snapshot.n_entries;
	timeline->snapshots[(*n_kept)++] = snapshot;
}

/* Of each pair the detailed one stays, else the later; one that comes too soon after another
 * detailed one is detailed no more, so that one in detailed_freq is. The first snapshot stays. */
static void halve(struct timeline *timeline)
{
	struct wire_section *section = timeline->section;
	struct wire_snapshot *snapshots = timeline->snapshots;
	uint32_t n = section->n_snapshots, n_kept = 0, since_detailed = timeline->detailed_freq;
	uint64_t span = snapshots[n - 1].time - snapshots[0].time;

	section->n_tree_entries = 0;
	keep(timeline, snapshots[0], &n_kept);
	for (uint32_t i = 1; i < n; i += 2) {
		uint32_t second = i + 1 < n ? i + 1 : i;
		bool first_is_better = snapshots[i].is_detailed && !snapshots[second].is_detailed;
		struct wire_snapshot kept = snapshots[first_is_better ? i : second];

		since_detailed++;
		if (kept.is_detailed && since_detailed < timeline->detailed_freq)
			kept.is_detailed = 0;
		else if (kept.is_detailed)
			since_detailed = 0;
		keep(timeline, kept, &n_kept);
	}
	section->n_snapshots = n_kept;
	section->since_detailed = since_detailed;
	section->interval *= 2;
	if (section->interval < span / n_kept)
		section->interval = span / n_kept;
}

/* Trees that nobody asked for may take so much of the time between snapshots, and half of the room
 * for trees. */
enum { SMALL_PART_OF_INTERVAL = 256 };

static bool is_cheap(const struct timeline *timeline, uint64_t tree_cost)
{
	return tree_cost <= timeline->section->interval / SMALL_PART_OF_INTERVAL &&
	       timeline->section->n_tree_entries < timeline->max_entries / 2;
}

bool timeline_add(struct timeline *timeline, struct wire_snapshot taken, uint64_t tree_cost)
{
	struct wire_section *section = timeline->section;

	if (section->n_snapshots >= timeline->max_snapshots)
		halve(timeline);
	taken.first_entry = section->n_tree_entries;
	taken.is_detailed = ++section->since_detailed >= timeline->detailed_freq;
	if (taken.is_detailed)
		section->since_detailed = 0;
	timeline->snapshots[section->n_snapshots++] = taken;
	return taken.is_detailed || timeline->all_trees || is_cheap(timeline, tree_cost);
}

bool timeline_add_entry(struct timeline *timeline, uint32_t stack, uint64_t live_bytes)
{
	struct wire_section *section = timeline->section;
	struct wire_snapshot *snapshot = &timeline->snapshots[section->n_snapshots - 1];

	if (section->n_tree_entries >= timeline->max_entries) {
		section->n_tree_entries = snapshot->first_entry;
		snapshot->n_entries = 0;
		snapshot->is_detailed = 0;
		return false;
	}
	timeline->entries[section->n_tree_entries++] =
	    (struct wire_tree_entry){.stack = stack, .live_bytes = live_bytes};
	snapshot->n_entries++;
	return true;
}
