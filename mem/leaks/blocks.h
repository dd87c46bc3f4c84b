/* The live blocks of a stopped process, out of the tables that the preload library keeps there
 * (mem/live_entry.h). Pure. Nothing of it is believed: the target can write there. */
#ifndef MEM_LEAKS_BLOCKS_H
#define MEM_LEAKS_BLOCKS_H

#include "mem/leaks/memory.h"
#include "mem/leaks/ranges.h"
#include "mem/live_entry.h"

struct diag;

struct leak_blocks {
	struct leak_block *blocks; /* by address, without overlap */
	size_t n_blocks;
	size_t room;               /* for so many (huge_new()) */
	struct leak_ranges tables; /* where the preload library keeps them */
	uint64_t n_damaged;        /* entries that can be no block, or overlap another, and: */
	uint64_t n_damaged_tables; /* in which any number of blocks may have been */
};

/* The facts at an address that the image header says. `image`: where the header is mapped. -EBADMSG
 * with a sentence: that are none. */
int leak_facts_read(const struct leak_memory *memory, uint64_t addr, uint64_t image,
                    struct live_facts *facts, struct diag *diag);

/* -E2BIG with a sentence: more than can be looked at. */
int leak_blocks_read(const struct leak_memory *memory, const struct live_facts *facts,
                     struct leak_blocks *blocks, struct diag *diag);
void leak_blocks_fini(struct leak_blocks *blocks);

/* The first block that ends behind the address; n_blocks: none does. */
size_t leak_blocks_after(const struct leak_blocks *blocks, uint64_t addr);

/* Of a block in the sense of memcheck: one of 0 bytes takes one. */
static inline uint64_t leak_block_end(const struct leak_block *block)
{
	return block->addr + block->size_bytes + !block->size_bytes;
}

#endif
