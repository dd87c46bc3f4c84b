/* Where pointers count in a stopped process: what can be written there, less malloc's memory, our
 * own, and the unused parts of stacks. */
#ifndef MEM_LEAKS_GROUND_H
#define MEM_LEAKS_GROUND_H

#include "mem/leaks/arenas.h"
#include "mem/leaks/blocks.h"
#include "mem/leaks/exit_frames.h"
#include "mem/leaks/look.h"
#include "mem/leaks/maps.h"
#include "mem/leaks/memory.h"

struct leak_roots {
	struct leak_ranges ranges; /* without what was never touched */
	uint64_t *words;           /* registers */
	size_t n_words;
	uint64_t n_odd_blocks; /* in memory that is not known to be malloc's */
};

/* All that was read of the process; the lists of maps are as leak_maps_read() left them. */
struct leak_view {
	const struct leak_look *look;
	const struct leak_maps *maps;
	const struct leak_memory *memory;
	const struct live_facts *facts;
	const struct leak_blocks *blocks;
	const struct leak_arenas *arenas;
	struct leak_libc libc;
	const struct leak_ranges *kept_stacks; /* no roots (kept.h) */
};

void leak_roots_find(const struct leak_view *view, struct leak_roots *roots);
void leak_roots_fini(struct leak_roots *roots);

#endif
