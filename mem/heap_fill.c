/* Makes a process's samples, totals and timeline of what was counted by stack. */
#include "mem/heap_fill.h"

#include "core/alloc.h"
#include "mem/heap.h"
#include "mem/wire_reader.h"

#include <stdlib.h>
#include <string.h>

static struct heap_totals totals_of(const struct wire_sums *sums, enum unwind_end end)
{
	struct heap_totals totals = {
	    .allocations = sums->allocations,
	    .frees = sums->frees,
	    .allocated_bytes = sums->allocated_bytes,
	    .temporary = sums->temporary,
	    .in_use_bytes = sums->live_bytes,
	    .in_use_blocks = sums->live_blocks,
	    .inherited_bytes = sums->inherited_bytes,
	    .inherited_blocks = sums->inherited_blocks,
	    .peak_bytes = sums->peak_bytes,
	    .peak_blocks = sums->peak_blocks,
	};

	if (end != UNWIND_OUTERMOST)
		totals.without_whole_stack = sums->allocations;
	if (end > UNWIND_OUTERMOST)
		totals.cut_by[end] = sums->allocations;
	return totals;
}

static uint64_t at_least_0(int64_t bytes)
{
	return bytes > 0 ? (uint64_t)bytes : 0;
}

/* Copies the snapshots and puts the peak among them, with the type of each one's tree. */
static void add_timeline(struct heap_process *process, const struct wire_section_copy *section,
                         bool time_is_bytes)
{
	uint64_t start = time_is_bytes ? 0 : section->head.start_ns, type = HEAP_N_TYPES;
	struct heap_snapshot peak = {.time = section->head.peak_time - start,
	                             .live_bytes = process->totals.peak_bytes,
	                             .extra_bytes = at_least_0(section->head.peak_extra_bytes),
	                             .is_peak = true,
	                             .has_tree = true,
	                             .type = HEAP_PEAK_SPACE};
	bool placed = false;

	process->snapshots =
	    xcalloc(section->head.n_snapshots + (size_t)1, sizeof(*process->snapshots));
	for (uint32_t i = 0; i < section->head.n_snapshots; i++) {
		const struct wire_snapshot *taken = &section->snapshots[i];
		struct heap_snapshot snapshot = {.time = taken->time - start,
		                                 .live_bytes = taken->live_bytes,
		                                 .extra_bytes = taken->extra_bytes,
		                                 .has_tree = taken->n_entries > 0};

		snapshot.is_detailed = taken->is_detailed && snapshot.has_tree;
		if (snapshot.has_tree) {
			snapshot.live_bytes =
			    0; /* the sum of its tree, which threads may have changed meanwhile */
			for (uint32_t j = 0; j < taken->n_entries; j++)
				snapshot.live_bytes +=
				    section->entries[taken->first_entry + j].live_bytes;
			snapshot.type = type++;
		}
		if (!placed && taken->time - start > peak.time) {
			process->snapshots[process->n_snapshots++] = peak;
			placed = true;
		}
		process->snapshots[process->n_snapshots++] = snapshot;
	}
	if (!placed)
		process->snapshots[process->n_snapshots++] = peak;
}

/* A table [stack][type] of the trees' values, so that each stack is one sample. */
static uint64_t *tree_values(const struct wire_section_copy *section, uint32_t n_stacks,
                             size_t n_trees)
{
	uint64_t *values = xcalloc(((size_t)n_stacks + 1) * (n_trees + 1), sizeof(*values));
	size_t tree = 0;

	for (uint32_t i = 0; i < section->head.n_snapshots; i++) {
		const struct wire_snapshot *taken = &section->snapshots[i];

		if (!taken->n_entries)
			continue;
		for (uint32_t j = 0; j < taken->n_entries; j++) {
			const struct wire_tree_entry *entry =
			    &section->entries[taken->first_entry + j];

			values[entry->stack * n_trees + tree] += entry->live_bytes;
		}
		tree++;
	}
	return values;
}

static void add_samples(struct heap_process *process, const struct heap_counted *counted,
                        size_t n_trees)
{
	const struct wire_section_copy *section = counted->section;
	uint64_t *trees = tree_values(section, counted->n_stacks, n_trees);
	uint64_t *values = xcalloc(HEAP_N_TYPES + n_trees, sizeof(*values));
	struct sample sample = {.thread = recording_add_thread(process->recording, process->pid,
	                                                       process->pid, process->comm)};

	for (size_t i = 0; i < section->n_sums; i++) {
		const struct wire_sums *sums = &section->sums[i];
		struct heap_totals totals;
		enum unwind_end end;

		sample.stack =
		    counted->add_stack(counted->context, process->recording, sums->stack, &end);
		totals = totals_of(sums, end);
		heap_totals_add(&process->totals, &totals);
		values[HEAP_ALLOC_OBJECTS] = sums->allocations;
		values[HEAP_ALLOC_SPACE] = sums->allocated_bytes;
		values[HEAP_INUSE_OBJECTS] = sums->live_blocks;
		values[HEAP_INUSE_SPACE] = sums->live_bytes;
		values[HEAP_PEAK_SPACE] = sums->peak_bytes;
		values[HEAP_TEMPORARY_OBJECTS] = sums->temporary;
		values[HEAP_PEAK_OBJECTS] = sums->peak_blocks;
		values[HEAP_LIFETIMES] = sums->lifetimes;
		memcpy(values + HEAP_N_TYPES, trees + sums->stack * n_trees,
		       n_trees * sizeof(*values));
		recording_add_sample(process->recording, sample, values);
	}
	free(trees);
	free(values);
}

void heap_process_fill(struct heap_process *process, const struct heap_counted *counted)
{
	const struct wire_section_copy *section = counted->section;
	size_t n_trees = 0;

	for (uint32_t i = 0; i < section->head.n_snapshots; i++)
		n_trees += section->snapshots[i].n_entries > 0;
	process->timeline_lost = section->timeline_lost;
	process->recording = heap_recording_new(n_trees);
	add_samples(process, counted, n_trees);
	add_timeline(process, section, counted->time_is_bytes);
}
