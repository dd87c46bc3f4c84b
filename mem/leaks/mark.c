/* memcheck's classes of blocks: a graph search from the roots, then one from each block that it did
 * not reach. */
#include "mem/leaks/mark.h"

#include "core/alloc.h"
#include "core/u64map.h"
#include "mem/leaks/block_map.h"
#include "mem/leaks/heuristics.h"

#include <stdlib.h>
#include <unistd.h>

enum { WORD = sizeof(uint64_t), ROOT_BYTES = 1 << 18 };

struct node {
	uint8_t kind; /* enum leak_kind; LEAK_DEFINITE until it is reached */
	uint8_t heuristic;
	bool is_pending; /* its words are to be looked at */
};

/* What a lost block leads to. */
struct clique {
	uint64_t bytes;
	uint64_t n_blocks;
};

struct marking {
	const struct leak_ground *ground;
	struct block_map *map;
	struct node *nodes;
	struct clique *cliques; /* of each block */
	size_t *pending;        /* [n_pending], each once */
	size_t n_pending;
};

static void push(struct marking *marking, size_t block)
{
	if (marking->nodes[block].is_pending)
		return;
	marking->nodes[block].is_pending = true;
	marking->pending[marking->n_pending++] = block;
}

/* A word of a root, or of a block that is reached from one. */
static void reach(struct marking *marking, size_t number, uint64_t pointer, bool is_definite)
{
	const struct leak_block *block = &marking->ground->blocks[number];
	struct node *node = &marking->nodes[number];
	bool is_start = pointer == block->addr;

	if (node->kind == LEAK_REACHABLE) {
		if (is_start)
			node->heuristic = LEAK_NO_HEURISTIC;
		return;
	}
	if (!is_start) {
		node->heuristic =
		    (uint8_t)heuristics_judge(marking->ground, marking->map, block, pointer);
		is_start = node->heuristic != LEAK_NO_HEURISTIC;
	}
	if (is_start && is_definite)
		node->kind = LEAK_REACHABLE;
	else if (node->kind != LEAK_POSSIBLE)
		node->kind = LEAK_POSSIBLE;
	else
		return;
	push(marking, number);
}

/* A word of a lost block: what it points to is of the leader's clique, and so is what that led. */
static void join(struct marking *marking, size_t number, size_t leader)
{
	struct node *node = &marking->nodes[number];
	struct clique *clique = &marking->cliques[leader];

	if (node->kind != LEAK_DEFINITE || number == leader)
		return;
	node->kind = LEAK_INDIRECT;
	clique->bytes += marking->ground->blocks[number].size_bytes;
	clique->bytes += marking->cliques[number].bytes;
	clique->n_blocks += 1 + marking->cliques[number].n_blocks;
	push(marking, number);
}

static void look_at(struct marking *marking, uint64_t word, bool is_definite, size_t leader)
{
	size_t number = block_map_find(marking->map, word);

	if (number == BLOCK_NONE)
		return;
	if (leader == BLOCK_NONE)
		reach(marking, number, word, is_definite);
	else
		join(marking, number, leader);
}

static void scan(struct marking *marking, uint64_t addr, uint64_t end, bool is_definite,
                 size_t leader)
{
	uint64_t words[512];

	for (size_t n; addr < end; addr += n * WORD) {
		n = (end - addr) / WORD;
		if (n > ARRAY_SIZE(words))
			n = ARRAY_SIZE(words);
		block_map_copy(marking->map, addr, words, n);
		for (size_t i = 0; i < n; i++)
			look_at(marking, words[i], is_definite, leader);
	}
}

/* All that is pending, and what that leads to. `leader`: of the clique; BLOCK_NONE: from the roots.
 */
static void follow(struct marking *marking, size_t leader)
{
	while (marking->n_pending) {
		size_t number = marking->pending[--marking->n_pending];
		const struct leak_block *block = &marking->ground->blocks[number];
		struct node *node = &marking->nodes[number];

		node->is_pending = false;
		scan(marking, (block->addr + WORD - 1) / WORD * WORD,
		     (block->addr + block->size_bytes) / WORD * WORD, node->kind != LEAK_POSSIBLE,
		     leader);
	}
}

static void scan_roots(struct marking *marking)
{
	const struct leak_ground *ground = marking->ground;
	uint64_t *words = xmalloc(ROOT_BYTES);

	for (size_t i = 0; i < ground->n_words; i++)
		look_at(marking, ground->words[i], true, BLOCK_NONE);
	for (size_t i = 0; i < ground->n_roots; i++) {
		uint64_t addr = (ground->roots[i].start + WORD - 1) / WORD * WORD;
		uint64_t end = ground->roots[i].end / WORD * WORD, bytes;

		for (; addr < end; addr += bytes) {
			bytes = end - addr < ROOT_BYTES ? end - addr : ROOT_BYTES;
			if (!ground->read(ground->context, addr, words, bytes))
				continue;
			for (size_t j = 0; j < bytes / WORD; j++)
				look_at(marking, words[j], true, BLOCK_NONE);
		}
	}
	free(words);
	follow(marking, BLOCK_NONE);
}

/* In the order of addresses, as memcheck does: a later leader may take over an earlier one. */
static void find_cliques(struct marking *marking)
{
	for (size_t i = 0; i < marking->ground->n_blocks; i++) {
		if (marking->nodes[i].kind != LEAK_DEFINITE)
			continue;
		push(marking, i);
		follow(marking, i);
	}
}

/* Equal for blocks that make one row. */
static uint64_t key_of(const struct leak_block *block, const struct node *node)
{
	return (uint64_t)block->stack << 8 | (uint64_t)node->kind << 4 |
	       (uint64_t)node->heuristic << 1 | block->is_inherited;
}

static void make_rows(const struct marking *marking, struct leak_verdict *verdict)
{
	struct u64map *numbers = u64map_new(); /* key -> its row + 1 */
	size_t capacity = 0;

	verdict->rows = NULL;
	verdict->n_rows = 0;
	for (size_t i = 0; i < marking->ground->n_blocks; i++) {
		const struct leak_block *block = &marking->ground->blocks[i];
		const struct node *node = &marking->nodes[i];
		uint64_t *number = u64map_put(numbers, key_of(block, node), NULL);
		struct leak_row *row;

		if (!*number) {
			row = ARRAY_APPEND(verdict->rows, verdict->n_rows, capacity);
			row->stack = block->stack;
			row->kind = (enum leak_kind)node->kind;
			row->heuristic = (enum leak_heuristic)node->heuristic;
			row->is_inherited = block->is_inherited;
			*number = verdict->n_rows;
		}
		row = &verdict->rows[*number - 1];
		row->n_blocks++;
		row->bytes += block->size_bytes;
		if (row->kind == LEAK_DEFINITE) {
			row->indirect_bytes += marking->cliques[i].bytes;
			row->indirect_blocks += marking->cliques[i].n_blocks;
		}
	}
	u64map_free(numbers);
}

/* An eighth of the machine's memory: what the copies may take. */
static size_t copy_limit_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

	return pages > 0 && page_bytes > 0 ? (size_t)pages / 8 * (size_t)page_bytes : 1 << 28;
}

void leak_mark(const struct leak_ground *ground, struct leak_verdict *verdict)
{
	struct marking marking = {.ground = ground};

	marking.map = block_map_new(ground->blocks, ground->n_blocks, ground->read, ground->context,
	                            copy_limit_bytes());
	marking.nodes = xcalloc(ground->n_blocks, sizeof(*marking.nodes));
	marking.cliques = xcalloc(ground->n_blocks, sizeof(*marking.cliques));
	marking.pending = xcalloc(ground->n_blocks, sizeof(*marking.pending));
	for (size_t i = 0; i < ground->n_blocks; i++)
		marking.nodes[i].kind = LEAK_DEFINITE;
	scan_roots(&marking);
	find_cliques(&marking);
	make_rows(&marking, verdict);
	free(marking.pending);
	free(marking.cliques);
	free(marking.nodes);
	block_map_free(marking.map);
}

void leak_verdict_fini(struct leak_verdict *verdict)
{
	free(verdict->rows);
	free(verdict->trouble);
	verdict->rows = NULL;
	verdict->n_rows = 0;
	verdict->trouble = NULL;
}
