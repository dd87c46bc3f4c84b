/* Chooses call sites and sums the heap by them. */
#include "mem/reports/heap_sites.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/u64map.h"
#include "mem/heap_filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_FRAME UINT32_MAX
#define NO_STACK UINT32_MAX

enum {
	/* Callers so far from the allocator are not told apart. */
	MOST_FRAMES = 24,
	/* Sites with more of all than this are split by their callers ... */
	LARGE_PERCENT = 40,
	/* ... as far as the larger callers have nearly all of it. */
	COVERED_PERCENT = 85,
	/* ... and from here on those that are called like an allocator. */
	ALLOCATOR_PERCENT = 5,
	/* A smaller site is no site. */
	SMALL_PER_MILLE = 5,
	MOST_CANDIDATES = 64,
};

/* A function that was called below its parent's; the allocators' callers are children of node 0.
 * Nodes have children once somebody asked for them. */
struct node {
	uint32_t parent;
	uint32_t depth;   /* frames from the allocator on */
	uint32_t frame;   /* one of its frames */
	uint32_t library; /* of the library's function that it called; NO_FRAME: none, or several */
	uint32_t stacks;  /* the first in the list of those that go no further than to here */
	uint32_t last_stack;
	uint32_t first_child; /* the children are in a row */
	uint32_t n_children;
	uint32_t first_sample; /* of its stacks' */
	bool is_by_line;
	bool has_lines; /* not all of its frames are of the same one */
	bool is_open;   /* its children are there */
	uint64_t weight;
};

/* A sample on its way from the allocator to the root. */
struct walker {
	uint32_t at;   /* the stack whose leaf is the node's frame */
	uint32_t node; /* where it is; 0: it is left out, or has no frame */
	uint32_t next; /* in the node's list */
};

struct heap_sites {
	const struct profile *profile;
	const size_t *types;
	size_t n_types;
	struct heap_marks *marks;
	uint8_t *library_marks;  /* by frame: 0 is not known yet */
	struct u64map *children; /* (parent, function) -> node */
	struct u64map *lines;    /* (function, line) -> one of its frames */
	struct node *nodes;
	size_t n_nodes;
	size_t nodes_capacity;
	struct walker *walkers; /* by sample */
	/* The sites while they are chosen. */
	uint32_t candidates[MOST_CANDIDATES];
	size_t n_candidates;
	struct heap_site sites[HEAP_MOST_SITES];
	uint32_t site_nodes[HEAP_MOST_SITES];
	size_t n_sites;
};

/* Namespaces of the languages' own libraries. */
static bool sounds_like_library(const struct profile *profile, uint32_t frame)
{
	static const char *const starts[] = {"std::",  "__gnu_cxx::", "alloc::", "core::",
	                                     "<std::", "<alloc::",    "<core::", "hashbrown::"};
	const char *name = profile_folded_name(profile, frame);

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(name, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static bool is_library(struct heap_sites *sites, uint32_t frame)
{
	enum { NO = 1, YES };

	if (!sites->library_marks[frame])
		sites->library_marks[frame] = sounds_like_library(sites->profile, frame) ? YES : NO;
	return sites->library_marks[frame] == YES;
}

static uint32_t frame_at(const struct heap_sites *sites, uint32_t stack)
{
	uint32_t callers;

	return profile_stack_frame(sites->profile, stack, &callers);
}

/* Goes to the first frame outside of allocators and libraries, or outside of allocators where there
 * is nothing else; 0: there is none. *library: the frame of one that it called, whose caller is not
 * shown otherwise, or NO_FRAME. False: the stack is left out. */
static bool enter(struct heap_sites *sites, uint32_t stack, uint32_t *at, uint32_t *library)
{
	uint32_t outside, callers, frame, last = NO_FRAME;

	*library = NO_FRAME;
	if (!heap_marks_enter(sites->marks, stack, at))
		return false;
	for (outside = *at; outside; outside = callers) {
		frame = profile_stack_frame(sites->profile, outside, &callers);
		if (!is_library(sites, frame))
			break;
		last = frame;
	}
	if (outside && last != NO_FRAME) {
		*at = outside;
		*library = last;
	}
	return true;
}

/* The caller of another function, or 0: how deep something recurs, or how many functions without a
 * name call each other, tells no sites apart. */
static uint32_t caller_of(const struct heap_sites *sites, uint32_t stack)
{
	uint32_t callers, frame = profile_stack_frame(sites->profile, stack, &callers);
	uint32_t function = profile_frame(sites->profile, frame)->function;

	for (stack = callers; stack; stack = callers) {
		frame = profile_stack_frame(sites->profile, stack, &callers);
		if (profile_frame(sites->profile, frame)->function != function)
			break;
	}
	return stack;
}

/* Frames of one line may differ, as in whether they were inlined: it is known by the first one. */
static uint32_t line_of(const struct heap_sites *sites, uint32_t frame)
{
	const struct frame *f = profile_frame(sites->profile, frame);
	bool is_new;
	uint64_t *line = u64map_put(sites->lines, (uint64_t)f->function << 32 | f->line, &is_new);

	if (is_new)
		*line = frame;
	return (uint32_t)*line;
}

/* Functions are told apart, and lines that use a library's. */
static uint64_t key_of(const struct heap_sites *sites, uint32_t parent, uint32_t frame,
                       bool by_line)
{
	uint32_t id =
	    by_line ? line_of(sites, frame) : profile_frame(sites->profile, frame)->function;

	return (uint64_t)parent << 32 | (uint64_t)by_line << 31 | id;
}

static bool is_same_function(const struct heap_sites *sites, uint32_t a, uint32_t b)
{
	return a != NO_FRAME && b != NO_FRAME &&
	       profile_frame(sites->profile, a)->function ==
	           profile_frame(sites->profile, b)->function;
}

static uint32_t child_of(struct heap_sites *sites, uint32_t parent, uint32_t frame,
                         uint32_t library, uint32_t sample)
{
	bool is_new, by_line = library != NO_FRAME;
	uint64_t *index =
	    u64map_put(sites->children, key_of(sites, parent, frame, by_line), &is_new);
	struct node *node;

	if (is_new) {
		*index = sites->n_nodes;
		*ARRAY_APPEND(sites->nodes, sites->n_nodes, sites->nodes_capacity) =
		    (struct node){.parent = parent,
		                  .depth = sites->nodes[parent].depth + 1,
		                  .frame = frame,
		                  .library = library,
		                  .stacks = NO_STACK,
		                  .first_sample = sample,
		                  .is_by_line = by_line};
	}
	node = &sites->nodes[*index];
	node->has_lines |= profile_frame(sites->profile, node->frame)->line !=
	                   profile_frame(sites->profile, frame)->line;
	if (!is_same_function(sites, node->library, library))
		node->library = NO_FRAME;
	return (uint32_t)*index;
}

static uint64_t weight_of(const struct heap_sites *sites, uint32_t sample)
{
	struct profile_sample all = profile_sample(sites->profile, sample);
	uint64_t weight = 0;

	for (size_t i = 0; i < sites->n_types; i++)
		weight += all.values[sites->types[i]];
	return weight;
}

/* Puts a sample's walker at the end of the child's list. */
static void go_to(struct heap_sites *sites, uint32_t sample, uint32_t parent, uint32_t stack,
                  uint32_t library, uint64_t weight)
{
	uint32_t child = child_of(sites, parent, frame_at(sites, stack), library, sample);
	struct node *node = &sites->nodes[child];

	sites->walkers[sample] = (struct walker){.at = stack, .node = child, .next = NO_STACK};
	if (node->stacks == NO_STACK)
		node->stacks = sample;
	else
		sites->walkers[node->last_stack].next = sample;
	node->last_stack = sample;
	node->weight += weight;
}

/* Finds the children of node 0. */
static void start(struct heap_sites *sites)
{
	struct node *top = ARRAY_APPEND(sites->nodes, sites->n_nodes, sites->nodes_capacity);

	top->is_open = true;
	top->first_child = 1;
	for (uint32_t i = 0; i < profile_n_samples(sites->profile); i++) {
		uint64_t weight = weight_of(sites, i);
		uint32_t at, library;

		if (!weight ||
		    !enter(sites, profile_sample(sites->profile, i).stack, &at, &library))
			continue;
		sites->nodes[0].weight += weight;
		if (at)
			go_to(sites, i, 0, at, library, weight);
	}
	sites->nodes[0].n_children = (uint32_t)sites->n_nodes - 1;
}

/* Finds the children of a node. */
static void open_node(struct heap_sites *sites, uint32_t number)
{
	struct node *node = &sites->nodes[number];
	uint32_t sample = node->stacks, next;

	if (node->is_open)
		return;
	node->is_open = true;
	node->first_child = (uint32_t)sites->n_nodes;
	if (node->depth == MOST_FRAMES)
		return;
	for (; sample != NO_STACK; sample = next) {
		uint32_t caller = caller_of(sites, sites->walkers[sample].at);

		next = sites->walkers[sample].next;
		if (caller)
			go_to(sites, sample, number, caller, NO_FRAME, weight_of(sites, sample));
	}
	node = &sites->nodes[number];
	node->n_children = (uint32_t)sites->n_nodes - node->first_child;
}

static bool is_part(uint64_t part, uint64_t whole, unsigned per_mille)
{
	return (double)part * 1000 >= (double)whole * per_mille;
}

/* The children of a node that are no small ones, largest first: up to `room`. */
static size_t large_children(struct heap_sites *sites, uint32_t parent, uint32_t *children,
                             size_t room)
{
	uint32_t first;
	size_t n = 0;

	open_node(sites, parent);
	first = sites->nodes[parent].first_child;
	for (uint32_t i = first; i < first + sites->nodes[parent].n_children; i++) {
		uint64_t weight = sites->nodes[i].weight;
		size_t at;

		if (!is_part(weight, sites->nodes[0].weight, SMALL_PER_MILLE))
			continue;
		for (at = n < room ? n++ : room; at > 0; at--) {
			if (sites->nodes[children[at - 1]].weight >= weight)
				break;
			if (at < room)
				children[at] = children[at - 1];
		}
		if (at < room)
			children[at] = i;
	}
	return n;
}

/* The callers that a site falls into: past those with one caller alone, to where they part. 0: it
 * is better left whole. */
static size_t split(struct heap_sites *sites, uint32_t site, uint32_t *parts)
{
	uint64_t covered = 0;
	size_t n = large_children(sites, site, parts, HEAP_MOST_SITES);

	while (n == 1)
		n = large_children(sites, parts[0], parts, HEAP_MOST_SITES);
	for (size_t i = 0; i < n; i++)
		covered += sites->nodes[parts[i]].weight;
	return is_part(covered, sites->nodes[site].weight, 10 * COVERED_PERCENT) ? n : 0;
}

/* xmalloc(), zcalloc(), g_realloc(), PyMem_Malloc(). */
static bool sounds_like_allocator(const struct heap_sites *sites, uint32_t node)
{
	const char *name = profile_text(
	    sites->profile, profile_frame(sites->profile, sites->nodes[node].frame)->function);
	size_t len = strcspn(name, "([<"), end = strlen("alloc");

	return len >= end && !strncasecmp(name + len - end, "alloc", end);
}

static bool is_large(const struct heap_sites *sites, uint32_t node)
{
	unsigned percent = sounds_like_allocator(sites, node) ? ALLOCATOR_PERCENT : LARGE_PERCENT;

	return is_part(sites->nodes[node].weight, sites->nodes[0].weight, 10 * percent);
}

static void choose_candidates(struct heap_sites *sites)
{
	uint32_t parts[HEAP_MOST_SITES];

	sites->n_candidates = large_children(sites, 0, sites->candidates, HEAP_MOST_SITES);
	/* What a site is split into stands behind it, so it is looked at, too. */
	for (size_t i = 0; i < sites->n_candidates; i++) {
		size_t n = 0;

		if (is_large(sites, sites->candidates[i]) &&
		    sites->n_candidates + HEAP_MOST_SITES <= MOST_CANDIDATES)
			n = split(sites, sites->candidates[i], parts);
		if (!n)
			continue;
		memcpy(sites->candidates + sites->n_candidates, parts, n * sizeof(*parts));
		sites->n_candidates += n;
		sites->candidates[i] = 0;
	}
}

/* Of the same weight: what was met first, callees before callers. */
static int by_weight(const void *a, const void *b, void *context)
{
	const struct node *nodes = context;
	const struct node *x = &nodes[*(const uint32_t *)a], *y = &nodes[*(const uint32_t *)b];

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->first_sample != y->first_sample)
		return x->first_sample < y->first_sample ? -1 : 1;
	return x->depth < y->depth ? -1 : x->depth > y->depth;
}

/* Whether a call was inlined does not matter to who asked for memory. */
static char *name_of(const struct heap_sites *sites, uint32_t frame)
{
	static const char mark[] = " (inlined)";
	char *name = profile_shown_name(sites->profile, frame);
	size_t len = strlen(name);

	if (len > strlen(mark) && !strcmp(name + len - strlen(mark), mark))
		name[len - strlen(mark)] = '\0';
	return name;
}

/* Adds a function's name, once where what has no name is called alike for some calls in a row. */
static char *add_name(const struct heap_sites *sites, char *text, uint32_t frame, char **before)
{
	char *name = name_of(sites, frame), *longer;

	if (*before && !strcmp(name, *before)) {
		free(name);
		return text;
	}
	longer = xasprintf("%s%s%s", text, *text ? ", " : "", name);
	free(text);
	free(*before);
	*before = name;
	return longer;
}

static char *through_of(const struct heap_sites *sites, uint32_t node)
{
	char *before = name_of(sites, sites->nodes[node].frame), *text = xstrdup("");

	for (;;) {
		uint32_t library = sites->nodes[node].library;

		if (library != NO_FRAME)
			text = add_name(sites, text, library, &before);
		node = sites->nodes[node].parent;
		if (!node)
			break;
		text = add_name(sites, text, sites->nodes[node].frame, &before);
	}
	free(before);
	return text;
}

static char *place_of(const struct heap_sites *sites, const struct node *node, bool has_line)
{
	const struct frame *frame = profile_frame(sites->profile, node->frame);

	if (frame->kind == FRAME_UNRESOLVED || frame->kind == FRAME_FAILED)
		return xstrdup("");
	return profile_shown_place(sites->profile, frame->object, frame->file,
	                           has_line ? frame->line : 0);
}

static void add_site(struct heap_sites *sites, uint32_t node)
{
	const struct node *what = &sites->nodes[node];

	sites->site_nodes[sites->n_sites] = node;
	sites->sites[sites->n_sites++] = (struct heap_site){
	    .name = name_of(sites, what->frame),
	    .place = place_of(sites, what, what->is_by_line),
	    .line = place_of(sites, what, !what->has_lines),
	    .through = through_of(sites, node),
	    .bytes = xcalloc(sites->n_types + 1, sizeof(uint64_t)),
	};
}

static void choose_sites(struct heap_sites *sites)
{
	choose_candidates(sites);
	/* Those that were split are node 0, which is the largest. */
	qsort_r(sites->candidates, sites->n_candidates, sizeof(*sites->candidates), by_weight,
	        sites->nodes);
	for (size_t i = 0; i < sites->n_candidates && sites->n_sites < HEAP_MOST_SITES; i++)
		if (sites->candidates[i])
			add_site(sites, sites->candidates[i]);
}

static struct heap_site *site_at(struct heap_sites *sites, uint32_t node)
{
	for (size_t i = 0; i < sites->n_sites; i++)
		if (sites->site_nodes[i] == node)
			return &sites->sites[i];
	return NULL;
}

/* No site is below another one. */
static void sum_sample(struct heap_sites *sites, uint32_t sample)
{
	const uint64_t *values = profile_sample(sites->profile, sample).values;
	struct heap_site *site = NULL;

	for (uint32_t at = sites->walkers[sample].node; at && !site; at = sites->nodes[at].parent)
		site = site_at(sites, at);
	for (size_t i = 0; site && i < sites->n_types; i++)
		site->bytes[i] += values[sites->types[i]];
}

struct heap_sites *heap_sites_new(const struct profile *profile, const size_t *types,
                                  size_t n_types, const struct heap_filter *filter)
{
	struct heap_sites *sites = xcalloc(1, sizeof(*sites));

	sites->profile = profile;
	sites->types = types;
	sites->n_types = n_types;
	sites->marks = heap_marks_new(filter, profile);
	sites->library_marks =
	    xcalloc((size_t)profile_n_frames(profile) + 1, sizeof(*sites->library_marks));
	sites->children = u64map_new();
	sites->lines = u64map_new();
	sites->walkers = xcalloc(profile_n_samples(profile) + 1, sizeof(*sites->walkers));
	start(sites);
	choose_sites(sites);
	for (uint32_t i = 0; i < profile_n_samples(profile); i++)
		sum_sample(sites, i);
	return sites;
}

void heap_sites_free(struct heap_sites *sites)
{
	if (!sites)
		return;
	for (size_t i = 0; i < sites->n_sites; i++) {
		free(sites->sites[i].name);
		free(sites->sites[i].place);
		free(sites->sites[i].line);
		free(sites->sites[i].through);
		free(sites->sites[i].bytes);
	}
	heap_marks_free(sites->marks);
	free(sites->library_marks);
	free(sites->walkers);
	free(sites->nodes);
	u64map_free(sites->lines);
	u64map_free(sites->children);
	free(sites);
}

size_t heap_sites_n(const struct heap_sites *sites)
{
	return sites->n_sites;
}

const struct heap_site *heap_sites_at(const struct heap_sites *sites, size_t i)
{
	return &sites->sites[i];
}

char *heap_site_text(const struct heap_site *site)
{
	bool has_line = *site->line, has_through = *site->through;

	return xasprintf("%s%s%s%s%s%s", site->name, has_line ? " (" : "", site->line,
	                 has_line ? ")" : "", has_through ? " through " : "", site->through);
}
