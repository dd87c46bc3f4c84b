/* What an address space was given and what it gave back, page by page, in time: by stack, with its
 * peak and its timeline. Pure.
 *
 * Stacks are numbers of the caller's; 0 is none. The peak is exact at the end of each event.
 */
#ifndef MEM_PAGES_SPACE_H
#define MEM_PAGES_SPACE_H

#include "mem/pages/map.h"
#include "mem/wire.h"

struct wire_section_copy;

enum { PAGES_BYTES = 4096 };

/* What one stack did. */
struct pages_counter {
	uint64_t calls; /* that gave pages */
	uint64_t given_bytes;
	uint64_t temporary; /* calls whose pages their thread gave back before it got others */
	uint64_t live_bytes;
	uint64_t inherited_bytes;
	/* Live at the peak if peak_epoch is the space's; if older, nothing changed since. */
	uint64_t peak_bytes;
	uint64_t peak_epoch;
};

struct pages_settings {
	bool time_is_bytes;
	uint32_t max_snapshots;
	uint32_t detailed_freq;
};

struct pages_space {
	struct pages_settings settings;
	struct pages_map map;
	struct pages_counter *counters; /* by stack */
	size_t n_counters;
	size_t counters_capacity;
	uint64_t live_bytes;
	uint64_t churn_bytes;  /* given and taken so far */
	uint64_t taking_calls; /* that took pages */
	uint64_t giving_calls;

	/* The timeline, and the peak, in the shape of the preload's (mem/wire.h). */
	struct wire_section head;
	struct wire_snapshot *snapshots;
	struct wire_tree_entry *entries;
	size_t entries_capacity;
};

/* An empty one, from this moment on (CLOCK_MONOTONIC). */
void pages_space_init(struct pages_space *space, const struct pages_settings *settings,
                      uint64_t now_ns);
/* Begins with what the parent has, as inherited. */
void pages_space_fork(struct pages_space *space, const struct pages_space *parent, uint64_t now_ns);
void pages_space_fini(struct pages_space *space);
/* Nothing will change any more: gives back what only changes need. */
void pages_space_close(struct pages_space *space);

/* One call, or whatever else changes the space at once: begin, then give and take in the order in
 * which the kernel does, then end. */
struct pages_event {
	struct pages_space *space;
	uint64_t now_ns;
	uint32_t stack; /* of the call */
	uint64_t given_bytes;
	uint64_t taken_bytes;
};

void pages_event_give(struct pages_event *event, uint64_t start, uint64_t end);
void pages_event_take(struct pages_event *event, uint64_t start, uint64_t end);
/* What lies between the addresses is elsewhere now, and is given anew. */
void pages_event_move(struct pages_event *event, uint64_t start, uint64_t end, uint64_t to);
void pages_event_end(struct pages_event *event);

/* Of the call of this stack all pages were given back by the thread before it got others. */
void pages_space_note_temporary(struct pages_space *space, uint32_t stack);

/* A moment as snapshots have it: ns since the beginning, or bytes given and taken. */
uint64_t pages_space_time(const struct pages_space *space, uint64_t now_ns);

/* The counts as the preload's are read: sums by stack, snapshots and trees. `sums` is the copy's
 * alone, the caller frees it; all else is the space's. */
struct wire_section_copy pages_space_counted(const struct pages_space *space);

#endif
