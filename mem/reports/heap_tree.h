/* The allocation tree of one value type: from the allocating functions outwards to their callers,
 * up to main, as massif shows it. */
#ifndef MEM_REPORTS_HEAP_TREE_H
#define MEM_REPORTS_HEAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_filter;
struct heap_forest;
struct heap_tree;
struct profile;
struct recording;

struct heap_node {
	uint64_t bytes;
	char *text; /* "0x1139: main (prog.c:7)", or "in 3 places, all below massif's threshold
	               (1.00%)" */
	struct heap_node
	    *children; /* largest first, the "in N places" one where it belongs by size */
	size_t n_children;
};

/* What the trees of all value types have in common. A node is an address, as in massif, so it is
 * the recording that is walked; the profile, which was made of it, has the names. Of an address
 * whose code was inlined each function is a node, an only child; `depth` counts addresses, at
 * least 1. `filter` (mem/heap_filter.h) may be NULL, and has nobody who is `passed`. Recording and
 * profile must outlive it. */
struct heap_forest *heap_forest_new(const struct recording *recording,
                                    const struct profile *profile, size_t depth,
                                    const struct heap_filter *filter);
void heap_forest_free(struct heap_forest *forest); /* NULL is fine */

struct heap_tree_spec {
	size_t type;          /* of the values */
	double threshold;     /* percent of their sum and the extra bytes: what is smaller is put
	                         together */
	uint64_t extra_bytes; /* beside the tree's own */
	const char *top;      /* the text of the top */
};

/* The forest, which grows by what the tree shows, must outlive it; several threads may make trees
 * of one at once. */
struct heap_tree *heap_tree_new(struct heap_forest *forest, const struct heap_tree_spec *spec);
void heap_tree_free(struct heap_tree *tree);

const struct heap_node *heap_tree_top(const struct heap_tree *tree);

/* The function, or "prog+0x1139" where it has no name. The caller frees it. */
char *heap_frame_name(const struct profile *profile, uint32_t frame);

/* "file.c:7" without its directories, or "in libx.so" where there is no line. The caller frees it.
 */
char *heap_frame_place(const struct profile *profile, uint32_t frame);

#endif
