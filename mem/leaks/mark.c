/* memcheck's classes of blocks: a graph search from the roots, then one from each block that it did
 * not reach.
 *
 * Nearly all of the time would go into waiting for memory. So what is to be looked at is asked for
 * some steps ahead (C.-Y. Cher, A. Hosking, T. Vijaykumar, Software prefetching for mark-sweep
 * garbage collection, 2004): pointers wait for their block's entry, blocks for their words.
 */
#include "mem/leaks/mark.h"

#include "core/alloc.h"
#include "core/u64map.h"
#include "mem/leaks/block_map.h"
#include "mem/leaks/heuristics.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORD = sizeof(uint64_t), ROOT_BYTES = 1 << 18 };

/* How many wait; powers of two. */
enum { POINTERS = 16, BLOCKS = 16 };

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

/* A word that may point to a block. */
struct pointer {
	uint64_t addr;
	size_t guess;     /* of its block */
	bool is_definite; /* the word's own place is */
};

struct leak_marking {
	struct leak_ground ground;
	struct block_map *map;
	struct heuristics heuristics;
	uint64_t lowest; /* that lies in a block */
	uint64_t extent; /* from there to the end of the last */
	bool is_copied;
	uint64_t *words; /* of registers and roots, those that may point to blocks; if it is */
	size_t n_words;
	size_t words_capacity;
	struct node *nodes;
	struct clique *cliques; /* of each block */
	size_t *pending;        /* [n_pending], each once */
	size_t n_pending;
	size_t leader; /* of the clique that is looked for; BLOCK_NONE: what roots lead to is */
	/* What waits, each in a ring: the last ones of so many. */
	struct pointer pointers[POINTERS];
	size_t n_pointers;
	size_t n_pointers_done;
	size_t blocks[BLOCKS];
	size_t n_blocks;
	size_t n_blocks_done;
};

static void push(struct leak_marking *marking, size_t block)
{
	if (marking->nodes[block].is_pending)
		return;
	marking->nodes[block].is_pending = true;
	marking->pending[marking->n_pending++] = block;
}

/* A word of a root, or of a block that is reached from one. */
static void reach(struct leak_marking *marking, size_t number, uint64_t pointer, bool is_definite)
{
	const struct leak_block *block = &marking->ground.blocks[number];
	struct node *node = &marking->nodes[number];
	bool is_start = pointer == block->addr;

	if (node->kind == LEAK_REACHABLE) {
		if (is_start)
			node->heuristic = LEAK_NO_HEURISTIC;
		return;
	}
	if (!is_start) {
		node->heuristic = (uint8_t)heuristics_judge(&marking->heuristics, block, pointer);
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
static void join(struct leak_marking *marking, size_t number)
{
	struct node *node = &marking->nodes[number];
	struct clique *clique = &marking->cliques[marking->leader];

	if (node->kind != LEAK_DEFINITE || number == marking->leader)
		return;
	node->kind = LEAK_INDIRECT;
	clique->bytes += marking->ground.blocks[number].size_bytes;
	clique->bytes += marking->cliques[number].bytes;
	clique->n_blocks += 1 + marking->cliques[number].n_blocks;
	push(marking, number);
}

static void follow_pointer(struct leak_marking *marking)
{
	const struct pointer *pointer = &marking->pointers[marking->n_pointers_done++ % POINTERS];
	size_t number = block_map_confirm(marking->map, pointer->guess, pointer->addr);

	if (number == BLOCK_NONE)
		return;
	if (marking->leader == BLOCK_NONE)
		reach(marking, number, pointer->addr, pointer->is_definite);
	else
		join(marking, number);
}

static bool may_point(const struct leak_marking *marking, uint64_t word)
{
	return word - marking->lowest < marking->extent;
}

static void look_at(struct leak_marking *marking, uint64_t word, bool is_definite)
{
	size_t guess;

	if (!may_point(marking, word))
		return;
	guess = block_map_guess(marking->map, word);
	if (guess == BLOCK_NONE)
		return;
	__builtin_prefetch(&marking->ground.blocks[guess]);
	__builtin_prefetch(&marking->nodes[guess]);
	if (marking->n_pointers - marking->n_pointers_done == POINTERS)
		follow_pointer(marking);
	marking->pointers[marking->n_pointers++ % POINTERS] =
	    (struct pointer){word, guess, is_definite};
}

static void scan(struct leak_marking *marking, uint64_t addr, uint64_t end, bool is_definite)
{
	uint64_t room[512];

	for (size_t n; addr < end; addr += n * WORD) {
		const uint64_t *words;

		n = (end - addr) / WORD;
		if (n > ARRAY_SIZE(room))
			n = ARRAY_SIZE(room);
		words = block_map_words(marking->map, addr, &n, room);
		for (size_t i = 0; i < n; i++)
			look_at(marking, words[i], is_definite);
	}
}

static void scan_block(struct leak_marking *marking)
{
	size_t number = marking->blocks[marking->n_blocks_done++ % BLOCKS];
	const struct leak_block *block = &marking->ground.blocks[number];
	struct node *node = &marking->nodes[number];

	node->is_pending = false;
	scan(marking, (block->addr + WORD - 1) / WORD * WORD,
	     (block->addr + block->size_bytes) / WORD * WORD, node->kind != LEAK_POSSIBLE);
}

static void take_pending(struct leak_marking *marking)
{
	size_t number = marking->pending[--marking->n_pending];
	const struct leak_block *block = &marking->ground.blocks[number];

	/* Where it ends may be another line; further ones come by themselves. */
	block_map_prefetch(marking->map, block->addr);
	if (block->size_bytes >= WORD)
		block_map_prefetch(marking->map, block->addr + block->size_bytes - 1);
	marking->blocks[marking->n_blocks++ % BLOCKS] = number;
}

/* All that is pending, and what that leads to. */
static void follow(struct leak_marking *marking)
{
	for (;;) {
		size_t n_waiting = marking->n_blocks - marking->n_blocks_done;

		if (marking->n_pending && n_waiting < BLOCKS)
			take_pending(marking);
		else if (n_waiting)
			scan_block(marking);
		else if (marking->n_pointers_done < marking->n_pointers)
			follow_pointer(marking);
		else
			return;
	}
}

static void keep_word(struct leak_marking *marking, uint64_t word)
{
	if (may_point(marking, word))
		*ARRAY_APPEND(marking->words, marking->n_words, marking->words_capacity) = word;
}

static void look_at_root(struct leak_marking *marking, uint64_t word)
{
	look_at(marking, word, true);
}

/* Passes each word of registers and roots to `take`. */
static void walk_roots(struct leak_marking *marking,
                       void (*take)(struct leak_marking *marking, uint64_t word))
{
	const struct leak_ground *ground = &marking->ground;
	uint64_t *words = xmalloc(ROOT_BYTES);

	for (size_t i = 0; i < ground->n_words; i++)
		take(marking, ground->words[i]);
	for (size_t i = 0; i < ground->n_roots; i++) {
		uint64_t addr = (ground->roots[i].start + WORD - 1) / WORD * WORD;
		uint64_t end = ground->roots[i].end / WORD * WORD, bytes;

		for (; addr < end; addr += bytes) {
			bytes = end - addr < ROOT_BYTES ? end - addr : ROOT_BYTES;
			if (!ground->read(ground->context, addr, words, bytes))
				continue;
			for (size_t j = 0; j < bytes / WORD; j++)
				take(marking, words[j]);
		}
	}
	free(words);
}

static void scan_roots(struct leak_marking *marking)
{
	if (!marking->is_copied)
		walk_roots(marking, look_at_root);
	for (size_t i = 0; i < marking->n_words; i++)
		look_at(marking, marking->words[i], true);
	follow(marking);
}

/* In the order of addresses, as memcheck does: a later leader may take over an earlier one. */
static void find_cliques(struct leak_marking *marking)
{
	for (size_t i = 0; i < marking->ground.n_blocks; i++) {
		if (marking->nodes[i].kind != LEAK_DEFINITE)
			continue;
		marking->leader = i;
		push(marking, i);
		follow(marking);
	}
}

/* Equal for blocks that make one row. */
static uint64_t key_of(const struct leak_block *block, const struct node *node)
{
	return (uint64_t)block->keeper << 40 | (uint64_t)block->stack << 8 |
	       (uint64_t)node->kind << 4 | (uint64_t)node->heuristic << 1 | block->is_inherited;
}

static void make_rows(const struct leak_marking *marking, struct leak_verdict *verdict)
{
	struct u64map *numbers = u64map_new(); /* key -> its row + 1 */
	size_t capacity = 0;

	verdict->rows = NULL;
	verdict->n_rows = 0;
	for (size_t i = 0; i < marking->ground.n_blocks; i++) {
		const struct leak_block *block = &marking->ground.blocks[i];
		const struct node *node = &marking->nodes[i];
		uint64_t *number = u64map_put(numbers, key_of(block, node), NULL);
		struct leak_row *row;

		if (!*number) {
			row = ARRAY_APPEND(verdict->rows, verdict->n_rows, capacity);
			row->stack = block->stack;
			row->kind = (enum leak_kind)node->kind;
			row->heuristic = (enum leak_heuristic)node->heuristic;
			row->keeper = (enum leak_keeper)block->keeper;
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

size_t leak_copy_limit_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

	return pages > 0 && page_bytes > 0 ? (size_t)pages / 8 * (size_t)page_bytes : 1 << 28;
}

static void set_bounds(struct leak_marking *marking)
{
	const struct leak_ground *ground = &marking->ground;
	const struct leak_block *last;

	if (!ground->n_blocks)
		return;
	last = &ground->blocks[ground->n_blocks - 1];
	marking->lowest = ground->blocks[0].addr;
	marking->extent = last->addr + last->size_bytes + !last->size_bytes - marking->lowest;
}

struct leak_marking *leak_marking_new(const struct leak_ground *ground)
{
	struct leak_marking *marking = xcalloc(1, sizeof(*marking));

	marking->ground = *ground;
	marking->leader = BLOCK_NONE;
	marking->map = block_map_new(ground->blocks, ground->n_blocks, ground->read,
	                             ground->context, leak_copy_limit_bytes());
	marking->heuristics = (struct heuristics){&marking->ground, marking->map, u64map_new()};
	set_bounds(marking);
	return marking;
}

void leak_marking_free(struct leak_marking *marking)
{
	if (!marking)
		return;
	free(marking->words);
	u64map_free(marking->heuristics.vtables);
	block_map_free(marking->map);
	free(marking);
}

/* Of a process that has gone on. */
static bool read_nothing(void *context, uint64_t addr, void *memory, size_t bytes)
{
	(void)context;
	(void)addr;
	memset(memory, 0, bytes);
	return false;
}

bool leak_marking_copy(struct leak_marking *marking, size_t limit_bytes)
{
	if (!block_map_copy_all(marking->map, limit_bytes))
		return false;
	for (size_t i = 0; i < marking->ground.n_blocks; i++)
		heuristics_learn(&marking->heuristics, &marking->ground.blocks[i]);
	walk_roots(marking, keep_word);
	marking->ground.read = read_nothing;
	marking->is_copied = true;
	return true;
}

size_t leak_marking_copied_bytes(const struct leak_marking *marking)
{
	return block_map_copied_bytes(marking->map);
}

static void set_kept(struct leak_marking *marking)
{
	const struct leak_ground *ground = &marking->ground;

	for (size_t i = 0; i < ground->n_kept; i++) {
		marking->nodes[ground->kept[i]].kind = LEAK_REACHABLE;
		if (ground->blocks[ground->kept[i]].keeper == LEAK_SEARCH_TREES)
			push(marking, ground->kept[i]);
	}
}

/* What is needed only now is made only now: the process may have stood still until here. */
void leak_marking_judge(struct leak_marking *marking, struct leak_verdict *verdict)
{
	size_t n = marking->ground.n_blocks;

	marking->nodes = huge_new(n * sizeof(*marking->nodes));
	marking->cliques = huge_new(n * sizeof(*marking->cliques));
	marking->pending = huge_new(n * sizeof(*marking->pending));
	for (size_t i = 0; i < n; i++)
		marking->nodes[i].kind = LEAK_DEFINITE;
	set_kept(marking);
	scan_roots(marking);
	find_cliques(marking);
	make_rows(marking, verdict);
	huge_free(marking->nodes, n * sizeof(*marking->nodes));
	huge_free(marking->cliques, n * sizeof(*marking->cliques));
	huge_free(marking->pending, n * sizeof(*marking->pending));
}

void leak_verdict_fini(struct leak_verdict *verdict)
{
	free(verdict->rows);
	free(verdict->trouble);
	verdict->rows = NULL;
	verdict->n_rows = 0;
	verdict->trouble = NULL;
}
