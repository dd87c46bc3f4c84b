/* A process's heap over time as a curve, and what the sites have of it at each of its points. Pure.
 */
#ifndef MEM_REPORTS_HEAP_CURVE_H
#define MEM_REPORTS_HEAP_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_process;
struct heap_sites;

struct curve_point {
	uint64_t time;
	uint64_t bytes;
	bool is_peak;
	bool has_tree;  /* the last of: */
	size_t n_trees; /* that come up to here */
};

/* A moment whose allocations are known by stack. */
struct curve_tree {
	uint64_t time;
	uint64_t live_bytes; /* never 0: of nothing there are no shares */
	size_t type;         /* of the profile */
};

struct heap_curve {
	struct curve_point *points; /* bytes in use, in time order */
	size_t n_points;
	struct curve_point *rss; /* resident memory, likewise; none where it was not measured */
	size_t n_rss;
	struct curve_tree *trees; /* likewise */
	size_t n_trees;
	uint64_t end_time; /* 0 where everything happened at once */
	uint64_t most_live_bytes;
	uint64_t most_rss_bytes;
	size_t peak;      /* index of its point */
	size_t peak_tree; /* of its tree; n_trees: it has none */
};

/* Puts the snapshots and moments of the process together, and at its end what was in use at exit.
 * Unless the peak's time is exact, as in bytes, it may be any up to the next snapshot: moments
 * tell.
 */
void heap_curve_init(struct heap_curve *curve, const struct heap_process *process,
                     bool peak_time_is_exact);
void heap_curve_fini(struct heap_curve *curve);

/* What each site has at a point, in bytes; the rest of the heap there is all others'. Where sites
 * were counted it is that. In between each goes evenly from one count to the next, and all, the
 * others too, are then moved within their own two counts, to add up to what is live. What is live
 * beyond that is the others'; where even the lower counts are more, all have as much less in
 * proportion. The sites' types are those of the trees, in their order. */
void heap_curve_split(const struct heap_curve *curve, const struct heap_sites *sites, size_t point,
                      double *bytes);

#endif
