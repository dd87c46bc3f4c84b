/* Merges the stacks of a profile into one tree: sorted by their names, they are the tree in
 * preorder. */
#include "core/export/call_tree.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/string_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stack with a value. */
struct row {
	uint64_t place; /* the command's, then the stack's */
	uint32_t sample;
	uint32_t stack;
	uint64_t value;
};

struct builder {
	const struct call_tree_spec *spec;
	const struct call_order *order;
	struct call_tree *tree;
	size_t nodes_capacity;
	uint32_t *commands; /* by thread: the name id of its group */
	uint32_t *ranks;    /* of these names in byte order */
	struct row *rows;
	size_t n_rows;
	/* The nodes whose subtrees are being written, by level; and what is beside them of the row
	 * at hand. */
	uint32_t *open;
	uint32_t *open_places;
	size_t n_open;
	uint32_t *new_stacks;
	/* Each stack is looked at once for a command. */
	uint32_t *seen_for; /* by stack: the command's node */
	uint32_t command;
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

static int compare_texts(const void *a, const void *b, void *names)
{
	return strcmp(string_pool_text(names, *(const uint32_t *)a),
	              string_pool_text(names, *(const uint32_t *)b));
}

static void name_commands(struct builder *builder)
{
	const struct profile *profile = builder->spec->profile;
	struct string_pool *names = builder->tree->names;
	size_t n_threads = profile_n_threads(profile), n_names;
	uint32_t *order;

	builder->commands = xcalloc(n_threads + 1, sizeof(*builder->commands));
	for (uint32_t i = 0; i < n_threads; i++)
		builder->commands[i] =
		    add_group(names, profile_thread(profile, i), builder->spec->group);
	n_names = string_pool_count(names);
	order = xcalloc(n_names, sizeof(*order));
	builder->ranks = xcalloc(n_names, sizeof(*builder->ranks));
	for (uint32_t i = 0; i < n_names; i++)
		order[i] = i;
	qsort_r(order, n_names, sizeof(*order), compare_texts, names);
	for (uint32_t i = 0; i < n_names; i++)
		builder->ranks[order[i]] = i;
	free(order);
}

/* Stacks without a value are left out. */
static void add_row(struct builder *builder, uint32_t number)
{
	const struct call_tree_spec *spec = builder->spec;
	struct profile_sample sample = profile_sample(spec->profile, number);
	uint32_t depth = call_order_depth(builder->order, sample.stack);
	uint64_t command = builder->ranks[builder->commands[sample.thread]], value = 0;

	for (size_t i = 0; i < spec->n_types; i++)
		value += sample.values[spec->types[i]];
	if (!value)
		return;
	builder->rows[builder->n_rows++] =
	    (struct row){.place = command << 32 | call_order_place(builder->order, sample.stack),
	                 .sample = number,
	                 .stack = sample.stack,
	                 .value = value};
	if (builder->tree->n_levels < depth + 2)
		builder->tree->n_levels = depth + 2;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return (x->sample > y->sample) - (x->sample < y->sample);
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

static struct call_node *open_node(struct builder *builder, uint32_t place)
{
	struct call_tree *tree = builder->tree;
	struct call_node *node = ARRAY_APPEND(tree->nodes, tree->n_nodes, builder->nodes_capacity);
	size_t level = builder->n_open++;

	node->parent = level ? builder->open[level - 1] : 0;
	node->level = (uint32_t)level;
	builder->open[level] = (uint32_t)tree->n_nodes - 1;
	builder->open_places[level] = place;
	return node;
}

/* A node that is no frame: of names of its own. */
static struct call_node *open_named(struct builder *builder, uint32_t name)
{
	struct call_node *node = open_node(builder, 0);

	node->name = string_pool_text(builder->tree->names, name);
	node->name_id = name;
	return node;
}

static void open_frame(struct builder *builder, uint32_t stack)
{
	const struct profile *profile = builder->spec->profile;
	uint32_t callers, frame = profile_stack_frame(profile, stack, &callers);
	struct call_node *node = open_node(builder, call_order_place(builder->order, stack));

	node->name = profile_folded_name(profile, frame);
	node->name_id = profile_folded_text(profile, frame);
	describe_node(node, profile_frame(profile, frame));
	builder->seen_for[stack] = builder->command;
}

/* Ends the subtrees that are open from `level` on. */
static void close_nodes(struct builder *builder, size_t level)
{
	struct call_tree *tree = builder->tree;

	while (builder->n_open > level) {
		struct call_node *node = &tree->nodes[builder->open[--builder->n_open]];

		node->total += node->self;
		node->end = (uint32_t)tree->n_nodes;
		if (builder->n_open == 0)
			continue;
		tree->nodes[node->parent].total += node->total;
		for (size_t i = 0; i < builder->spec->n_types; i++)
			tree->nodes[node->parent].parts[i] += node->parts[i];
	}
}

/* Makes the command's node the last one that is open, but for those below it. */
static void enter_command(struct builder *builder, uint32_t thread)
{
	uint32_t name = builder->commands[thread];
	struct call_node *node;

	if (builder->n_open < 2 || builder->tree->nodes[builder->open[1]].name_id != name) {
		close_nodes(builder, 1);
		open_named(builder, name);
		builder->command = builder->open[1];
	}
	node = &builder->tree->nodes[builder->command];
	if (thread > node->thread)
		node->thread = thread;
}

/* The callers whose nodes are there take part in these. */
static void widen_nodes(struct builder *builder, uint32_t stack, uint32_t level)
{
	const struct profile *profile = builder->spec->profile;
	uint32_t callers;

	for (; stack && builder->seen_for[stack] != builder->command; stack = callers, level--) {
		uint32_t frame = profile_stack_frame(profile, stack, &callers);

		widen_node(&builder->tree->nodes[builder->open[level]],
		           profile_frame(profile, frame));
		builder->seen_for[stack] = builder->command;
	}
}

/* Adds a stack to the tree, which its predecessors in the order have made. */
static void add_stack(struct builder *builder, const struct row *row)
{
	struct profile_sample sample = profile_sample(builder->spec->profile, row->sample);
	uint32_t stack = row->stack, level = call_order_depth(builder->order, stack) + 1;
	struct call_node *leaf;
	size_t n_new = 0;

	enter_command(builder, sample.thread);
	for (; stack && (level >= builder->n_open ||
	                 builder->open_places[level] != call_order_place(builder->order, stack));
	     level--) {
		builder->new_stacks[n_new++] = stack;
		profile_stack_frame(builder->spec->profile, stack, &stack);
	}
	widen_nodes(builder, stack, level);
	close_nodes(builder, level + 1);
	while (n_new)
		open_frame(builder, builder->new_stacks[--n_new]);
	leaf = &builder->tree->nodes[builder->open[builder->n_open - 1]];
	leaf->self += row->value;
	for (size_t i = 0; i < builder->spec->n_types; i++)
		leaf->parts[i] += sample.values[builder->spec->types[i]];
}

static void add_nodes(struct builder *builder)
{
	struct call_tree *tree = builder->tree;

	builder->open = xcalloc(tree->n_levels, sizeof(*builder->open));
	builder->open_places = xcalloc(tree->n_levels, sizeof(*builder->open_places));
	builder->new_stacks = xcalloc(tree->n_levels, sizeof(*builder->new_stacks));
	builder->seen_for = xcalloc((size_t)profile_n_stacks(builder->spec->profile) + 1,
	                            sizeof(*builder->seen_for));
	open_named(builder, string_pool_add(tree->names, "all"));
	for (size_t i = 0; i < builder->n_rows; i++)
		add_stack(builder, &builder->rows[i]);
	close_nodes(builder, 0);
	free(builder->open);
	free(builder->open_places);
	free(builder->new_stacks);
	free(builder->seen_for);
}

/* The builder has what is asked for; the rest is made and freed here. */
static void build(struct builder *builder)
{
	struct call_tree *tree = builder->tree;
	size_t n_samples = profile_n_samples(builder->spec->profile);

	*tree = (struct call_tree){.names = string_pool_new(), .n_levels = 1};
	builder->rows = xcalloc(n_samples, sizeof(*builder->rows));
	name_commands(builder);
	for (uint32_t i = 0; i < n_samples; i++)
		add_row(builder, i);
	if (builder->n_rows)
		qsort(builder->rows, builder->n_rows, sizeof(*builder->rows), compare_rows);
	add_nodes(builder);
	free(builder->rows);
	free(builder->commands);
	free(builder->ranks);
}

void call_tree_init(struct call_tree *tree, const struct call_tree_spec *spec)
{
	struct call_order *own = NULL;
	struct builder builder = {.spec = spec, .tree = tree, .order = spec->order};

	BUG(spec->n_types > CALL_TREE_MAX_PARTS);
	BUG(spec->order && (!profile_same_stacks(call_order_profile(spec->order), spec->profile) ||
	                    call_order_key(spec->order) != spec->key));
	if (!builder.order)
		builder.order = own = call_order_new(spec->profile, spec->key);
	build(&builder);
	call_order_free(own);
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
