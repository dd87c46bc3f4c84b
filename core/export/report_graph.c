/* Draws call graphs in text.
 *
 * A stack that has the row's function as its leaf is drawn from the root down to it; another is
 * drawn from the function's outermost call down. Towards the callers it is drawn from the leaf up.
 * Nodes that are spelt alike beside one drawn function are merged.
 */
#include "core/export/report_graph.h"

#include "core/alloc.h"
#include "core/u64map.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A recursion that loses some samples at each call would indent without an end. */
enum { MAX_BRANCHINGS = 48, MARGIN = 12, CHAIN_MARGIN = 3, BRANCH_WIDTH = 11 };

/* Nodes that are drawn as one. */
struct group {
	uint32_t name_id;
	bool from_root; /* their values are those of stacks whose leaf is the row's function */
	uint64_t value;
	struct drawn_node {
		uint32_t node;
		uint64_t value; /* that is drawn of it */
	} * nodes;
	size_t n_nodes;
	size_t nodes_capacity;
};

struct groups {
	struct group *items;
	size_t n;
	size_t capacity;
	struct u64map *known; /* name and from_root -> index */
};

struct drawing {
	const struct report_graph *graph;
	char prefix[MARGIN + CHAIN_MARGIN + MAX_BRANCHINGS * BRANCH_WIDTH + 1];
	int n_branchings;
};

static void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		free(groups->items[i].nodes);
	free(groups->items);
	u64map_free(groups->known);
}

static uint64_t drawn_value(const struct drawing *drawing, uint32_t node, bool from_root)
{
	uint64_t leaf_value = drawing->graph->leaf_values[node];

	return from_root ? leaf_value : drawing->graph->tree->nodes[node].total - leaf_value;
}

static void groups_add(struct groups *groups, const struct drawing *drawing, uint32_t node,
                       uint64_t value, bool from_root)
{
	uint32_t name_id = drawing->graph->tree->nodes[node].name_id;
	struct group *group;
	bool is_new;
	uint64_t *index;

	if (!value)
		return;
	index = u64map_put(groups->known, (uint64_t)name_id << 1 | from_root, &is_new);
	if (is_new) {
		*index = groups->n;
		*ARRAY_APPEND(groups->items, groups->n, groups->capacity) =
		    (struct group){.name_id = name_id, .from_root = from_root};
	}
	group = &groups->items[*index];
	group->value += value;
	*ARRAY_APPEND(group->nodes, group->n_nodes, group->nodes_capacity) =
	    (struct drawn_node){node, value};
}

static int compare_groups(const void *a, const void *b, void *tree)
{
	const struct group *x = a;
	const struct group *y = b;
	const struct call_node *nodes = ((const struct call_tree *)tree)->nodes;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return strcmp(nodes[x->nodes[0].node].name, nodes[y->nodes[0].node].name);
}

/* Sorts, the largest first, and forgets what is too small to be drawn. */
static void groups_finish(struct groups *groups, const struct drawing *drawing)
{
	if (groups->n)
		qsort_r(groups->items, groups->n, sizeof(*groups->items), compare_groups,
		        (void *)drawing->graph->tree);
	while (groups->n > 0 && groups->items[groups->n - 1].value < drawing->graph->least)
		free(groups->items[--groups->n].nodes);
}

static void add_callees(struct groups *callees, const struct drawing *drawing,
                        const struct group *group, uint32_t node)
{
	const struct call_node *nodes = drawing->graph->tree->nodes;

	for (uint32_t child = node + 1; child < nodes[node].end; child = nodes[child].end)
		groups_add(callees, drawing, child, drawn_value(drawing, child, group->from_root),
		           group->from_root);
}

/* The callees or callers that are drawn after a group. */
static struct groups next_of(const struct drawing *drawing, const struct group *group)
{
	const struct report_graph *graph = drawing->graph;
	struct groups next = {.known = u64map_new()};

	for (size_t i = 0; i < group->n_nodes; i++) {
		const struct drawn_node *drawn = &group->nodes[i];
		uint32_t caller = graph->tree->nodes[drawn->node].parent;

		if (!graph->to_callers)
			add_callees(&next, drawing, group, drawn->node);
		else if (graph->tree->nodes[caller].is_frame)
			groups_add(&next, drawing, caller, drawn->value, false);
	}
	groups_finish(&next, drawing);
	return next;
}

static void write_name(const struct drawing *drawing, const struct group *group)
{
	const struct call_node *node = &drawing->graph->tree->nodes[group->nodes[0].node];

	fprintf(drawing->graph->out, "%.*s%s\n", (int)call_node_name_length(node), node->name,
	        node->is_frame && node->kind == FRAME_INLINED ? " (inlined)" : "");
}

static void draw_branches(struct drawing *drawing, const struct groups *groups);

/* Draws a function, after it the calls that all of its stacks have in common, a line each, then
 * where they part. `prefix` stands before every line but the first. */
static void draw_chain(struct drawing *drawing, const struct group *first)
{
	struct groups after = next_of(drawing, first);
	uint64_t value = first->value;

	write_name(drawing, first);
	while (after.n == 1 && after.items[0].value == value) {
		struct groups next;

		fputs(drawing->prefix, drawing->graph->out);
		write_name(drawing, &after.items[0]);
		next = next_of(drawing, &after.items[0]);
		groups_free(&after);
		after = next;
	}
	draw_branches(drawing, &after);
	groups_free(&after);
}

static void draw_branches(struct drawing *drawing, const struct groups *groups)
{
	FILE *out = drawing->graph->out;
	size_t len = strlen(drawing->prefix);

	if (groups->n && drawing->n_branchings == MAX_BRANCHINGS) {
		fprintf(out, "%s[deeper calls are not drawn]\n", drawing->prefix);
		return;
	}
	drawing->n_branchings++;
	for (size_t i = 0; i < groups->n; i++) {
		const struct group *group = &groups->items[i];
		bool is_last = i + 1 == groups->n;

		fprintf(out, "%s|%*s\n", drawing->prefix, BRANCH_WIDTH - 1, "");
		fprintf(out, "%s%c--%.2f%%--", drawing->prefix, is_last ? ' ' : '|',
		        100 * (double)group->value / (double)drawing->graph->total);
		sprintf(drawing->prefix + len, "%c%*s", is_last ? ' ' : '|', BRANCH_WIDTH - 1, "");
		draw_chain(drawing, group);
		drawing->prefix[len] = '\0';
	}
	drawing->n_branchings--;
}

/* To every node on a path to the function: the value of the stacks through it whose leaf that is.
 */
static void fill_leaf_values(const struct report_graph *graph)
{
	const struct call_node *nodes = graph->tree->nodes;

	for (size_t i = 0; i < graph->n_nodes; i++) {
		uint64_t self = nodes[graph->nodes[i]].self;

		for (uint32_t node = graph->nodes[i]; self && node; node = nodes[node].parent)
			graph->leaf_values[node] += self;
	}
}

static void clear_leaf_values(const struct report_graph *graph)
{
	const struct call_node *nodes = graph->tree->nodes;

	for (size_t i = 0; i < graph->n_nodes; i++)
		for (uint32_t node = graph->nodes[i]; graph->leaf_values[node];
		     node = nodes[node].parent)
			graph->leaf_values[node] = 0;
}

/* At the roots of the stacks that end in the function, and at its outermost calls on the others. */
static void add_first_callers(struct groups *groups, const struct drawing *drawing)
{
	const struct report_graph *graph = drawing->graph;
	const struct call_node *nodes = graph->tree->nodes;
	uint32_t outermost_end = 0;

	for (uint32_t child = graph->group + 1; child < nodes[graph->group].end;
	     child = nodes[child].end)
		groups_add(groups, drawing, child, drawn_value(drawing, child, true), true);
	for (size_t i = 0; i < graph->n_nodes; i++) {
		uint32_t node = graph->nodes[i];

		if (node < outermost_end)
			continue; /* a recursion */
		outermost_end = nodes[node].end;
		groups_add(groups, drawing, node, drawn_value(drawing, node, false), false);
	}
}

/* Where drawing begins. */
static struct groups first_groups(const struct drawing *drawing)
{
	const struct report_graph *graph = drawing->graph;
	struct groups groups = {.known = u64map_new()};

	if (!graph->to_callers)
		add_first_callers(&groups, drawing);
	for (size_t i = 0; graph->to_callers && i < graph->n_nodes; i++)
		groups_add(&groups, drawing, graph->nodes[i],
		           graph->tree->nodes[graph->nodes[i]].self, false);
	groups_finish(&groups, drawing);
	return groups;
}

/* A function that is nothing but itself needs no graph. */
static bool is_worth_drawing(const struct drawing *drawing, const struct groups *groups)
{
	struct groups next;
	bool has_next;

	if (groups->n != 1)
		return groups->n > 1;
	next = next_of(drawing, &groups->items[0]);
	has_next = next.n > 0;
	groups_free(&next);
	return has_next;
}

void report_graph_write(const struct report_graph *graph)
{
	struct drawing drawing = {.graph = graph};
	struct groups groups;

	memset(drawing.prefix, ' ', MARGIN);
	if (!graph->to_callers)
		fill_leaf_values(graph);
	groups = first_groups(&drawing);
	if (is_worth_drawing(&drawing, &groups)) {
		if (groups.n == 1 && groups.items[0].value == graph->row_total) {
			fprintf(graph->out, "%s|\n%s---", drawing.prefix, drawing.prefix);
			memset(drawing.prefix + MARGIN, ' ', CHAIN_MARGIN);
			draw_chain(&drawing, &groups.items[0]);
		} else {
			draw_branches(&drawing, &groups);
		}
		fputc('\n', graph->out);
	}
	groups_free(&groups);
	if (!graph->to_callers)
		clear_leaf_values(graph);
}
