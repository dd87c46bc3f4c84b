/* The timeline of a section: a bounded number of snapshots, halved when full, as massif keeps it.
 *
 * Pure bookkeeping on the section's memory; when to look at the clock is the
 * business of who counts. Compiled into the preload library too: libc only.
 */
#ifndef MEM_TIMELINE_H
#define MEM_TIMELINE_H

#include "mem/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct timeline {
	struct wire_section *section;
	struct wire_snapshot *snapshots;
	struct wire_tree_entry *entries;
	uint32_t max_snapshots;
	uint32_t detailed_freq;
	uint32_t max_entries;
	bool all_trees;
};

/* The cost of a tree that is not to be taken, unless for a detailed snapshot. */
#define TIMELINE_NO_TREE UINT64_MAX

/* Adds a snapshot, of which the caller fills in time and bytes; makes room first where there is
 * none. True: it is to have a tree, and the caller adds that now: because it is a detailed one,
 * because all are wanted, or because a tree, which takes `tree_cost` in the unit of the time, costs
 * next to nothing. */
bool timeline_add(struct timeline *timeline, struct wire_snapshot taken, uint64_t tree_cost);

/* Adds to the tree of the snapshot that was added last. False: no room, and it is a plain one
 * again. */
bool timeline_add_entry(struct timeline *timeline, uint32_t stack, uint64_t live_bytes);

/* True when a snapshot is due at this time. */
bool timeline_is_due(const struct timeline *timeline, uint64_t time);

#endif
