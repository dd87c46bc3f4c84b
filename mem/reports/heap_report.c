/* Writes the text report of a heap. */
#include "mem/reports/heap_report.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
#include "mem/reports/heap_sites.h"
#include "mem/reports/heap_tables.h"
#include "mem/reports/heap_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STACKS_SHOWN = 10, FRAMES_SHOWN = 12 };

/* Call sites, and then stacks, largest value of `type` first. */
struct section {
	const char *sites_title;
	const char *column; /* of the sites' values */
	const char *title;
	const char *rest; /* what the stacks that are not shown are called */
	size_t type;
	size_t second; /* shown beside it */
	const char *noun;
	const char *second_noun; /* NULL: that of the blocks */
	const char *second_what;
};

static const struct section sections[] = {
    {"At the peak, by function", "bytes", "Peak consumers: bytes in use when most were in use",
     "peak", HEAP_PEAK_SPACE, HEAP_PEAK_OBJECTS, "byte", NULL, ""},
    {"Calls, by function", "calls", "Most calls", "calls", HEAP_ALLOC_OBJECTS, HEAP_ALLOC_SPACE,
     "call", "byte", " allocated"},
    {"Bytes allocated, by function", "bytes", "Most bytes allocated: also those that were freed",
     "bytes allocated", HEAP_ALLOC_SPACE, HEAP_ALLOC_OBJECTS, "byte", "call", ""},
    {"Temporary allocations, by function", "calls",
     "Most temporary allocations: freed by their thread before it allocated anything else",
     "temporary allocations", HEAP_TEMPORARY_OBJECTS, HEAP_ALLOC_OBJECTS, "temporary allocation",
     "call", " in all"},
    {"At exit, by function", "bytes", "In use at exit", "bytes in use at exit", HEAP_INUSE_SPACE,
     HEAP_INUSE_OBJECTS, "byte", NULL, ""},
};

/* Samples of one stack (of several processes) put together. */
struct site {
	uint32_t stack;
	uint64_t values[HEAP_N_COUNTED_TYPES];
};

static int by_stack(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

static struct site *collect_sites(const struct profile *profile, size_t *n_sites)
{
	size_t n = profile_n_samples(profile), n_kept = 0;
	struct site *sites = xcalloc(n, sizeof(*sites));

	for (size_t i = 0; i < n; i++) {
		struct profile_sample sample = profile_sample(profile, i);

		sites[i].stack = sample.stack;
		memcpy(sites[i].values, sample.values, sizeof(sites[i].values));
	}
	qsort(sites, n, sizeof(*sites), by_stack);
	for (size_t i = 0; i < n; i++) {
		if (!n_kept || sites[n_kept - 1].stack != sites[i].stack) {
			sites[n_kept++] = sites[i];
			continue;
		}
		for (size_t type = 0; type < HEAP_N_COUNTED_TYPES; type++)
			sites[n_kept - 1].values[type] += sites[i].values[type];
	}
	*n_sites = n_kept;
	return sites;
}

/* The sites with the largest values, largest first, of equal ones the first; returns how many. */
static size_t find_largest(const struct site *sites, size_t n_sites, size_t type,
                           const struct site *largest[STACKS_SHOWN])
{
	size_t n = 0;

	for (size_t i = 0; i < n_sites; i++) {
		uint64_t value = sites[i].values[type];
		size_t at;

		if (n == STACKS_SHOWN && largest[n - 1]->values[type] >= value)
			continue;
		for (at = n < STACKS_SHOWN ? n++ : n - 1;
		     at > 0 && largest[at - 1]->values[type] < value; at--)
			largest[at] = largest[at - 1];
		largest[at] = &sites[i];
	}
	return n;
}

/* Below 1,024 bytes the size would be the same number again. */
static void write_value(FILE *out, uint64_t value, const char *noun)
{
	fputs(counted_text_of(value, noun).text, out);
	if (!strcmp(noun, "byte") && value >= 1024)
		fprintf(out, " (%s)", size_text_of(value).text);
}

static void write_stack(const struct profile *profile, uint32_t stack, FILE *out)
{
	uint32_t frames[FRAMES_SHOWN];
	size_t n = profile_stack_frames(profile, stack, frames, FRAMES_SHOWN);

	for (size_t i = 0; i < n && i < FRAMES_SHOWN; i++) {
		char *name = heap_frame_name(profile, frames[i]);
		char *place = heap_frame_place(profile, frames[i]);

		fprintf(out, "       %s %s (%s)\n", i ? "from" : "  at", name, place);
		free(place);
		free(name);
	}
	if (n > FRAMES_SHOWN)
		fprintf(out, "            and %zu more callers\n", n - FRAMES_SHOWN);
	if (!n)
		fputs("         at [no stack]\n", out);
}

/* What became of a stack's blocks. */
static void write_lives(const struct site *site, FILE *out)
{
	uint64_t kept = site->values[HEAP_INUSE_OBJECTS];
	uint64_t calls = site->values[HEAP_ALLOC_OBJECTS];
	uint64_t freed = calls > kept ? calls - kept : 0;

	if (freed)
		fprintf(out, "; freed after %.1f allocations on average",
		        (double)site->values[HEAP_LIFETIMES] / (double)freed);
	if (kept)
		fprintf(out, "; %s never", count_text_of(kept).text);
}

/* Of lists of all that was allocated: what a call asks for, and for how long. */
static void write_means(const struct heap_report *report, const struct site *site, size_t type,
                        FILE *out)
{
	if (type == HEAP_ALLOC_OBJECTS || type == HEAP_ALLOC_SPACE) {
		fprintf(out, ", %.1f a call",
		        (double)site->values[HEAP_ALLOC_SPACE] /
		            (double)site->values[HEAP_ALLOC_OBJECTS]);
		if (!report->words->are_pages)
			write_lives(site, out);
	}
	fputc('\n', out);
}

static void write_site(FILE *out, uint64_t value, uint64_t total, const char *what)
{
	fprintf(out, "  %5.1f %%  %19s  %s\n", share_percent(value, total),
	        count_text_of(value).text, what);
}

/* What is in a list of stacks a line each time is here a line in all. */
static void write_sites(const struct heap_report *report, const struct section *section, FILE *out)
{
	struct heap_sites *sites =
	    heap_sites_new(report->profile, &section->type, 1, report->filter);
	uint64_t total = profile_total(report->profile, section->type), shown = 0;

	if (total)
		fprintf(out, "\n%s\n\n  %7s  %19s  allocated by\n", section->sites_title, "share",
		        section->column);
	for (size_t i = 0; i < heap_sites_n(sites); i++) {
		const struct heap_site *site = heap_sites_at(sites, i);
		char *text = heap_site_text(site);

		write_site(out, *site->bytes, total, text);
		shown += *site->bytes;
		free(text);
	}
	if (shown < total)
		write_site(out, total - shown, total, "all others");
	heap_sites_free(sites);
}

static void write_section(const struct heap_report *report, const struct section *section,
                          const struct site *sites, size_t n_sites, FILE *out)
{
	uint64_t total = profile_total(report->profile, section->type), shown = 0;
	const char *second_noun =
	    section->second_noun ? section->second_noun : report->words->block;
	const struct site *largest[STACKS_SHOWN];
	size_t type = section->type, n_largest, i;

	n_largest = find_largest(sites, n_sites, type, largest);
	fprintf(out, "\n%s\n\n", section->title);
	for (i = 0; i < n_largest && largest[i]->values[type]; i++) {
		const struct site *site = largest[i];

		shown += site->values[type];
		fprintf(out, "  %5.1f %%  ", 100.0 * (double)site->values[type] / (double)total);
		write_value(out, site->values[type], section->noun);
		fprintf(out, ", %s%s",
		        counted_text_of(site->values[section->second], second_noun).text,
		        section->second_what);
		write_means(report, site, type, out);
		write_stack(report->profile, site->stack, out);
	}
	if (!i)
		fputs("  none\n", out);
	else if (shown < total)
		fprintf(out, "  %5.1f %%  of the %s under other stacks\n",
		        100.0 * (double)(total - shown) / (double)total, section->rest);
}

/* What that is in a second. */
static uint64_t rate_of(const struct heap_report *report, uint64_t value)
{
	return (uint64_t)((double)value * 1e9 / (double)report->wall_ns + 0.5);
}

static void write_counts(const struct heap_report *report, FILE *out)
{
	const struct heap_totals *totals = report->totals;

	if (report->wall_ns)
		fprintf(out, "  time                   %.3f s, recording included\n",
		        (double)report->wall_ns / 1e9);
	fprintf(out, "  allocations            %s", count_text_of(totals->allocations).text);
	if (report->wall_ns)
		fprintf(out, " (%s a second)",
		        count_text_of(rate_of(report, totals->allocations)).text);
	fprintf(out, "\n  frees                  %s\n", count_text_of(totals->frees).text);
	fprintf(out, "  allocated              ");
	write_value(out, totals->allocated_bytes, "byte");
	if (report->wall_ns)
		fprintf(out, ", %s a second",
		        size_text_of(rate_of(report, totals->allocated_bytes)).text);
	if (totals->allocations)
		fprintf(out, "; %.1f a call",
		        (double)totals->allocated_bytes / (double)totals->allocations);
	fprintf(out, "\n  temporary allocations  %s", count_text_of(totals->temporary).text);
	if (totals->allocations)
		fprintf(out, " (%.1f %%)", share_percent(totals->temporary, totals->allocations));
	fputc('\n', out);
}

static void write_totals(const struct heap_report *report, FILE *out)
{
	const struct heap_totals *totals = report->totals;

	write_counts(report, out);
	fputs("  peak                   ", out);
	write_value(out, totals->peak_bytes, "byte");
	fprintf(out, " in %s%s\n", counted_text_of(totals->peak_blocks, report->words->block).text,
	        report->n_processes > 1 ? ", of the largest process alone" : "");
	if (report->peak_rss_bytes) {
		fputs("  peak resident (RSS)    ", out);
		write_value(out, report->peak_rss_bytes, "byte");
		fputs(report->words->are_pages ? "\n" : ", the profiler's own tables included\n",
		      out);
	}
	fputs("  in use at exit         ", out);
	write_value(out, totals->in_use_bytes, "byte");
	fprintf(out, " in %s%s\n",
	        counted_text_of(totals->in_use_blocks, report->words->block).text,
	        report->n_processes > 1 ? ", of all processes" : "");
	if (totals->inherited_blocks && report->n_processes == 1) {
		fputs("  inherited, not freed   ", out);
		write_value(out, totals->inherited_bytes, "byte");
		fprintf(out, " in %s of the parent process\n",
		        counted_text_of(totals->inherited_blocks, report->words->block).text);
	}
	if (report->leaks)
		fprintf(out, "  leaks                  %s\n", report->leaks);
}

/* One a process is nothing to say. */
static void write_thread_count(const struct heap_report *report, FILE *out)
{
	uint64_t n_threads = heap_tables_n_threads(report->processes, report->n_processes);

	if (n_threads > report->n_processes)
		fprintf(out, "  threads                %s that allocated or freed\n",
		        count_text_of(n_threads).text);
}

void heap_report_write(const struct heap_report *report, FILE *out)
{
	size_t n_sites;
	struct site *sites = collect_sites(report->profile, &n_sites);
	char *command = line_text(report->command);

	fprintf(out, "%s\n  command                %s\n", report->title, command);
	free(command);
	if (report->words->counts)
		fprintf(out, "  counted                %s\n", report->words->counts);
	if (report->n_processes > 1)
		fprintf(out, "  processes              %zu\n", report->n_processes);
	write_thread_count(report, out);
	write_totals(report, out);
	for (size_t i = 0; report->notes && report->notes[i]; i++)
		fprintf(out, "  note                   %s\n", report->notes[i]);
	heap_tables_write_sizes(report->processes, report->n_processes, out);
	heap_tables_write_lifetimes(report->processes, report->n_processes, out);
	heap_tables_write_threads(report->processes, report->n_processes, out);
	heap_tables_write_processes(report->processes, report->n_processes, out);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		write_sites(report, &sections[i], out);
		write_section(report, &sections[i], sites, n_sites, out);
	}
	free(sites);
}
