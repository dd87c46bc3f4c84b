/* Two two-level shadows of the address space that hold the live blocks. */
#include "mem/preload/live.h"

#include "mem/preload/preload.h"

/* Linux gives a process the lower 47 bits, unless it asks for more by an address hint. */
enum { ADDRESS_BITS = 47 };

/* A table covers 4 MB for small blocks and 64 MB for large ones: growing a heap makes one mapping
 * for so much, and a forked child has little untouched memory to walk through. */
enum { SMALL_REGION_BITS = 22, BIG_REGION_BITS = 26, PAGE_BITS = 12, SMALL_LIMIT = 1 << 12 };
enum { MAX_TABLES = 1 << 20 };

/* Both kinds of entry begin with the stack's id + 1, so that one with a block is not 0. */
enum { STACK_BITS = 19, STACK_MASK = (1 << STACK_BITS) - 1 };
_Static_assert(WIRE_MAX_STACKS + 1 <= STACK_MASK, "each stack's id + 1 fits");

/* stack + 1: 0-18, size: 19-30, which 8 bytes of the granule: 31-32, origin: 33-63 */
enum { SMALL_SIZE_AT = STACK_BITS, SMALL_ORIGIN_AT = 64 - LIVE_ORIGIN_BITS };
#define SMALL_AT(address) ((((uint64_t)(address) >> 3) & 3) << 31)
#define SMALL_AT_MASK (UINT64_C(3) << 31)

/* stack + 1: 0-18, address in the page: 19-30, origin: 31-61 */
enum { BIG_ORIGIN_AT = 31 };
#define BIG_AT(address) (((uint64_t)(address)&4095) << STACK_BITS)
#define BIG_AT_MASK (UINT64_C(4095) << STACK_BITS)

struct big_entry {
	uint64_t size_bytes;
	uint64_t where;
};

struct table {
	void *entries;
	bool is_small;
};

static unsigned granule_bits;
static uint64_t **small_tables;
static struct big_entry **big_tables;
static struct table *tables; /* all, for walking */
static uint32_t n_tables;

bool live_init(bool allocator_is_glibc)
{
	granule_bits = allocator_is_glibc ? 5 : 3;
	small_tables = preload_reserve(sizeof(*small_tables) << (ADDRESS_BITS - SMALL_REGION_BITS));
	big_tables = preload_reserve(sizeof(*big_tables) << (ADDRESS_BITS - BIG_REGION_BITS));
	tables = preload_reserve(MAX_TABLES * sizeof(*tables));
	return small_tables && big_tables && tables;
}

static size_t small_table_entries(void)
{
	return (size_t)1 << (SMALL_REGION_BITS - granule_bits);
}

static size_t big_table_entries(void)
{
	return (size_t)1 << (BIG_REGION_BITS - PAGE_BITS);
}

/* Makes the table of *slot; another thread may have done so first, then ours is never used: rare
 * and harmless. */
static void *make_table(void **slot, bool is_small)
{
	size_t bytes = is_small ? small_table_entries() * sizeof(uint64_t)
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

static inline uint64_t *small_entry(uint64_t address, bool make)
{
	uint64_t **slot = &small_tables[address >> SMALL_REGION_BITS];
	uint64_t *entries = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (unlikely(!entries)) {
		if (!make || !(entries = make_table((void **)slot, true)))
			return NULL;
	}
	return &entries[(address >> granule_bits) & (small_table_entries() - 1)];
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

static inline struct live_block unpack_small(uint64_t entry)
{
	return (struct live_block){.size_bytes = (entry >> SMALL_SIZE_AT) & (SMALL_LIMIT - 1),
	                           .stack = (uint32_t)(entry & STACK_MASK) - 1,
	                           .origin = (uint32_t)(entry >> SMALL_ORIGIN_AT)};
}

static inline struct live_block unpack_big(struct big_entry entry)
{
	return (struct live_block){.size_bytes = entry.size_bytes,
	                           .stack = (uint32_t)(entry.where & STACK_MASK) - 1,
	                           .origin = (uint32_t)(entry.where >> BIG_ORIGIN_AT)};
}

static inline uint64_t pack_small(uint64_t address, struct live_block block)
{
	return (block.stack + UINT64_C(1)) | block.size_bytes << SMALL_SIZE_AT | SMALL_AT(address) |
	       (uint64_t)block.origin << SMALL_ORIGIN_AT;
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

bool live_put(const void *block_address, struct live_block block, struct live_block *stale,
              bool *has_stale)
{
	uint64_t address = (uint64_t)block_address, *entry;

	*has_stale = false;
	if (unlikely(address >> ADDRESS_BITS))
		return false;
	if (block.size_bytes >= SMALL_LIMIT)
		return put_big(address, block, stale, has_stale);
	entry = small_entry(address, true);
	if (unlikely(!entry))
		return false;
	*has_stale = *entry != 0;
	if (unlikely(*has_stale))
		*stale = unpack_small(*entry);
	*entry = pack_small(address, block);
	return true;
}

/* True for what can be no block: beyond the lower 47 bits, or no multiple of 8. */
static inline bool is_no_block(uint64_t address)
{
	return (address >> 3 | address << 61) >> (ADDRESS_BITS - 3);
}

bool live_take(const void *block_address, struct live_block *block)
{
	uint64_t address = (uint64_t)block_address, *entry;
	struct big_entry *big;

	if (unlikely(is_no_block(address)))
		return false;
	entry = small_entry(address, false);
	if (likely(entry && *entry && (*entry & SMALL_AT_MASK) == SMALL_AT(address))) {
		*block = unpack_small(*entry);
		*entry = 0;
		return true;
	}
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
	for (size_t i = 0; i < small_table_entries(); i++) {
		struct live_block block = unpack_small(entries[i]);
		uint64_t change = block.origin;

		if (!entries[i])
			continue;
		visit(context, &block);
		change ^= block.origin;
		if (change)
			entries[i] ^= change << SMALL_ORIGIN_AT;
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
