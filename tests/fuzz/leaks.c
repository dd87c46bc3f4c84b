/* The memory of a process that is looked at for leaks: the library's facts and tables, malloc's
 * arenas and chunks, a thread's descriptor. */
#include "tests/fuzz/fuzz.h"

#include "core/diag.h"
#include "mem/leaks/ground.h"
#include "mem/leaks/kept.h"
#include "mem/leaks/pieces.h"

#include <stddef.h>
#include <string.h>

/* The bytes are all of its memory, which begins here. */
#define BASE UINT64_C(0x1000)
enum {
	PAGE = 4096,
	TABLES = 0x400,
	DESCRIPTOR = 0x800,
	BINS = 0x2000,
	BINS_BYTES = 254 * 8,
	CHUNKS = 0x3000,
	ENTRIES = 0x5000,
	SEED_BYTES = 0x8000,
};

struct input {
	const uint8_t *bytes;
	uint64_t end;
};

static bool read_input(void *context, uint64_t addr, void *data, size_t bytes)
{
	const struct input *input = context;
	uint64_t start = addr > BASE ? addr : BASE;
	uint64_t end = addr + bytes < input->end ? addr + bytes : input->end;

	memset(data, 0, bytes);
	if (start >= end)
		return false;
	memcpy((char *)data + (start - addr), input->bytes + (start - BASE), end - start);
	return true;
}

static bool next_touched(void *context, uint64_t *start, uint64_t *end)
{
	const struct input *input = context;
	uint64_t pages_end = (input->end + PAGE - 1) & -(uint64_t)PAGE;

	if (*start < BASE)
		*start = BASE;
	if (*end > pages_end)
		*end = pages_end;
	return *start < *end;
}

/* What must hold of whatever was read. */
static void check(const struct leak_view *view, const struct leak_roots *roots, uint64_t end)
{
	const struct leak_blocks *blocks = view->blocks;

	for (size_t i = 0; i < blocks->n_blocks; i++)
		BUG(i && blocks->blocks[i].addr < leak_block_end(&blocks->blocks[i - 1]));
	for (size_t i = 0; i < roots->ranges.n_ranges; i++)
		BUG(roots->ranges.ranges[i].start >= roots->ranges.ranges[i].end ||
		    roots->ranges.ranges[i].start < BASE || roots->ranges.ranges[i].end > end);
}

static void find_roots(struct leak_view *view, struct leak_maps *maps, struct leak_blocks *blocks,
                       uint64_t end)
{
	struct leak_roots roots;
	struct leak_kept kept = {.n_blocks = 0};

	leak_ranges_add(&maps->all, BASE, end);
	leak_ranges_add(&maps->roots, BASE, end);
	maps->brk = (struct leak_range){BASE + CHUNKS, BASE + CHUNKS + PAGE};
	leak_ranges_add(&maps->libc, BASE, end);
	leak_kept_find(view->look, maps, view->memory, view->facts, blocks, &kept);
	BUG(kept.n_blocks > blocks->n_blocks);
	view->kept_stacks = &kept.stacks;
	leak_roots_find(view, &roots);
	check(view, &roots, end);
	leak_kept_fini(&kept);
	leak_roots_fini(&roots);
	leak_maps_fini(maps);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, BASE + len};
	struct leak_memory memory = {read_input, next_touched, &input};
	struct leak_thread thread = {
	    .registers = {.rsp = BASE + DESCRIPTOR - 64, .fs_base = BASE + DESCRIPTOR}};
	struct leak_dead_stack dead = {.sp = BASE + DESCRIPTOR - 128};
	struct leak_look look = {
	    .threads = &thread, .n_threads = 1, .dead_stacks = &dead, .n_dead_stacks = 1};
	uint64_t end = (input.end + PAGE - 1) & -(uint64_t)PAGE;
	struct leak_blocks blocks = {0};
	struct leak_arenas arenas = {0};
	struct leak_maps maps = {0};
	struct live_facts facts;
	struct leak_view view = {&look, &maps, &memory, &facts, &blocks, &arenas, {NULL, 0}, NULL};
	struct diag diag;

	leak_arenas_find(&memory, (struct leak_range){BASE, end}, &arenas);
	if (!leak_facts_read(&memory, BASE, BASE, &facts, &diag) &&
	    !leak_blocks_read(&memory, &facts, &blocks, &diag)) {
		find_roots(&view, &maps, &blocks, end);
		/* Without threads of its own: the ended one's stack. */
		look.n_threads = 0;
		find_roots(&view, &maps, &blocks, end);
	}
	leak_arenas_fini(&arenas);
	leak_blocks_fini(&blocks);
	return 0;
}

static void put(uint8_t *memory, uint64_t at, uint64_t word)
{
	memcpy(memory + at, &word, sizeof(word));
}

static void put_arena(uint8_t *memory)
{
	for (uint64_t at = BINS; at < BINS + BINS_BYTES; at += 16) {
		put(memory, at, BASE + at - 16);
		put(memory, at + 8, BASE + at - 16);
	}
	put(memory, BINS - 16, BASE + CHUNKS + 0xf00);
	put(memory, BINS + BINS_BYTES + 16, BASE + BINS - 112);
	put(memory, BINS + BINS_BYTES + 40, PAGE);
	for (uint64_t at = CHUNKS; at <= CHUNKS + 0x1f00; at += 0x100)
		put(memory, at + 8, 0x100 | 1);
	put(memory, CHUNKS + 0x1fe8, 0x10 | 1);
	put(memory, CHUNKS + 0x1ff8, 0x10 | 1);
	put(memory, CHUNKS + 0x1f08, 0xe0 | 1);
}

void fuzz_add_seeds(void)
{
	static uint8_t memory[SEED_BYTES];
	struct live_facts facts = {.magic = LIVE_MAGIC,
	                           .image = BASE,
	                           .tables = BASE + TABLES,
	                           .n_tables = 1,
	                           .granule_bits = 5,
	                           .n_mappings = 1,
	                           .library = {BASE, BASE + 0x200},
	                           .pool = {BASE + 0x100, BASE + 0x180},
	                           .mappings = {{BASE + TABLES, BASE + DESCRIPTOR}}};
	struct live_table table = {.entries = BASE + ENTRIES, .is_small = 1};
	struct live_block block = {.size_bytes = 100, .stack = 7};

	memcpy(memory, &facts, sizeof(facts));
	memcpy(memory + TABLES, &table, sizeof(table));
	put(memory, DESCRIPTOR, BASE + DESCRIPTOR);
	put(memory, DESCRIPTOR + 16, BASE + DESCRIPTOR);
	put(memory, DESCRIPTOR + 64, BASE);
	put(memory, DESCRIPTOR + 72, PAGE);
	put_arena(memory);
	for (uint64_t addr = BASE + CHUNKS + 0x110; addr < BASE + CHUNKS + 0x1f00; addr += 0x400)
		put(memory, ENTRIES + addr / 32 * 8, live_pack_small(addr, block));
	fuzz_seed(memory, sizeof(memory));
	/* The same memory as a table of large blocks. */
	table.is_small = 0;
	memcpy(memory + TABLES, &table, sizeof(table));
	block.size_bytes = PAGE;
	put(memory, ENTRIES + 64, PAGE);
	put(memory, ENTRIES + 72, live_pack_big(4 * PAGE + 16, block));
	fuzz_seed(memory, sizeof(memory));
}
