/* The timeline of a section: a bounded number of snapshots, halved when full, as massif keeps it.
 *
 * Pure bookkeeping on the section's memory; when to look at the clock is record.c's business.
 */
#ifndef MEM_PRELOAD_TIMELINE_H
#define MEM_PRELOAD_TIMELINE_H

#include "mem/wire.h"

#include <stdbool.h>

struct timeline {
	struct wire_section *section;
	struct wire_snapshot *snapshots;
	struct wire_tree_entry *entries;
	uint32_t max_snapshots;
	uint32_t detailed_freq;
	uint32_t max_entries;
};

/* Adds a snapshot; makes room first where there is none. True: it is to be a detailed one,
 * and the caller adds its tree now. */
bool timeline_add(struct timeline *timeline, uint64_t time, uint64_t live_bytes);

/* Adds to the tree of the snapshot that was added last. False: no room, and it is a plain one
 * again. */
bool timeline_add_entry(struct timeline *timeline, uint32_t stack, uint64_t live_bytes);

/* True when a snapshot is due at this time. */
bool timeline_is_due(const struct timeline *timeline, uint64_t time);

#endif
