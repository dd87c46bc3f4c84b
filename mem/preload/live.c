/* Two two-level shadows of the address space that hold the live blocks. */
#include "mem/preload/live.h"

#include "mem/preload/preload.h"

/* stack + 1: 0-18, address in the page: 19-30, origin: 31-61 */
enum { BIG_ORIGIN_AT = 31 };
#define BIG_AT(address) (((uint64_t)(address)&4095) << LIVE_STACK_BITS)
#define BIG_AT_MASK (UINT64_C(4095) << LIVE_STACK_BITS)

enum { BIG_REGION_BITS = 26, PAGE_BITS = 12, MAX_TABLES = 1 << 20 };

struct big_entry {
	uint64_t size_bytes;
	uint64_t where;
};

struct table {
	void *entries;
	bool is_small;
};

struct live_small live_small;
static struct big_entry **big_tables;
static struct table *tables; /* all, for walking */
static uint32_t n_tables;

bool live_init(bool allocator_is_glibc)
{
	live_small.granule_bits = allocator_is_glibc ? 5 : 3;
	live_small.entry_mask =
	    (UINT32_C(1) << (LIVE_SMALL_REGION_BITS - live_small.granule_bits)) - 1;
	live_small.tables = preload_reserve(sizeof(*live_small.tables)
	                                    << (LIVE_ADDRESS_BITS - LIVE_SMALL_REGION_BITS));
	big_tables = preload_reserve(sizeof(*big_tables) << (LIVE_ADDRESS_BITS - BIG_REGION_BITS));
	tables = preload_reserve(MAX_TABLES * sizeof(*tables));
	return live_small.tables && big_tables && tables;
}

static size_t big_table_entries(void)
{
	return (size_t)1 << (BIG_REGION_BITS - PAGE_BITS);
}

/* Makes the table of *slot; another thread may have done so first, then ours is never used: rare
 * and harmless. */
static void *make_table(void **slot, bool is_small)
{
	size_t bytes = is_small ? (live_small.entry_mask + (size_t)1) * sizeof(uint64_t)
	                        : big_table_entries() * sizeof(struct big_entry);
	void *expected = NULL, *entries;
	uint32_t number = __atomic_fetch_add(&n_tables, 1, __ATOMIC_RELAXED);

	if (number >= MAX_TABLES)
		return NULL;
	entries = preload_map(bytes);
	if (!entries || !preload_make_writable(slot, sizeof(*slot)) ||
	    !preload_make_writable(&tables[number], sizeof(tables[number])))
		return NULL;
	tables[number] = (struct table){.entries = entries, .is_small = is_small};
	if (!__atomic_compare_exchange_n(slot, &expected, entries, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE))
		return expected;
	return entries;
}

static inline struct big_entry *big_entry(uint64_t address, bool make)
{
	struct big_entry **slot = &big_tables[address >> BIG_REGION_BITS];
	struct big_entry *entries = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (unlikely(!entries)) {
		if (!make || !(entries = make_table((void **)slot, false)))
			return NULL;
	}
	return &entries[(address >> PAGE_BITS) & (big_table_entries() - 1)];
}

static inline struct live_block unpack_big(struct big_entry entry)
{
	return (struct live_block){.size_bytes = entry.size_bytes,
	                           .stack = (uint32_t)(entry.where & LIVE_STACK_MASK) - 1,
	                           .origin = (uint32_t)(entry.where >> BIG_ORIGIN_AT)};
}

static inline uint64_t pack_big(uint64_t address, struct live_block block)
{
	return (block.stack + UINT64_C(1)) | BIG_AT(address) |
	       (uint64_t)block.origin << BIG_ORIGIN_AT;
}

static bool put_big(uint64_t address, struct live_block block, struct live_block *stale,
                    bool *has_stale)
{
	struct big_entry *entry = big_entry(address, true);

	if (!entry)
		return false;
	*has_stale = entry->where != 0;
	if (*has_stale)
		*stale = unpack_big(*entry);
	entry->size_bytes = block.size_bytes;
	/* Last: a forked child may have been copied between the two. */
	__atomic_store_n(&entry->where, pack_big(address, block), __ATOMIC_RELEASE);
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
	if (!make_table((void **)&live_small.tables[address >> LIVE_SMALL_REGION_BITS], true))
		return false;
	*live_small_entry(address) = live_pack_small(address, block);
	return true;
}

bool live_take_big(uint64_t address, struct live_block *block)
{
	struct big_entry *big;

	if (live_is_no_block(address))
		return false;
	big = big_entry(address, false);
	if (!big || !big->where || (big->where & BIG_AT_MASK) != BIG_AT(address))
		return false;
	*block = unpack_big(*big);
	big->where = 0;
	return true;
}

/* Writes to an entry only where the origin changed: a forked child shares these pages with its
 * parent. */
static void walk_small(uint64_t *entries, void (*visit)(void *, struct live_block *), void *context)
{
	for (size_t i = 0; i <= live_small.entry_mask; i++) {
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

static void walk_big(struct big_entry *entries, void (*visit)(void *, struct live_block *),
                     void *context)
{
	for (size_t i = 0; i < big_table_entries(); i++) {
		struct live_block block = unpack_big(entries[i]);
		uint64_t change = block.origin;

		if (!entries[i].where)
			continue;
		visit(context, &block);
		change ^= block.origin;
		if (change)
			entries[i].where ^= change << BIG_ORIGIN_AT;
	}
}

void live_for_each(void (*visit)(void *context, struct live_block *block), void *context)
{
	for (uint32_t i = 0; i < n_tables && i < MAX_TABLES; i++) {
		if (!tables[i].entries)
			continue;
		if (tables[i].is_small)
			walk_small(tables[i].entries, visit, context);
		else
			walk_big(tables[i].entries, visit, context);
	}
}
