/* Takes what --ignore-fn names out of a process's timeline. */
#include "mem/reports/heap_view.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "mem/heap.h"
#include "mem/heap_filter.h"

#include <stdlib.h>

/* What is left out of each value type; the caller frees it. */
static uint64_t *sum_ignored(const struct profile *profile, const struct heap_filter *filter)
{
	size_t n_types = profile_n_types(profile);
	uint64_t *sums = xcalloc(n_types, sizeof(*sums));
	struct heap_marks *marks = heap_marks_new(filter, profile);

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		uint32_t callers;

		if (heap_marks_enter(marks, sample.stack, &callers))
			continue;
		for (size_t type = 0; type < n_types; type++)
			sums[type] += sample.values[type];
	}
	heap_marks_free(marks);
	return sums;
}

/* Each is at least as much as is taken of it, but for what threads changed meanwhile. */
static void take(uint64_t *from, uint64_t bytes)
{
	*from -= bytes < *from ? bytes : *from;
}

static void filter_snapshots(struct heap_process *view, const struct heap_snapshot *snapshots,
                             size_t n_snapshots, const uint64_t *ignored)
{
	size_t peak = 0;

	view->snapshots = xcalloc(n_snapshots + 1, sizeof(*view->snapshots));
	view->n_snapshots = 0;
	for (size_t i = 0; i < n_snapshots; i++) {
		struct heap_snapshot *snapshot = &view->snapshots[view->n_snapshots];

		*snapshot = snapshots[i];
		if (!snapshot->has_tree && snapshot->live_bytes)
			continue;
		if (snapshot->has_tree)
			take(&snapshot->live_bytes, ignored[snapshot->type]);
		snapshot->extra_bytes = 0;
		snapshot->is_peak = false;
		if (snapshot->live_bytes > view->snapshots[peak].live_bytes)
			peak = view->n_snapshots;
		view->n_snapshots++;
	}
	/* The first snapshot is of an empty heap, and has no tree. */
	view->snapshots[peak].is_peak = view->snapshots[peak].has_tree;
	view->totals.peak_bytes = view->snapshots[peak].live_bytes;
	view->totals.peak_blocks = 0;
}

struct heap_process heap_view_new(const struct heap_process *process, const struct profile *profile,
                                  const struct heap_filter *filter)
{
	struct heap_process view = *process;
	uint64_t *ignored;

	if (!heap_filter_is_ignoring(filter))
		return view;
	view.is_filtered = true;
	ignored = sum_ignored(profile, filter);
	filter_snapshots(&view, process->snapshots, process->n_snapshots, ignored);
	take(&view.totals.in_use_bytes, ignored[HEAP_INUSE_SPACE]);
	view.totals.in_use_blocks = 0;
	free(ignored);
	return view;
}

void heap_view_fini(struct heap_process *view)
{
	if (view->is_filtered)
		free(view->snapshots);
}
