/* Keeps page ranges in a sorted array: a process has some tens to some ten thousands of them. */
#include "mem/pages/map.h"

#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>

void pages_map_fini(struct pages_map *map)
{
	free(map->ranges);
	*map = (struct pages_map){0};
}

void pages_map_copy(struct pages_map *to, const struct pages_map *from)
{
	*to = (struct pages_map){.n_ranges = from->n_ranges};
	to->ranges = array_reserve(NULL, &to->capacity, from->n_ranges + 1, sizeof(*to->ranges));
	if (from->n_ranges)
		memcpy(to->ranges, from->ranges, from->n_ranges * sizeof(*to->ranges));
}

size_t pages_map_after(const struct pages_map *map, uint64_t addr)
{
	size_t low = 0, high = map->n_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->ranges[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Replaces `n_old` ranges from `at` on by `n_new` others. */
static void splice(struct pages_map *map, size_t at, size_t n_old, const struct pages_range *ranges,
                   size_t n_new)
{
	size_t n_behind = map->n_ranges - at - n_old;

	map->ranges =
	    array_reserve(map->ranges, &map->capacity, map->n_ranges + n_new, sizeof(*map->ranges));
	memmove(map->ranges + at + n_new, map->ranges + at + n_old,
	        n_behind * sizeof(*map->ranges));
	if (n_new)
		memcpy(map->ranges + at, ranges, n_new * sizeof(*ranges));
	map->n_ranges += n_new - n_old;
}

void pages_map_remove(struct pages_map *map, uint64_t start, uint64_t end,
                      void (*visit)(void *context, const struct pages_range *piece), void *context)
{
	size_t first = pages_map_after(map, start), last = first, n_left = 0;
	struct pages_range left[2];

	if (start >= end)
		return;
	for (; last < map->n_ranges && map->ranges[last].start < end; last++) {
		struct pages_range piece = map->ranges[last];

		if (piece.start < start) {
			left[n_left] = piece;
			left[n_left++].end = start;
			piece.start = start;
		}
		if (piece.end > end) {
			left[n_left] = piece;
			left[n_left++].start = end;
			piece.end = end;
		}
		if (visit)
			visit(context, &piece);
	}
	if (last > first)
		splice(map, first, last - first, left, n_left);
}

static bool are_one(const struct pages_range *below, const struct pages_range *above)
{
	return below->end == above->start && below->stack == above->stack &&
	       below->is_inherited == above->is_inherited;
}

void pages_map_add(struct pages_map *map, struct pages_range range)
{
	size_t at = pages_map_after(map, range.start), n_old = 0;

	if (range.start >= range.end)
		return;
	if (at > 0 && are_one(&map->ranges[at - 1], &range)) {
		range.start = map->ranges[--at].start;
		n_old++;
	}
	if (at + n_old < map->n_ranges && are_one(&range, &map->ranges[at + n_old]))
		range.end = map->ranges[at + n_old++].end;
	splice(map, at, n_old, &range, 1);
}

/* Tells of all of `of` that `other` has not. */
static void tell_missing(const struct pages_map *of, const struct pages_map *other, bool is_in_map,
                         void (*visit)(void *context, uint64_t start, uint64_t end, bool is_in_map),
                         void *context)
{
	for (size_t i = 0; i < of->n_ranges; i++) {
		uint64_t start = of->ranges[i].start, end = of->ranges[i].end;
		size_t j = pages_map_after(other, start);

		for (; j < other->n_ranges && other->ranges[j].start < end; j++) {
			if (other->ranges[j].start > start)
				visit(context, start, other->ranges[j].start, is_in_map);
			start = other->ranges[j].end;
		}
		if (start < end)
			visit(context, start, end, is_in_map);
	}
}

void pages_map_compare(const struct pages_map *map, const struct pages_map *other,
                       void (*visit)(void *context, uint64_t start, uint64_t end, bool is_in_map),
                       void *context)
{
	tell_missing(map, other, true, visit, context);
	tell_missing(other, map, false, visit, context);
}
