/* Reads the tables of live blocks, a table at a time, and puts the blocks in order. */
#include "mem/leaks/blocks.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BLOCKS = 1 << 27, PIECE_BYTES = 1 << 16 };

#define ADDRESS_END (UINT64_C(1) << LIVE_ADDRESS_BITS)

/* Blocks of one kind of table, in the order of the tables. */
struct list {
	struct leak_block *blocks; /* huge_new() */
	size_t n_blocks;
	size_t room;
	uint64_t last;    /* address */
	bool is_unsorted; /* one is below the one before it */
};

struct reading {
	const struct leak_memory *memory;
	const struct live_facts *facts;
	struct list small;
	struct list big;
	uint64_t n_damaged;
	size_t n_damaged_tables;
};

/* Memory of the target's own, in its order and not larger than there is. */
static bool is_range(struct live_memory memory)
{
	return memory.start <= memory.end && memory.end <= ADDRESS_END;
}

int leak_facts_read(const struct leak_memory *memory, uint64_t addr, uint64_t image,
                    struct live_facts *facts, struct diag *diag)
{
	bool is_sound;

	leak_memory_read(memory, addr, facts, sizeof(*facts));
	is_sound = facts->magic == LIVE_MAGIC && facts->image == image &&
	           facts->section < WIRE_MAX_SECTIONS && facts->depth <= LIVE_ORIGIN_DEPTH_MASK &&
	           facts->granule_bits >= 3 && facts->granule_bits <= 5 &&
	           facts->n_mappings <= ARRAY_SIZE(facts->mappings) &&
	           facts->tables < ADDRESS_END && is_range(facts->library) && is_range(facts->pool);
	for (size_t i = 0; is_sound && i < facts->n_mappings; i++)
		is_sound = is_range(facts->mappings[i]);
	if (!is_sound) {
		facts->section = LEAK_NO_SECTION;
		return diag_fail(diag, EBADMSG,
		                 "cannot look for leaks: the preload library's own memory in the "
		                 "target is damaged (at 0x%" PRIx64 ")",
		                 addr);
	}
	if (facts->n_tables > LIVE_MAX_TABLES)
		facts->n_tables = LIVE_MAX_TABLES;
	return 0;
}

static void reserve(struct list *list, size_t n)
{
	size_t room = list->room * 2 > n ? list->room * 2 : n;

	if (n <= list->room)
		return;
	list->blocks = huge_grow(list->blocks, list->room * sizeof(*list->blocks),
	                         room * sizeof(*list->blocks));
	list->room = room;
}

/* There is room. */
static void add(struct reading *reading, struct list *list, uint64_t addr, struct live_block block)
{
	/* An id that cannot be, or an end that no address has. */
	if (block.stack > WIRE_MAX_STACKS || addr >= ADDRESS_END ||
	    block.size_bytes > ADDRESS_END - addr) {
		reading->n_damaged++;
		return;
	}
	list->is_unsorted |= addr < list->last;
	list->last = addr;
	list->blocks[list->n_blocks++] = (struct leak_block){
	    .addr = addr,
	    .size_bytes = block.size_bytes,
	    .stack = block.stack,
	    .is_inherited = live_origin_depth(block.origin) != reading->facts->depth};
}

static void add_small(struct reading *reading, uint64_t granule, uint64_t entry)
{
	uint64_t addr = granule | live_small_offset(entry);

	if (!entry)
		return;
	/* With smaller granules the granule's address has these bits already. */
	if (addr >> reading->facts->granule_bits != granule >> reading->facts->granule_bits)
		reading->n_damaged++;
	else
		add(reading, &reading->small, addr, live_unpack_small(entry));
}

static void add_big(struct reading *reading, uint64_t page, struct live_big_entry entry)
{
	if (entry.where)
		add(reading, &reading->big, page | live_big_offset(entry), live_unpack_big(entry));
}

static size_t entry_bytes(const struct live_table *table)
{
	return table->is_small ? sizeof(uint64_t) : sizeof(struct live_big_entry);
}

/* Entries of a table from number `first` on. */
static void read_piece(struct reading *reading, const struct live_table *table, uint64_t first,
                       const void *piece, size_t bytes)
{
	const struct live_big_entry *big = piece;
	const uint64_t *small = piece;
	struct list *list = table->is_small ? &reading->small : &reading->big;
	size_t n = bytes / entry_bytes(table);

	reserve(list, list->n_blocks + n);
	if (table->is_small)
		for (size_t i = 0; i < n; i++)
			add_small(reading,
			          table->region | (first + i) << reading->facts->granule_bits,
			          small[i]);
	else
		for (size_t i = 0; i < n; i++)
			add_big(reading, table->region | (first + i) << LIVE_PAGE_BITS, big[i]);
}

static uint64_t table_end(const struct reading *reading, const struct live_table *table)
{
	return table->entries +
	       entry_bytes(table) *
	           live_table_entries(table->is_small, reading->facts->granule_bits);
}

/* Tables are whole pages, so that what is touched of them is whole entries. */
static int read_table(struct reading *reading, const struct live_table *table, void *room,
                      struct diag *diag)
{
	uint64_t end = table_end(reading, table), at = table->entries, stretch = end;

	for (; reading->memory->next_touched(reading->memory->context, &at, &stretch);
	     at = stretch, stretch = end) {
		if (stretch - at > PIECE_BYTES)
			stretch = at + PIECE_BYTES;
		leak_memory_read(reading->memory, at, room, stretch - at);
		read_piece(reading, table, (at - table->entries) / entry_bytes(table), room,
		           stretch - at);
		if (reading->small.n_blocks + reading->big.n_blocks > MAX_BLOCKS)
			return diag_fail(diag, E2BIG,
			                 "cannot look for leaks: more than %d live blocks",
			                 MAX_BLOCKS);
	}
	return 0;
}

static int by_entries(const void *left, const void *right)
{
	const struct live_table *a = left, *b = right;

	return a->entries < b->entries ? -1 : a->entries > b->entries;
}

static int by_region(const void *left, const void *right)
{
	const struct live_table *a = left, *b = right;

	return a->region < b->region ? -1 : a->region > b->region;
}

/* Leaves those that can be, none of which has memory of another. */
static size_t sift_tables(struct reading *reading, struct live_table *tables, size_t n)
{
	uint64_t end = 0;
	size_t kept = 0;

	qsort(tables, n, sizeof(*tables), by_entries);
	for (size_t i = 0; i < n; i++) {
		uint64_t region_bytes = UINT64_C(1) << (tables[i].is_small ? LIVE_SMALL_REGION_BITS
		                                                           : LIVE_BIG_REGION_BITS);

		if (!tables[i].entries)
			continue;
		if (tables[i].entries < end || tables[i].entries % WIRE_PAGE ||
		    tables[i].entries >= ADDRESS_END || tables[i].region >= ADDRESS_END ||
		    tables[i].region % region_bytes) {
			reading->n_damaged++;
			reading->n_damaged_tables++;
			continue;
		}
		end = table_end(reading, &tables[i]);
		tables[kept++] = tables[i];
	}
	qsort(tables, kept, sizeof(*tables), by_region);
	return kept;
}

static int by_address(const void *left, const void *right)
{
	const struct leak_block *a = left, *b = right;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* Two tables of one region are rare: two threads had made one each. */
static void sort(struct list *list)
{
	if (list->is_unsorted)
		qsort(list->blocks, list->n_blocks, sizeof(*list->blocks), by_address);
}

/* Both lists in the place of the small blocks, of which there are more; from the end on, so that
 * none is written over. */
static void merge(struct list *small, const struct list *big)
{
	size_t i = small->n_blocks, j = big->n_blocks, n = i + j;

	reserve(small, n);
	small->n_blocks = n;
	while (j) {
		bool is_small = i && small->blocks[i - 1].addr >= big->blocks[j - 1].addr;

		small->blocks[--n] = is_small ? small->blocks[--i] : big->blocks[--j];
	}
}

/* Of blocks that overlap the first stays. */
static void sift(struct reading *reading, struct list *list)
{
	uint64_t end = 0;
	size_t kept = 0;

	for (size_t i = 0; i < list->n_blocks; i++) {
		if (list->blocks[i].addr < end) {
			reading->n_damaged++;
			continue;
		}
		end = leak_block_end(&list->blocks[i]);
		if (kept != i)
			list->blocks[kept] = list->blocks[i];
		kept++;
	}
	list->n_blocks = kept;
}

static void free_list(struct list *list)
{
	huge_free(list->blocks, list->room * sizeof(*list->blocks));
	*list = (struct list){0};
}

int leak_blocks_read(const struct leak_memory *memory, const struct live_facts *facts,
                     struct leak_blocks *blocks, struct diag *diag)
{
	struct reading reading = {.memory = memory, .facts = facts};
	size_t bytes = facts->n_tables * sizeof(struct live_table), n_tables;
	struct live_table *tables = xcalloc(1, bytes + 1);
	void *room = xmalloc(PIECE_BYTES);
	int err = 0;

	*blocks = (struct leak_blocks){0};
	leak_memory_read(memory, facts->tables, tables, bytes);
	n_tables = sift_tables(&reading, tables, facts->n_tables);
	for (size_t i = 0; i < n_tables && !err; i++) {
		leak_ranges_add(&blocks->tables, tables[i].entries,
		                table_end(&reading, &tables[i]));
		err = read_table(&reading, &tables[i], room, diag);
	}
	if (!err) {
		sort(&reading.small);
		sort(&reading.big);
		merge(&reading.small, &reading.big);
		sift(&reading, &reading.small);
		blocks->blocks = reading.small.blocks;
		blocks->n_blocks = reading.small.n_blocks;
		blocks->room = reading.small.room;
		blocks->n_damaged = reading.n_damaged;
		blocks->n_damaged_tables = reading.n_damaged_tables;
		reading.small = (struct list){0};
	}
	free_list(&reading.small);
	free_list(&reading.big);
	free(tables);
	free(room);
	return err;
}

void leak_blocks_fini(struct leak_blocks *blocks)
{
	huge_free(blocks->blocks, blocks->room * sizeof(*blocks->blocks));
	leak_ranges_fini(&blocks->tables);
	*blocks = (struct leak_blocks){0};
}

size_t leak_blocks_after(const struct leak_blocks *blocks, uint64_t addr)
{
	size_t low = 0, high = blocks->n_blocks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (leak_block_end(&blocks->blocks[middle]) > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
