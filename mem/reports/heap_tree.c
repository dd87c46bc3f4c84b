/* Builds massif's trees of allocation sites and their callers from a profile. */
#include "mem/reports/heap_tree.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "core/profile.h"
#include "core/u64map.h"
#include "mem/heap_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IGNORED = UINT32_MAX };

/* A node of the tree that has all stacks, whatever they hold. */
struct site {
	uint32_t parent; /* its number is smaller */
	uint32_t frame;
	uint64_t vaddr;
	uint32_t first_child; /* in `children` */
	uint32_t n_children;
};

struct heap_forest {
	const struct profile *profile;
	struct site *sites; /* 0 is the top */
	size_t n_sites;
	size_t sites_capacity;
	uint32_t *children; /* sites grouped by parent */
	uint32_t *deepest;  /* by sample: the site where its stack ends, or IGNORED */
};

struct heap_tree {
	const struct heap_forest *forest;
	double threshold;
	uint64_t *bytes; /* by site */
	struct heap_node top;
};

char *heap_frame_place(const struct profile *profile, uint32_t frame)
{
	const struct frame *f = profile_frame(profile, frame);
	const char *file = profile_text(profile, f->file), *slash = strrchr(file, '/');
	char *line, *place;

	if (!*file)
		return xasprintf("in %s", profile_text(profile, f->object));
	line = line_text(slash ? slash + 1 : file);
	place = xasprintf("%s:%u", line, f->line);
	free(line);
	return place;
}

char *heap_frame_name(const struct profile *profile, uint32_t frame)
{
	const struct frame *f = profile_frame(profile, frame);

	if (f->kind == FRAME_UNRESOLVED && f->vaddr)
		return xasprintf("%s+0x%lx", profile_text(profile, f->object),
		                 (unsigned long)f->vaddr);
	return xstrdup(profile_text(profile, f->function));
}

static char *frame_text(const struct profile *profile, const struct site *site)
{
	const struct frame *frame = profile_frame(profile, site->frame);
	const char *function = profile_text(profile, frame->function);
	char *place, *text;

	if (frame->kind == FRAME_FAILED)
		return xasprintf("0x0: %s", function);
	place = heap_frame_place(profile, site->frame);
	text = xasprintf("0x%lX: %s (%s)", (unsigned long)site->vaddr,
	                 frame->kind == FRAME_UNRESOLVED ? "???" : function, place);
	free(place);
	return text;
}

static uint32_t child_of(struct heap_forest *forest, struct u64map *children, uint32_t parent,
                         uint32_t frame, uint64_t vaddr)
{
	bool is_new;
	uint64_t *child = u64map_put(children, (uint64_t)parent << 32 | frame, &is_new);

	if (is_new) {
		*child = forest->n_sites;
		*ARRAY_APPEND(forest->sites, forest->n_sites, forest->sites_capacity) =
		    (struct site){.parent = parent, .frame = frame, .vaddr = vaddr};
		forest->sites[parent].n_children++;
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

/* What calls main is the same for all, and valgrind shows it only on demand. By frame. */
static bool *find_mains(const struct profile *profile)
{
	bool *is_main = xcalloc((size_t)profile_n_frames(profile) + 1, sizeof(*is_main));

	for (uint32_t frame = 0; frame < profile_n_frames(profile); frame++)
		is_main[frame] = !strcmp(profile_folded_name(profile, frame), "main");
	return is_main;
}

/* The site where the stack ends. */
static uint32_t add_stack(struct heap_forest *forest, struct u64map *children, const bool *is_main,
                          const uint32_t *frames, size_t n)
{
	uint32_t at = 0;

	for (size_t i = 0; i < n; i++) {
		at = child_of(forest, children, at, frames[i],
		              address_of(forest->profile, frames, i, n));
		if (is_main[frames[i]])
			break;
	}
	return at;
}

static void add_stacks(struct heap_forest *forest, size_t depth, const struct heap_filter *filter)
{
	const struct profile *profile = forest->profile;
	struct u64map *children = u64map_new();
	bool *is_main = find_mains(profile);
	uint32_t *frames = NULL;
	size_t room = 0;

	u64map_reserve(children, profile_n_samples(profile));
	forest->deepest = xcalloc(profile_n_samples(profile) + 1, sizeof(*forest->deepest));
	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		uint32_t stack = profile_sample(profile, i).stack;
		size_t n = profile_stack_frames(profile, stack, frames, room), first;

		if (n > room) {
			frames = array_reserve(frames, &room, n, sizeof(*frames));
			profile_stack_frames(profile, stack, frames, room);
		}
		forest->deepest[i] = IGNORED;
		if (heap_filter_ignores(filter, profile, frames, n))
			continue;
		first = heap_filter_skip(filter, profile, frames, n);
		if (n - first > depth)
			n = first + depth;
		forest->deepest[i] =
		    add_stack(forest, children, is_main, frames + first, n - first);
	}
	free(frames);
	free(is_main);
	u64map_free(children);
}

static void group_children(struct heap_forest *forest)
{
	uint32_t first = 0;

	forest->children = xcalloc(forest->n_sites, sizeof(*forest->children));
	for (size_t i = 0; i < forest->n_sites; i++) {
		forest->sites[i].first_child = first;
		first += forest->sites[i].n_children;
		forest->sites[i].n_children = 0;
	}
	for (uint32_t i = 1; i < forest->n_sites; i++) {
		struct site *parent = &forest->sites[forest->sites[i].parent];

		forest->children[parent->first_child + parent->n_children++] = i;
	}
}

struct heap_forest *heap_forest_new(const struct profile *profile, size_t depth,
                                    const struct heap_filter *filter)
{
	struct heap_forest *forest = xcalloc(1, sizeof(*forest));

	forest->profile = profile;
	ARRAY_APPEND(forest->sites, forest->n_sites, forest->sites_capacity);
	add_stacks(forest, depth, filter);
	group_children(forest);
	return forest;
}

void heap_forest_free(struct heap_forest *forest)
{
	if (!forest)
		return;
	free(forest->sites);
	free(forest->children);
	free(forest->deepest);
	free(forest);
}

static void add_bytes(struct heap_tree *tree, size_t type)
{
	const struct heap_forest *forest = tree->forest;

	for (size_t i = 0; i < profile_n_samples(forest->profile); i++)
		if (forest->deepest[i] != IGNORED)
			tree->bytes[forest->deepest[i]] +=
			    profile_sample(forest->profile, i).values[type];
	for (size_t i = forest->n_sites; --i > 0;)
		tree->bytes[forest->sites[i].parent] += tree->bytes[i];
}

static int largest_first(const void *a, const void *b, void *context)
{
	const struct heap_tree *tree = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint32_t x_frame = tree->forest->sites[x].frame, y_frame = tree->forest->sites[y].frame;

	if (tree->bytes[x] != tree->bytes[y])
		return tree->bytes[x] > tree->bytes[y] ? -1 : 1;
	return x_frame < y_frame ? -1 : x_frame > y_frame;
}

static bool is_small(const struct heap_tree *tree, uint64_t bytes)
{
	return (double)bytes * 100 < tree->threshold * (double)tree->bytes[0];
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

/* The children that are shown, largest first; the caller frees them. */
static uint32_t *large_children(struct heap_tree *tree, const struct site *site, size_t *n_large,
                                uint64_t *rest, size_t *n_rest)
{
	uint32_t *large = xcalloc((size_t)site->n_children + 1, sizeof(*large));

	*n_large = *n_rest = 0;
	*rest = 0;
	for (uint32_t i = 0; i < site->n_children; i++) {
		uint32_t child = tree->forest->children[site->first_child + i];

		if (!tree->bytes[child])
			continue;
		if (!is_small(tree, tree->bytes[child])) {
			large[(*n_large)++] = child;
			continue;
		}
		*rest += tree->bytes[child];
		++*n_rest;
	}
	qsort_r(large, *n_large, sizeof(*large), largest_first, tree);
	return large;
}

/* The depth of the recursion is that of the tree: at most the --depth option. */
static void finish_children(struct heap_tree *tree, struct heap_node *node, const struct site *site)
{
	size_t n_large, n_rest;
	uint64_t rest;
	uint32_t *large = large_children(tree, site, &n_large, &rest, &n_rest);

	node->children = xcalloc(n_large + 1, sizeof(*node->children));
	for (size_t i = 0; i < n_large; i++) {
		const struct site *child = &tree->forest->sites[large[i]];

		node->children[i] = (struct heap_node){
		    .bytes = tree->bytes[large[i]],
		    .frame = child->frame,
		    .text = frame_text(tree->forest->profile, child),
		};
		finish_children(tree, &node->children[i], child);
	}
	free(large);
	node->n_children = n_large;
	if (!n_rest)
		return;
	/* By size, as massif places it. */
	for (size_t i = node->n_children++;; i--) {
		if (i > 0 && node->children[i - 1].bytes < rest) {
			node->children[i] = node->children[i - 1];
			continue;
		}
		node->children[i] = node_of_rest(tree, rest, n_rest);
		break;
	}
}

struct heap_tree *heap_tree_new(const struct heap_forest *forest, size_t type, double threshold,
                                const char *top)
{
	struct heap_tree *tree = xcalloc(1, sizeof(*tree));

	tree->forest = forest;
	tree->threshold = threshold;
	tree->bytes = xcalloc(forest->n_sites, sizeof(*tree->bytes));
	add_bytes(tree, type);
	tree->top = (struct heap_node){
	    .bytes = tree->bytes[0], .frame = HEAP_NO_FRAME, .text = xstrdup(top)};
	finish_children(tree, &tree->top, &forest->sites[0]);
	free(tree->bytes);
	tree->bytes = NULL;
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
