/* The live blocks: address -> size and stack, in private memory, so that fork(2) copies it with the
 * blocks.
 *
 * Two shadows of the address space, both without locks: only the owner of a block touches its
 * entry, after the allocation and before the release. Blocks under 4 KB have 8 bytes for each
 * granule in which a block can start (32 bytes for glibc, whose blocks start at least that far
 * apart); larger ones, of which no two start in one page, 16 bytes a page.
 */
#ifndef MEM_PRELOAD_LIVE_H
#define MEM_PRELOAD_LIVE_H

#include "mem/live_entry.h"
#include "mem/preload/preload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For the driver. */
extern HIDDEN struct live_facts live_facts;

/* False: no memory for the tables. */
bool live_init(bool allocator_is_glibc);

/* Calls for each live block; an origin that the visitor changes is kept. Only while no other thread
 * changes any. */
void live_for_each(void (*visit)(void *context, struct live_block *block), void *context);

/* A table for each region, NULL until it has a block. */
struct live_small {
	uint64_t **tables;
	uint32_t granule_bits;
	uint64_t own_depth; /* of this process's own blocks, for live_small_is_own() */
};
extern HIDDEN struct live_small live_small;

static inline bool live_is_no_block(uint64_t address)
{
	return address >> LIVE_ADDRESS_BITS || address % 8;
}

/* NULL: the region has no table, or can have none. */
static inline uint64_t *live_small_entry(uint64_t address)
{
	uint64_t *entries, region = address >> LIVE_SMALL_REGION_BITS;

	if (unlikely(region >= UINT64_C(1) << (LIVE_ADDRESS_BITS - LIVE_SMALL_REGION_BITS)))
		return NULL;
	entries = __atomic_load_n(&live_small.tables[region], __ATOMIC_ACQUIRE);
	if (unlikely(!entries))
		return NULL;
	return &entries[(address % (1 << LIVE_SMALL_REGION_BITS)) >> live_small.granule_bits];
}

/* Of the origins of this process's own blocks from now on. */
static inline void live_set_depth(uint32_t depth)
{
	live_facts.depth = depth;
	live_small.own_depth = (uint64_t)depth << (LIVE_SMALL_DEPTH_AT - LIVE_SMALL_AT_SHIFT);
}

/* Is an entry that is not 0 of a block that starts there? */
static inline bool live_small_is_at(uint64_t entry, uint64_t address)
{
	return address % 8 == 0 && (entry & LIVE_SMALL_AT_MASK) == LIVE_SMALL_AT(address);
}

/* Is an entry of a block that starts there and that this process made itself? One comparison for
 * both: its place among 32 bytes and its depth, each where it is after a shift. */
static always_inline bool live_small_is_own(uint64_t entry, uint64_t address)
{
	const uint64_t mask = (LIVE_SMALL_AT_MASK | LIVE_SMALL_DEPTH_MASK) >> LIVE_SMALL_AT_SHIFT;

	return entry &&
	       (entry >> LIVE_SMALL_AT_SHIFT & mask) == (live_small.own_depth | address % 32);
}

/* What the two below leave to others: large blocks, regions without a table. */
bool live_put_aside(uint64_t address, struct live_block block, struct live_block *stale,
                    bool *has_stale);
bool live_take_big(uint64_t address, struct live_block *block);

/* Remembers a block; *stale is what was still remembered at its place (has_stale). False when there
 * is no memory for the shadow. */
static inline bool live_put(const void *block_address, struct live_block block,
                            struct live_block *stale, bool *has_stale)
{
	uint64_t address = (uint64_t)block_address, *entry = live_small_entry(address);

	*has_stale = false;
	if (unlikely(!entry || block.size_bytes >= LIVE_SMALL_LIMIT))
		return live_put_aside(address, block, stale, has_stale);
	*has_stale = *entry != 0;
	if (unlikely(*has_stale))
		*stale = live_unpack_small(*entry);
	*entry = live_pack_small(address, block);
	return true;
}

/* Finds and forgets a block. False: not known. */
static inline bool live_take(const void *block_address, struct live_block *block)
{
	uint64_t address = (uint64_t)block_address, *entry = live_small_entry(address);
	struct live_block big;

	if (unlikely(!entry || !*entry || !live_small_is_at(*entry, address))) {
		if (!live_take_big(address, &big))
			return false;
		*block = big;
		return true;
	}
	*block = live_unpack_small(*entry);
	*entry = 0;
	return true;
}

#endif
