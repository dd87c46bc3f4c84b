/* Both trees are in preorder with children by name, so that one walk finds the pairs. */
#include "core/export/call_difference.h"

#include "core/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NO_NODE = UINT32_MAX };

/* By level of the tree. */
struct place {
	uint32_t other; /* the pair of the node that is open there; NO_NODE: the other has none */
	uint32_t next;  /* of its children, the first that may still be a pair */
};

/* The child of `above` called `name`, or NO_NODE; what comes before it has no pair. */
static uint32_t find_pair(const struct call_tree *other, struct place *above, const char *name)
{
	if (above->other == NO_NODE)
		return NO_NODE;
	while (above->next < other->nodes[above->other].end) {
		const struct call_node *child = &other->nodes[above->next];
		int order = strcmp(child->name, name);

		if (order > 0)
			return NO_NODE;
		if (order == 0)
			return above->next;
		above->next = child->end;
	}
	return NO_NODE;
}

static void find_pairs(struct call_difference *difference, const struct call_tree *tree,
                       const struct call_tree *other)
{
	struct place *places = xcalloc((size_t)tree->n_levels + 1, sizeof(*places));

	for (size_t i = 0; i < tree->n_nodes; i++) {
		const struct call_node *node = &tree->nodes[i];
		uint32_t pair =
		    node->level ? find_pair(other, &places[node->level - 1], node->name) : 0;

		places[node->level] = (struct place){.other = pair, .next = pair + 1};
		if (pair == NO_NODE)
			continue;
		difference->before[i].self = other->nodes[pair].self;
		difference->before[i].total = other->nodes[pair].total;
		difference->vanished -= other->nodes[pair].self;
	}
	free(places);
}

void call_difference_init(struct call_difference *difference, const struct call_tree *tree,
                          const struct call_tree *other, enum call_values values)
{
	uint64_t total = other->nodes[0].total;

	*difference = (struct call_difference){
	    .before = xcalloc(tree->n_nodes, sizeof(*difference->before)),
	    .total = total,
	    .vanished = total,
	    .scale = values == CALL_EXACT ? 1
	             : total              ? (double)tree->nodes[0].total / (double)total
	                                  : 0,
	    .values = values,
	};
	find_pairs(difference, tree, other);
	for (size_t i = 0; i < tree->n_nodes; i++)
		if (!call_difference_is_chance(difference, tree, i))
			difference->largest = fmax(difference->largest,
			                           fabs(call_difference_self(difference, tree, i)));
}

void call_difference_fini(struct call_difference *difference)
{
	free(difference->before);
	*difference = (struct call_difference){0};
}

double call_difference_self(const struct call_difference *difference, const struct call_tree *tree,
                            size_t node)
{
	return (double)tree->nodes[node].self -
	       (double)difference->before[node].self * difference->scale;
}

bool call_difference_is_chance(const struct call_difference *difference,
                               const struct call_tree *tree, size_t node)
{
	enum { STANDARD_DEVIATIONS = 2 };
	double scale = difference->scale;
	double variance =
	    (double)tree->nodes[node].self + (double)difference->before[node].self * scale * scale;
	double delta = call_difference_self(difference, tree, node);

	/* What rounding leaves of equal values is none. */
	if (fabs(delta) < 1e-9 * (double)tree->nodes[0].total)
		return true;
	return difference->values == CALL_SAMPLES &&
	       fabs(delta) < STANDARD_DEVIATIONS * sqrt(variance);
}
