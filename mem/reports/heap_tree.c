/* Builds massif's trees of allocation sites and their callers from a profile. */
#include "mem/reports/heap_tree.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/symbolize/symbolize.h"
#include "mem/below_main.h"
#include "mem/heap_filter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_SAMPLE UINT32_MAX
enum { IGNORED = UINT32_MAX };

/* A node of the tree that has all stacks, whatever they hold: an address, of which massif makes a
 * node for each call inlined there and one for the function. Sites have children once somebody
 * asked for them: few do of those that the threshold leaves. */
struct site {
	uint32_t parent;      /* its number is smaller */
	uint32_t depth;       /* addresses from the allocator on */
	uint32_t named;       /* a stack of the profile whose leaf is its innermost frame */
	uint64_t vaddr;       /* as symbolizer_address() makes it; 0: not known */
	uint32_t first_child; /* the children are in a row */
	uint32_t n_children;
	uint32_t first_sample; /* of those that go no further than to here */
	uint32_t last_sample;
	bool is_open; /* its children are there */
};

/* A sample on its way from the allocator to main. */
struct walker {
	uint32_t at;   /* the recording's stack whose leaf is the site's address */
	uint32_t site; /* 0: it is left out, or has no frame */
	uint32_t next; /* in the site's list */
};

struct heap_forest {
	const struct recording *recording;
	const struct profile *profile;
	size_t depth;
	bool *is_main;               /* by frame; what calls it, too */
	struct stack_table *numbers; /* addresses below their callees' -> site */
	struct site *sites;          /* 0 is the top */
	size_t n_sites;
	size_t sites_capacity;
	struct walker *walkers; /* by sample */
	pthread_mutex_t lock;   /* of all: trees are made by several threads */
};

struct heap_tree {
	struct heap_forest *forest;
	size_t type;
	double threshold;
	uint64_t extra_bytes;
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

static bool frame_is_below_main(const struct profile *profile, uint32_t frame)
{
	return is_below_main(profile_text(profile, profile_frame(profile, frame)->function));
}

static char *frame_text(const struct profile *profile, uint32_t frame_id, uint64_t vaddr)
{
	const struct frame *frame = profile_frame(profile, frame_id);
	const char *function = profile_text(profile, frame->function);
	char *place, *text;

	if (frame->kind == FRAME_FAILED)
		return xasprintf("0x0: %s", function);
	if (frame->kind == FRAME_UNRESOLVED)
		function = "???";
	else if (frame_is_below_main(profile, frame_id))
		function = BELOW_MAIN;
	place = heap_frame_place(profile, frame_id);
	text = xasprintf("0x%lX: %s (%s)", (unsigned long)vaddr, function, place);
	free(place);
	return text;
}

/* What calls main is the same for all, and valgrind shows it only on demand. By frame. */
static bool *find_mains(const struct profile *profile)
{
	bool *is_main = xcalloc((size_t)profile_n_frames(profile) + 1, sizeof(*is_main));

	for (uint32_t frame = 0; frame < profile_n_frames(profile); frame++)
		is_main[frame] = !strcmp(profile_folded_name(profile, frame), "main") ||
		                 frame_is_below_main(profile, frame);
	return is_main;
}

/* The stack's innermost address is shown with the frames from *named on; *named becomes the one
 * above the last of them, which is returned: one that was not inlined. */
static uint32_t last_frame(const struct heap_forest *forest, uint32_t *named)
{
	uint32_t frame;

	do
		frame = profile_stack_frame(forest->profile, *named, named);
	while (*named && profile_frame(forest->profile, frame)->kind == FRAME_INLINED);
	return frame;
}

/* `named` is the profile's stack from the first frame on that is shown: with one filter it is the
 * same one for each stack with this address. */
static uint32_t child_of(struct heap_forest *forest, uint32_t parent, uint32_t stack,
                         uint32_t named)
{
	uint32_t depth = forest->sites[parent].depth + 1, above = named, callers;
	struct recorded_frame address = recording_frame(forest->recording, stack, &callers);
	uint32_t child = stack_table_add(forest->numbers, parent,
	                                 address.object << 1 | address.is_return, address.vaddr);

	if (child < forest->n_sites)
		return child;
	*ARRAY_APPEND(forest->sites, forest->n_sites, forest->sites_capacity) = (struct site){
	    .parent = parent,
	    .depth = depth,
	    .named = named,
	    .vaddr = recorded_has_address(address.vaddr)
	                 ? symbolizer_address(address.vaddr, address.is_return)
	                 : 0,
	    .first_sample = NO_SAMPLE,
	    .is_open = depth == forest->depth || forest->is_main[last_frame(forest, &above)],
	};
	forest->sites[parent].n_children++;
	return child;
}

/* Puts a sample's walker at the end of the child's list. */
static void go_to(struct heap_forest *forest, uint32_t sample, uint32_t parent, uint32_t stack,
                  uint32_t named)
{
	uint32_t child = child_of(forest, parent, stack, named);
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
		recording_frame(forest->recording, walker->at, &callers);
		if (callers) {
			go_to(forest, sample, number, callers,
			      profile_stack_of(forest->profile, callers));
			continue;
		}
		*end = sample;
		end = &walker->next;
	}
	*end = NO_SAMPLE;
	forest->sites[number].first_sample = stay;
}

/* The caller of a stack, or itself, whose innermost address has the leaf of `named`. */
static uint32_t stack_with(const struct heap_forest *forest, uint32_t stack, uint32_t named)
{
	uint32_t callers;

	/* Going up a stack its ids get smaller. */
	for (;; stack = callers) {
		recording_frame(forest->recording, stack, &callers);
		if (profile_stack_of(forest->profile, callers) < named)
			return stack;
	}
}

static void start(struct heap_forest *forest, const struct heap_filter *filter)
{
	const struct profile *profile = forest->profile;
	struct heap_marks *marks = heap_marks_new(filter, profile);
	struct site *top = ARRAY_APPEND(forest->sites, forest->n_sites, forest->sites_capacity);

	top->is_open = true;
	top->first_child = 1;
	top->first_sample = NO_SAMPLE;
	for (uint32_t i = 0; i < recording_n_samples(forest->recording); i++) {
		const uint64_t *values;
		uint32_t stack = recording_sample(forest->recording, i, &values).stack, named;

		if (!heap_marks_enter(marks, profile_stack_of(profile, stack), &named))
			forest->walkers[i].site = IGNORED;
		else if (named)
			go_to(forest, i, 0, stack_with(forest, stack, named), named);
	}
	heap_marks_free(marks);
}

struct heap_forest *heap_forest_new(const struct recording *recording,
                                    const struct profile *profile, size_t depth,
                                    const struct heap_filter *filter)
{
	struct heap_forest *forest = xcalloc(1, sizeof(*forest));

	forest->recording = recording;
	forest->profile = profile;
	forest->depth = depth;
	forest->is_main = find_mains(profile);
	forest->numbers = stack_table_new();
	forest->walkers = xcalloc(recording_n_samples(recording) + 1, sizeof(*forest->walkers));
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
	stack_table_free(forest->numbers);
	free(forest);
}

static uint64_t value_of(const struct heap_tree *tree, uint32_t sample)
{
	const uint64_t *values;

	recording_sample(tree->forest->recording, sample, &values);
	return values[tree->type];
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
	size_t n_samples = recording_n_samples(forest->recording);

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
	const struct site *x_site = &tree->forest->sites[x], *y_site = &tree->forest->sites[y];

	if (tree->bytes[x] != tree->bytes[y])
		return tree->bytes[x] > tree->bytes[y] ? -1 : 1;
	if (x_site->vaddr != y_site->vaddr)
		return x_site->vaddr < y_site->vaddr ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool is_small(const struct heap_tree *tree, uint64_t bytes)
{
	double all = (double)(tree->bytes[0] + tree->extra_bytes);

	return bytes < (uint64_t)(all * tree->threshold / 100);
}

static struct heap_node node_of_rest(const struct heap_tree *tree, uint64_t bytes, size_t n)
{
	return (struct heap_node){
	    .bytes = bytes,
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

static void finish_children(struct heap_tree *tree, struct heap_node *node, uint32_t number);

/* Makes a site's nodes, each the only child of the one before, and what is below them. */
static void finish_site(struct heap_tree *tree, struct heap_node *node, uint32_t number)
{
	const struct heap_forest *forest = tree->forest;
	const struct site site = forest->sites[number];
	uint32_t named = site.named, end = named, frame;

	last_frame(forest, &end);
	for (;;) {
		frame = profile_stack_frame(forest->profile, named, &named);
		*node = (struct heap_node){
		    .bytes = tree->bytes[number],
		    .text = frame_text(forest->profile, frame, site.vaddr),
		};
		if (named == end)
			break;
		node->n_children = 1;
		node = node->children = xcalloc(1, sizeof(*node->children));
	}
	finish_children(tree, node, number);
}

/* The depth of the recursion is that of the tree: at most the --depth option. */
static void finish_children(struct heap_tree *tree, struct heap_node *node, uint32_t number)
{
	struct site site = opened_site(tree, number);
	size_t n_large, n_rest;
	uint64_t rest;
	uint32_t *large = large_children(tree, &site, &n_large, &rest, &n_rest);

	node->children = xcalloc(n_large + 1, sizeof(*node->children));
	for (size_t i = 0; i < n_large; i++)
		finish_site(tree, &node->children[i], large[i]);
	free(large);
	node->n_children = n_large;
	if (!n_rest)
		return;
	/* By size, before others of its size, as massif places it. */
	for (size_t i = node->n_children++;; i--) {
		if (i > 0 && node->children[i - 1].bytes <= rest) {
			node->children[i] = node->children[i - 1];
			continue;
		}
		node->children[i] = node_of_rest(tree, rest, n_rest);
		break;
	}
}

struct heap_tree *heap_tree_new(struct heap_forest *forest, const struct heap_tree_spec *spec)
{
	struct heap_tree *tree = xcalloc(1, sizeof(*tree));

	tree->forest = forest;
	tree->type = spec->type;
	tree->threshold = spec->threshold;
	tree->extra_bytes = spec->extra_bytes;
	pthread_mutex_lock(&forest->lock);
	add_bytes(tree);
	tree->top = (struct heap_node){.bytes = tree->bytes[0], .text = xstrdup(spec->top)};
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
