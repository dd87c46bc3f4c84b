/* What glibc keeps for itself in a stopped process and gives back when it is asked to
 * (__libc_freeres), as far as nobody would count it as in use: the stacks of ended threads that
 * wait for the next ones, with their thread-local storage, and the dynamic linker's tables. Pure.
 *
 * Found by the way that leads there from the dynamic linker's own data, not by who allocated it: a
 * thread that has ended and was neither joined nor detached is not on that way.
 */
#ifndef MEM_LEAKS_KEPT_H
#define MEM_LEAKS_KEPT_H

#include "mem/leaks/blocks.h"
#include "mem/leaks/look.h"
#include "mem/leaks/maps.h"
#include "mem/leaks/memory.h"

struct leak_kept {
	struct leak_ranges stacks; /* whole, in no order */
	size_t *blocks;            /* numbers of those whose keeper was set, each once */
	size_t n_blocks;
	size_t blocks_capacity;
};

/* Sets the keeper of blocks. Nothing is found where the facts lead nowhere: before glibc 2.34 (its
 * stacks), or 2.35 (its tables). */
void leak_kept_find(const struct leak_look *look, const struct leak_maps *maps,
                    const struct leak_memory *memory, const struct live_facts *facts,
                    struct leak_blocks *blocks, struct leak_kept *kept);
void leak_kept_fini(struct leak_kept *kept);

#endif
