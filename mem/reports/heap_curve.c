/* Merges what is known of a heap at several moments into one curve. */
#include "mem/reports/heap_curve.h"

#include "core/alloc.h"
#include "mem/heap.h"
#include "mem/moments.h"
#include "mem/reports/heap_sites.h"

#include <stdlib.h>

static void add_point(struct heap_curve *curve, struct curve_point point)
{
	if (point.bytes > curve->most_live_bytes)
		curve->most_live_bytes = point.bytes;
	if (point.time > curve->end_time)
		curve->end_time = point.time;
	curve->points[curve->n_points++] = point;
}

static void add_rss(struct heap_curve *curve, const struct heap_moment *moment)
{
	if (moment->rss_bytes > curve->most_rss_bytes)
		curve->most_rss_bytes = moment->rss_bytes;
	if (moment->time > curve->end_time)
		curve->end_time = moment->time;
	curve->rss[curve->n_rss++] =
	    (struct curve_point){.time = moment->time, .bytes = moment->rss_bytes};
}

/* Of the same moment the snapshot comes first. */
static bool is_moment_next(const struct heap_process *process, size_t snapshot, size_t moment)
{
	return moment < process->n_moments &&
	       (snapshot == process->n_snapshots ||
	        process->moments[moment].time < process->snapshots[snapshot].time);
}

/* Both are in time order. */
static void merge(struct heap_curve *curve, const struct heap_process *process)
{
	size_t i = 0, j = 0;

	while (i < process->n_snapshots || j < process->n_moments) {
		if (is_moment_next(process, i, j)) {
			const struct heap_moment *moment = &process->moments[j++];

			add_rss(curve, moment);
			if (!process->is_filtered)
				add_point(curve, (struct curve_point){.time = moment->time,
				                                      .bytes = moment->live_bytes});
		} else {
			const struct heap_snapshot *snapshot = &process->snapshots[i++];

			add_point(curve, (struct curve_point){.time = snapshot->time,
			                                      .bytes = snapshot->live_bytes,
			                                      .is_peak = snapshot->is_peak});
		}
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
			held[n++] = (struct curve_point){.time = curve->points[i].time,
			                                 .bytes = curve->points[i - 1].bytes};
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
	    .rss = xcalloc(process->n_moments + 1, sizeof(*curve->rss)),
	    .trees = xcalloc(process->n_snapshots + 1, sizeof(*curve->trees)),
	};
	merge(curve, process);
	add_point(curve, (struct curve_point){.time = curve->end_time, .bytes = at_exit});
	hold_over_gaps(curve);
	curve->peak_tree = SIZE_MAX;
	for (size_t i = 0; i < process->n_snapshots; i++) {
		const struct heap_snapshot *snapshot = &process->snapshots[i];

		if (snapshot->is_peak)
			curve->peak_tree = curve->n_trees;
		if (snapshot->has_tree)
			add_tree(curve, snapshot->time, snapshot->live_bytes, snapshot->type);
	}
	/* Of what a forked child inherited the stacks at exit are not among these. */
	if (!totals->inherited_bytes)
		add_tree(curve, curve->end_time, at_exit, HEAP_INUSE_SPACE);
	/* A peak of nothing has none. */
	if (!curve->points[curve->peak].bytes || curve->peak_tree > curve->n_trees)
		curve->peak_tree = curve->n_trees;
}

void heap_curve_fini(struct heap_curve *curve)
{
	free(curve->points);
	free(curve->rss);
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
	return share * (double)at->bytes;
}
