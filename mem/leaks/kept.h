/* What glibc keeps for itself in a stopped process and gives back when it is asked to
 * (__libc_freeres), as far as nobody would count it as in use: the stacks of ended threads that
 * wait for the next ones, with their thread-local storage, the dynamic linker's tables, and what is
 * hidden in libc's own search trees (setenv(3)). Pure. Nothing of it is believed.
 *
 * Found by the way that leads there from the dynamic linker's or libc's own data, not by who
 * allocated it: a thread that has ended and was neither joined nor detached is not on that way.
 */
#ifndef MEM_LEAKS_KEPT_H
#define MEM_LEAKS_KEPT_H

#include "mem/leaks/blocks.h"
#include "mem/leaks/look.h"
#include "mem/leaks/maps.h"
#include "mem/leaks/memory.h"

/* So much is looked at, since the process stands still meanwhile: a list or trees may be damaged,
 * or lead in circles. */
enum {
	LEAK_MOST_STACKS = 1 << 16, /* a process has 32,768 threads at most by default */
	LEAK_MOST_NODES = 1 << 18,  /* of a tree */
	LEAK_MOST_VISITS = 1 << 20, /* nodes of all that may be trees: 2.3 s */
};

struct leak_kept {
	struct leak_ranges stacks; /* whole, in no order */
	size_t *blocks;            /* numbers of those whose keeper was set, each once */
	size_t n_blocks;
	size_t blocks_capacity;
	bool is_list_cut;     /* there are more stacks than is looked at */
	uint64_t n_cut_trees; /* words of libc's data that may lead to more nodes than that */
};

/* Sets the keeper of blocks; *kept must be zeroed, and is for leak_kept_fini(). Stacks are found
 * from glibc 2.34 on, tables from 2.35 on, trees in any. */
void leak_kept_find(const struct leak_look *look, const struct leak_maps *maps,
                    const struct leak_memory *memory, const struct live_facts *facts,
                    struct leak_blocks *blocks, struct leak_kept *kept);
void leak_kept_fini(struct leak_kept *kept);

#endif
