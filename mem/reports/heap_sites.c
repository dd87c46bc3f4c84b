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

/* A function that was called below its parent's; the allocators' callers are children of node 0. */
struct node {
	uint32_t parent;
	uint32_t frame;   /* one of its frames */
	uint32_t library; /* of the library's function that it called; NO_FRAME: none, or several */
	bool is_by_line;
	bool has_lines; /* not all of its frames are of the same one */
	uint64_t weight;
};

struct heap_sites {
	const struct profile *profile;
	const struct heap_filter *filter;
	const size_t *types;
	size_t n_types;
	struct u64map *children; /* (parent, function) -> node */
	struct u64map *lines;    /* (function, line) -> one of its frames */
	struct node *nodes;
	size_t n_nodes;
	size_t nodes_capacity;
	uint32_t *frames; /* of the stack at hand */
	size_t frames_capacity;
	/* The sites while they are chosen. */
	uint32_t candidates[MOST_CANDIDATES];
	size_t n_candidates;
	struct heap_site sites[HEAP_MOST_SITES];
	uint32_t site_nodes[HEAP_MOST_SITES];
	size_t n_sites;
};

/* Namespaces of the languages' own libraries. */
static bool is_library(const struct profile *profile, uint32_t frame)
{
	static const char *const starts[] = {"std::",  "__gnu_cxx::", "alloc::", "core::",
	                                     "<std::", "<alloc::",    "<core::", "hashbrown::"};
	const char *name = profile_folded_name(profile, frame);

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(name, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* A stack as sites see it. */
struct path {
	const uint32_t *frames;
	size_t n_frames; /* 0: it is left out, or has none */
	uint32_t
	    library; /* the caller of the first one is not shown: it is this one; or NO_FRAME */
};

/* Leaves one of the frames in a row that are of one function: how deep something recurs, or how
 * many functions without a name call each other, tells no sites apart. Returns how many remain. */
static size_t merge_rows(const struct profile *profile, uint32_t *frames, size_t n_frames)
{
	size_t n = 0;

	for (size_t i = 0; i < n_frames; i++)
		if (!n || profile_frame(profile, frames[n - 1])->function !=
		              profile_frame(profile, frames[i])->function)
			frames[n++] = frames[i];
	return n;
}

/* The frames outside of allocators and libraries, at most MOST_FRAMES; all outside of allocators,
 * where there is nothing else. */
static struct path path_of(struct heap_sites *sites, uint32_t stack)
{
	struct path path = {.library = NO_FRAME};
	size_t n, first, outside;

	n = profile_stack_frames(sites->profile, stack, sites->frames, sites->frames_capacity);
	if (n > sites->frames_capacity) {
		sites->frames = array_reserve(sites->frames, &sites->frames_capacity, n,
		                              sizeof(*sites->frames));
		profile_stack_frames(sites->profile, stack, sites->frames, n);
	}
	if (heap_filter_ignores(sites->filter, sites->profile, sites->frames, n))
		return path;
	first = heap_filter_skip(sites->filter, sites->profile, sites->frames, n);
	outside = first;
	while (outside < n && is_library(sites->profile, sites->frames[outside]))
		outside++;
	if (outside < n && outside > first) {
		path.library = sites->frames[outside - 1];
		first = outside;
	}
	path.frames = sites->frames + first;
	n = merge_rows(sites->profile, sites->frames + first, n - first);
	path.n_frames = n < MOST_FRAMES ? n : MOST_FRAMES;
	return path;
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
static uint64_t key_of(const struct heap_sites *sites, uint32_t parent, const struct path *path,
                       size_t i)
{
	bool by_line = i == 0 && path->library != NO_FRAME;
	uint32_t id = by_line ? line_of(sites, path->frames[0])
	                      : profile_frame(sites->profile, path->frames[i])->function;

	return (uint64_t)parent << 32 | (uint64_t)by_line << 31 | id;
}

static bool is_same_function(const struct heap_sites *sites, uint32_t a, uint32_t b)
{
	return a != NO_FRAME && b != NO_FRAME &&
	       profile_frame(sites->profile, a)->function ==
	           profile_frame(sites->profile, b)->function;
}

static uint32_t child_of(struct heap_sites *sites, uint32_t parent, const struct path *path,
                         size_t i)
{
	bool is_new;
	uint64_t *node = u64map_put(sites->children, key_of(sites, parent, path, i), &is_new);

	if (is_new) {
		*node = sites->n_nodes;
		*ARRAY_APPEND(sites->nodes, sites->n_nodes, sites->nodes_capacity) =
		    (struct node){.parent = parent,
		                  .frame = path->frames[i],
		                  .library = i ? NO_FRAME : path->library,
		                  .is_by_line = i == 0 && path->library != NO_FRAME};
	}
	sites->nodes[*node].has_lines |=
	    profile_frame(sites->profile, sites->nodes[*node].frame)->line !=
	    profile_frame(sites->profile, path->frames[i])->line;
	if (i == 0 && !is_same_function(sites, sites->nodes[*node].library, path->library))
		sites->nodes[*node].library = NO_FRAME;
	return (uint32_t)*node;
}

static void add_stack(struct heap_sites *sites, const struct profile_sample *sample)
{
	uint64_t weight = 0;
	struct path path;
	uint32_t at = 0;

	for (size_t i = 0; i < sites->n_types; i++)
		weight += sample->values[sites->types[i]];
	if (!weight)
		return;
	path = path_of(sites, sample->stack);
	if (!path.frames)
		return;
	sites->nodes[0].weight += weight;
	for (size_t i = 0; i < path.n_frames; i++) {
		at = child_of(sites, at, &path, i);
		sites->nodes[at].weight += weight;
	}
}

static bool is_part(uint64_t part, uint64_t whole, unsigned per_mille)
{
	return (double)part * 1000 >= (double)whole * per_mille;
}

/* The children of a node that are no small ones, largest first: up to `room`. */
static size_t large_children(const struct heap_sites *sites, uint32_t parent, uint32_t *children,
                             size_t room)
{
	size_t n = 0;

	for (uint32_t i = 1; i < sites->n_nodes; i++) {
		uint64_t weight = sites->nodes[i].weight;
		size_t at;

		if (sites->nodes[i].parent != parent ||
		    !is_part(weight, sites->nodes[0].weight, SMALL_PER_MILLE))
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
static size_t split(const struct heap_sites *sites, uint32_t site, uint32_t *parts)
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

static int by_weight(const void *a, const void *b, void *context)
{
	const struct node *nodes = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (nodes[x].weight != nodes[y].weight)
		return nodes[x].weight > nodes[y].weight ? -1 : 1;
	return x < y ? -1 : x > y;
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

/* No site is below another one, so the first that is met is it. */
static void sum_stack(struct heap_sites *sites, const struct profile_sample *sample)
{
	struct heap_site *site = NULL;
	uint32_t at = 0;
	struct path path = path_of(sites, sample->stack);

	for (size_t i = 0; i < path.n_frames && !site; i++) {
		const uint64_t *node = u64map_get(sites->children, key_of(sites, at, &path, i));

		if (!node)
			return;
		at = (uint32_t)*node;
		site = site_at(sites, at);
	}
	for (size_t i = 0; site && i < sites->n_types; i++)
		site->bytes[i] += sample->values[sites->types[i]];
}

struct heap_sites *heap_sites_new(const struct profile *profile, const size_t *types,
                                  size_t n_types, const struct heap_filter *filter)
{
	struct heap_sites *sites = xcalloc(1, sizeof(*sites));

	sites->profile = profile;
	sites->filter = filter;
	sites->types = types;
	sites->n_types = n_types;
	sites->children = u64map_new();
	sites->lines = u64map_new();
	ARRAY_APPEND(sites->nodes, sites->n_nodes, sites->nodes_capacity);
	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);

		add_stack(sites, &sample);
	}
	choose_sites(sites);
	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);

		sum_stack(sites, &sample);
	}
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
	free(sites->frames);
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
