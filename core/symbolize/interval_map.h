/* Which of many overlapping address ranges owns an address.
 *
 * Function symbols, inlined calls, compile units and JIT code all overlap now and then; each
 * has its own idea which one wins. A map is filled, then asked: the first question flattens the
 * ranges into disjoint segments, so every question is one binary search. Adding
 * after a question is fine and flattens again. Not thread-safe.
 */
#ifndef CORE_SYMBOLIZE_INTERVAL_MAP_H
#define CORE_SYMBOLIZE_INTERVAL_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval_map;

struct interval_map *interval_map_new(void);
void interval_map_free(struct interval_map *map);

/* Where ranges overlap the higher precedence wins, then the later start, then what was added
 * later. An empty range is ignored. */
void interval_map_add(struct interval_map *map, uint64_t start, uint64_t end, uint32_t precedence,
                      uint32_t value);
size_t interval_map_count(const struct interval_map *map);

/* False: no range holds the address. */
bool interval_map_find(struct interval_map *map, uint64_t address, uint32_t *value);
/* The same, with the addresses around that have the same value: [*start, *end). */
bool interval_map_find_range(struct interval_map *map, uint64_t address, uint32_t *value,
                             uint64_t *start, uint64_t *end);

#endif
