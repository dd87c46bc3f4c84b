/* The stacks of a profile in the order of a tree by names, whatever they hold: what all trees of
 * one profile (core/export/call_tree.h) begin with. Only read once it is made, so threads may share
 * it.
 */
#ifndef CORE_EXPORT_CALL_ORDER_H
#define CORE_EXPORT_CALL_ORDER_H

#include "core/profile.h"

#include <stdint.h>

/* What makes two frames under one caller the same node. */
enum call_tree_key {
	CALL_TREE_BY_NAME,
	CALL_TREE_BY_NAME_AND_OBJECT,
};

struct call_order;

/* The profile must outlive it. */
struct call_order *call_order_new(const struct profile *profile, enum call_tree_key key);
void call_order_free(struct call_order *order); /* NULL is fine */

const struct profile *call_order_profile(const struct call_order *order);
enum call_tree_key call_order_key(const struct call_order *order);
/* The place of a stack in preorder, callees by name in byte order; the same for stacks that are one
 * node. 0 is the empty stack's. */
uint32_t call_order_place(const struct call_order *order, uint32_t stack);
/* How many frames a stack has. */
uint32_t call_order_depth(const struct call_order *order, uint32_t stack);

#endif
