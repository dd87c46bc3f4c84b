/* memcheck's four rules by which a pointer into a block counts as one to its start. */
#ifndef MEM_LEAKS_HEURISTICS_H
#define MEM_LEAKS_HEURISTICS_H

#include "mem/leaks/mark.h"

struct block_map;
struct u64map;

/* What judging needs. */
struct heuristics {
	const struct leak_ground *ground;
	struct block_map *map;
	/* Addresses that were looked at -> are they vtables? Begins empty. */
	struct u64map *vtables;
};

/* The first of the ground's heuristics that holds for a pointer into the block, which is not one to
 * its start. */
enum leak_heuristic heuristics_judge(const struct heuristics *heuristics,
                                     const struct leak_block *block, uint64_t pointer);

/* Looks at all that may be vtables for pointers into the block, so that no later judgement on it
 * reads any. */
void heuristics_learn(const struct heuristics *heuristics, const struct leak_block *block);

#endif
