/* Lists of address ranges. Pure. */
#ifndef MEM_LEAKS_RANGES_H
#define MEM_LEAKS_RANGES_H

#include "mem/leaks/leaks.h"

/* Zeroed memory is an empty one. */
struct leak_ranges {
	struct leak_range *ranges;
	size_t n_ranges;
	size_t capacity;
};

void leak_ranges_fini(struct leak_ranges *list);

/* Empty ones, and such as end before they start, are left out. */
void leak_ranges_add(struct leak_ranges *list, uint64_t start, uint64_t end);

/* Sorts them and joins those that touch. */
void leak_ranges_sort(struct leak_ranges *list);

/* Adds what is in `from` and not in `minus` to `to`; both are sorted. */
void leak_ranges_subtract(const struct leak_ranges *from, const struct leak_ranges *minus,
                          struct leak_ranges *to);

/* The range of a sorted list that holds the address, or NULL. */
const struct leak_range *leak_ranges_find(const struct leak_ranges *list, uint64_t addr);

#endif
