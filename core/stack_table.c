/* The trie behind stack ids: an array of nodes and a hash of (parent, tag, key). */
#include "core/stack_table.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/u64map.h"

#include <stdbool.h>
#include <stdlib.h>

/* Half of the hash tells nearly all nodes apart without a look at them. */
struct slot {
	uint32_t id; /* 0: free */
	uint32_t hash;
};

struct stack_table {
	struct stack_node *nodes; /* the node of id i is nodes[i - 1] */
	size_t n_nodes;
	size_t nodes_capacity;
	struct slot *slots; /* huge_new(): each look-up is in another page */
	size_t n_slots;     /* a power of two */
};

enum { FIRST_SLOTS = 64 };

struct stack_table *stack_table_new(void)
{
	struct stack_table *table = xcalloc(1, sizeof(*table));

	table->slots = huge_new(FIRST_SLOTS * sizeof(*table->slots));
	table->n_slots = FIRST_SLOTS;
	return table;
}

static uint64_t hash_of(const struct stack_node *node)
{
	return u64_mix(node->key, (uint64_t)node->parent << 32 | node->tag);
}

static bool same_node(const struct stack_node *a, const struct stack_node *b)
{
	return a->parent == b->parent && a->tag == b->tag && a->key == b->key;
}

/* The slot that holds the node, or the free one where it belongs. */
static struct slot *find_slot(const struct stack_table *table, const struct stack_node *node,
                              uint64_t hash)
{
	size_t mask = table->n_slots - 1, i = hash & mask;

	for (;; i = (i + 1) & mask) {
		struct slot *slot = &table->slots[i];

		if (!slot->id ||
		    (slot->hash == hash >> 32 && same_node(&table->nodes[slot->id - 1], node)))
			return slot;
	}
}

static void grow(struct stack_table *table, size_t n_slots)
{
	huge_free(table->slots, table->n_slots * sizeof(*table->slots));
	table->slots = huge_new(n_slots * sizeof(*table->slots));
	table->n_slots = n_slots;
	for (size_t i = 0; i < table->n_nodes; i++) {
		uint64_t hash = hash_of(&table->nodes[i]);
		size_t at = hash & (n_slots - 1);

		while (table->slots[at].id)
			at = (at + 1) & (n_slots - 1);
		table->slots[at] =
		    (struct slot){.id = (uint32_t)i + 1, .hash = (uint32_t)(hash >> 32)};
	}
}

void stack_table_reserve(struct stack_table *table, uint32_t n_nodes)
{
	size_t n_slots = table->n_slots;

	table->nodes =
	    array_reserve(table->nodes, &table->nodes_capacity, n_nodes, sizeof(*table->nodes));
	while (n_slots * 3 / 4 < n_nodes)
		n_slots *= 2;
	if (n_slots > table->n_slots)
		grow(table, n_slots);
}

void stack_table_free(struct stack_table *table)
{
	if (!table)
		return;
	huge_free(table->slots, table->n_slots * sizeof(*table->slots));
	free(table->nodes);
	free(table);
}

uint32_t stack_table_add(struct stack_table *table, uint32_t parent, uint32_t tag, uint64_t key)
{
	const struct stack_node node = {.parent = parent, .tag = tag, .key = key};
	uint64_t hash = hash_of(&node);
	struct slot *slot;

	BUG(parent > table->n_nodes);
	if (table->n_nodes * 4 >= table->n_slots * 3)
		grow(table, table->n_slots * 2);
	slot = find_slot(table, &node, hash);
	if (!slot->id) {
		BUG(table->n_nodes == UINT32_MAX);
		*ARRAY_APPEND(table->nodes, table->n_nodes, table->nodes_capacity) = node;
		*slot =
		    (struct slot){.id = (uint32_t)table->n_nodes, .hash = (uint32_t)(hash >> 32)};
	}
	return slot->id;
}

const struct stack_node *stack_table_node(const struct stack_table *table, uint32_t id)
{
	BUG(id == 0 || id > table->n_nodes);
	return &table->nodes[id - 1];
}

uint32_t stack_table_count(const struct stack_table *table)
{
	return (uint32_t)table->n_nodes;
}
