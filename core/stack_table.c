/* The trie behind stack ids: an array of nodes and a hash of (parent, tag, key). */
#include "core/stack_table.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/u64map.h"

#include <stdbool.h>
#include <stdlib.h>

struct stack_table {
	struct stack_node *nodes; /* the node of id i is nodes[i - 1] */
	size_t n_nodes;
	size_t nodes_capacity;
	struct u64map *ids; /* hash of a node -> its id */
};

struct stack_table *stack_table_new(void)
{
	struct stack_table *table = xcalloc(1, sizeof(*table));

	table->ids = u64map_new();
	return table;
}

void stack_table_reserve(struct stack_table *table, uint32_t n_nodes)
{
	table->nodes =
	    array_reserve(table->nodes, &table->nodes_capacity, n_nodes, sizeof(*table->nodes));
	u64map_reserve(table->ids, n_nodes);
}

void stack_table_free(struct stack_table *table)
{
	if (!table)
		return;
	u64map_free(table->ids);
	free(table->nodes);
	free(table);
}

static bool same_node(const struct stack_node *a, const struct stack_node *b)
{
	return a->parent == b->parent && a->tag == b->tag && a->key == b->key;
}

uint32_t stack_table_add(struct stack_table *table, uint32_t parent, uint32_t tag, uint64_t key)
{
	const struct stack_node node = {.parent = parent, .tag = tag, .key = key};
	uint64_t hash;

	BUG(parent > table->n_nodes);
	/* Two nodes of one hash sit at neighbouring keys. */
	for (hash = u64_mix(key, (uint64_t)parent << 32 | tag);; hash++) {
		bool is_new;
		uint64_t *id = u64map_put(table->ids, hash, &is_new);

		if (is_new) {
			BUG(table->n_nodes == UINT32_MAX);
			*ARRAY_APPEND(table->nodes, table->n_nodes, table->nodes_capacity) = node;
			*id = table->n_nodes;
		}
		if (is_new || same_node(&table->nodes[*id - 1], &node))
			return (uint32_t)*id;
	}
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
