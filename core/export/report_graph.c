/* Draws call graphs in text.
 *
 * A stack that has the row's function as its leaf is drawn from the root down to it; another is
 * drawn from the function's outermost call down. Nodes that are spelt alike below one drawn
 * function are merged.
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
	uint32_t *nodes;
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
                       bool from_root)
{
	uint32_t name_id = drawing->graph->tree->nodes[node].name_id;
	uint64_t value = drawn_value(drawing, node, from_root);
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
	*ARRAY_APPEND(group->nodes, group->n_nodes, group->nodes_capacity) = node;
}

static int compare_groups(const void *a, const void *b, void *tree)
{
	const struct group *x = a;
	const struct group *y = b;
	const struct call_node *nodes = ((const struct call_tree *)tree)->nodes;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return strcmp(nodes[x->nodes[0]].name, nodes[y->nodes[0]].name);
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

static struct groups callees_of(const struct drawing *drawing, const struct group *group)
{
	const struct call_node *nodes = drawing->graph->tree->nodes;
	struct groups callees = {.known = u64map_new()};

	for (size_t i = 0; i < group->n_nodes; i++) {
		uint32_t node = group->nodes[i];

		for (uint32_t child = node + 1; child < nodes[node].end; child = nodes[child].end)
			groups_add(&callees, drawing, child, group->from_root);
	}
	groups_finish(&callees, drawing);
	return callees;
}

static void write_name(const struct drawing *drawing, const struct group *group)
{
	const struct call_node *node = &drawing->graph->tree->nodes[group->nodes[0]];

	fprintf(drawing->graph->out, "%.*s%s\n", (int)call_node_name_length(node), node->name,
	        node->is_frame && node->kind == FRAME_INLINED ? " (inlined)" : "");
}

static void draw_branches(struct drawing *drawing, const struct groups *groups);

/* Draws a function, below it the calls that all of its stacks have in common, a line each, then
 * where they part. `prefix` stands before every line but the first. */
static void draw_chain(struct drawing *drawing, const struct group *first)
{
	struct groups callees = callees_of(drawing, first);
	uint64_t value = first->value;

	write_name(drawing, first);
	while (callees.n == 1 && callees.items[0].value == value) {
		struct groups next;

		fputs(drawing->prefix, drawing->graph->out);
		write_name(drawing, &callees.items[0]);
		next = callees_of(drawing, &callees.items[0]);
		groups_free(&callees);
		callees = next;
	}
	draw_branches(drawing, &callees);
	groups_free(&callees);
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

/* Where drawing begins: at the roots of the stacks that end in the function, and at its outermost
 * calls on the others. */
static struct groups first_groups(const struct drawing *drawing)
{
	const struct report_graph *graph = drawing->graph;
	const struct call_node *nodes = graph->tree->nodes;
	struct groups groups = {.known = u64map_new()};
	uint32_t outermost_end = 0;

	for (uint32_t child = graph->command + 1; child < nodes[graph->command].end;
	     child = nodes[child].end)
		groups_add(&groups, drawing, child, true);
	for (size_t i = 0; i < graph->n_nodes; i++) {
		uint32_t node = graph->nodes[i];

		if (node < outermost_end)
			continue; /* a recursion */
		outermost_end = nodes[node].end;
		groups_add(&groups, drawing, node, false);
	}
	groups_finish(&groups, drawing);
	return groups;
}

/* A function that is nothing but itself needs no graph. */
static bool is_worth_drawing(const struct drawing *drawing, const struct groups *groups)
{
	struct groups callees;
	bool has_callees = false;

	if (groups->n != 1)
		return groups->n > 1;
	callees = callees_of(drawing, &groups->items[0]);
	has_callees = callees.n > 0;
	groups_free(&callees);
	return has_callees;
}

void report_graph_write(const struct report_graph *graph)
{
	struct drawing drawing = {.graph = graph};
	struct groups groups;

	memset(drawing.prefix, ' ', MARGIN);
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
	clear_leaf_values(graph);
}
