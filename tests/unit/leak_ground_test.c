/* The pure parts of a look for leaks, over memory that is made up: also such as no process would
 * have unless it meant harm. */
#include "mem/leaks/arenas.h"
#include "mem/leaks/blocks.h"
#include "mem/leaks/ground.h"
#include "mem/leaks/kept.h"
#include "mem/leaks/pieces.h"
#include "mem/leaks/stacks.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/unwind/ucontext_layout.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_PIECES = 16, PAGE = 4096 };

/* Memory of whole pages. */
struct fake {
	struct {
		uint64_t start;
		uint64_t end;
		char *bytes;
	} pieces[MAX_PIECES];
	size_t n_pieces;
};

/* In ascending order. Returns where the bytes are. */
static void *fake_map(struct fake *fake, uint64_t start, size_t n_bytes)
{
	size_t n = fake->n_pieces++;

	assert_true(n < MAX_PIECES && n_bytes % PAGE == 0);
	fake->pieces[n].start = start;
	fake->pieces[n].end = start + n_bytes;
	fake->pieces[n].bytes = xcalloc(1, n_bytes);
	return fake->pieces[n].bytes;
}

static void fake_fini(struct fake *fake)
{
	for (size_t i = 0; i < fake->n_pieces; i++)
		free(fake->pieces[i].bytes);
	*fake = (struct fake){0};
}

static bool fake_read(void *context, uint64_t addr, void *data, size_t bytes)
{
	const struct fake *fake = context;
	bool is_there = false;

	memset(data, 0, bytes);
	for (size_t i = 0; i < fake->n_pieces; i++) {
		uint64_t start = fake->pieces[i].start > addr ? fake->pieces[i].start : addr;
		uint64_t end =
		    fake->pieces[i].end < addr + bytes ? fake->pieces[i].end : addr + bytes;

		if (start >= end)
			continue;
		is_there = true;
		memcpy((char *)data + (start - addr),
		       fake->pieces[i].bytes + (start - fake->pieces[i].start), end - start);
	}
	return is_there;
}

static bool fake_next(void *context, uint64_t *start, uint64_t *end)
{
	const struct fake *fake = context;

	for (size_t i = 0; i < fake->n_pieces && *start < *end; i++) {
		if (fake->pieces[i].end <= *start || fake->pieces[i].start >= *end)
			continue;
		if (fake->pieces[i].start > *start)
			*start = fake->pieces[i].start;
		if (fake->pieces[i].end < *end)
			*end = fake->pieces[i].end;
		return true;
	}
	return false;
}

static struct leak_memory memory_of(struct fake *fake)
{
	return (struct leak_memory){.read = fake_read, .next_touched = fake_next, .context = fake};
}

static void put(struct fake *fake, uint64_t addr, uint64_t word)
{
	for (size_t i = 0; i < fake->n_pieces; i++)
		if (addr >= fake->pieces[i].start && addr < fake->pieces[i].end)
			memcpy(fake->pieces[i].bytes + (addr - fake->pieces[i].start), &word,
			       sizeof(word));
}

/* Each address by itself, the slow way. */
enum { SPACE = 256 };
static void mark(bool *space, const struct leak_ranges *list)
{
	memset(space, 0, SPACE);
	for (size_t i = 0; i < list->n_ranges; i++)
		for (uint64_t j = list->ranges[i].start; j < list->ranges[i].end; j++)
			space[j] = true;
}

static void make_random(struct leak_ranges *list, unsigned *seed)
{
	for (int n = rand_r(seed) % 12; n > 0; n--) {
		uint64_t start = (uint64_t)rand_r(seed) % SPACE;

		leak_ranges_add(list, start, start + (uint64_t)rand_r(seed) % (SPACE - start + 1));
	}
}

static void what_is_left_of_ranges_is_what_is_in_no_other(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct leak_ranges from = {0}, minus = {0}, left = {0};
		bool in_from[SPACE], in_minus[SPACE], in_left[SPACE];

		make_random(&from, &seed);
		make_random(&minus, &seed);
		mark(in_from, &from);
		mark(in_minus, &minus);
		leak_ranges_sort(&from);
		leak_ranges_sort(&minus);
		leak_ranges_subtract(&from, &minus, &left);
		mark(in_left, &left);
		for (uint64_t i = 0; i < SPACE; i++) {
			assert_int_equal(in_left[i], in_from[i] && !in_minus[i]);
			assert_int_equal(leak_ranges_find(&left, i) != NULL, in_left[i]);
		}
		for (size_t i = 1; i < left.n_ranges; i++)
			assert_true(left.ranges[i - 1].end <= left.ranges[i].start);
		leak_ranges_fini(&from);
		leak_ranges_fini(&minus);
		leak_ranges_fini(&left);
	}
}

/* A libc's data with a main arena in it, and two others' heaps. */
#define DATA UINT64_C(0x7f0000001000)
#define HEAP_A UINT64_C(0x7f0004000000)
#define HEAP_A2 UINT64_C(0x7f0008000000)
#define HEAP_B UINT64_C(0x7f000c000000)
#define BRK UINT64_C(0x555500000000)
enum { MAIN_BINS = 0x400, BINS = 254 * 8, NEXT = BINS + 16, ARENA_AT = 0x30 };

static void put_bins(struct fake *fake, uint64_t bins)
{
	for (uint64_t i = 0; i < BINS; i += 16) {
		put(fake, bins + i, bins + i - 16);
		put(fake, bins + i + 8, bins + i - 16);
	}
}

static void put_heap(struct fake *fake, uint64_t heap, uint64_t arena, uint64_t prev, uint64_t size)
{
	put(fake, heap, arena);
	put(fake, heap + 8, prev);
	put(fake, heap + 16, size);
	put(fake, heap + 24, size);
}

/* `before`: the bytes of an arena before its bins. */
static struct fake make_arenas(uint64_t before)
{
	uint64_t main = DATA + MAIN_BINS - before, a = HEAP_A + ARENA_AT, b = HEAP_B + ARENA_AT;
	struct fake fake = {0};

	fake_map(&fake, BRK, 2 * PAGE);
	fake_map(&fake, DATA, 2 * PAGE);
	fake_map(&fake, HEAP_A, 2 * PAGE);
	fake_map(&fake, HEAP_A2, PAGE);
	fake_map(&fake, HEAP_B, 2 * PAGE);
	put_bins(&fake, DATA + MAIN_BINS);
	put(&fake, DATA + MAIN_BINS - 16, BRK + PAGE);
	put(&fake, BRK + PAGE + 8, PAGE | 1);
	/* A bin in use. */
	put(&fake, DATA + MAIN_BINS + 32, BRK + 64);
	put(&fake, DATA + MAIN_BINS + 40, BRK + 128);
	put(&fake, DATA + MAIN_BINS + NEXT, a);
	put(&fake, DATA + MAIN_BINS + NEXT + 24, 3 * PAGE);
	put(&fake, a + before + NEXT, b);
	put(&fake, b + before + NEXT, main);
	put(&fake, a + before - 16, HEAP_A2 + 0x800);
	put(&fake, b + before - 16, HEAP_B + 0x1100);
	put_heap(&fake, HEAP_A, a, 0, 2 * PAGE);
	put_heap(&fake, HEAP_A2, a, HEAP_A, PAGE);
	put_heap(&fake, HEAP_B, b, 0, 2 * PAGE);
	return fake;
}

static bool find(struct fake *fake, struct leak_arenas *arenas)
{
	struct leak_memory memory = memory_of(fake);

	*arenas = (struct leak_arenas){0};
	return leak_arenas_find(&memory, (struct leak_range){DATA, DATA + 2 * PAGE}, arenas);
}

static void check_arenas(uint64_t before)
{
	struct fake fake = make_arenas(before);
	struct leak_memory memory = memory_of(&fake);
	struct leak_arenas arenas;

	assert_true(find(&fake, &arenas));
	assert_int_equal(arenas.n_arenas, 3);
	assert_int_equal(arenas.n_damaged, 0);
	assert_int_equal(arenas.n_mains, 1);
	assert_int_equal(arenas.mains[0].state.start, DATA + MAIN_BINS - before);
	assert_int_equal(arenas.mains[0].top.start, BRK + PAGE);
	assert_int_equal(arenas.mains[0].top.end, BRK + 2 * PAGE);
	assert_int_equal(arenas.mains[0].bytes, 3 * PAGE);
	assert_int_equal(arenas.heaps.n_ranges, 3);
	assert_int_equal(arenas.heaps.ranges[0].start, HEAP_A);
	assert_int_equal(arenas.heaps.ranges[0].end, HEAP_A + 2 * PAGE);
	assert_int_equal(arenas.heaps.ranges[1].start, HEAP_A2);
	assert_int_equal(arenas.heaps.ranges[2].start, HEAP_B);
	/* As if it were another libc's. */
	assert_true(leak_arenas_find(&memory, (struct leak_range){DATA, DATA + 2 * PAGE}, &arenas));
	assert_int_equal(arenas.n_mains, 2);
	assert_int_equal(arenas.n_arenas, 6);
	leak_arenas_fini(&arenas);
	fake_fini(&fake);
}

static void arenas_of_each_version_are_followed_to_their_heaps(void **state)
{
	(void)state;
	check_arenas(112);
	check_arenas(104);
	check_arenas(40);
}

static void an_arena_that_leads_nowhere_is_counted_and_ends(void **state)
{
	uint64_t a = HEAP_A + ARENA_AT;
	struct fake fake = make_arenas(112);
	struct leak_arenas arenas;

	(void)state;
	put_heap(&fake, HEAP_A2, a, HEAP_A2, PAGE); /* its own predecessor */
	assert_true(find(&fake, &arenas));
	assert_int_equal(arenas.n_damaged, 1);
	leak_arenas_fini(&arenas);
	put_heap(&fake, HEAP_A2, a, HEAP_A, UINT64_MAX);
	assert_true(find(&fake, &arenas));
	assert_int_equal(arenas.n_damaged, 1);
	leak_arenas_fini(&arenas);
	/* A ring that the main arena is not in. */
	put(&fake, a + 112 + NEXT, a);
	assert_false(find(&fake, &arenas));
	put(&fake, a + 112 + NEXT, HEAP_B + ARENA_AT);
	put(&fake, HEAP_B + ARENA_AT + 112 + NEXT, a);
	assert_false(find(&fake, &arenas));
	put(&fake, a + 112 + NEXT, 0);
	assert_false(find(&fake, &arenas));
	fake_fini(&fake);
}

static void a_mapped_chunk_says_where_its_mapping_is(void **state)
{
	struct fake fake = {0};
	struct leak_memory memory = memory_of(&fake);
	struct leak_range range;

	(void)state;
	fake_map(&fake, 0x10000, 2 * PAGE);
	put(&fake, 0x10008, 0x5000 | 2);
	assert_true(leak_mapped_chunk(&memory, 0x10010, &range));
	assert_int_equal(range.start, 0x10000);
	assert_int_equal(range.end, 0x15000);
	/* Aligned: the chunk begins inside; and so with huge pages, where the size has no header.
	 */
	put(&fake, 0x10ff0, 0xff0 | 1);
	put(&fake, 0x10ff8, 0x3000 | 2);
	assert_true(leak_mapped_chunk(&memory, 0x11000, &range));
	assert_int_equal(range.start, 0x10000);
	assert_int_equal(range.end, 0x14000);
	put(&fake, 0x10008, 0x5000);
	assert_false(leak_mapped_chunk(&memory, 0x10010, &range));
	put(&fake, 0x10008, UINT64_MAX);
	assert_false(leak_mapped_chunk(&memory, 0x10010, &range));
	put(&fake, 0x10000, UINT64_MAX);
	put(&fake, 0x10008, 0x5000 | 2);
	assert_false(leak_mapped_chunk(&memory, 0x10010, &range));
	fake_fini(&fake);
}

/* Chunks of 0x100 bytes from one address to another. */
static void put_chunks(struct fake *fake, uint64_t from, uint64_t to)
{
	for (uint64_t chunk = from; chunk < to; chunk += 0x100)
		put(fake, chunk + 8, 0x100 | 1);
}

static void a_piece_of_the_main_arena_ends_with_fences_or_the_top(void **state)
{
	struct leak_main_arena main = {.top = {0x14800, 0x16000}};
	struct leak_arenas arenas = {.mains = &main, .n_mains = 1};
	struct fake fake = {0};
	struct leak_memory memory = memory_of(&fake);
	struct leak_range map = {0x10000, 0x18000}, piece;

	(void)state;
	fake_map(&fake, 0x10000, 0x8000);
	/* The program's, a piece of two pages that went out of use, and one with the top. */
	put(&fake, 0x10008, 0x77);
	put_chunks(&fake, 0x11000, 0x12f00);
	put(&fake, 0x12f08, 0xe0 | 1);
	put(&fake, 0x12fe8, 0x10);
	put(&fake, 0x12ff8, 0x10 | 1);
	put_chunks(&fake, 0x14000, 0x14800);
	put(&fake, 0x14808, 0x1800 | 1);
	assert_true(leak_piece_find(&memory, &arenas, map, 0x12010, &piece));
	assert_int_equal(piece.start, 0x11000);
	assert_int_equal(piece.end, 0x13000);
	assert_true(leak_piece_find(&memory, &arenas, map, 0x14310, &piece));
	assert_int_equal(piece.start, 0x14000);
	assert_int_equal(piece.end, 0x16000);
	assert_false(leak_piece_find(&memory, &arenas, map, 0x14320, &piece));
	assert_false(leak_piece_find(&memory, &arenas, map, 0x17010, &piece));
	/* Sizes that lead out of the map, or nowhere. */
	put(&fake, 0x12f08, 0x100000 | 1);
	assert_false(leak_piece_find(&memory, &arenas, map, 0x12010, &piece));
	put(&fake, 0x12f08, 0);
	assert_false(leak_piece_find(&memory, &arenas, map, 0x12010, &piece));
	put(&fake, 0x12f08, UINT64_MAX);
	assert_false(leak_piece_find(&memory, &arenas, map, 0x12010, &piece));
	fake_fini(&fake);
}

/* Tables of live blocks. */
#define TABLES UINT64_C(0x600000000000)
#define SMALL UINT64_C(0x600000100000)
#define BIG UINT64_C(0x600000800000)
#define REGION UINT64_C(0x555500000000)

static struct live_facts facts_of(uint32_t n_tables)
{
	return (struct live_facts){.magic = LIVE_MAGIC,
	                           .image = 0x1000,
	                           .tables = TABLES,
	                           .n_tables = n_tables,
	                           .depth = 1,
	                           .granule_bits = 5};
}

static void put_table(struct fake *fake, size_t number, struct live_table table)
{
	uint64_t at = TABLES + number * sizeof(table);

	put(fake, at, table.entries);
	put(fake, at + 8, table.region);
	put(fake, at + 16, table.is_small);
}

static void put_small(struct fake *fake, uint64_t addr, uint64_t size, uint32_t stack,
                      uint32_t depth)
{
	struct live_block block = {size, stack, depth << LIVE_ORIGIN_DEPTH_AT | 77};

	put(fake, SMALL + (addr - REGION) / 32 * 8, live_pack_small(addr, block));
}

static void put_big(struct fake *fake, uint64_t addr, uint64_t size, uint32_t stack, uint32_t depth)
{
	struct live_block block = {size, stack, depth << LIVE_ORIGIN_DEPTH_AT};
	uint64_t at = BIG + (addr - REGION) / PAGE * 16;

	put(fake, at, size);
	put(fake, at + 8, live_pack_big(addr, block));
}

static struct fake make_tables(void)
{
	struct fake fake = {0};

	fake_map(&fake, TABLES, PAGE);
	fake_map(&fake, SMALL, 1 << 20);
	fake_map(&fake, BIG, 1 << 18);
	put_table(&fake, 0, (struct live_table){.entries = BIG, .region = REGION});
	put_table(&fake, 1, (struct live_table){.entries = SMALL, .region = REGION, .is_small = 1});
	return fake;
}

static void read_blocks(struct fake *fake, uint32_t n_tables, struct leak_blocks *blocks)
{
	struct leak_memory memory = memory_of(fake);
	struct live_facts facts = facts_of(n_tables);
	struct diag diag;

	assert_int_equal(leak_blocks_read(&memory, &facts, blocks, &diag), 0);
	for (size_t i = 1; i < blocks->n_blocks; i++)
		assert_true(leak_block_end(&blocks->blocks[i - 1]) <= blocks->blocks[i].addr);
}

static void assert_block(const struct leak_blocks *blocks, size_t number,
                         struct leak_block expected)
{
	const struct leak_block *block = &blocks->blocks[number];

	assert_int_equal(block->addr, expected.addr);
	assert_int_equal(block->size_bytes, expected.size_bytes);
	assert_int_equal(block->stack, expected.stack);
	assert_int_equal(block->is_inherited, expected.is_inherited);
}

static void blocks_of_all_tables_come_by_address(void **state)
{
	struct fake fake = make_tables();
	struct leak_blocks blocks;

	(void)state;
	put_small(&fake, REGION + 0x10, 24, 5, 1);
	put_small(&fake, REGION + 0x30, 0, 6, 0);
	put_big(&fake, REGION + 0x1010, 0x5000, 7, 1);
	put_small(&fake, REGION + 0x6018, 4095, WIRE_MAX_STACKS, 1);
	read_blocks(&fake, 2, &blocks);
	assert_int_equal(blocks.n_blocks, 4);
	assert_int_equal(blocks.n_damaged, 0);
	assert_block(&blocks, 0, (struct leak_block){REGION + 0x10, 24, 5, false, 0});
	assert_block(&blocks, 1, (struct leak_block){REGION + 0x30, 0, 6, true, 0});
	assert_block(&blocks, 2, (struct leak_block){REGION + 0x1010, 0x5000, 7, false, 0});
	assert_block(&blocks, 3,
	             (struct leak_block){REGION + 0x6018, 4095, WIRE_MAX_STACKS, false, 0});
	assert_int_equal(leak_blocks_after(&blocks, REGION), 0);
	assert_int_equal(leak_blocks_after(&blocks, REGION + 0x10 + 23), 0);
	assert_int_equal(leak_blocks_after(&blocks, REGION + 0x10 + 24), 1);
	assert_int_equal(leak_blocks_after(&blocks, REGION + 0x30), 1);
	assert_int_equal(leak_blocks_after(&blocks, REGION + 0x31), 2);
	assert_int_equal(leak_blocks_after(&blocks, UINT64_MAX), 4);
	leak_blocks_fini(&blocks);
	fake_fini(&fake);
}

static void blocks_that_cannot_be_are_left_out_and_counted(void **state)
{
	struct fake fake = make_tables();
	struct leak_blocks blocks;

	(void)state;
	put_small(&fake, REGION + 0x40, 100, 1, 1);
	put_small(&fake, REGION + 0x60, 100, 2, 1);            /* in the one before */
	put(&fake, SMALL + 0x1000, 77u << LIVE_SMALL_SIZE_AT); /* no stack */
	put_big(&fake, REGION + 0x10000, UINT64_MAX, 3, 1);
	put_big(&fake, REGION + 0x20000, UINT64_C(1) << 47, 3, 1);
	put(&fake, BIG + 0x30008, LIVE_STACK_MASK);        /* id beyond all */
	put_big(&fake, REGION + 0x40000, 0x3000000, 4, 1); /* fine, and large: */
	put_small(&fake, REGION + 0x100000, 100, 5, 1);    /* in that */
	read_blocks(&fake, 2, &blocks);
	assert_int_equal(blocks.n_blocks, 2);
	assert_int_equal(blocks.n_damaged, 6);
	leak_blocks_fini(&blocks);
	fake_fini(&fake);
}

static void tables_that_cannot_be_are_left_out_and_counted(void **state)
{
	struct fake fake = make_tables();
	struct leak_blocks blocks;

	(void)state;
	put_small(&fake, REGION + 0x40, 100, 1, 1);
	put_table(&fake, 2, (struct live_table){SMALL, REGION + (1 << 22), 1, 0}); /* again */
	put_table(&fake, 3, (struct live_table){SMALL + PAGE, REGION, 1, 0});
	put_table(&fake, 4, (struct live_table){SMALL + 8, REGION, 1, 0});
	put_table(&fake, 5, (struct live_table){0x100000, REGION + PAGE, 1, 0});
	put_table(&fake, 6, (struct live_table){UINT64_MAX - PAGE + 1, REGION, 0, 0});
	put_table(&fake, 7, (struct live_table){0x200000, UINT64_MAX << 26, 0, 0});
	read_blocks(&fake, 9, &blocks);
	assert_int_equal(blocks.n_blocks, 1);
	assert_int_equal(blocks.n_damaged, 6);
	leak_blocks_fini(&blocks);
	/* A list that is said to be longer than it is. */
	read_blocks(&fake, LIVE_MAX_TABLES, &blocks);
	assert_int_equal(blocks.n_blocks, 1);
	leak_blocks_fini(&blocks);
	fake_fini(&fake);
}

static void facts_that_cannot_be_are_refused(void **state)
{
	struct fake fake = {0};
	struct leak_memory memory = memory_of(&fake);
	struct live_facts *there = fake_map(&fake, 0x7000, PAGE), facts;
	struct diag diag;

	(void)state;
	*there = facts_of(3);
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x1000, &facts, &diag), 0);
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x2000, &facts, &diag), -EBADMSG);
	assert_int_equal(leak_facts_read(&memory, 0x9000, 0x1000, &facts, &diag), -EBADMSG);
	there->n_tables = UINT32_MAX;
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x1000, &facts, &diag), 0);
	assert_int_equal(facts.n_tables, LIVE_MAX_TABLES);
	there->n_mappings = 17;
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x1000, &facts, &diag), -EBADMSG);
	there->n_mappings = 1;
	there->mappings[0] = (struct live_memory){0x2000, 0x1000};
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x1000, &facts, &diag), -EBADMSG);
	there->mappings[0].end = UINT64_MAX;
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x1000, &facts, &diag), -EBADMSG);
	there->n_mappings = 0;
	there->granule_bits = 2;
	assert_int_equal(leak_facts_read(&memory, 0x7000, 0x1000, &facts, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "damaged"));
	fake_fini(&fake);
}

/* Everything at once: a heap whose map goes on into the program's data on both sides. */
static void roots_are_what_is_left(void **state)
{
	struct leak_thread thread = {
	    .tid = 1, .registers.rsp = 0x7fff00001800, .registers.rbx = 99};
	struct leak_look look = {.pid = 1, .threads = &thread, .n_threads = 1};
	struct leak_main_arena main = {
	    .state = {0x401800, 0x401900}, .top = {0x407000, 0x408000}, .bytes = 0x2000};
	struct leak_arenas arenas = {.mains = &main, .n_mains = 1};
	struct leak_block block[] = {{0x406010, 64, 1, false, 0}, {0x500010, 0x1ff0, 2, false, 0}};
	struct leak_blocks blocks = {.blocks = block, .n_blocks = 2};
	struct live_facts facts = {.library = {0x403000, 0x405000}, .pool = {0x404000, 0x404100}};
	struct leak_maps maps = {.stack = {0x7fff00000000, 0x7fff00002000},
	                         .brk = {0x405800, 0x40a000}};
	struct fake fake = {0};
	struct leak_memory memory = memory_of(&fake);
	struct leak_ranges kept = {0};
	struct leak_view view = {&look, &maps, &memory, &facts, &blocks, &arenas, {NULL, 0}, &kept};
	static const struct leak_range expected[] = {
	    {0x401000, 0x401800},
	    {0x401900, 0x403000},
	    {0x404000, 0x404100},
	    {0x405000, 0x406000},
	    {0x408000, 0x40a000},
	    {0x503000, 0x504000},
	    {0x7fff00001800, 0x7fff00002000},
	};
	struct leak_roots roots;

	(void)state;
	fake_map(&fake, 0x401000, 0x9000);
	fake_map(&fake, 0x500000, 0x4000); /* a chunk of three pages, and one of the program's */
	put(&fake, 0x500008, 0x3000 | 2);
	fake_map(&fake, 0x7fff00000000, 0x2000);
	leak_ranges_add(&maps.roots, 0x401000, 0x40a000);
	leak_ranges_add(&maps.roots, 0x500000, 0x505000); /* its last page was not touched */
	leak_ranges_add(&maps.roots, 0x7fff00000000, 0x7fff00002000);
	leak_roots_find(&view, &roots);
	assert_int_equal(roots.ranges.n_ranges, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(roots.ranges.ranges[i].start, expected[i].start);
		assert_int_equal(roots.ranges.ranges[i].end, expected[i].end);
	}
	assert_int_equal(roots.n_words, 16);
	assert_int_equal(roots.words[1], 99);
	assert_int_equal(roots.n_odd_blocks, 0);
	leak_roots_fini(&roots);
	/* A thread's registers no more when it is done. A main arena that has memory from elsewhere
	 * too may begin anywhere. */
	thread.is_done = true;
	main.bytes = 0x2800;
	leak_roots_find(&view, &roots);
	assert_int_equal(roots.n_words, 0);
	assert_int_equal(roots.ranges.ranges[3].end, 0x405800);
	leak_roots_fini(&roots);
	main.bytes = 0x2000;
	/* Where the chunk's header is damaged, all of its map is left out, and that is said. */
	put(&fake, 0x500008, 0);
	leak_ranges_add(&maps.all, 0x500000, 0x505000);
	leak_roots_find(&view, &roots);
	assert_int_equal(roots.ranges.n_ranges, ARRAY_SIZE(expected) - 1);
	assert_int_equal(roots.n_odd_blocks, 1);
	leak_roots_fini(&roots);
	leak_maps_fini(&maps);
	fake_fini(&fake);
}

static void put_ucontext(struct fake *fake, uint64_t at, uint64_t sp, uint64_t code_segment)
{
	put(fake, at + 16, at & -(uint64_t)PAGE); /* uc_stack */
	put(fake, at + 32, PAGE);
	put(fake, at + UCONTEXT_RSP, sp);
	put(fake, at + UCONTEXT_RSP + 24, code_segment);
}

static void a_thread_descriptor_tells_its_stack(void **state)
{
	uint64_t signal_stack = 0x7f2000000000;
	enum { STACKBLOCK = 0x690 }; /* in struct pthread of glibc 2.36 */
	uint64_t stack = 0x7f1000001000, descriptor = stack + 0x4000 - 0x900;
	struct leak_thread thread = {.tid = 7,
	                             .registers = {.rsp = stack + 0x2010, .fs_base = descriptor}};
	struct leak_dead_stack dead = {.sp = stack + 0x3000};
	struct leak_look look = {.pid = 1, .threads = &thread, .n_threads = 1};
	struct leak_maps maps = {0};
	struct fake fake = {0};
	struct leak_memory memory = memory_of(&fake);
	struct leak_ranges unused = {0};

	(void)state;
	fake_map(&fake, stack, 0x4000);
	leak_ranges_add(&maps.roots, stack, stack + 0x4000);
	put(&fake, descriptor, descriptor);
	put(&fake, descriptor + 16, descriptor);
	put(&fake, descriptor + 0x2d0, 20000); /* the thread's id, and a pointer into here */
	put(&fake, descriptor + 0x2d8, descriptor + 0x2e0);
	put(&fake, descriptor + STACKBLOCK, stack - 0x1000);
	put(&fake, descriptor + STACKBLOCK + 8, 0x5000);
	leak_stacks_unused(&look, &maps, &memory, &unused);
	assert_int_equal(unused.n_ranges, 1);
	assert_int_equal(unused.ranges[0].start, stack - 0x1000);
	assert_int_equal(unused.ranges[0].end, stack + 0x2010);
	/* The same after its end. */
	leak_ranges_fini(&unused);
	look = (struct leak_look){.pid = 1, .dead_stacks = &dead, .n_dead_stacks = 1};
	leak_stacks_unused(&look, &maps, &memory, &unused);
	assert_int_equal(unused.n_ranges, 1);
	assert_int_equal(unused.ranges[0].end, dead.sp);
	/* It is on its signal stack: so far as the kernel's ucontext there says, not what looks
	 * like one. */
	leak_ranges_fini(&unused);
	fake_map(&fake, signal_stack, PAGE);
	put_ucontext(&fake, signal_stack + 0x100, stack + 0x2800, 0);
	put_ucontext(&fake, signal_stack + 0x300, stack + 0x2200, 0x33);
	thread.registers.rsp = signal_stack + 0x80;
	look = (struct leak_look){.pid = 1, .threads = &thread, .n_threads = 1};
	leak_stacks_unused(&look, &maps, &memory, &unused);
	assert_int_equal(unused.n_ranges, 1);
	assert_int_equal(unused.ranges[0].end, stack + 0x2200);
	/* And not when another thread has it now, or somebody else has its memory. */
	leak_ranges_fini(&unused);
	look.dead_stacks = &dead;
	look.n_dead_stacks = 1;
	thread.registers.rsp = 0x1000;
	leak_stacks_unused(&look, &maps, &memory, &unused);
	assert_int_equal(unused.n_ranges, 0);
	look.n_threads = 0;
	put(&fake, descriptor, 0);
	leak_stacks_unused(&look, &maps, &memory, &unused);
	assert_int_equal(unused.n_ranges, 0);
	leak_maps_fini(&maps);
	fake_fini(&fake);
}

/* What libc keeps: the list's head in the linker's data, two stacks, a vector for each. */
enum { KEPT_HEAD = 0x7f0000001010, KEPT_LIST = 0x2c0, KEPT_TID = 0x2d0, KEPT_STACK = 0x4000 };
#define KEPT_LINKER UINT64_C(0x7f0000001000)
#define KEPT_STACKS UINT64_C(0x7f1000000000)
#define KEPT_LIBC UINT64_C(0x7f2000000000)
#define KEPT_HEAP UINT64_C(0x555500001000)

static uint64_t kept_descriptor(uint64_t number)
{
	return KEPT_STACKS + number * KEPT_STACK + KEPT_STACK - 0x900;
}

static void put_kept_stack(struct fake *fake, uint64_t number, uint64_t before, uint64_t after,
                           int32_t tid)
{
	uint64_t descriptor = kept_descriptor(number);

	put(fake, descriptor, descriptor);
	put(fake, descriptor + 8, KEPT_HEAP + number * 0x200 + 16);
	put(fake, descriptor + 16, descriptor);
	put(fake, descriptor + KEPT_TID, (uint32_t)tid);
	put(fake, descriptor + KEPT_LIST, after);
	put(fake, descriptor + KEPT_LIST + 8, before);
	put(fake, descriptor + 0x690, KEPT_STACKS + number * KEPT_STACK);
	put(fake, descriptor + 0x698, KEPT_STACK);
}

/* Blocks: 0 and 1 the vectors, 2 a variable of the first, 3 a table, 4 one that only looks like it,
 * 5 to 7 nodes of a tree and 8 their key. */
static struct leak_block kept_blocks[] = {
    {KEPT_HEAP, 288, 1, false, 0},          {KEPT_HEAP + 0x200, 288, 1, false, 0},
    {KEPT_HEAP + 0x400, 24, 2, false, 0},   {KEPT_HEAP + 0x810, 2304, 3, false, 0},
    {KEPT_HEAP + 0x1210, 300, 4, false, 0}, {KEPT_HEAP + 0x1400, 24, 5, false, 0},
    {KEPT_HEAP + 0x1420, 24, 5, false, 0},  {KEPT_HEAP + 0x1440, 24, 5, false, 0},
    {KEPT_HEAP + 0x1460, 8, 6, false, 0},
};

static void put_kept_memory(struct fake *fake)
{
	uint64_t head = KEPT_HEAD, first = kept_descriptor(0) + KEPT_LIST,
	         second = kept_descriptor(1) + KEPT_LIST, table = KEPT_HEAP + 0x880;

	fake_map(fake, KEPT_HEAP, 2 * PAGE);
	fake_map(fake, KEPT_LINKER, PAGE);
	fake_map(fake, KEPT_STACKS, (size_t)2 * KEPT_STACK);
	fake_map(fake, KEPT_LIBC, PAGE);
	put(fake, head, first);
	put(fake, head + 8, second);
	put_kept_stack(fake, 0, head, second, -1);
	put_kept_stack(fake, 1, first, head, 0);
	put(fake, KEPT_HEAP, 16);
	put(fake, KEPT_HEAP + 32, KEPT_HEAP + 0x408);
	put(fake, KEPT_HEAP + 40, KEPT_HEAP + 0x400);
	put(fake, KEPT_LINKER + 0x800, table);
	put(fake, table + 8, KEPT_HEAP + 0x810);
	put(fake, table + 24, 63);
	put(fake, KEPT_LINKER + 0x808, KEPT_HEAP + 0x1280);
	put(fake, KEPT_HEAP + 0x1288, KEPT_HEAP + 0x1210);
	put(fake, KEPT_HEAP + 0x1298, 63); /* has no room */
	/* A red node with two children. */
	put(fake, KEPT_LIBC + 0x100, KEPT_HEAP + 0x1400);
	put(fake, KEPT_HEAP + 0x1408, KEPT_HEAP + 0x1421);
	put(fake, KEPT_HEAP + 0x1410, KEPT_HEAP + 0x1440);
	for (uint64_t node = 0x1400; node <= 0x1440; node += 0x20)
		put(fake, KEPT_HEAP + node, KEPT_HEAP + 0x1460);
}

/* What is kept by libc in memory, beside a thread of this descriptor. */
static void find_kept(const struct leak_memory *memory, uint64_t living, struct leak_blocks *blocks,
                      struct leak_kept *kept)
{
	struct leak_thread thread = {.tid = 7, .registers = {.fs_base = living}};
	struct leak_look look = {.pid = 1, .threads = &thread, .n_threads = 1};
	struct live_facts facts = {.stack_cache = {KEPT_LINKER, KEPT_HEAD, KEPT_LIST, KEPT_TID}};
	struct leak_maps maps = {.image = 0};

	leak_ranges_add(&maps.roots, KEPT_LINKER, KEPT_LINKER + PAGE);
	leak_ranges_add(&maps.roots, KEPT_STACKS, KEPT_STACKS + 2 * KEPT_STACK);
	leak_ranges_add(&maps.roots, KEPT_LIBC, KEPT_LIBC + PAGE);
	leak_ranges_add(&maps.libc, KEPT_LIBC, KEPT_LIBC + PAGE);
	*kept = (struct leak_kept){.n_blocks = 0};
	leak_kept_find(&look, &maps, memory, &facts, blocks, kept);
	leak_maps_fini(&maps);
}

/* Their keepers, each a digit, and how many stacks. */
static void assert_kept_of(const struct leak_memory *memory, uint64_t living, const char *keepers,
                           size_t n_stacks)
{
	struct leak_blocks blocks = {.blocks = kept_blocks, .n_blocks = ARRAY_SIZE(kept_blocks)};
	struct leak_kept kept;

	find_kept(memory, living, &blocks, &kept);
	for (size_t i = 0; i < ARRAY_SIZE(kept_blocks); i++) {
		assert_int_equal(kept_blocks[i].keeper, keepers[i] - '0');
		kept_blocks[i].keeper = LEAK_NO_KEEPER;
	}
	assert_int_equal(kept.stacks.n_ranges, n_stacks);
	assert_false(kept.is_list_cut);
	assert_int_equal(kept.n_cut_trees, 0);
	leak_kept_fini(&kept);
}

static void assert_kept(struct fake *fake, uint64_t living, const char *keepers, size_t n_stacks)
{
	struct leak_memory memory = memory_of(fake);

	assert_kept_of(&memory, living, keepers, n_stacks);
}

static void what_libc_keeps_is_found_by_its_own_pointers(void **state)
{
	struct fake fake = {0};

	(void)state;
	put_kept_memory(&fake);
	assert_kept(&fake, 0, "111200300", 2);
	/* A thread that lives, by its descriptor and by its id. */
	assert_kept(&fake, kept_descriptor(1), "101200300", 1);
	put(&fake, kept_descriptor(0) + KEPT_TID, 20000);
	assert_kept(&fake, 0, "010200300", 1);
	put(&fake, kept_descriptor(0) + KEPT_TID, 0);
	/* The list is broken behind the first one. */
	put(&fake, kept_descriptor(1) + KEPT_LIST + 8, 0);
	assert_kept(&fake, 0, "101200300", 1);
	put(&fake, kept_descriptor(0) + KEPT_LIST, 0);
	assert_kept(&fake, 0, "101200300", 1);
	/* A vector that points elsewhere into its block, a table that has another one's beginning,
	 * a node that leads to itself. */
	put(&fake, kept_descriptor(0) + 8, KEPT_HEAP + 24);
	put(&fake, KEPT_HEAP + 0x888, KEPT_HEAP + 0x1210);
	put(&fake, KEPT_HEAP + 0x1450, KEPT_HEAP + 0x1440);
	assert_kept(&fake, 0, "000000000", 1);
	/* All of the tree leads back, by ways without end. */
	put(&fake, KEPT_HEAP + 0x1448, KEPT_HEAP + 0x1400);
	assert_kept(&fake, 0, "000000000", 1);
	fake_fini(&fake);
}

/* Somebody else writes there as soon as it was read. */
struct changing {
	struct fake *fake;
	uint64_t read[64];
	size_t n_read;
	size_t n_read_again;
	uint64_t word; /* that stands there then */
};

static bool changing_read(void *context, uint64_t addr, void *data, size_t bytes)
{
	struct changing *changing = context;

	for (size_t i = 0; i < changing->n_read; i++) {
		if (changing->read[i] != addr)
			continue;
		for (size_t at = 0; at + sizeof(uint64_t) <= bytes; at += sizeof(uint64_t))
			memcpy((char *)data + at, &changing->word, sizeof(uint64_t));
		changing->n_read_again++;
		return true;
	}
	assert_true(changing->n_read < ARRAY_SIZE(changing->read));
	changing->read[changing->n_read++] = addr;
	return fake_read(changing->fake, addr, data, bytes);
}

static void assert_kept_while_it_changes(struct fake *fake, uint64_t word, const char *keepers)
{
	struct changing changing = {.fake = fake, .word = word};
	struct leak_memory memory = {changing_read, fake_next, &changing};

	assert_kept_of(&memory, 0, keepers, 2);
	assert_true(changing.n_read > 0);
	assert_int_equal(changing.n_read_again, 0);
}

static void memory_that_changes_meanwhile_is_read_once(void **state)
{
	struct fake fake = {0};

	(void)state;
	put_kept_memory(&fake);
	assert_kept_while_it_changes(&fake, KEPT_HEAP + 0x1423, "111200300"); /* in a node */
	assert_kept_while_it_changes(&fake, UINT64_MAX, "111200300");
	fake_fini(&fake);
}

/* All threads have one vector. It is looked at once: it may be large, and they many. */
static void a_vector_of_many_is_read_once(void **state)
{
	struct fake fake = {0};

	(void)state;
	put_kept_memory(&fake);
	put(&fake, kept_descriptor(1) + 8, KEPT_HEAP + 16);
	assert_kept_while_it_changes(&fake, 0, "101200300");
	fake_fini(&fake);
}

/* The list's nodes and no more. */
static void put_long_list(struct fake *fake, uint64_t n)
{
	uint64_t before = KEPT_HEAD, node = KEPT_STACKS;

	fake_map(fake, KEPT_LINKER, PAGE);
	fake_map(fake, KEPT_STACKS, (n * 32 + PAGE - 1) / PAGE * PAGE);
	put(fake, KEPT_HEAD, node);
	for (uint64_t i = 0; i < n; i++, before = node, node += 32) {
		put(fake, node, i + 1 < n ? node + 32 : KEPT_HEAD);
		put(fake, node + 8, before);
		put(fake, node + KEPT_TID - KEPT_LIST, 1);
	}
}

static void a_list_of_stacks_that_is_too_long_is_told(void **state)
{
	(void)state;
	for (uint64_t more = 0; more < 2; more++) {
		struct fake fake = {0};
		struct leak_memory memory = memory_of(&fake);
		struct leak_blocks blocks = {.n_blocks = 0};
		struct leak_kept kept;

		put_long_list(&fake, LEAK_MOST_STACKS + more);
		find_kept(&memory, 0, &blocks, &kept);
		assert_int_equal(kept.is_list_cut, more);
		leak_kept_fini(&kept);
		fake_fini(&fake);
	}
}

/* A tree of black nodes, each its own key, beginning with the first. */
static void put_nodes(struct fake *fake, uint64_t first, uint64_t n, struct leak_block *blocks)
{
	uint64_t(*nodes)[4] = fake_map(fake, first, (n * sizeof(*nodes) + PAGE - 1) / PAGE * PAGE);

	for (uint64_t i = 0; i < n; i++) {
		uint64_t addr = first + i * sizeof(*nodes), left = 2 * i + 1;

		blocks[i] = (struct leak_block){.addr = addr, .size_bytes = 24};
		nodes[i][0] = addr;
		nodes[i][1] = left < n ? first + left * sizeof(*nodes) : 0;
		nodes[i][2] = left + 1 < n ? first + (left + 1) * sizeof(*nodes) : 0;
	}
}

/* Words of libc's data lead to the large tree, and one behind them to a small one that has a red
 * node. */
static void check_trees(uint64_t n_nodes, uint64_t n_words, uint64_t n_cut, bool is_small_found)
{
	struct leak_block *list = xcalloc(n_nodes + 3, sizeof(*list));
	uint64_t small = KEPT_HEAP + (n_nodes * 32 + PAGE - 1) / PAGE * PAGE;
	struct leak_blocks blocks = {.blocks = list, .n_blocks = n_nodes + 3};
	struct fake fake = {0};
	struct leak_memory memory = memory_of(&fake);
	struct leak_kept kept;

	put_nodes(&fake, KEPT_HEAP, n_nodes, list);
	put_nodes(&fake, small, 3, list + n_nodes);
	fake_map(&fake, KEPT_LIBC, PAGE);
	put(&fake, small + 8, small + 33); /* red */
	for (uint64_t i = 0; i < n_words; i++)
		put(&fake, KEPT_LIBC + i * 8, KEPT_HEAP);
	put(&fake, KEPT_LIBC + n_words * 8, small);
	find_kept(&memory, 0, &blocks, &kept);
	assert_int_equal(kept.n_cut_trees, n_cut);
	assert_int_equal(kept.n_blocks, is_small_found);
	assert_int_equal(list[n_nodes + 1].keeper,
	                 is_small_found ? LEAK_SEARCH_TREES : LEAK_NO_KEEPER);
	for (uint64_t i = 0; i <= n_nodes; i++)
		assert_int_equal(list[i].keeper, LEAK_NO_KEEPER);
	leak_kept_fini(&kept);
	fake_fini(&fake);
	free(list);
}

static void trees_that_are_too_large_are_told_and_hide_no_others(void **state)
{
	enum { WHOLE = LEAK_MOST_VISITS / LEAK_MOST_NODES };

	(void)state;
	check_trees(LEAK_MOST_NODES, 1, 0, true);
	check_trees(LEAK_MOST_NODES + 1, 1, 1, true);
	check_trees(LEAK_MOST_NODES, WHOLE, 1, false);
	check_trees(LEAK_MOST_NODES, WHOLE + 2, 3, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_left_of_ranges_is_what_is_in_no_other),
	    cmocka_unit_test(arenas_of_each_version_are_followed_to_their_heaps),
	    cmocka_unit_test(an_arena_that_leads_nowhere_is_counted_and_ends),
	    cmocka_unit_test(a_mapped_chunk_says_where_its_mapping_is),
	    cmocka_unit_test(a_piece_of_the_main_arena_ends_with_fences_or_the_top),
	    cmocka_unit_test(blocks_of_all_tables_come_by_address),
	    cmocka_unit_test(blocks_that_cannot_be_are_left_out_and_counted),
	    cmocka_unit_test(tables_that_cannot_be_are_left_out_and_counted),
	    cmocka_unit_test(facts_that_cannot_be_are_refused),
	    cmocka_unit_test(roots_are_what_is_left),
	    cmocka_unit_test(a_thread_descriptor_tells_its_stack),
	    cmocka_unit_test(what_libc_keeps_is_found_by_its_own_pointers),
	    cmocka_unit_test(memory_that_changes_meanwhile_is_read_once),
	    cmocka_unit_test(a_vector_of_many_is_read_once),
	    cmocka_unit_test(a_list_of_stacks_that_is_too_long_is_told),
	    cmocka_unit_test(trees_that_are_too_large_are_told_and_hide_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
