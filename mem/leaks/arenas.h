/* glibc's malloc memory in a stopped process, found without symbols (malloc/malloc.c, arena.c).
 * Pure. */
#ifndef MEM_LEAKS_ARENAS_H
#define MEM_LEAKS_ARENAS_H

#include "mem/leaks/memory.h"
#include "mem/leaks/ranges.h"

struct leak_main_arena {
	struct leak_range state; /* its malloc_state: pointers to free memory */
	struct leak_range top;   /* its uppermost chunk; empty: not known */
	uint64_t bytes;          /* that it has from the kernel, by brk(2) or otherwise */
};

struct leak_arenas {
	struct leak_main_arena *mains; /* several where dlmopen(3) has loaded another libc */
	size_t n_mains;
	size_t mains_capacity;
	struct leak_ranges heaps; /* of the other arenas, sorted */
	size_t n_arenas;
	size_t n_damaged; /* arenas whose heaps could not be followed to the end */
};

/* Adds what is found by a writable segment of an object. False: no main arena is there. */
bool leak_arenas_find(const struct leak_memory *memory, struct leak_range segment,
                      struct leak_arenas *arenas);
void leak_arenas_fini(struct leak_arenas *arenas);

/* The memory of a chunk that has a mapping to itself, by the header before the block. False: it
 * does not say so. */
bool leak_mapped_chunk(const struct leak_memory *memory, uint64_t block,
                       struct leak_range *mapping);

#endif
