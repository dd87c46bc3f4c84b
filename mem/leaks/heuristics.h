/* memcheck's four rules by which a pointer into a block counts as one to its start. */
#ifndef MEM_LEAKS_HEURISTICS_H
#define MEM_LEAKS_HEURISTICS_H

#include "mem/leaks/mark.h"

struct block_map;

/* The first of the ground's heuristics that holds for a pointer into the block, which is not one to
 * its start. */
enum leak_heuristic heuristics_judge(const struct leak_ground *ground, struct block_map *map,
                                     const struct leak_block *block, uint64_t pointer);

#endif
