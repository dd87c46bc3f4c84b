/* What a heap run says in numbers and words: quality, notes, headline, table. */
#include "mem/reports/summary.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/unwind/unwind.h"
#include "mem/heap.h"
#include "mem/heap_filter.h"
#include "mem/heap_words.h"
#include "mem/reports/heap_sites.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_ROWS = 5 };

/* The summary's rows: the sites that asked for most of what was live at the peak. */
static void fill_table(struct text_list *table, const struct profile *profile,
                       const struct heap_filter *filter, const struct heap_words *words)
{
	static const size_t peak = HEAP_PEAK_SPACE;
	/* What is left out of the timeline is part of the peak that the headline has. */
	struct heap_filter allocators = {.alloc_fns = filter->alloc_fns, .passed = words->wrappers};
	struct heap_sites *sites = heap_sites_new(profile, &peak, 1, &allocators);
	uint64_t total = profile_total(profile, HEAP_PEAK_SPACE);

	if (heap_sites_n(sites))
		text_list_add(table, "      PEAK  SHARE    ALLOCATED BY");
	for (size_t i = 0; i < heap_sites_n(sites) && i < TABLE_ROWS; i++) {
		const struct heap_site *site = heap_sites_at(sites, i);
		char *text = heap_site_text(site);
		char *line = xasprintf("%10s %5.1f %%  %s", size_text_of(*site->bytes).text,
		                       share_percent(*site->bytes, total), text);

		text_list_add(table, line);
		free(line);
		free(text);
	}
	heap_sites_free(sites);
}

static void fill_quality(json_t *quality, const struct heap_totals *totals,
                         const struct profile *profile, const struct recording *recording,
                         struct symbolizer *symbolizer)
{
	quality_set_samples(quality, totals->allocations, totals->lost_events, NULL);
	quality_set_flaw(quality, QUALITY_TRUNCATED,
	                 share_percent(totals->without_whole_stack, totals->allocations), NULL);
	quality_add_unresolved(quality, profile, heap_is_allocator, recording, symbolizer, NULL);
}

static void add_troubles(const struct heap_run *run, json_t *quality)
{
	struct heap_trouble sums[HEAP_N_TROUBLES] = {{NULL, NULL, 0}};

	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_trouble *trouble = run->processes[i].troubles;

		for (; trouble->what; trouble++) {
			struct heap_trouble *sum = sums;

			while (sum->what && sum->what != trouble->what)
				sum++;
			sum->noun = trouble->noun;
			sum->what = trouble->what;
			sum->count += trouble->count;
		}
	}
	for (const struct heap_trouble *sum = sums; sum->what; sum++) {
		char *text = heap_trouble_text(sum);

		quality_add_note(quality, "%s", text);
		free(text);
	}
}

/* Far above what our own tables take in the process; above it in one that is known to have a heap
 * of its own. */
enum { MUCH_MEMORY = 32 << 20, MUCH_OF_CPYTHON = 16 << 20 };

static bool is_cpython_path(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	return name && (!strncmp(name, "python3", strlen("python3")) ||
	                !strncmp(name, "libpython3", strlen("libpython3")));
}

static bool has_cpython(const struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_process *process = &run->processes[i];
		size_t n_objects = recording_n_objects(process->recording);

		if (is_cpython_path(process->executable))
			return true;
		for (uint32_t j = 0; j < n_objects; j++)
			if (is_cpython_path(recording_object(process->recording, j)->path))
				return true;
	}
	return false;
}

/* Runtimes with a heap of their own get its pages by mmap(2), past malloc. */
static void note_other_memory(const struct heap_run *run, const struct heap_totals *totals,
                              json_t *quality)
{
	bool is_cpython = has_cpython(run);
	uint64_t much = is_cpython ? MUCH_OF_CPYTHON : MUCH_MEMORY;

	if (run->words->are_pages || run->peak_rss_bytes < 2 * totals->peak_bytes + much)
		return;
	quality_add_note(quality,
	                 "of up to %s resident at most %s came from malloc: the rest is code, "
	                 "stacks, and what the program maps by itself, as runtimes with a heap of "
	                 "their own do%s",
	                 size_text_of(run->peak_rss_bytes).text,
	                 size_text_of(totals->peak_bytes).text,
	                 is_cpython ? " (CPython's comes to malloc with PYTHONMALLOC=malloc)" : "");
}

/* Few allocations without a name may hold most of the bytes that the summary's table shows. */
static void note_unnamed_peak(const struct profile *profile, json_t *quality)
{
	uint64_t total = profile_total(profile, HEAP_PEAK_SPACE), unnamed = 0;

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		uint32_t frame;

		if (profile_stack_site(profile, sample.stack, heap_is_allocator, &frame) &&
		    profile_frame(profile, frame)->kind == FRAME_UNRESOLVED)
			unnamed += sample.values[HEAP_PEAK_SPACE];
	}
	if (100 * unnamed >= total && unnamed)
		quality_add_note(quality, "%.1f %% of the bytes at the peak have no name",
		                 share_percent(unnamed, total));
}

/* What a reader of the numbers has to know, of all processes together. */
static void add_notes(const struct heap_run *run, const struct heap_totals *totals, json_t *quality)
{
	uint64_t peak_bound = 0;
	bool lost_timeline = false;

	for (size_t i = 0; i < run->n_processes; i++) {
		if (run->processes[i].peak_bound_bytes > peak_bound)
			peak_bound = run->processes[i].peak_bound_bytes;
		lost_timeline |= run->processes[i].timeline_lost;
	}
	add_troubles(run, quality);
	trace_facts_note(&run->trace, "those that map nothing", quality);
	if (run->trace.refused_stricts)
		quality_add_note(quality, "%s for strict seccomp that failed: our filter was there",
		                 counted_text_of(run->trace.refused_stricts, "call").text);
	note_other_memory(run, totals, quality);
	if (run->n_refusals)
		quality_add_note(
		    quality, "%s not observed, which processes.csv gives reasons for; first: %s",
		    counted_text_of(run->n_refusals, "program image").text,
		    run->refusals[0].reason);
	for (unsigned end = 0; end < UNWIND_N_ENDS; end++)
		if (totals->cut_by[end])
			quality_add_note(
			    quality, "stacks of %s cut short by: %s",
			    counted_text_of(totals->cut_by[end], run->words->allocation).text,
			    unwind_end_text((enum unwind_end)end));
	if (peak_bound)
		quality_add_note(quality, "the peak of a process with threads is exact within %s",
		                 size_text_of(peak_bound).text);
	if (lost_timeline)
		quality_add_note(quality,
		                 "a process was killed while its timeline was being written, which "
		                 "has only the peak");
	if (run->n_unobserved_forks)
		quality_add_note(quality,
		                 "forked processes that found no room for their counts and were "
		                 "not observed: %s",
		                 count_text_of(run->n_unobserved_forks).text);
}

/* The shares are of allocations, while the tables and pictures beside them may be of bytes. */
static char *limits_of(const json_t *quality)
{
	char *text = quality_text(quality), *limits = xasprintf("of the allocations %s", text);

	free(text);
	return limits;
}

static char *headline_of(const struct heap_run *run, const struct heap_totals *totals,
                         const json_t *quality)
{
	size_t n_processes = run->n_processes;
	char *largest = n_processes > 1 ? xasprintf(" (the largest of %zu processes)", n_processes)
	                                : xstrdup("");
	char *limits = limits_of(quality);
	char *headline =
	    xasprintf("peak %s%s, %s (%.0f %% temporary), %s in %s in use at exit; %s",
	              size_text_of(totals->peak_bytes).text, largest,
	              counted_text_of(totals->allocations, run->words->allocation).text,
	              share_percent(totals->temporary, totals->allocations),
	              size_text_of(totals->in_use_bytes).text,
	              counted_text_of(totals->in_use_blocks, run->words->block).text, limits);

	free(limits);
	free(largest);
	return headline;
}

char *heap_limits_text(const struct heap_totals *totals, const struct profile *profile,
                       const struct recording *recording, struct symbolizer *symbolizer)
{
	json_t *quality = json_object();
	char *text;

	fill_quality(quality, totals, profile, recording, symbolizer);
	text = limits_of(quality);
	json_decref(quality);
	return text;
}

static bool leaves_out(const struct heap_filter *filter, const struct profile *profile)
{
	struct heap_marks *marks = heap_marks_new(filter, profile);
	bool found = false;
	uint32_t callers;

	for (size_t i = 0; i < profile_n_samples(profile) && !found; i++)
		found = !heap_marks_enter(marks, profile_sample(profile, i).stack, &callers);
	heap_marks_free(marks);
	return found;
}

/* A name with a slip in it leaves nothing out. */
static void note_unmatched(const struct heap_filter *filter, const struct profile *profile,
                           json_t *quality)
{
	const struct text_list *names = filter->ignore_fns;

	for (size_t i = 0; names && i < names->n_texts; i++) {
		const struct text_list one = {.texts = &names->texts[i], .n_texts = 1};
		const struct heap_filter alone = {.alloc_fns = filter->alloc_fns,
		                                  .ignore_fns = &one};

		if (!leaves_out(&alone, profile))
			quality_add_note(quality,
			                 "--ignore-fn=%s leaves nothing out: no function of this "
			                 "name called an allocator",
			                 names->texts[i]);
	}
}

void heap_summarize(const struct heap_run *run, const struct recording *recording,
                    const struct profile *profile, struct symbolizer *symbolizer,
                    const struct heap_filter *filter, struct result *result)
{
	struct heap_totals totals = heap_run_totals(run);

	add_notes(run, &totals, result->quality);
	if (heap_filter_is_ignoring(filter))
		quality_add_note(
		    result->quality,
		    "massif.out and timeline.svg leave out what --ignore-fn names: their "
		    "peak is the highest of the snapshots, extra bytes are not known "
		    "and shown as 0");
	note_unmatched(filter, profile, result->quality);
	fill_quality(result->quality, &totals, profile, recording, symbolizer);
	note_unnamed_peak(profile, result->quality);
	fill_table(&result->table, profile, filter, run->words);
	result->headline = headline_of(run, &totals, result->quality);
}
