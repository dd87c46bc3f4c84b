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
	point.n_trees = curve->n_trees;
	curve->points[curve->n_points++] = point;
}

/* ... whose allocations are known by stack, in this type. */
static void add_counted_point(struct heap_curve *curve, struct curve_point point, size_t type)
{
	point.has_tree = point.bytes > 0;
	if (point.has_tree)
		curve->trees[curve->n_trees++] = (struct curve_tree){
		    .time = point.time, .live_bytes = point.bytes, .type = type};
	add_point(curve, point);
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

/* The time of a snapshot. That of the peak is when the clock was last read before it, which may be
 * long ago: where the heap was seen lower since and then as high as the peak, but for what comes
 * and goes beside it, the peak came about in between. No look has been at the clock beyond the next
 * snapshot. */
static uint64_t time_of(const struct heap_process *process, size_t snapshot,
                        bool peak_time_is_exact)
{
	enum { BESIDE_PEAK = 16 }; /* such a part of it */
	const struct heap_snapshot *of = &process->snapshots[snapshot];
	bool was_lower = false;

	if (!of->is_peak || peak_time_is_exact || process->is_filtered)
		return of->time;
	for (size_t i = 0; i < process->n_moments; i++) {
		const struct heap_moment *moment = &process->moments[i];

		if (moment->time <= of->time)
			continue;
		if (snapshot + 1 < process->n_snapshots &&
		    moment->time >= process->snapshots[snapshot + 1].time)
			break;
		if (moment->live_bytes >= of->live_bytes - of->live_bytes / BESIDE_PEAK)
			return was_lower ? moment->time : of->time;
		was_lower = true;
	}
	return of->time;
}

static void add_moment(struct heap_curve *curve, const struct heap_process *process,
                       const struct heap_moment *moment)
{
	add_rss(curve, moment);
	if (!process->is_filtered)
		add_point(curve,
		          (struct curve_point){.time = moment->time, .bytes = moment->live_bytes});
}

static void add_snapshot(struct heap_curve *curve, const struct heap_snapshot *snapshot,
                         uint64_t time)
{
	struct curve_point point = {
	    .time = time, .bytes = snapshot->live_bytes, .is_peak = snapshot->is_peak};

	if (snapshot->is_peak)
		curve->peak_tree = curve->n_trees;
	if (snapshot->has_tree)
		add_counted_point(curve, point, snapshot->type);
	else
		add_point(curve, point);
}

/* Both are in time order. Of the same moment the snapshot comes first. */
static void merge(struct heap_curve *curve, const struct heap_process *process,
                  bool peak_time_is_exact)
{
	size_t j = 0;

	for (size_t i = 0; i < process->n_snapshots; i++) {
		uint64_t time = time_of(process, i, peak_time_is_exact);

		while (j < process->n_moments && process->moments[j].time < time)
			add_moment(curve, process, &process->moments[j++]);
		add_snapshot(curve, &process->snapshots[i], time);
	}
	while (j < process->n_moments)
		add_moment(curve, process, &process->moments[j++]);
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
			                                 .bytes = curve->points[i - 1].bytes,
			                                 .n_trees = curve->points[i - 1].n_trees};
		if (curve->points[i].is_peak)
			curve->peak = n;
		held[n++] = curve->points[i];
	}
	free(curve->points);
	curve->points = held;
	curve->n_points = n;
}

static void add_end(struct heap_curve *curve, const struct heap_totals *totals)
{
	struct curve_point end = {.time = curve->end_time,
	                          .bytes = totals->in_use_bytes + totals->inherited_bytes};

	/* Of what a forked child inherited the stacks at exit are not among these. */
	if (totals->inherited_bytes)
		add_point(curve, end);
	else
		add_counted_point(curve, end, HEAP_INUSE_SPACE);
}

void heap_curve_init(struct heap_curve *curve, const struct heap_process *process,
                     bool peak_time_is_exact)
{
	*curve = (struct heap_curve){
	    .points =
	        xcalloc(process->n_snapshots + process->n_moments + 1, sizeof(*curve->points)),
	    .rss = xcalloc(process->n_moments + 1, sizeof(*curve->rss)),
	    .trees = xcalloc(process->n_snapshots + 1, sizeof(*curve->trees)),
	    .peak_tree = SIZE_MAX,
	};
	merge(curve, process, peak_time_is_exact);
	add_end(curve, &process->totals);
	hold_over_gaps(curve);
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

/* What is counted of one site, or of all others, around a point, and what it has there. */
struct part {
	double least, most; /* of the counts before and after */
	double bytes;
};

/* The counts around a point. Where none is before, or after, everything was 0 then if the heap was;
 * else it was as in the next one. */
struct span {
	const struct heap_curve *curve;
	const struct heap_sites *sites;
	size_t before, after; /* trees; SIZE_MAX: nothing was in use */
	double passed;        /* of the time from the one to the other */
};

static struct span span_at(const struct heap_curve *curve, const struct heap_sites *sites,
                           const struct curve_point *at)
{
	const struct curve_point *first = &curve->points[0], *last = first + curve->n_points - 1;
	struct span span = {.curve = curve, .sites = sites};
	size_t n = at->n_trees;
	uint64_t from, to;

	span.before = n ? n - 1 : first->bytes ? 0 : SIZE_MAX;
	span.after = n < curve->n_trees ? n : last->bytes ? n - 1 : SIZE_MAX;
	if (at->has_tree)
		span.before = span.after = n - 1;
	from = span.before == SIZE_MAX ? first->time : curve->trees[span.before].time;
	to = span.after == SIZE_MAX ? last->time : curve->trees[span.after].time;
	if (to > from)
		span.passed = (double)(at->time - from) / (double)(to - from);
	return span;
}

/* `site` is one beyond the last for all others. */
static double counted(const struct span *span, size_t tree, size_t site)
{
	size_t n_sites = heap_sites_n(span->sites);
	double rest;

	if (tree == SIZE_MAX)
		return 0;
	if (site < n_sites)
		return (double)heap_sites_at(span->sites, site)->bytes[tree];
	rest = (double)span->curve->trees[tree].live_bytes;
	for (size_t i = 0; i < n_sites; i++)
		rest -= (double)heap_sites_at(span->sites, i)->bytes[tree];
	return rest > 0 ? rest : 0;
}

static struct part part_in(const struct span *span, size_t site)
{
	double before = counted(span, span->before, site), after = counted(span, span->after, site);

	return (struct part){.least = before < after ? before : after,
	                     .most = before < after ? after : before,
	                     .bytes = before + span->passed * (after - before)};
}

static double total(const struct part *parts, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += parts[i].bytes;
	return sum;
}

/* Moves each part towards its bound, all by the same share of the way, until together they have
 * this, or are there. */
static void approach(struct part *parts, size_t n, double live, bool is_more_wanted)
{
	double missing = live - total(parts, n), way = 0, share;

	for (size_t i = 0; i < n; i++)
		way += (is_more_wanted ? parts[i].most : parts[i].least) - parts[i].bytes;
	share = way != 0 ? missing / way : 0;
	if (share > 1)
		share = 1;
	for (size_t i = 0; i < n; i++)
		parts[i].bytes +=
		    share * ((is_more_wanted ? parts[i].most : parts[i].least) - parts[i].bytes);
}

void heap_curve_split(const struct heap_curve *curve, const struct heap_sites *sites, size_t point,
                      double *bytes)
{
	size_t n_sites = heap_sites_n(sites);
	struct part parts[HEAP_MOST_SITES + 1];
	double live = (double)curve->points[point].bytes, sum;
	struct span span;

	if (!n_sites)
		return;
	span = span_at(curve, sites, &curve->points[point]);
	for (size_t i = 0; i <= n_sites; i++)
		parts[i] = part_in(&span, i);
	approach(parts, n_sites + 1, live, live > total(parts, n_sites + 1));
	sum = total(parts, n_sites + 1);
	for (size_t i = 0; i < n_sites; i++)
		bytes[i] = sum > live ? parts[i].bytes * live / sum : parts[i].bytes;
}
