/* A trie of stacks: every distinct stack, and every shared caller, stored once.
 *
 * A node is (parent, tag, key); what tag and key mean is the owner's business:
 * a recording stores object ids and addresses, a profile stores frame ids. Stacks
 * grow from the root (the outermost caller) to the leaf; the id of the leaf
 * node names the whole stack. Id 0 is the empty stack. Ids are dense, and a
 * parent's id is smaller than its children's. Not thread-safe.
 */
#ifndef CORE_STACK_TABLE_H
#define CORE_STACK_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct stack_table;

struct stack_node {
	uint32_t parent;
	uint32_t tag;
	uint64_t key;
};

struct stack_table *stack_table_new(void);
/* Makes room for so many nodes at once. */
void stack_table_reserve(struct stack_table *table, uint32_t n_nodes);
void stack_table_free(struct stack_table *table);

/* The child of `parent` with this tag and key; made when it is new. */
uint32_t stack_table_add(struct stack_table *table, uint32_t parent, uint32_t tag, uint64_t key);

/* id must be 1 .. count. The pointer is valid until the next stack_table_add(). */
const struct stack_node *stack_table_node(const struct stack_table *table, uint32_t id);

/* The highest id in use. */
uint32_t stack_table_count(const struct stack_table *table);

#endif
