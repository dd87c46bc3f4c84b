/* Sorts, joins and subtracts ranges. */
#include "mem/leaks/ranges.h"

#include "core/alloc.h"

#include <stdlib.h>

void leak_ranges_fini(struct leak_ranges *list)
{
	free(list->ranges);
	*list = (struct leak_ranges){0};
}

void leak_ranges_add(struct leak_ranges *list, uint64_t start, uint64_t end)
{
	if (start < end)
		*ARRAY_APPEND(list->ranges, list->n_ranges, list->capacity) =
		    (struct leak_range){start, end};
}

static int by_start(const void *left, const void *right)
{
	const struct leak_range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

void leak_ranges_sort(struct leak_ranges *list)
{
	size_t kept = 0;

	if (!list->n_ranges)
		return;
	qsort(list->ranges, list->n_ranges, sizeof(*list->ranges), by_start);
	for (size_t i = 1; i < list->n_ranges; i++) {
		struct leak_range *last = &list->ranges[kept];

		if (list->ranges[i].start > last->end)
			list->ranges[++kept] = list->ranges[i];
		else if (list->ranges[i].end > last->end)
			last->end = list->ranges[i].end;
	}
	list->n_ranges = kept + 1;
}

void leak_ranges_subtract(const struct leak_ranges *from, const struct leak_ranges *minus,
                          struct leak_ranges *to)
{
	size_t j = 0;

	for (size_t i = 0; i < from->n_ranges; i++) {
		uint64_t start = from->ranges[i].start, end = from->ranges[i].end;

		while (j < minus->n_ranges && minus->ranges[j].end <= start)
			j++;
		for (size_t k = j; k < minus->n_ranges && minus->ranges[k].start < end; k++) {
			leak_ranges_add(to, start, minus->ranges[k].start);
			start = minus->ranges[k].end;
		}
		leak_ranges_add(to, start, end);
	}
}

const struct leak_range *leak_ranges_find(const struct leak_ranges *list, uint64_t addr)
{
	size_t low = 0, high = list->n_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->ranges[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low < list->n_ranges && list->ranges[low].start <= addr ? &list->ranges[low] : NULL;
}
