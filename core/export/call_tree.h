/* The stacks of one value type merged from the root into a tree of functions.
 *
 * Level 0 is `all`, level 1 the command's name (comm) or another group of threads, below it the
 * functions by their folded names (CONTRACT 3). Stacks with the value 0 are left out. Nodes lie in
 * preorder, children by name in byte order, so that one loop walks the tree and every document made
 * from it is the same each time.
 */
#ifndef CORE_EXPORT_CALL_TREE_H
#define CORE_EXPORT_CALL_TREE_H

#include "core/export/call_order.h"
#include "core/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct string_pool;

enum { CALL_TREE_MAX_PARTS = 3 };

struct call_node {
	const char *name; /* without control characters and `;`; lives as long as tree and profile
	                   */
	uint32_t name_id; /* equal names of frames have equal ids */
	uint32_t parent;  /* index; the root's is its own */
	uint32_t end;     /* the node's subtree is the nodes [index, end) */
	uint32_t level;
	uint32_t thread; /* level 1: the last of the profile's threads that are one here */
	bool is_frame;   /* false: the root or a command; of what follows only the sums hold then */
	enum frame_kind kind;
	uint32_t object;     /* text id of the profile; 0: several were merged */
	uint32_t file;       /* text id of the profile; 0: unknown, or several */
	uint32_t first_line; /* the lines seen lie in first_line .. last_line; 0: unknown */
	uint32_t last_line;
	uint64_t self;
	uint64_t total;
	uint64_t parts[CALL_TREE_MAX_PARTS]; /* of the total, by call_tree_init_parts()'s types */
};

struct call_tree {
	struct call_node *nodes; /* nodes[0] is the root */
	size_t n_nodes;
	uint32_t n_levels;
	struct string_pool *names; /* of what is no frame */
};

/* In what the threads of a node of level 1 agree. */
enum call_tree_group {
	CALL_TREE_COMM = 1,
	CALL_TREE_PID = 2,
	CALL_TREE_TID = 4,
};

/* Whose stacks become the tree, and how. */
struct call_tree_spec {
	const struct profile *profile;
	const struct call_order *order; /* of the profile; NULL: one is made for this tree alone */
	enum call_tree_key key;         /* of the order where there is one */
	unsigned group;                 /* sum of enum call_tree_group; 0: all threads are one */
	const size_t *types; /* a stack's value is the sum of these, which have one unit */
	size_t n_types;      /* 1 .. CALL_TREE_MAX_PARTS */
};
void call_tree_init(struct call_tree *tree, const struct call_tree_spec *spec);
void call_tree_fini(struct call_tree *tree);

/* The length of the node's name without its mark _[k], _[i] or _[j]. */
size_t call_node_name_length(const struct call_node *node);

#endif
