/* Flattens prioritised ranges by a sweep over their starts, with a heap of those that are open. */
#include "core/symbolize/interval_map.h"

#include "core/alloc.h"

#include <stdlib.h>

struct interval {
	uint64_t start;
	uint64_t end;
	uint32_t precedence;
	uint32_t value;
	size_t order; /* of adding */
};

struct segment {
	uint64_t start;
	uint64_t end;
	uint32_t value;
};

struct interval_map {
	struct interval *intervals;
	size_t n_intervals;
	size_t intervals_capacity;
	struct segment *segments; /* sorted, disjoint */
	size_t n_segments;
	size_t segments_capacity;
	bool flat; /* the segments say what the intervals say */
};

/* A binary heap, the winner first. */
struct open_intervals {
	const struct interval **items;
	size_t n_items;
	size_t items_capacity;
};

struct interval_map *interval_map_new(void)
{
	return xcalloc(1, sizeof(struct interval_map));
}

void interval_map_free(struct interval_map *map)
{
	if (!map)
		return;
	free(map->intervals);
	free(map->segments);
	free(map);
}

void interval_map_add(struct interval_map *map, uint64_t start, uint64_t end, uint32_t precedence,
                      uint32_t value)
{
	size_t order = map->n_intervals;

	if (start >= end)
		return;
	*ARRAY_APPEND(map->intervals, map->n_intervals, map->intervals_capacity) =
	    (struct interval){start, end, precedence, value, order};
	map->flat = false;
}

size_t interval_map_count(const struct interval_map *map)
{
	return map->n_intervals;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_starts(const void *left, const void *right)
{
	const struct interval *a = left;
	const struct interval *b = right;
	int by_start = compare_numbers(a->start, b->start);

	return by_start ? by_start : compare_numbers(a->order, b->order);
}

static bool wins(const struct interval *a, const struct interval *b)
{
	if (a->precedence != b->precedence)
		return a->precedence > b->precedence;
	if (a->start != b->start)
		return a->start > b->start;
	return a->order > b->order;
}

static void swap_items(struct open_intervals *open, size_t i, size_t j)
{
	const struct interval *item = open->items[i];

	open->items[i] = open->items[j];
	open->items[j] = item;
}

static void open_push(struct open_intervals *open, const struct interval *interval)
{
	size_t i = open->n_items;

	*ARRAY_APPEND(open->items, open->n_items, open->items_capacity) = interval;
	for (; i && wins(open->items[i], open->items[(i - 1) / 2]); i = (i - 1) / 2)
		swap_items(open, i, (i - 1) / 2);
}

static void open_pop(struct open_intervals *open)
{
	size_t i = 0;

	open->items[0] = open->items[--open->n_items];
	for (;;) {
		size_t best = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < open->n_items; child++)
			if (wins(open->items[child], open->items[best]))
				best = child;
		if (best == i)
			return;
		swap_items(open, i, best);
		i = best;
	}
}

static void append_segment(struct interval_map *map, uint64_t start, uint64_t end, uint32_t value)
{
	struct segment *last = map->n_segments ? &map->segments[map->n_segments - 1] : NULL;

	if (last && last->end == start && last->value == value)
		last->end = end;
	else
		*ARRAY_APPEND(map->segments, map->n_segments, map->segments_capacity) =
		    (struct segment){start, end, value};
}

/* As the kernel's hundred thousands of symbols are: nothing to settle. */
static bool is_flat_already(const struct interval_map *map)
{
	for (size_t i = 1; i < map->n_intervals; i++)
		if (map->intervals[i].start < map->intervals[i - 1].end)
			return false;
	return true;
}

static void copy_intervals(struct interval_map *map)
{
	for (size_t i = 0; i < map->n_intervals; i++)
		append_segment(map, map->intervals[i].start, map->intervals[i].end,
		               map->intervals[i].value);
}

static void sweep(struct interval_map *map)
{
	struct open_intervals open = {0};
	size_t next = 0;
	uint64_t position = 0;

	qsort(map->intervals, map->n_intervals, sizeof(*map->intervals), compare_starts);
	while (next < map->n_intervals || open.n_items) {
		uint64_t until;

		if (!open.n_items)
			position = map->intervals[next].start;
		while (next < map->n_intervals && map->intervals[next].start <= position)
			open_push(&open, &map->intervals[next++]);
		while (open.n_items && open.items[0]->end <= position)
			open_pop(&open);
		if (!open.n_items)
			continue;
		until = open.items[0]->end;
		if (next < map->n_intervals && map->intervals[next].start < until)
			until = map->intervals[next].start;
		append_segment(map, position, until, open.items[0]->value);
		position = until;
	}
	free(open.items);
}

static void flatten(struct interval_map *map)
{
	map->n_segments = 0;
	map->flat = true;
	if (is_flat_already(map))
		copy_intervals(map);
	else
		sweep(map);
}

bool interval_map_find(struct interval_map *map, uint64_t address, uint32_t *value)
{
	uint64_t start, end;

	return interval_map_find_range(map, address, value, &start, &end);
}

bool interval_map_find_range(struct interval_map *map, uint64_t address, uint32_t *value,
                             uint64_t *start, uint64_t *end)
{
	size_t low = 0;
	size_t high;

	if (!map->flat)
		flatten(map);
	high = map->n_segments;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->segments[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == map->n_segments || map->segments[low].start > address)
		return false;
	*value = map->segments[low].value;
	*start = map->segments[low].start;
	*end = map->segments[low].end;
	return true;
}
