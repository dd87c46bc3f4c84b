/* Builds massif's trees of allocation sites and their callers from a profile. */
#include "mem/reports/heap_tree.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "core/profile.h"
#include "core/u64map.h"
#include "mem/heap_filter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_SAMPLE UINT32_MAX
enum { IGNORED = UINT32_MAX };

/* A node of the tree that has all stacks, whatever they hold. Sites have children once somebody
 * asked for them: few do of those that the threshold leaves. */
struct site {
	uint32_t parent; /* its number is smaller */
	uint32_t depth;  /* frames from the allocator on */
	uint32_t frame;
	uint64_t vaddr;
	uint32_t first_child; /* the children are in a row */
	uint32_t n_children;
	uint32_t first_sample; /* of those that go no further than to here */
	uint32_t last_sample;
	bool is_open; /* its children are there */
};

/* A sample on its way from the allocator to main. */
struct walker {
	uint32_t at;   /* the stack whose leaf is the site's frame */
	uint32_t site; /* 0: it is left out, or has no frame */
	uint32_t next; /* in the site's list */
};

struct heap_forest {
	const struct profile *profile;
	size_t depth;
	bool *is_main;      /* by frame */
	struct site *sites; /* 0 is the top */
	size_t n_sites;
	size_t sites_capacity;
	struct u64map *children; /* (parent, frame) -> site */
	struct walker *walkers;  /* by sample */
	pthread_mutex_t lock;    /* of all: trees are made by several threads */
};

struct heap_tree {
	struct heap_forest *forest;
	size_t type;
	double threshold;
	uint64_t *bytes; /* by site */
	size_t n_bytes;
	size_t bytes_capacity;
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

/* An inlined frame has the address of the function it was inlined into, as far as `most` frames
 * reach. */
static uint64_t address_of(const struct profile *profile, uint32_t stack, size_t most)
{
	uint32_t frame = profile_stack_frame(profile, stack, &stack);

	while (stack && --most && profile_frame(profile, frame)->kind == FRAME_INLINED)
		frame = profile_stack_frame(profile, stack, &stack);
	return profile_frame(profile, frame)->vaddr;
}

/* What calls main is the same for all, and valgrind shows it only on demand. By frame. */
static bool *find_mains(const struct profile *profile)
{
	bool *is_main = xcalloc((size_t)profile_n_frames(profile) + 1, sizeof(*is_main));

	for (uint32_t frame = 0; frame < profile_n_frames(profile); frame++)
		is_main[frame] = !strcmp(profile_folded_name(profile, frame), "main");
	return is_main;
}

static uint32_t child_of(struct heap_forest *forest, uint32_t parent, uint32_t stack)
{
	uint32_t callers, frame = profile_stack_frame(forest->profile, stack, &callers);
	uint32_t depth = forest->sites[parent].depth + 1;
	bool is_new;
	uint64_t *child = u64map_put(forest->children, (uint64_t)parent << 32 | frame, &is_new);

	if (is_new) {
		*child = forest->n_sites;
		*ARRAY_APPEND(forest->sites, forest->n_sites, forest->sites_capacity) =
		    (struct site){
		        .parent = parent,
		        .depth = depth,
		        .frame = frame,
		        .vaddr = address_of(forest->profile, stack, forest->depth + 1 - depth),
		        .first_sample = NO_SAMPLE,
		        .is_open = depth == forest->depth || forest->is_main[frame],
		    };
		forest->sites[parent].n_children++;
	}
	return (uint32_t)*child;
}

/* Puts a sample's walker at the end of the child's list. */
static void go_to(struct heap_forest *forest, uint32_t sample, uint32_t parent, uint32_t stack)
{
	uint32_t child = child_of(forest, parent, stack);
	struct site *site = &forest->sites[child];

	forest->walkers[sample] = (struct walker){.at = stack, .site = child, .next = NO_SAMPLE};
	if (site->first_sample == NO_SAMPLE)
		site->first_sample = sample;
	else
		forest->walkers[site->last_sample].next = sample;
	site->last_sample = sample;
}

/* Finds the children of a site. */
static void open_site(struct heap_forest *forest, uint32_t number)
{
	struct site *site = &forest->sites[number];
	uint32_t sample = site->first_sample, next, stay = NO_SAMPLE, *end = &stay;

	site->is_open = true;
	site->first_child = (uint32_t)forest->n_sites;
	for (; sample != NO_SAMPLE; sample = next) {
		struct walker *walker = &forest->walkers[sample];
		uint32_t callers;

		next = walker->next;
		profile_stack_frame(forest->profile, walker->at, &callers);
		if (callers) {
			go_to(forest, sample, number, callers);
			continue;
		}
		*end = sample;
		end = &walker->next;
	}
	*end = NO_SAMPLE;
	forest->sites[number].first_sample = stay;
}

static void start(struct heap_forest *forest, const struct heap_filter *filter)
{
	const struct profile *profile = forest->profile;
	struct heap_marks *marks = heap_marks_new(filter, profile);
	struct site *top = ARRAY_APPEND(forest->sites, forest->n_sites, forest->sites_capacity);

	top->is_open = true;
	top->first_child = 1;
	top->first_sample = NO_SAMPLE;
	for (uint32_t i = 0; i < profile_n_samples(profile); i++) {
		uint32_t callers;

		if (!heap_marks_enter(marks, profile_sample(profile, i).stack, &callers))
			forest->walkers[i].site = IGNORED;
		else if (callers)
			go_to(forest, i, 0, callers);
	}
	heap_marks_free(marks);
}

struct heap_forest *heap_forest_new(const struct profile *profile, size_t depth,
                                    const struct heap_filter *filter)
{
	struct heap_forest *forest = xcalloc(1, sizeof(*forest));

	forest->profile = profile;
	forest->depth = depth;
	forest->is_main = find_mains(profile);
	forest->children = u64map_new();
	forest->walkers = xcalloc(profile_n_samples(profile) + 1, sizeof(*forest->walkers));
	pthread_mutex_init(&forest->lock, NULL);
	start(forest, filter);
	return forest;
}

void heap_forest_free(struct heap_forest *forest)
{
	if (!forest)
		return;
	pthread_mutex_destroy(&forest->lock);
	free(forest->is_main);
	free(forest->sites);
	free(forest->walkers);
	u64map_free(forest->children);
	free(forest);
}

static uint64_t value_of(const struct heap_tree *tree, uint32_t sample)
{
	return profile_sample(tree->forest->profile, sample).values[tree->type];
}

static void make_room(struct heap_tree *tree)
{
	size_t n = tree->forest->n_sites;

	tree->bytes = array_reserve(tree->bytes, &tree->bytes_capacity, n, sizeof(*tree->bytes));
	memset(tree->bytes + tree->n_bytes, 0, (n - tree->n_bytes) * sizeof(*tree->bytes));
	tree->n_bytes = n;
}

/* The bytes of all sites that there are. */
static void add_bytes(struct heap_tree *tree)
{
	const struct heap_forest *forest = tree->forest;
	size_t n_samples = profile_n_samples(forest->profile);

	make_room(tree);
	for (uint32_t i = 0; i < n_samples; i++)
		if (forest->walkers[i].site != IGNORED)
			tree->bytes[forest->walkers[i].site] += value_of(tree, i);
	for (size_t i = forest->n_sites; --i > 0;)
		tree->bytes[forest->sites[i].parent] += tree->bytes[i];
}

/* The site with its children, and their bytes. */
static struct site opened_site(struct heap_tree *tree, uint32_t number)
{
	struct heap_forest *forest = tree->forest;
	struct site site;

	if (forest->sites[number].is_open)
		return forest->sites[number];
	open_site(forest, number);
	site = forest->sites[number];
	make_room(tree);
	for (uint32_t i = site.first_child; i < site.first_child + site.n_children; i++)
		for (uint32_t sample = forest->sites[i].first_sample; sample != NO_SAMPLE;
		     sample = forest->walkers[sample].next)
			tree->bytes[i] += value_of(tree, sample);
	return site;
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
		uint32_t child = site->first_child + i;

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
static void finish_children(struct heap_tree *tree, struct heap_node *node, uint32_t number)
{
	struct site site = opened_site(tree, number);
	size_t n_large, n_rest;
	uint64_t rest;
	uint32_t *large = large_children(tree, &site, &n_large, &rest, &n_rest);

	node->children = xcalloc(n_large + 1, sizeof(*node->children));
	for (size_t i = 0; i < n_large; i++) {
		const struct site *child = &tree->forest->sites[large[i]];

		node->children[i] = (struct heap_node){
		    .bytes = tree->bytes[large[i]],
		    .frame = child->frame,
		    .text = frame_text(tree->forest->profile, child),
		};
		finish_children(tree, &node->children[i], large[i]);
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

struct heap_tree *heap_tree_new(struct heap_forest *forest, size_t type, double threshold,
                                const char *top)
{
	struct heap_tree *tree = xcalloc(1, sizeof(*tree));

	tree->forest = forest;
	tree->type = type;
	tree->threshold = threshold;
	pthread_mutex_lock(&forest->lock);
	add_bytes(tree);
	tree->top = (struct heap_node){
	    .bytes = tree->bytes[0], .frame = HEAP_NO_FRAME, .text = xstrdup(top)};
	finish_children(tree, &tree->top, 0);
	pthread_mutex_unlock(&forest->lock);
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
