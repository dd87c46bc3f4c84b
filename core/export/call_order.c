/* Makes one node of stacks with equal names, and numbers these in preorder. */
#include "core/export/call_order.h"

#include "core/alloc.h"
#include "core/stack_table.h"

#include <stdlib.h>
#include <string.h>

struct call_order {
	const struct profile *profile;
	enum call_tree_key key;
	uint32_t *places; /* by stack */
	uint32_t *depths;
};

/* Nodes: a trie of (object, rank of the name). */
struct numbering {
	struct stack_table *nodes;
	uint32_t *ranks;    /* of frames' names in byte order */
	uint32_t *node_of;  /* by stack */
	uint32_t *first;    /* by node: in `children`; of n + 1 */
	uint32_t *children; /* grouped by parent */
	uint32_t *sizes;    /* by node: nodes of its subtree */
	uint32_t *places;
};

struct ranked_name {
	const char *name;
	uint32_t frame;
};

static int compare_names(const void *a, const void *b)
{
	const struct ranked_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* By frame. */
static uint32_t *rank_names(const struct profile *profile)
{
	uint32_t n_frames = profile_n_frames(profile), rank = 0;
	uint32_t *ranks = xcalloc((size_t)n_frames + 1, sizeof(*ranks));
	struct ranked_name *names = xcalloc((size_t)n_frames + 1, sizeof(*names));

	for (uint32_t i = 0; i < n_frames; i++)
		names[i] = (struct ranked_name){profile_folded_name(profile, i), i};
	if (n_frames)
		qsort(names, n_frames, sizeof(*names), compare_names);
	for (uint32_t i = 0; i < n_frames; i++) {
		rank += i && strcmp(names[i - 1].name, names[i].name) != 0;
		ranks[names[i].frame] = rank;
	}
	free(names);
	return ranks;
}

/* The node of each stack; a caller's number is smaller than its callees'. */
static void find_nodes(const struct call_order *order, struct numbering *numbering)
{
	uint32_t n_stacks = profile_n_stacks(order->profile);

	stack_table_reserve(numbering->nodes, n_stacks);
	for (uint32_t stack = 1; stack <= n_stacks; stack++) {
		uint32_t callers, frame = profile_stack_frame(order->profile, stack, &callers);
		uint32_t object = order->key == CALL_TREE_BY_NAME
		                      ? 0
		                      : profile_frame(order->profile, frame)->object;

		numbering->node_of[stack] = stack_table_add(
		    numbering->nodes, numbering->node_of[callers], object, numbering->ranks[frame]);
		order->depths[stack] = order->depths[callers] + 1;
	}
}

static void group_children(struct numbering *numbering)
{
	uint32_t n = stack_table_count(numbering->nodes);
	uint32_t *next = xcalloc((size_t)n + 2, sizeof(*next));

	for (uint32_t node = 1; node <= n; node++)
		numbering->first[stack_table_node(numbering->nodes, node)->parent + 1]++;
	for (uint32_t node = 0; node <= n; node++)
		numbering->first[node + 1] += numbering->first[node];
	memcpy(next, numbering->first, ((size_t)n + 1) * sizeof(*next));
	for (uint32_t node = 1; node <= n; node++)
		numbering->children[next[stack_table_node(numbering->nodes, node)->parent]++] =
		    node;
	free(next);
}

static int compare_nodes(const void *a, const void *b, void *nodes)
{
	const struct stack_node *x = stack_table_node(nodes, *(const uint32_t *)a);
	const struct stack_node *y = stack_table_node(nodes, *(const uint32_t *)b);

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->tag > y->tag) - (x->tag < y->tag);
}

static void number_nodes(struct numbering *numbering)
{
	uint32_t n = stack_table_count(numbering->nodes);

	for (uint32_t node = n; node; node--) {
		numbering->sizes[node]++;
		numbering->sizes[stack_table_node(numbering->nodes, node)->parent] +=
		    numbering->sizes[node];
	}
	for (uint32_t node = 0; node <= n; node++) {
		uint32_t *children = numbering->children + numbering->first[node];
		uint32_t n_children = numbering->first[node + 1] - numbering->first[node];
		uint32_t place = numbering->places[node] + 1;

		if (n_children > 1)
			qsort_r(children, n_children, sizeof(*children), compare_nodes,
			        numbering->nodes);
		for (uint32_t i = 0; i < n_children; i++) {
			numbering->places[children[i]] = place;
			place += numbering->sizes[children[i]];
		}
	}
}

struct call_order *call_order_new(const struct profile *profile, enum call_tree_key key)
{
	size_t room = (size_t)profile_n_stacks(profile) + 2;
	struct call_order *order = xcalloc(1, sizeof(*order));
	struct numbering numbering = {
	    .nodes = stack_table_new(),
	    .ranks = rank_names(profile),
	    .node_of = xcalloc(room, sizeof(uint32_t)),
	    .first = xcalloc(room, sizeof(uint32_t)),
	    .children = xcalloc(room, sizeof(uint32_t)),
	    .sizes = xcalloc(room, sizeof(uint32_t)),
	    .places = xcalloc(room, sizeof(uint32_t)),
	};

	order->profile = profile;
	order->key = key;
	order->depths = xcalloc(room, sizeof(*order->depths));
	find_nodes(order, &numbering);
	group_children(&numbering);
	number_nodes(&numbering);
	/* From here on stacks have no nodes, but places. */
	order->places = numbering.node_of;
	for (uint32_t stack = 1; stack <= profile_n_stacks(profile); stack++)
		order->places[stack] = numbering.places[order->places[stack]];
	free(numbering.ranks);
	free(numbering.first);
	free(numbering.children);
	free(numbering.sizes);
	free(numbering.places);
	stack_table_free(numbering.nodes);
	return order;
}

void call_order_free(struct call_order *order)
{
	if (!order)
		return;
	free(order->places);
	free(order->depths);
	free(order);
}

const struct profile *call_order_profile(const struct call_order *order)
{
	return order->profile;
}

enum call_tree_key call_order_key(const struct call_order *order)
{
	return order->key;
}

uint32_t call_order_place(const struct call_order *order, uint32_t stack)
{
	return order->places[stack];
}

uint32_t call_order_depth(const struct call_order *order, uint32_t stack)
{
	return order->depths[stack];
}
