/* Merges what is known of a heap at several moments into one curve. */
#include "mem/heap_curve.h"

#include "core/alloc.h"
#include "mem/heap.h"
#include "mem/heap_sites.h"
#include "mem/moments.h"

#include <stdlib.h>

static void add_point(struct heap_curve *curve, struct curve_point point)
{
	if (point.is_peak)
		curve->peak = curve->n_points;
	if (point.live_bytes > curve->most_live_bytes)
		curve->most_live_bytes = point.live_bytes;
	if (point.has_rss && point.rss_bytes > curve->most_rss_bytes)
		curve->most_rss_bytes = point.rss_bytes;
	curve->has_rss |= point.has_rss;
	curve->end_time = point.time;
	curve->points[curve->n_points++] = point;
}

static struct curve_point point_of_snapshot(const struct heap_snapshot *snapshot)
{
	return (struct curve_point){.time = snapshot->time,
	                            .live_bytes = snapshot->live_bytes,
	                            .is_peak = snapshot->is_peak};
}

static struct curve_point point_of_moment(const struct heap_moment *moment)
{
	return (struct curve_point){.time = moment->time,
	                            .live_bytes = moment->live_bytes,
	                            .rss_bytes = moment->rss_bytes,
	                            .has_rss = true};
}

/* Both are in time order; of the same moment the snapshot comes first. */
static void merge(struct heap_curve *curve, const struct heap_process *process)
{
	size_t i = 0, j = 0;

	while (i < process->n_snapshots || j < process->n_moments) {
		bool is_moment = i == process->n_snapshots ||
		                 (j < process->n_moments &&
		                  process->moments[j].time < process->snapshots[i].time);

		add_point(curve, is_moment ? point_of_moment(&process->moments[j++])
		                           : point_of_snapshot(&process->snapshots[i++]));
	}
}

static void add_tree(struct heap_curve *curve, uint64_t time, uint64_t live_bytes, size_t type)
{
	if (!live_bytes)
		return;
	curve->trees[curve->n_trees++] =
	    (struct curve_tree){.time = time, .live_bytes = live_bytes, .type = type};
}

/* While nothing is allocated or freed no snapshot is taken: what stands at the end of a gap came
 * about there. Such gaps are longer than those that thinning out leaves. */
static void hold_over_gaps(struct heap_curve *curve)
{
	enum { LONG_GAP = 5 }; /* times the average */
	uint64_t long_gap = LONG_GAP * curve->end_time / (curve->n_points + 1);
	struct curve_point *held = xcalloc(2 * curve->n_points, sizeof(*held));
	size_t n = 0;

	for (size_t i = 0; i < curve->n_points; i++) {
		if (i && curve->points[i].time - curve->points[i - 1].time > long_gap)
			held[n++] =
			    (struct curve_point){.time = curve->points[i].time,
			                         .live_bytes = curve->points[i - 1].live_bytes};
		if (curve->points[i].is_peak)
			curve->peak = n;
		held[n++] = curve->points[i];
	}
	free(curve->points);
	curve->points = held;
	curve->n_points = n;
}

void heap_curve_init(struct heap_curve *curve, const struct heap_process *process)
{
	const struct heap_totals *totals = &process->totals;
	uint64_t at_exit = totals->in_use_bytes + totals->inherited_bytes;

	*curve = (struct heap_curve){
	    .points =
	        xcalloc(process->n_snapshots + process->n_moments + 1, sizeof(*curve->points)),
	    .trees = xcalloc(process->n_snapshots + 1, sizeof(*curve->trees)),
	};
	merge(curve, process);
	add_point(curve, (struct curve_point){.time = curve->end_time, .live_bytes = at_exit});
	hold_over_gaps(curve);
	for (size_t i = 0; i < process->n_snapshots; i++)
		if (process->snapshots[i].has_tree)
			add_tree(curve, process->snapshots[i].time,
			         process->snapshots[i].live_bytes, process->snapshots[i].type);
	/* Of what a forked child inherited the stacks at exit are not among these. */
	if (!totals->inherited_bytes)
		add_tree(curve, curve->end_time, at_exit, HEAP_INUSE_SPACE);
}

void heap_curve_fini(struct heap_curve *curve)
{
	free(curve->points);
	free(curve->trees);
	*curve = (struct heap_curve){0};
}

static double share_at(const struct heap_curve *curve, const struct heap_sites *sites, size_t site,
                       size_t tree)
{
	return (double)heap_sites_at(sites, site)->bytes[tree] /
	       (double)curve->trees[tree].live_bytes;
}

double heap_curve_part(const struct heap_curve *curve, const struct heap_sites *sites, size_t site,
                       size_t point)
{
	const struct curve_point *at = &curve->points[point];
	size_t after = 0, before;
	double share, passed;

	if (!curve->n_trees)
		return 0;
	while (after < curve->n_trees && curve->trees[after].time < at->time)
		after++;
	before = after ? after - 1 : 0;
	if (after == curve->n_trees)
		after = before;
	share = share_at(curve, sites, site, before);
	if (curve->trees[after].time > curve->trees[before].time) {
		passed = (double)(at->time - curve->trees[before].time) /
		         (double)(curve->trees[after].time - curve->trees[before].time);
		share += passed * (share_at(curve, sites, site, after) - share);
	}
	return share * (double)at->live_bytes;
}
