/* Classes of blocks: memcheck's, for heaps that are spelled out word by word. */
#include "mem/leaks/mark.h"

#include "core/alloc.h"
#include "mem/leaks/block_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A process's memory: a heap, and a page of roots. */
enum {
	HEAP = 0x10000000,
	ROOTS = 0x20000000,
	TEXT = 0x30000000,
	N_WORDS = 1 << 16,
	MAX_BLOCKS = 64
};

struct process {
	uint64_t heap[N_WORDS];
	uint64_t roots[512];
	uint64_t text[512];
	struct leak_block blocks[MAX_BLOCKS];
	size_t n_blocks;
	uint64_t next;
	uint64_t registers[4];
	unsigned heuristics;
};

static bool read_memory(void *context, uint64_t addr, void *memory, size_t bytes)
{
	const struct process *process = context;
	const struct {
		uint64_t start;
		const void *bytes;
		size_t size;
	} parts[] = {{HEAP, process->heap, sizeof(process->heap)},
	             {ROOTS, process->roots, sizeof(process->roots)},
	             {TEXT, process->text, sizeof(process->text)}};
	bool any = false;

	memset(memory, 0, bytes);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		uint64_t start = addr > parts[i].start ? addr : parts[i].start;
		uint64_t end = parts[i].start + parts[i].size;

		end = addr + bytes < end ? addr + bytes : end;
		if (start >= end)
			continue;
		memcpy((char *)memory + (start - addr),
		       (const char *)parts[i].bytes + (start - parts[i].start), end - start);
		any = true;
	}
	return any;
}

static int set_up(void **state)
{
	struct process *process = xcalloc(1, sizeof(*process));

	process->next = HEAP + 64;
	*state = process;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Each block has its own stack: 1, 2, ... */
static uint64_t block(struct process *process, uint64_t size)
{
	uint64_t addr = process->next;

	struct leak_block *new = &process->blocks[process->n_blocks++];

	*new = (struct leak_block){
	    .addr = addr, .size_bytes = size, .stack = (uint32_t)process->n_blocks};
	process->next += (size + 31) / 16 * 16;
	return addr;
}

static void set(struct process *process, uint64_t addr, uint64_t word)
{
	if (addr >= ROOTS)
		process->roots[(addr - ROOTS) / 8] = word;
	else
		process->heap[(addr - HEAP) / 8] = word;
}

static void assert_same_rows(const struct leak_verdict *a, const struct leak_verdict *b)
{
	assert_int_equal(a->n_rows, b->n_rows);
	for (size_t i = 0; i < a->n_rows; i++) {
		assert_int_equal(a->rows[i].stack, b->rows[i].stack);
		assert_int_equal(a->rows[i].kind, b->rows[i].kind);
		assert_int_equal(a->rows[i].heuristic, b->rows[i].heuristic);
		assert_int_equal(a->rows[i].n_blocks, b->rows[i].n_blocks);
		assert_int_equal(a->rows[i].bytes, b->rows[i].bytes);
		assert_int_equal(a->rows[i].indirect_bytes, b->rows[i].indirect_bytes);
		assert_int_equal(a->rows[i].indirect_blocks, b->rows[i].indirect_blocks);
	}
}

/* From the process itself, and from copies when it holds something else. */
static struct leak_verdict mark(struct process *process)
{
	const struct leak_range roots = {ROOTS, ROOTS + sizeof(process->roots)};
	const struct leak_range text = {TEXT, TEXT + sizeof(process->text)};
	const struct leak_ground ground = {.blocks = process->blocks,
	                                   .n_blocks = process->n_blocks,
	                                   .roots = &roots,
	                                   .n_roots = 1,
	                                   .words = process->registers,
	                                   .n_words = ARRAY_SIZE(process->registers),
	                                   .heuristics = process->heuristics,
	                                   .files = &text,
	                                   .n_files = 1,
	                                   .code = &text,
	                                   .n_code = 1,
	                                   .read = read_memory,
	                                   .context = process};
	struct leak_verdict verdict = {0}, of_copies = {0};
	struct leak_marking *marking = leak_marking_new(&ground);
	struct process before = *process;

	assert_true(leak_marking_copy(marking, 1 << 30));
	memset(process->heap, 0, sizeof(process->heap));
	memset(process->roots, 0, sizeof(process->roots));
	memset(process->text, 0, sizeof(process->text));
	leak_marking_judge(marking, &of_copies);
	leak_marking_free(marking);
	*process = before;
	marking = leak_marking_new(&ground);
	leak_marking_judge(marking, &verdict);
	leak_marking_free(marking);
	assert_same_rows(&verdict, &of_copies);
	leak_verdict_fini(&of_copies);
	return verdict;
}

/* "RPID" letters of the blocks in their order. */
static void assert_kinds(struct process *process, const char *kinds)
{
	struct leak_verdict verdict = mark(process);
	char found[MAX_BLOCKS + 1] = "";

	assert_int_equal(strlen(kinds), process->n_blocks);
	for (size_t i = 0; i < verdict.n_rows; i++)
		found[verdict.rows[i].stack - 1] = "RPID"[verdict.rows[i].kind];
	assert_string_equal(found, kinds);
	leak_verdict_fini(&verdict);
}

static struct leak_row row_of(struct process *process, uint32_t stack)
{
	struct leak_verdict verdict = mark(process);
	struct leak_row row = {0};

	for (size_t i = 0; i < verdict.n_rows; i++)
		if (verdict.rows[i].stack == stack)
			row = verdict.rows[i];
	leak_verdict_fini(&verdict);
	return row;
}

static void a_start_reaches_and_an_inside_only_perhaps(void **state)
{
	struct process *process = *state;
	uint64_t start = block(process, 40), inside = block(process, 40), none = block(process, 40);

	set(process, ROOTS, start);
	set(process, ROOTS + 8, inside + 39);
	set(process, ROOTS + 16, none + 40); /* one past its end */
	assert_kinds(process, "RPD");
}

static void registers_are_roots(void **state)
{
	struct process *process = *state;

	process->registers[2] = block(process, 16);
	assert_kinds(process, "R");
}

static void what_a_possible_block_leads_to_is_possible(void **state)
{
	struct process *process = *state;
	uint64_t head = block(process, 24), tail = block(process, 24);

	set(process, head, tail);
	set(process, ROOTS, head + 8);
	assert_kinds(process, "PP");
	set(process, ROOTS + 8, head); /* a better pointer, seen later */
	assert_kinds(process, "RR");
}

static void only_aligned_words_are_pointers(void **state)
{
	struct process *process = *state;
	uint64_t found = block(process, 16);
	char *roots = (char *)process->roots;

	memcpy(roots + 4, &found, sizeof(found));
	assert_kinds(process, "D");
}

static void an_empty_block_has_its_first_address(void **state)
{
	struct process *process = *state;
	uint64_t reached = block(process, 0), missed = block(process, 0);

	set(process, ROOTS, reached);
	set(process, ROOTS + 8, missed + 1);
	assert_kinds(process, "RD");
}

static void a_tail_of_no_whole_word_is_not_looked_at(void **state)
{
	struct process *process = *state;
	uint64_t head = block(process, 12), lost = block(process, 16);

	set(process, head + 8, lost);
	set(process, ROOTS, head);
	assert_kinds(process, "RD");
}

static void a_cycle_has_its_lowest_block_as_leader(void **state)
{
	struct process *process = *state;
	uint64_t a = block(process, 24), b = block(process, 32), c = block(process, 40);
	struct leak_row row;

	set(process, a, b);
	set(process, b, c);
	set(process, c, a);
	assert_kinds(process, "DII");
	row = row_of(process, 1);
	assert_int_equal(row.indirect_bytes, 72);
	assert_int_equal(row.indirect_blocks, 2);
}

/* The leader of a clique at a low address is pointed to from a lost block above it. */
static void a_later_leader_takes_over_an_earlier_one(void **state)
{
	struct process *process = *state;
	uint64_t child = block(process, 16), leader = block(process, 24),
	         later = block(process, 32);
	struct leak_row row;

	set(process, leader, child);
	set(process, later, leader);
	assert_kinds(process, "IID");
	row = row_of(process, 3);
	assert_int_equal(row.indirect_bytes, 40);
	assert_int_equal(row.indirect_blocks, 2);
}

static void freed_memory_leads_nowhere(void **state)
{
	struct process *process = *state;
	uint64_t lost = block(process, 16);

	/* Between blocks, in the heap. */
	set(process, lost + 16, lost);
	assert_kinds(process, "D");
}

static void assert_heuristic(struct process *process, enum leak_heuristic heuristic)
{
	process->heuristics = 0;
	assert_kinds(process, "P");
	process->heuristics = 1U << heuristic;
	assert_kinds(process, "R");
	assert_int_equal(row_of(process, 1).heuristic, heuristic);
}

static void a_string_is_known_by_its_capacity(void **state)
{
	struct process *process = *state;
	uint64_t string = block(process, 3 * 8 + 10 + 1);

	set(process, string, 5);
	set(process, string + 8, 10);
	set(process, ROOTS, string + 24);
	assert_heuristic(process, LEAK_STDSTRING);
	set(process, string, 11); /* longer than its capacity */
	assert_kinds(process, "P");
}

static void a_length_before_the_block_is_known(void **state)
{
	struct process *process = *state;
	uint64_t block_addr = block(process, 100);

	set(process, block_addr, 92);
	set(process, ROOTS, block_addr + 8);
	assert_heuristic(process, LEAK_LENGTH64);
}

static void an_array_is_known_by_its_count(void **state)
{
	struct process *process = *state;
	uint64_t array = block(process, 8 + 3 * 24);

	set(process, array, 3);
	set(process, ROOTS, array + 8);
	assert_heuristic(process, LEAK_NEWARRAY);
	set(process, array, 5); /* 72 bytes are no 5 elements */
	assert_kinds(process, "P");
}

static void a_base_is_known_by_its_vtable(void **state)
{
	struct process *process = *state;
	uint64_t object = block(process, 48);

	process->text[10] = TEXT + 800;
	process->text[11] = TEXT + 900;
	process->text[20] = TEXT + 800;
	process->text[22] = TEXT + 900; /* behind a NULL */
	set(process, object, TEXT + 80);
	set(process, object + 16, TEXT + 160);
	set(process, ROOTS, object + 16);
	assert_heuristic(process, LEAK_MULTIPLE_INHERITANCE);
	process->text[11] = HEAP; /* no function */
	assert_kinds(process, "P");
}

static void a_direct_pointer_makes_the_heuristic_void(void **state)
{
	struct process *process = *state;
	uint64_t array = block(process, 8 + 3 * 24);

	process->heuristics = 1U << LEAK_NEWARRAY;
	set(process, array, 3);
	set(process, ROOTS, array + 8);
	set(process, ROOTS + 8, array);
	assert_kinds(process, "R");
	assert_int_equal(row_of(process, 1).heuristic, LEAK_NO_HEURISTIC);
}

static void rows_join_blocks_of_one_stack_and_kind(void **state)
{
	struct process *process = *state;
	struct leak_verdict verdict;

	block(process, 10);
	block(process, 20);
	block(process, 30);
	process->blocks[0].stack = process->blocks[1].stack = 7;
	process->blocks[2].stack = 7;
	process->blocks[2].is_inherited = true;
	verdict = mark(process);
	assert_int_equal(verdict.n_rows, 2);
	assert_int_equal(verdict.rows[0].n_blocks, 2);
	assert_int_equal(verdict.rows[0].bytes, 30);
	assert_true(verdict.rows[1].is_inherited);
	leak_verdict_fini(&verdict);
}

/* Sizes from none to many windows, so that every kind of page is there. */
static void finding_a_block_agrees_with_looking_at_all(void **state)
{
	static const uint64_t sizes[] = {0, 1, 8, 24, 100, 4000, 5000, 70000, 1 << 27};
	struct leak_block blocks[600];
	struct block_map *map;
	uint64_t next = 0x1000;

	(void)state;
	srand(1);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		uint64_t size = sizes[rand() % (i % 50 ? 6 : ARRAY_SIZE(sizes))];

		blocks[i] = (struct leak_block){.addr = next, .size_bytes = size};
		next += size + 1 + (uint64_t)(rand() % (rand() % 8 ? 64 : 9000));
	}
	/* More in a page than are counted. */
	for (size_t i = 100; i < 400; i++)
		blocks[i] = (struct leak_block){.addr = blocks[99].addr + blocks[99].size_bytes +
		                                        1 + (i - 100) * 2,
		                                .size_bytes = i % 3};
	for (size_t i = 400; i < ARRAY_SIZE(blocks); i++)
		blocks[i].addr += 1 << 20;
	map = block_map_new(blocks, ARRAY_SIZE(blocks), NULL, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		const struct leak_block *one = &blocks[i];
		const uint64_t asked[] = {one->addr - 1,
		                          one->addr,
		                          one->addr + 1,
		                          one->addr + one->size_bytes / 2,
		                          one->addr + one->size_bytes - 1,
		                          one->addr + one->size_bytes,
		                          one->addr + one->size_bytes + 1};

		for (size_t j = 0; j < ARRAY_SIZE(asked); j++) {
			size_t expected = BLOCK_NONE;

			for (size_t k = 0; k < ARRAY_SIZE(blocks); k++)
				if (asked[j] >= blocks[k].addr &&
				    asked[j] < blocks[k].addr + blocks[k].size_bytes +
				                   (blocks[k].size_bytes == 0))
					expected = k;
			assert_int_equal(block_map_find(map, asked[j]), expected);
		}
	}
	assert_int_equal(block_map_find(map, UINT64_MAX), BLOCK_NONE);
	block_map_free(map);
}

/* With room for one copy at a time. */
static void copies_make_room_for_each_other(void **state)
{
	struct process *process = *state;
	const struct leak_block all = {.addr = HEAP, .size_bytes = sizeof(process->heap)};
	struct block_map *map = block_map_new(&all, 1, read_memory, process, 0);
	uint64_t words[N_WORDS / 4];

	for (size_t i = 0; i < N_WORDS; i++)
		process->heap[i] = i;
	for (size_t round = 0; round < 2; round++)
		for (size_t at = 0; at < N_WORDS; at += N_WORDS / 4) {
			block_map_copy(map, HEAP + at * 8, words, N_WORDS / 4);
			assert_memory_equal(words, process->heap + at, sizeof(words));
		}
	block_map_free(map);
}

/* What a whole copy has is what was there when it was made. */
static void a_whole_copy_is_not_read_again(void **state)
{
	struct process *process = *state;
	const struct leak_block all = {.addr = HEAP, .size_bytes = sizeof(process->heap)};
	struct block_map *map = block_map_new(&all, 1, read_memory, process, 0);
	uint64_t room[N_WORDS], addr = HEAP;
	size_t n;

	for (size_t i = 0; i < N_WORDS; i++)
		process->heap[i] = i;
	assert_false(block_map_copy_all(map, 0));
	assert_int_equal(block_map_copied_bytes(map), 0);
	assert_true(block_map_copy_all(map, 1 << 30));
	assert_true(block_map_copied_bytes(map) >= sizeof(process->heap));
	memset(process->heap, 0, sizeof(process->heap));
	for (size_t i = 0; i < N_WORDS; i += n, addr += n * 8) {
		const uint64_t *words;

		n = N_WORDS - i;
		words = block_map_words(map, addr, &n, room);
		assert_in_range(n, 1, N_WORDS - i);
		for (size_t j = 0; j < n; j++)
			assert_int_equal(words[j], i + j);
	}
	block_map_free(map);
}

#define IN_PROCESS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PROCESS(a_start_reaches_and_an_inside_only_perhaps),
	    IN_PROCESS(registers_are_roots),
	    IN_PROCESS(what_a_possible_block_leads_to_is_possible),
	    IN_PROCESS(only_aligned_words_are_pointers),
	    IN_PROCESS(an_empty_block_has_its_first_address),
	    IN_PROCESS(a_tail_of_no_whole_word_is_not_looked_at),
	    IN_PROCESS(a_cycle_has_its_lowest_block_as_leader),
	    IN_PROCESS(a_later_leader_takes_over_an_earlier_one),
	    IN_PROCESS(freed_memory_leads_nowhere),
	    IN_PROCESS(a_string_is_known_by_its_capacity),
	    IN_PROCESS(a_length_before_the_block_is_known),
	    IN_PROCESS(an_array_is_known_by_its_count),
	    IN_PROCESS(a_base_is_known_by_its_vtable),
	    IN_PROCESS(a_direct_pointer_makes_the_heuristic_void),
	    IN_PROCESS(rows_join_blocks_of_one_stack_and_kind),
	    IN_PROCESS(copies_make_room_for_each_other),
	    IN_PROCESS(a_whole_copy_is_not_read_again),
	    cmocka_unit_test(finding_a_block_agrees_with_looking_at_all),
	};

	return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
