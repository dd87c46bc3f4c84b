/* Follows glibc's list of kept stacks (nptl/allocatestack.c), their threads' vectors of
 * thread-local storage (elf/dl-tls.c), the tables of loaded objects (elf/dl-find_object.c), and
 * libc's own trees (misc/tsearch.c). */
#include "mem/leaks/kept.h"

#include "core/alloc.h"
#include "mem/leaks/stacks.h"

#include <stdlib.h>

enum {
	WORD = 8,
	VECTOR_WORD = 1, /* of struct pthread, as of each thread's control block: its vector */
	VECTOR_BYTES = 1 << 20, /* for 65,534 libraries with variables of threads */
	DATA_BYTES = 1 << 16,   /* of a library, around what is known to be its own; all of libc's
	                           is 60 KB in glibc 2.36, the dynamic linker's 5 KB */
	TABLE_ALIGN = 128,
	MOST_TABLES = 64,  /* each twice as large as the one before */
	DEEPEST_TREE = 64, /* if it is balanced, one so deep has over 4 billion nodes */
	VISITED = 0x80,    /* of a block's keeper, while a tree is looked at */
};

/* A node of a tree that is looked at. */
struct visited {
	struct leak_block *block;
	bool is_hidden; /* nothing but a red node points there */
};

struct finding {
	const struct leak_look *look;
	const struct leak_maps *maps;
	const struct leak_memory *memory;
	const struct live_facts *facts;
	struct leak_blocks *blocks;
	struct leak_kept *kept;
	struct visited *nodes; /* of one tree */
	size_t n_nodes;
	size_t nodes_capacity;
	size_t n_visits; /* of all trees */
	bool is_cut;     /* there is more of this tree than is looked at */
};

/* The block that holds the address, or NULL. */
static struct leak_block *find_block(const struct finding *finding, uint64_t addr)
{
	size_t number = leak_blocks_after(finding->blocks, addr);

	if (number == finding->blocks->n_blocks || finding->blocks->blocks[number].addr > addr)
		return NULL;
	return &finding->blocks->blocks[number];
}

static void keep(const struct finding *finding, struct leak_block *block, enum leak_keeper keeper)
{
	struct leak_kept *kept = finding->kept;

	if (block->keeper)
		return;
	block->keeper = (uint8_t)keeper;
	*ARRAY_APPEND(kept->blocks, kept->n_blocks, kept->blocks_capacity) =
	    (size_t)(block - finding->blocks->blocks);
}

/* dtv_t: its length, then a generation, each with a word of filling, then a pair for each module:
 * its variables, and what to free. The thread points to the second of them. */
static void keep_vector(const struct finding *finding, uint64_t vector)
{
	enum { PAIR = 2, FIRST = 2 * PAIR };
	struct leak_block *block = find_block(finding, vector);
	uint64_t *words, n_words;

	if (!block || block->keeper || block->addr + PAIR * WORD != vector ||
	    block->size_bytes > VECTOR_BYTES)
		return;
	n_words = block->size_bytes / WORD;
	words = xcalloc(n_words + 1, WORD);
	leak_memory_read(finding->memory, block->addr, words, n_words * WORD);
	for (uint64_t i = FIRST; i + 1 < n_words && i < FIRST + words[0] * PAIR; i += PAIR) {
		struct leak_block *variables = find_block(finding, words[i + 1]);

		if (variables && variables->addr == words[i + 1])
			keep(finding, variables, LEAK_STACK_CACHE);
	}
	keep(finding, block, LEAK_STACK_CACHE);
	free(words);
}

static bool is_of_living(const struct finding *finding, uint64_t descriptor)
{
	const struct leak_look *look = finding->look;

	for (size_t i = 0; i < look->n_threads; i++)
		if (look->threads[i].registers.fs_base == descriptor)
			return true;
	return false;
}

/* The kernel makes the id 0 when the thread has ended, pthread_join(3) makes it -1; a detached
 * thread that is in the list has it until then. */
static void keep_stack(const struct finding *finding, uint64_t descriptor)
{
	struct leak_range stack;
	int32_t tid;
	uint64_t vector;

	leak_memory_read(finding->memory, descriptor + finding->facts->stack_cache.tid_offset, &tid,
	                 sizeof(tid));
	if (tid > 0 || is_of_living(finding, descriptor) ||
	    !leak_stack_of(finding->memory, descriptor, &stack))
		return;
	leak_ranges_add(&finding->kept->stacks, stack.start, stack.end);
	leak_memory_read(finding->memory, descriptor + VECTOR_WORD * WORD, &vector, sizeof(vector));
	keep_vector(finding, vector);
}

static void keep_stacks(const struct finding *finding)
{
	const struct live_stack_cache *cache = &finding->facts->stack_cache;
	uint64_t links[2], before = cache->head;

	if (!cache->head)
		return;
	leak_memory_read(finding->memory, cache->head, links, sizeof(links));
	for (int i = 0; links[0] != cache->head; i++) {
		uint64_t node = links[0];

		finding->kept->is_list_cut = i == LEAK_MOST_STACKS;
		if (finding->kept->is_list_cut)
			return;
		leak_memory_read(finding->memory, node, links, sizeof(links));
		if (links[1] != before)
			return;
		keep_stack(finding, node - cache->list_offset);
		before = node;
	}
}

/* struct dlfo_mappings_segment, aligned in its block. False: that is none. */
static bool keep_table(const struct finding *finding, uint64_t addr, uint64_t *previous)
{
	enum { PREVIOUS, TO_FREE, USED, ALLOCATED, N_WORDS, OBJECT_BYTES = 32 };
	uint64_t words[N_WORDS], room;
	struct leak_block *block = addr % TABLE_ALIGN ? NULL : find_block(finding, addr);

	if (!block || addr - block->addr >= TABLE_ALIGN)
		return false;
	leak_memory_read(finding->memory, addr, words, sizeof(words));
	room = leak_block_end(block) - addr;
	if (words[TO_FREE] != block->addr || room < sizeof(words) ||
	    words[ALLOCATED] > (room - sizeof(words)) / OBJECT_BYTES ||
	    words[USED] > words[ALLOCATED])
		return false;
	keep(finding, block, LEAK_OBJECT_TABLES);
	*previous = words[PREVIOUS];
	return true;
}

typedef void keep_by_word(struct finding *finding, uint64_t word);

/* What points to such memory has no name: the words of a library's data around an address in it are
 * looked at. */
static void walk_data(struct finding *finding, uint64_t addr, keep_by_word *keep_by)
{
	const struct leak_range *map = addr ? leak_ranges_find(&finding->maps->roots, addr) : NULL;
	const struct leak_blocks *blocks = finding->blocks;
	uint64_t start, end, *words, lowest, extent;

	if (!map || !blocks->n_blocks)
		return;
	lowest = blocks->blocks[0].addr;
	extent = leak_block_end(&blocks->blocks[blocks->n_blocks - 1]) - lowest;
	start = addr - map->start > DATA_BYTES ? addr / WORD * WORD - DATA_BYTES : map->start;
	end = map->end - addr > DATA_BYTES ? addr + DATA_BYTES : map->end;
	words = xcalloc((end - start) / WORD + 1, WORD);
	leak_memory_read(finding->memory, start, words, (end - start) / WORD * WORD);
	for (uint64_t i = 0; i < (end - start) / WORD; i++)
		if (words[i] - lowest < extent)
			keep_by(finding, words[i]);
	free(words);
}

static void keep_tables(struct finding *finding, uint64_t word)
{
	for (int i = 0; i < MOST_TABLES && word; i++)
		if (!keep_table(finding, word, &word))
			return;
}

/* A node of a tree, whose lowest bit of `left` says that it is red. */
struct tree_node {
	uint64_t key;
	uint64_t left;
	uint64_t right;
};

/* The block that begins there, of that size if it is not 0. */
static struct leak_block *find_start(const struct finding *finding, uint64_t addr, uint64_t bytes)
{
	struct leak_block *block = find_block(finding, addr);

	return block && block->addr == addr && (!bytes || block->size_bytes == bytes) ? block
	                                                                              : NULL;
}

/* False: there is no such node, it was reached already, so that this is no tree, or these are too
 * many. */
static bool visit(struct finding *finding, uint64_t addr, bool is_hidden)
{
	struct leak_block *block = find_start(finding, addr, sizeof(struct tree_node));

	if (!block || block->keeper & VISITED)
		return false;
	finding->is_cut =
	    finding->n_nodes == LEAK_MOST_NODES || finding->n_visits == LEAK_MOST_VISITS;
	if (finding->is_cut)
		return false;
	block->keeper |= VISITED;
	*ARRAY_APPEND(finding->nodes, finding->n_nodes, finding->nodes_capacity) =
	    (struct visited){block, is_hidden};
	finding->n_visits++;
	return true;
}

/* Of a node among the children of another. */
enum place { BELOW_BLACK, LEFT_OF_RED, RIGHT_OF_RED };

/* Is it a whole tree, all in blocks, no red node below another? Collects its nodes. Each is read
 * once: memory that others share may change. */
static bool is_tree(struct finding *finding, uint64_t addr, int depth, enum place place)
{
	struct tree_node node;
	bool is_red;

	if (!addr)
		return true;
	if (depth == DEEPEST_TREE || !visit(finding, addr, place == LEFT_OF_RED))
		return false;
	leak_memory_read(finding->memory, addr, &node, sizeof(node));
	is_red = node.left & 1;
	return !(is_red && place != BELOW_BLACK) && find_start(finding, node.key, 0) &&
	       is_tree(finding, node.left & ~UINT64_C(1), depth + 1,
	               is_red ? LEFT_OF_RED : BELOW_BLACK) &&
	       is_tree(finding, node.right, depth + 1, is_red ? RIGHT_OF_RED : BELOW_BLACK);
}

/* Only what the bit hides: a red node's left child. */
static void keep_tree(struct finding *finding, uint64_t word)
{
	bool is_whole;

	finding->n_nodes = 0;
	finding->is_cut = false;
	is_whole = word && is_tree(finding, word, 0, BELOW_BLACK);
	for (size_t i = 0; i < finding->n_nodes; i++) {
		const struct visited *node = &finding->nodes[i];

		node->block->keeper &= (uint8_t)~VISITED;
		if (is_whole && node->is_hidden)
			keep(finding, node->block, LEAK_SEARCH_TREES);
	}
	finding->kept->n_cut_trees += finding->is_cut;
}

void leak_kept_find(const struct leak_look *look, const struct leak_maps *maps,
                    const struct leak_memory *memory, const struct live_facts *facts,
                    struct leak_blocks *blocks, struct leak_kept *kept)
{
	struct finding finding = {.look = look,
	                          .maps = maps,
	                          .memory = memory,
	                          .facts = facts,
	                          .blocks = blocks,
	                          .kept = kept};

	keep_stacks(&finding);
	walk_data(&finding, facts->stack_cache.linker, keep_tables);
	for (size_t i = 0; i < maps->libc.n_ranges; i++)
		walk_data(&finding, maps->libc.ranges[i].start, keep_tree);
	free(finding.nodes);
}

void leak_kept_fini(struct leak_kept *kept)
{
	leak_ranges_fini(&kept->stacks);
	free(kept->blocks);
	*kept = (struct leak_kept){.n_blocks = 0};
}
