/* Counts pages by stack. */
#include "mem/pages/space.h"

#include "core/alloc.h"
#include "mem/timeline.h"
#include "mem/wire_reader.h"

#include <stdlib.h>
#include <string.h>

void pages_space_init(struct pages_space *space, const struct pages_settings *settings,
                      uint64_t now_ns)
{
	*space = (struct pages_space){
	    .settings = *settings,
	    .head = {.start_ns = now_ns, .peak_epoch = 1},
	    .snapshots = xcalloc(settings->max_snapshots, sizeof(*space->snapshots)),
	};
	if (!settings->time_is_bytes)
		space->head.peak_time = now_ns;
}

void pages_space_fini(struct pages_space *space)
{
	pages_map_fini(&space->map);
	free(space->counters);
	free(space->snapshots);
	free(space->entries);
	*space = (struct pages_space){0};
}

void pages_space_close(struct pages_space *space)
{
	pages_map_fini(&space->map);
	space->snapshots = xrealloc(space->snapshots, (space->head.n_snapshots + (size_t)1) *
	                                                  sizeof(*space->snapshots));
	space->entries = xrealloc(space->entries, (space->head.n_tree_entries + (size_t)1) *
	                                              sizeof(*space->entries));
	space->counters =
	    xrealloc(space->counters, (space->n_counters + 1) * sizeof(*space->counters));
	space->counters_capacity = space->n_counters;
}

static struct pages_counter *counter_of(struct pages_space *space, uint32_t stack)
{
	while (space->n_counters <= stack)
		ARRAY_APPEND(space->counters, space->n_counters, space->counters_capacity);
	return &space->counters[stack];
}

/* The same, for a change of what is live. */
static struct pages_counter *counter_to_change(struct pages_space *space, uint32_t stack)
{
	struct pages_counter *counter = counter_of(space, stack);

	if (counter->peak_epoch != space->head.peak_epoch) {
		counter->peak_bytes = counter->live_bytes + counter->inherited_bytes;
		counter->peak_epoch = space->head.peak_epoch;
	}
	return counter;
}

static void count_taken(void *context, const struct pages_range *piece)
{
	struct pages_event *event = context;
	struct pages_counter *counter = counter_to_change(event->space, piece->stack);
	uint64_t bytes = piece->end - piece->start;

	if (piece->is_inherited)
		counter->inherited_bytes -= bytes;
	else
		counter->live_bytes -= bytes;
	event->space->live_bytes -= bytes;
	event->taken_bytes += bytes;
}

void pages_event_take(struct pages_event *event, uint64_t start, uint64_t end)
{
	pages_map_remove(&event->space->map, start, end, count_taken, event);
}

void pages_event_give(struct pages_event *event, uint64_t start, uint64_t end)
{
	struct pages_range range = {.start = start, .end = end, .stack = event->stack};

	if (start >= end)
		return;
	pages_event_take(event, start, end);
	counter_to_change(event->space, event->stack)->live_bytes += end - start;
	event->space->live_bytes += end - start;
	event->given_bytes += end - start;
	pages_map_add(&event->space->map, range);
}

void pages_event_move(struct pages_event *event, uint64_t start, uint64_t end, uint64_t to)
{
	struct pages_map moved = {0};
	const struct pages_map *map = &event->space->map;

	for (size_t i = pages_map_after(map, start);
	     i < map->n_ranges && map->ranges[i].start < end; i++) {
		struct pages_range piece = map->ranges[i];

		piece.start = piece.start > start ? piece.start : start;
		piece.end = piece.end < end ? piece.end : end;
		pages_map_add(&moved, piece);
	}
	pages_event_take(event, start, end);
	for (size_t i = 0; i < moved.n_ranges; i++)
		pages_event_give(event, moved.ranges[i].start - start + to,
		                 moved.ranges[i].end - start + to);
	pages_map_fini(&moved);
}

static void raise_peak(struct pages_space *space, uint64_t time)
{
	if ((int64_t)space->live_bytes <= space->head.peak_bytes)
		return;
	space->head.peak_bytes = (int64_t)space->live_bytes;
	space->head.peak_time = time;
	space->head.peak_epoch++;
}

/* Each snapshot has a tree: there are few stacks. */
static void add_snapshot(struct pages_space *space, uint64_t time)
{
	struct wire_snapshot taken = {.time = time, .live_bytes = space->live_bytes};
	struct timeline timeline = {
	    .section = &space->head,
	    .snapshots = space->snapshots,
	    .max_snapshots = space->settings.max_snapshots,
	    .detailed_freq = space->settings.detailed_freq,
	    .max_entries = WIRE_MAX_TREE_ENTRIES,
	    .all_trees = true,
	};

	if (!timeline_is_due(&timeline, time))
		return;
	space->entries = timeline.entries =
	    array_reserve(space->entries, &space->entries_capacity,
	                  space->head.n_tree_entries + space->n_counters, sizeof(*space->entries));
	timeline_add(&timeline, taken, 0);
	for (uint32_t stack = 0; stack < space->n_counters; stack++) {
		const struct pages_counter *counter = &space->counters[stack];
		uint64_t live = counter->live_bytes + counter->inherited_bytes;

		if (live && !timeline_add_entry(&timeline, stack, live)) {
			space->head.troubles[WIRE_NO_TREE]++;
			return;
		}
	}
}

void pages_event_end(struct pages_event *event)
{
	struct pages_space *space = event->space;
	struct pages_counter *counter = counter_of(space, event->stack);
	uint64_t time;

	if (!event->given_bytes && !event->taken_bytes)
		return;
	if (event->given_bytes) {
		counter->calls++;
		counter->given_bytes += event->given_bytes;
		space->giving_calls++;
	}
	space->taking_calls += event->taken_bytes > 0;
	space->churn_bytes += event->given_bytes + event->taken_bytes;
	time = space->settings.time_is_bytes ? space->churn_bytes : event->now_ns;
	raise_peak(space, time);
	add_snapshot(space, time);
}

/* The peak so far is what there is. */
void pages_space_fork(struct pages_space *space, const struct pages_space *parent, uint64_t now_ns)
{
	pages_space_init(space, &parent->settings, now_ns);
	pages_map_copy(&space->map, &parent->map);
	for (size_t i = 0; i < space->map.n_ranges; i++) {
		struct pages_range *range = &space->map.ranges[i];

		range->is_inherited = true;
		counter_of(space, range->stack)->inherited_bytes += range->end - range->start;
	}
	space->live_bytes = parent->live_bytes;
	raise_peak(space, space->settings.time_is_bytes ? 0 : now_ns);
	add_snapshot(space, space->settings.time_is_bytes ? 0 : now_ns);
}

void pages_space_note_temporary(struct pages_space *space, uint32_t stack)
{
	counter_of(space, stack)->temporary++;
}

uint64_t pages_space_time(const struct pages_space *space, uint64_t now_ns)
{
	return space->settings.time_is_bytes ? space->churn_bytes : now_ns - space->head.start_ns;
}

static struct wire_sums sums_of(const struct pages_space *space, uint32_t stack)
{
	const struct pages_counter *counter = &space->counters[stack];
	uint64_t now = counter->live_bytes + counter->inherited_bytes;
	uint64_t peak = counter->peak_epoch == space->head.peak_epoch ? counter->peak_bytes : now;

	return (struct wire_sums){
	    .stack = stack,
	    .allocations = counter->calls,
	    .allocated_bytes = counter->given_bytes,
	    .temporary = counter->temporary,
	    .live_bytes = counter->live_bytes,
	    .live_blocks = counter->live_bytes / PAGES_BYTES,
	    .inherited_bytes = counter->inherited_bytes,
	    .inherited_blocks = counter->inherited_bytes / PAGES_BYTES,
	    .peak_bytes = peak,
	    .peak_blocks = peak / PAGES_BYTES,
	};
}

struct wire_section_copy pages_space_counted(const struct pages_space *space)
{
	static const struct pages_counter nothing;
	struct wire_section_copy copy = {
	    .head = space->head,
	    .snapshots = space->snapshots,
	    .entries = space->entries,
	    .sums = xcalloc(space->n_counters + 1, sizeof(*copy.sums)),
	};

	for (uint32_t stack = 0; stack < space->n_counters; stack++)
		if (memcmp(&space->counters[stack], &nothing, sizeof(nothing)) != 0)
			copy.sums[copy.n_sums++] = sums_of(space, stack);
	return copy;
}
