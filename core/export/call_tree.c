/* Merges the stacks of a profile into one tree: sorted by their names, they are the tree in
 * preorder. */
#include "core/export/call_tree.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/string_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stack with a value: the command, then frames from the root to the leaf. */
struct row {
	uint32_t command; /* name id of its group of threads */
	uint32_t thread;
	uint32_t n_frames;
	size_t first_frame; /* in builder.frames */
	uint64_t value;
	uint64_t parts[CALL_TREE_MAX_PARTS];
};

struct builder {
	const struct profile *profile;
	struct call_tree *tree;
	const size_t *types;
	size_t n_types;
	enum call_tree_key key;
	unsigned group;
	size_t nodes_capacity;
	uint32_t *frame_names; /* profile's frame id -> name id */
	uint32_t *ranks;       /* name id -> place among the names in byte order */
	uint32_t *frames;      /* profile's frame ids of all rows */
	size_t n_frames;
	size_t frames_capacity;
	struct row *rows;
	size_t n_rows;
	uint32_t *open; /* by level: the node whose subtree is being written */
};

/* A command may call itself anything (prctl(2)): what would break a line or a stack is replaced.
 * Names of functions come without such. */
static uint32_t add_group(struct string_pool *names, const struct recorded_thread *thread,
                          unsigned group)
{
	const char *comm = *thread->comm ? thread->comm : "?";
	char pid[16] = "", tid[16] = "";
	char *name;
	uint32_t id;

	if (group & CALL_TREE_PID)
		snprintf(pid, sizeof(pid), "%d/", (int)thread->pid);
	if (group & CALL_TREE_TID)
		snprintf(tid, sizeof(tid), "%d:", (int)thread->tid);
	name = xasprintf("%s%s%s", pid, tid, group & CALL_TREE_COMM ? comm : "");
	folded_clean(name);
	id = string_pool_add(names, name);
	free(name);
	return id;
}

static void name_frames(struct builder *builder)
{
	uint32_t n_frames = profile_n_frames(builder->profile);

	builder->frame_names = xcalloc(n_frames, sizeof(*builder->frame_names));
	for (uint32_t i = 0; i < n_frames; i++)
		builder->frame_names[i] =
		    string_pool_add(builder->tree->names, profile_folded_name(builder->profile, i));
}

/* Stacks without a value are left out. */
static void add_row(struct builder *builder, const struct profile_sample *sample)
{
	const struct profile *profile = builder->profile;
	uint32_t *leaf_first;
	size_t n = profile_stack_frames(profile, sample->stack, NULL, 0);
	struct row row = {
	    .thread = sample->thread, .n_frames = (uint32_t)n, .first_frame = builder->n_frames};

	for (size_t i = 0; i < builder->n_types; i++) {
		row.parts[i] = sample->values[builder->types[i]];
		row.value += row.parts[i];
	}
	if (!row.value)
		return;
	builder->frames = array_reserve(builder->frames, &builder->frames_capacity,
	                                builder->n_frames + n, sizeof(*builder->frames));
	leaf_first = builder->frames + builder->n_frames;
	profile_stack_frames(profile, sample->stack, leaf_first, n);
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t frame = leaf_first[i];

		leaf_first[i] = leaf_first[n - 1 - i];
		leaf_first[n - 1 - i] = frame;
	}
	row.command = add_group(builder->tree->names, profile_thread(profile, sample->thread),
	                        builder->group);
	builder->rows[builder->n_rows++] = row;
	builder->n_frames += n;
	if (builder->tree->n_levels < n + 2)
		builder->tree->n_levels = (uint32_t)n + 2;
}

static int compare_names(const void *a, const void *b, void *names)
{
	return strcmp(string_pool_text(names, *(const uint32_t *)a),
	              string_pool_text(names, *(const uint32_t *)b));
}

static void rank_names(struct builder *builder)
{
	size_t n_names = string_pool_count(builder->tree->names);
	uint32_t *order = xcalloc(n_names, sizeof(*order));

	builder->ranks = xcalloc(n_names, sizeof(*builder->ranks));
	for (size_t i = 0; i < n_names; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n_names, sizeof(*order), compare_names, builder->tree->names);
	for (size_t i = 0; i < n_names; i++)
		builder->ranks[order[i]] = (uint32_t)i;
	free(order);
}

/* The name id of a row's node at a level from 1. */
static uint32_t row_name(const struct builder *builder, const struct row *row, size_t level)
{
	if (level == 1)
		return row->command;
	return builder->frame_names[builder->frames[row->first_frame + level - 2]];
}

/* The frame of a row's node at a level from 2. */
static const struct frame *row_frame(const struct builder *builder, const struct row *row,
                                     size_t level)
{
	return profile_frame(builder->profile, builder->frames[row->first_frame + level - 2]);
}

/* The object that tells frames of one name apart, 0 where none does. */
static uint32_t row_object(const struct builder *builder, const struct row *row, size_t level)
{
	if (builder->key == CALL_TREE_BY_NAME || level == 1)
		return 0;
	return row_frame(builder, row, level)->object;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct builder *builder = data;
	const struct row *x = a;
	const struct row *y = b;

	for (size_t level = 1; level <= x->n_frames + 1u && level <= y->n_frames + 1u; level++) {
		int order = compare_numbers(builder->ranks[row_name(builder, x, level)],
		                            builder->ranks[row_name(builder, y, level)]);

		if (!order)
			order = compare_numbers(row_object(builder, x, level),
			                        row_object(builder, y, level));
		if (order)
			return order;
	}
	/* The caller itself comes before what it calls. */
	return compare_numbers(x->n_frames, y->n_frames);
}

static void describe_node(struct call_node *node, const struct frame *frame)
{
	node->is_frame = true;
	node->kind = frame->kind;
	node->object = frame->object;
	node->file = frame->file;
	node->first_line = frame->line;
	node->last_line = frame->line;
}

/* Another frame falls into the node, which keeps only what holds for both. */
static void widen_node(struct call_node *node, const struct frame *frame)
{
	if (node->object != frame->object)
		node->object = 0;
	if (node->file != frame->file)
		node->file = node->first_line = node->last_line = 0;
	if (!node->file)
		return;
	if (frame->line && (!node->first_line || frame->line < node->first_line))
		node->first_line = frame->line;
	if (frame->line > node->last_line)
		node->last_line = frame->line;
}

static struct call_node *open_node(struct builder *builder, size_t level, uint32_t name_id)
{
	struct call_tree *tree = builder->tree;
	struct call_node *node = ARRAY_APPEND(tree->nodes, tree->n_nodes, builder->nodes_capacity);

	node->name = string_pool_text(tree->names, name_id);
	node->name_id = name_id;
	node->parent = level ? builder->open[level - 1] : 0;
	node->level = (uint32_t)level;
	builder->open[level] = (uint32_t)tree->n_nodes - 1;
	return node;
}

/* Ends the subtrees that are open above `level`; *n_open is how many levels are open. */
static void close_nodes(struct builder *builder, size_t level, size_t *n_open)
{
	struct call_tree *tree = builder->tree;

	while (*n_open > level) {
		struct call_node *node = &tree->nodes[builder->open[--*n_open]];

		node->total += node->self;
		node->end = (uint32_t)tree->n_nodes;
		if (*n_open == 0)
			continue;
		tree->nodes[node->parent].total += node->total;
		for (size_t i = 0; i < builder->n_types; i++)
			tree->nodes[node->parent].parts[i] += node->parts[i];
	}
}

static bool is_same_node(const struct builder *builder, const struct call_node *node,
                         const struct row *row, size_t level)
{
	return node->name_id == row_name(builder, row, level) &&
	       (builder->key == CALL_TREE_BY_NAME ||
	        node->object == row_object(builder, row, level));
}

/* Adds a stack to the tree, which its predecessors in the order have made. */
static void add_stack(struct builder *builder, const struct row *row, size_t *n_open)
{
	struct call_tree *tree = builder->tree;
	size_t n_levels = row->n_frames + 2u;
	struct call_node *leaf;
	size_t level;

	for (level = 1; level < n_levels && level < *n_open; level++) {
		struct call_node *node = &tree->nodes[builder->open[level]];

		if (!is_same_node(builder, node, row, level))
			break;
		if (level > 1)
			widen_node(node, row_frame(builder, row, level));
		else if (row->thread > node->thread)
			node->thread = row->thread;
	}
	close_nodes(builder, level, n_open);
	for (; level < n_levels; level++) {
		struct call_node *node = open_node(builder, level, row_name(builder, row, level));

		if (level > 1)
			describe_node(node, row_frame(builder, row, level));
		else
			node->thread = row->thread;
	}
	*n_open = n_levels;
	leaf = &tree->nodes[builder->open[n_levels - 1]];
	leaf->self += row->value;
	for (size_t i = 0; i < builder->n_types; i++)
		leaf->parts[i] += row->parts[i];
}

static void add_nodes(struct builder *builder)
{
	struct call_tree *tree = builder->tree;
	size_t n_open = 1;

	builder->open = xcalloc(tree->n_levels, sizeof(*builder->open));
	open_node(builder, 0, string_pool_add(tree->names, "all"));
	for (size_t i = 0; i < builder->n_rows; i++)
		add_stack(builder, &builder->rows[i], &n_open);
	close_nodes(builder, 0, &n_open);
}

/* The builder has what is asked for; the rest is made and freed here. */
static void build(struct builder *builder)
{
	struct call_tree *tree = builder->tree;
	size_t n_samples = profile_n_samples(builder->profile);

	*tree = (struct call_tree){.names = string_pool_new(), .n_levels = 1};
	builder->rows = xcalloc(n_samples, sizeof(*builder->rows));
	name_frames(builder);
	for (size_t i = 0; i < n_samples; i++) {
		struct profile_sample sample = profile_sample(builder->profile, i);

		add_row(builder, &sample);
	}
	rank_names(builder);
	qsort_r(builder->rows, builder->n_rows, sizeof(*builder->rows), compare_rows, builder);
	add_nodes(builder);
	free(builder->open);
	free(builder->rows);
	free(builder->frames);
	free(builder->ranks);
	free(builder->frame_names);
}

void call_tree_init_grouped(struct call_tree *tree, const struct profile *profile, size_t type,
                            enum call_tree_key key, unsigned group)
{
	struct builder builder = {.profile = profile,
	                          .tree = tree,
	                          .types = &type,
	                          .n_types = 1,
	                          .key = key,
	                          .group = group};

	build(&builder);
}

void call_tree_init_parts(struct call_tree *tree, const struct profile *profile,
                          const size_t *types, size_t n_types)
{
	struct builder builder = {.profile = profile,
	                          .tree = tree,
	                          .types = types,
	                          .n_types = n_types,
	                          .key = CALL_TREE_BY_NAME,
	                          .group = CALL_TREE_COMM};

	BUG(n_types > CALL_TREE_MAX_PARTS);
	build(&builder);
}

void call_tree_init(struct call_tree *tree, const struct profile *profile, size_t type,
                    enum call_tree_key key)
{
	call_tree_init_grouped(tree, profile, type, key, CALL_TREE_COMM);
}

void call_tree_fini(struct call_tree *tree)
{
	string_pool_free(tree->names);
	free(tree->nodes);
	*tree = (struct call_tree){0};
}

size_t call_node_name_length(const struct call_node *node)
{
	return strlen(node->name) - (node->is_frame ? strlen(frame_kind_mark(node->kind)) : 0);
}
