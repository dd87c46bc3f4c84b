/* Which pages of an address space are mapped, and which stack was given them. Pure.
 *
 * Ranges are of whole pages, in ascending order, and do not overlap; neighbours of one stack are
 * one range.
 */
#ifndef MEM_PAGES_MAP_H
#define MEM_PAGES_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pages_range {
	uint64_t start;
	uint64_t end; /* exclusive */
	uint32_t stack;
	bool is_inherited; /* from the process that forked this one */
};

struct pages_map {
	struct pages_range *ranges;
	size_t n_ranges;
	size_t capacity;
};

void pages_map_fini(struct pages_map *map);
void pages_map_copy(struct pages_map *to, const struct pages_map *from);

/* The first range that ends behind the address; n_ranges: none does. */
size_t pages_map_after(const struct pages_map *map, uint64_t addr);

/* Removes all between the two addresses, and tells of each piece. NULL: tells nobody. */
void pages_map_remove(struct pages_map *map, uint64_t start, uint64_t end,
                      void (*visit)(void *context, const struct pages_range *piece), void *context);

/* There must be nothing where it is added. */
void pages_map_add(struct pages_map *map, struct pages_range range);

/* Tells of all that is in one of the maps and not in the other: `visit` gets
 * the piece, and whether it is in `map`. Stacks are not compared. */
void pages_map_compare(const struct pages_map *map, const struct pages_map *other,
                       void (*visit)(void *context, uint64_t start, uint64_t end, bool is_in_map),
                       void *context);

#endif
