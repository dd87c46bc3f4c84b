/* Two two-level shadows of the address space that hold the live blocks. */
#include "mem/preload/live.h"

#include "mem/preload/preload.h"

struct live_small live_small;
struct live_facts live_facts;
static struct live_big_entry **big_tables;
static struct live_table *tables; /* all, for walking */

bool live_init(bool allocator_is_glibc)
{
	live_small.granule_bits = allocator_is_glibc ? 5 : 3;
	live_small.tables = preload_reserve(sizeof(*live_small.tables)
	                                    << (LIVE_ADDRESS_BITS - LIVE_SMALL_REGION_BITS));
	big_tables =
	    preload_reserve(sizeof(*big_tables) << (LIVE_ADDRESS_BITS - LIVE_BIG_REGION_BITS));
	tables = preload_reserve(LIVE_MAX_TABLES * sizeof(*tables));
	live_facts.is_glibc = allocator_is_glibc;
	live_facts.granule_bits = live_small.granule_bits;
	live_facts.tables = (uint64_t)tables;
	return live_small.tables && big_tables && tables;
}

static uint64_t big_table_entries(void)
{
	return live_table_entries(false, 0);
}

/* Makes the table of *slot, of the region that holds the address; another thread may have done so
 * first, then ours is never used: rare and harmless. */
static void *make_table(void **slot, uint64_t address, bool is_small)
{
	uint64_t region_bytes = UINT64_C(1)
	                        << (is_small ? LIVE_SMALL_REGION_BITS : LIVE_BIG_REGION_BITS);
	size_t bytes = live_table_entries(is_small, live_small.granule_bits) *
	               (is_small ? sizeof(uint64_t) : sizeof(struct live_big_entry));
	void *expected = NULL, *entries;
	uint32_t number = __atomic_fetch_add(&live_facts.n_tables, 1, __ATOMIC_RELAXED);

	if (number >= LIVE_MAX_TABLES)
		return NULL;
	entries = preload_map(bytes);
	if (!entries || !preload_make_writable(slot, sizeof(*slot)) ||
	    !preload_make_writable(&tables[number], sizeof(tables[number])))
		return NULL;
	tables[number] = (struct live_table){
	    .entries = (uint64_t)entries, .region = address & -region_bytes, .is_small = is_small};
	if (!__atomic_compare_exchange_n(slot, &expected, entries, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE))
		return expected;
	return entries;
}

static inline struct live_big_entry *big_entry(uint64_t address, bool make)
{
	struct live_big_entry **slot = &big_tables[address >> LIVE_BIG_REGION_BITS];
	struct live_big_entry *entries = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (unlikely(!entries)) {
		if (!make || !(entries = make_table((void **)slot, address, false)))
			return NULL;
	}
	return &entries[(address >> LIVE_PAGE_BITS) & (big_table_entries() - 1)];
}

static bool put_big(uint64_t address, struct live_block block, struct live_block *stale,
                    bool *has_stale)
{
	struct live_big_entry *entry = big_entry(address, true);

	if (!entry)
		return false;
	*has_stale = entry->where != 0;
	if (*has_stale)
		*stale = live_unpack_big(*entry);
	entry->size_bytes = block.size_bytes;
	/* Last: a forked child may have been copied between the two. */
	__atomic_store_n(&entry->where, live_pack_big(address, block), __ATOMIC_RELEASE);
	return true;
}

bool live_put_aside(uint64_t address, struct live_block block, struct live_block *stale,
                    bool *has_stale)
{
	if (live_is_no_block(address))
		return false;
	if (block.size_bytes >= LIVE_SMALL_LIMIT)
		return put_big(address, block, stale, has_stale);
	/* The first of its region. */
	if (!make_table((void **)&live_small.tables[address >> LIVE_SMALL_REGION_BITS], address,
	                true))
		return false;
	*live_small_entry(address) = live_pack_small(address, block);
	return true;
}

bool live_take_big(uint64_t address, struct live_block *block)
{
	struct live_big_entry *big;

	if (live_is_no_block(address))
		return false;
	big = big_entry(address, false);
	if (!big || !big->where || (big->where & LIVE_BIG_AT_MASK) != LIVE_BIG_AT(address))
		return false;
	*block = live_unpack_big(*big);
	big->where = 0;
	return true;
}

/* Writes to an entry only where the origin changed: a forked child shares these pages with its
 * parent. */
static void walk_small(uint64_t *entries, void (*visit)(void *, struct live_block *), void *context)
{
	size_t n = live_table_entries(true, live_small.granule_bits);

	for (size_t i = 0; i < n; i++) {
		struct live_block block = live_unpack_small(entries[i]);
		uint64_t change = block.origin;

		if (!entries[i])
			continue;
		visit(context, &block);
		change ^= block.origin;
		if (change)
			entries[i] ^= change << LIVE_SMALL_ORIGIN_AT;
	}
}

static void walk_big(struct live_big_entry *entries, void (*visit)(void *, struct live_block *),
                     void *context)
{
	for (size_t i = 0; i < big_table_entries(); i++) {
		struct live_block block = live_unpack_big(entries[i]);
		uint64_t change = block.origin;

		if (!entries[i].where)
			continue;
		visit(context, &block);
		change ^= block.origin;
		if (change)
			entries[i].where ^= change << LIVE_BIG_ORIGIN_AT;
	}
}

void live_for_each(void (*visit)(void *context, struct live_block *block), void *context)
{
	for (uint32_t i = 0; i < live_facts.n_tables && i < LIVE_MAX_TABLES; i++) {
		if (!tables[i].entries)
			continue;
		if (tables[i].is_small)
			walk_small((uint64_t *)tables[i].entries, visit, context);
		else
			walk_big((struct live_big_entry *)tables[i].entries, visit, context);
	}
}
