/* The live blocks: what was put is taken back whole, small or large, and what a visitor changes
 * stays. */
#include "mem/preload/live.c" /* belongs to the preload library, which no program links */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

static void *map(size_t bytes, int protection)
{
	void *memory =
	    mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void *preload_map(size_t bytes)
{
	return map(bytes, PROT_READ | PROT_WRITE);
}

void *preload_reserve(size_t bytes)
{
	return map(bytes, PROT_READ);
}

bool preload_make_writable(void *memory, size_t bytes)
{
	uint64_t start = (uint64_t)memory & -(uint64_t)WIRE_PAGE;

	return mprotect((void *)start, (uint64_t)memory + bytes - start, PROT_READ | PROT_WRITE) ==
	       0;
}

enum { MOST = (1 << LIVE_ORIGIN_BITS) - 1u };

static const struct {
	uint64_t address;
	struct live_block block;
} cases[] = {
    {0x1000, {.size_bytes = 0, .stack = 0, .origin = 0}},
    {0x1020, {.size_bytes = 4095, .stack = WIRE_MAX_STACKS, .origin = MOST}},
    {0x1050, {.size_bytes = 1, .stack = 1, .origin = 1}},
    {0x7fffffffe010, {.size_bytes = 24, .stack = 77, .origin = 1u << 30}},
    {0x10010, {.size_bytes = 4096, .stack = 0, .origin = 0}},
    {0x20ff0, {.size_bytes = (UINT64_C(1) << 47) - 1, .stack = WIRE_MAX_STACKS, .origin = MOST}},
};
enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

static void put_all(void)
{
	for (size_t i = 0; i < N_CASES; i++) {
		struct live_block stale;
		bool has_stale;

		assert_true(live_put((void *)cases[i].address, cases[i].block, &stale, &has_stale));
		assert_false(has_stale);
	}
}

static void assert_same(struct live_block a, struct live_block b)
{
	assert_int_equal(a.size_bytes, b.size_bytes);
	assert_int_equal(a.stack, b.stack);
	assert_int_equal(a.origin, b.origin);
}

static void a_block_comes_back_as_it_was_put_and_once(void **state)
{
	struct live_block block;

	(void)state;
	put_all();
	for (size_t i = 0; i < N_CASES; i++) {
		assert_false(live_take((void *)(cases[i].address + 8), &block));
		assert_true(live_take((void *)cases[i].address, &block));
		assert_same(block, cases[i].block);
		assert_false(live_take((void *)cases[i].address, &block));
	}
}

static void a_block_in_the_place_of_another_gives_that_one_back(void **state)
{
	struct live_block stale, block, next = {.size_bytes = 8, .stack = 5, .origin = 9};
	bool has_stale;

	(void)state;
	put_all();
	for (size_t i = 0; i < N_CASES; i++) {
		next.size_bytes = cases[i].block.size_bytes < LIVE_SMALL_LIMIT ? 8 : 5000;
		assert_true(live_put((void *)cases[i].address, next, &stale, &has_stale));
		assert_true(has_stale);
		assert_same(stale, cases[i].block);
		assert_true(live_take((void *)cases[i].address, &block));
		assert_same(block, next);
	}
}

struct visits {
	size_t n;
	uint64_t bytes;
	uint32_t mask; /* of the origin's bits to turn over */
};

static void visit(void *context, struct live_block *block)
{
	struct visits *visits = context;

	visits->n++;
	visits->bytes += block->size_bytes;
	block->origin ^= visits->mask;
}

static void every_block_is_visited_once_and_keeps_a_changed_origin(void **state)
{
	struct visits visits = {.mask = 0x2a000005};
	struct live_block block, expected;
	uint64_t bytes = 0;

	(void)state;
	put_all();
	live_for_each(visit, &visits);
	for (size_t i = 0; i < N_CASES; i++) {
		bytes += cases[i].block.size_bytes;
		expected = cases[i].block;
		expected.origin ^= visits.mask;
		assert_true(live_take((void *)cases[i].address, &block));
		assert_same(block, expected);
	}
	assert_int_equal(visits.n, N_CASES);
	assert_int_equal(visits.bytes, bytes);
	visits = (struct visits){0};
	live_for_each(visit, &visits);
	assert_int_equal(visits.n, 0);
}

static void an_address_inside_a_block_is_none(void **state)
{
	struct live_block block = {.size_bytes = 100, .stack = 3}, taken;
	bool has_stale;

	(void)state;
	assert_true(live_put((void *)0x51000040, block, &taken, &has_stale));
	for (uint64_t inside = 1; inside < 32; inside++)
		assert_false(live_take((void *)(0x51000040 + inside), &taken));
	assert_true(live_take((void *)0x51000040, &taken));
	block.size_bytes = 10000;
	assert_true(live_put((void *)0x51000010, block, &taken, &has_stale));
	for (uint64_t inside = 1; inside < 5000; inside++)
		assert_false(live_take((void *)(0x51000010 + inside), &taken));
	assert_true(live_take((void *)0x51000010, &taken));
}

/* What the driver goes by when it reads the tables from outside. */
static void each_table_tells_which_addresses_it_covers(void **state)
{
	struct live_block block = {.size_bytes = 100, .stack = 3}, stale;
	const struct live_table *last;
	bool has_stale;

	(void)state;
	assert_true(live_put((void *)0x123456789068, block, &stale, &has_stale));
	last = &tables[live_facts.n_tables - 1];
	assert_true(last->is_small);
	assert_int_equal(last->region, 0x123456400000);
	assert_int_equal(((uint64_t *)last->entries)[0x389068 >> live_facts.granule_bits],
	                 live_pack_small(0x123456789068, block));
	block.size_bytes = 5000;
	assert_true(live_put((void *)0x143456789068, block, &stale, &has_stale));
	last = &tables[live_facts.n_tables - 1];
	assert_false(last->is_small);
	assert_int_equal(last->region, 0x143454000000);
	assert_int_equal(((struct live_big_entry *)last->entries)[0x2789068 >> 12].where,
	                 live_pack_big(0x143456789068, block));
	assert_int_equal(live_facts.tables, (uint64_t)tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_block_comes_back_as_it_was_put_and_once),
	    cmocka_unit_test(a_block_in_the_place_of_another_gives_that_one_back),
	    cmocka_unit_test(every_block_is_visited_once_and_keeps_a_changed_origin),
	    cmocka_unit_test(an_address_inside_a_block_is_none),
	    cmocka_unit_test(each_table_tells_which_addresses_it_covers),
	};

	if (!live_init(true))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
