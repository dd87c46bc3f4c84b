/* Builds massif's tree of allocation sites and their callers from a profile. */
#include "mem/heap_tree.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/u64map.h"
#include "mem/heap_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A node while stacks are added; children are found through a map of (parent, frame). */
struct draft {
	uint32_t parent;
	uint32_t frame;
	uint64_t vaddr;
	uint64_t bytes;
	uint32_t n_children;
	uint32_t first; /* of its children in `order` */
};

struct heap_tree {
	const struct profile *profile;
	const struct heap_filter *filter;
	double threshold;
	struct draft *drafts; /* 0 is the top */
	size_t n_drafts;
	size_t drafts_capacity;
	uint32_t *order; /* drafts grouped by parent, largest first */
	struct heap_node top;
};

char *heap_frame_place(const struct profile *profile, uint32_t frame)
{
	const struct frame *f = profile_frame(profile, frame);
	const char *file = profile_text(profile, f->file), *slash = strrchr(file, '/');

	if (!*file)
		return xasprintf("in %s", profile_text(profile, f->object));
	return xasprintf("%s:%u", slash ? slash + 1 : file, f->line);
}

static char *frame_text(const struct heap_tree *tree, const struct draft *draft)
{
	const struct frame *frame = profile_frame(tree->profile, draft->frame);
	const char *function = profile_text(tree->profile, frame->function);
	char *place, *text;

	if (frame->kind == FRAME_FAILED)
		return xasprintf("0x0: %s", function);
	place = heap_frame_place(tree->profile, draft->frame);
	text = xasprintf("0x%lX: %s (%s)", (unsigned long)draft->vaddr,
	                 frame->kind == FRAME_UNRESOLVED ? "???" : function, place);
	free(place);
	return text;
}

static uint32_t child_of(struct heap_tree *tree, struct u64map *children, uint32_t parent,
                         uint32_t frame, uint64_t vaddr)
{
	bool is_new;
	uint64_t *child = u64map_put(children, (uint64_t)parent << 32 | frame, &is_new);

	if (is_new) {
		*child = tree->n_drafts;
		*ARRAY_APPEND(tree->drafts, tree->n_drafts, tree->drafts_capacity) =
		    (struct draft){.parent = parent, .frame = frame, .vaddr = vaddr};
		tree->drafts[parent].n_children++;
	}
	return (uint32_t)*child;
}

/* An inlined frame has the address of the function it was inlined into. */
static uint64_t address_of(const struct profile *profile, const uint32_t *frames, size_t i,
                           size_t n)
{
	while (i + 1 < n && profile_frame(profile, frames[i])->kind == FRAME_INLINED)
		i++;
	return profile_frame(profile, frames[i])->vaddr;
}

/* What calls main is the same for all, and valgrind shows it only on demand. */
static bool is_main(const struct profile *profile, uint32_t frame)
{
	return !strcmp(profile_folded_name(profile, frame), "main");
}

static void add_stack(struct heap_tree *tree, struct u64map *children, const uint32_t *frames,
                      size_t n, uint64_t bytes, size_t depth)
{
	uint32_t at = 0;
	size_t first;

	if (heap_filter_ignores(tree->filter, tree->profile, frames, n))
		return;
	first = heap_filter_skip(tree->filter, tree->profile, frames, n);
	tree->drafts[0].bytes += bytes;
	for (size_t i = first; i < n && i - first < depth; i++) {
		at = child_of(tree, children, at, frames[i],
		              address_of(tree->profile, frames, i, n));
		tree->drafts[at].bytes += bytes;
		if (is_main(tree->profile, frames[i]))
			break;
	}
}

static void add_stacks(struct heap_tree *tree, size_t type, size_t depth)
{
	struct u64map *children = u64map_new();
	uint32_t *frames = NULL;
	size_t room = 0;

	for (size_t i = 0; i < profile_n_samples(tree->profile); i++) {
		struct profile_sample sample = profile_sample(tree->profile, i);
		size_t n;

		if (!sample.values[type])
			continue;
		n = profile_stack_frames(tree->profile, sample.stack, frames, room);
		if (n > room) {
			frames = array_reserve(frames, &room, n, sizeof(*frames));
			profile_stack_frames(tree->profile, sample.stack, frames, room);
		}
		add_stack(tree, children, frames, n, sample.values[type], depth);
	}
	free(frames);
	u64map_free(children);
}

static int by_parent_then_size(const void *a, const void *b, void *context)
{
	const struct draft *drafts = context;
	const struct draft *x = &drafts[*(const uint32_t *)a], *y = &drafts[*(const uint32_t *)b];

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void sort_children(struct heap_tree *tree)
{
	tree->order = xcalloc(tree->n_drafts, sizeof(*tree->order));
	for (uint32_t i = 1; i < tree->n_drafts; i++)
		tree->order[i] = i;
	/* The top is nobody's child, so order[0] stays unused and children begin at 1. */
	qsort_r(tree->order + 1, tree->n_drafts - 1, sizeof(*tree->order), by_parent_then_size,
	        tree->drafts);
	for (uint32_t i = (uint32_t)tree->n_drafts - 1; i >= 1; i--)
		tree->drafts[tree->drafts[tree->order[i]].parent].first = i;
}

static bool is_small(const struct heap_tree *tree, uint64_t bytes)
{
	return (double)bytes * 100 < tree->threshold * (double)tree->drafts[0].bytes;
}

static struct heap_node node_of_rest(const struct heap_tree *tree, uint64_t bytes, size_t n)
{
	return (struct heap_node){
	    .bytes = bytes,
	    .frame = HEAP_NO_FRAME,
	    .text =
	        n == 1 ? xasprintf("in 1 place, below massif's threshold (%.2f%%)", tree->threshold)
	               : xasprintf("in %zu places, all below massif's threshold (%.2f%%)", n,
	                           tree->threshold)};
}

/* The depth of the recursion is that of the tree: at most the --depth option. */
static void finish_children(struct heap_tree *tree, struct heap_node *node,
                            const struct draft *draft)
{
	uint64_t rest = 0;
	size_t n_rest = 0;

	node->children = xcalloc((size_t)draft->n_children + 1, sizeof(*node->children));
	for (uint32_t i = 0; i < draft->n_children; i++) {
		const struct draft *child = &tree->drafts[tree->order[draft->first + i]];

		if (is_small(tree, child->bytes)) {
			rest += child->bytes;
			n_rest++;
			continue;
		}
		node->children[node->n_children] = (struct heap_node){
		    .bytes = child->bytes, .frame = child->frame, .text = frame_text(tree, child)};
		finish_children(tree, &node->children[node->n_children++], child);
	}
	if (!n_rest)
		return;
	/* By size, as massif places it. */
	for (uint32_t i = (uint32_t)node->n_children++;; i--) {
		if (i > 0 && node->children[i - 1].bytes < rest) {
			node->children[i] = node->children[i - 1];
			continue;
		}
		node->children[i] = node_of_rest(tree, rest, n_rest);
		break;
	}
}

struct heap_tree *heap_tree_new(const struct profile *profile, size_t type, double threshold,
                                size_t depth, const struct heap_filter *filter, const char *top)
{
	struct heap_tree *tree = xcalloc(1, sizeof(*tree));

	tree->profile = profile;
	tree->filter = filter;
	tree->threshold = threshold;
	ARRAY_APPEND(tree->drafts, tree->n_drafts, tree->drafts_capacity);
	add_stacks(tree, type, depth);
	sort_children(tree);
	tree->top = (struct heap_node){
	    .bytes = tree->drafts[0].bytes, .frame = HEAP_NO_FRAME, .text = xstrdup(top)};
	finish_children(tree, &tree->top, &tree->drafts[0]);
	free(tree->order);
	free(tree->drafts);
	tree->order = NULL;
	tree->drafts = NULL;
	return tree;
}

static void free_node(struct heap_node *node)
{
	for (size_t i = 0; i < node->n_children; i++)
		free_node(&node->children[i]);
	free(node->children);
	free(node->text);
}

void heap_tree_free(struct heap_tree *tree)
{
	if (!tree)
		return;
	free_node(&tree->top);
	free(tree);
}

const struct heap_node *heap_tree_top(const struct heap_tree *tree)
{
	return &tree->top;
}
