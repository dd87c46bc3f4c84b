/* heaptrack's text, as heaptrack_interpret writes it and heaptrack_print and the viewer read it
 * (github.com/KDE/heaptrack, src/interpret/heaptrack_interpret.cpp and
 * src/analyze/accumulatedtracedata.cpp). Rows of one letter and hexadecimal numbers; each list is
 * numbered from 1:
 *
 *   v VERSION FORMAT    X COMMAND          I PAGE_SIZE PAGES      # a comment
 *   s TEXT              i ADDRESS MODULE [FUNCTION [FILE LINE]]...   innermost inlined call first
 *   t IP CALLER_TRACE   a SIZE TRACE       (numbered from 0)
 *   c MILLISECONDS      R RESIDENT_PAGES   + ALLOCATION           - ALLOCATION
 *
 * A `-` of the allocation that the row before made is a temporary one.
 */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/heaptrack_plan.h"
#include "core/export/massif_read.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/stack_table.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two rows an allocation are about 1 GB then. */
enum { MOST_ALLOCATIONS = 100000000 };

/* The sums that are told, by the names they have in a heap's profile. */
enum heap_sum {
	ALLOC_OBJECTS,
	ALLOC_SPACE,
	INUSE_OBJECTS,
	INUSE_SPACE,
	PEAK_SPACE,
	TEMPORARY_OBJECTS,
	N_NEEDED,
	PEAK_OBJECTS = N_NEEDED, /* which the first runs did not store */
	N_SUMS
};
static const char *const sum_names[N_SUMS] = {
    [ALLOC_OBJECTS] = "alloc_objects", [ALLOC_SPACE] = "alloc_space",
    [INUSE_OBJECTS] = "inuse_objects", [INUSE_SPACE] = "inuse_space",
    [PEAK_SPACE] = "peak_space",       [TEMPORARY_OBJECTS] = "temporary_objects",
    [PEAK_OBJECTS] = "peak_objects",
};

struct writer {
	const struct profile *profile;
	FILE *out;
	int types[N_SUMS];         /* -1: not there */
	struct string_pool *texts; /* id 0 is "", which no row names */
	uint32_t n_texts;          /* that have their row */
	/* An instruction pointer is one address with the calls inlined there: a chain of frames. */
	struct stack_table *chains;
	struct u64map *ips;         /* chain -> number */
	struct stack_table *traces; /* keys are ips; ids are the numbers of traces */
	uint32_t n_traces;
	struct heaptrack_site *sites;
	uint32_t *trace_of; /* by site */
	size_t n_sites;
	size_t sites_capacity;
	size_t traces_capacity;
	struct u64map *site_of; /* by trace: index + 1 */
	uint64_t last;          /* the allocation that the row before made; 0: none */
};

/* Texts are rows: they hold no end of line. */
static uint32_t text_id(struct writer *writer, const char *text)
{
	char *row = line_text(text);
	uint32_t id = string_pool_add(writer->texts, row);

	if (id > writer->n_texts) {
		fprintf(writer->out, "s %s\n", row);
		writer->n_texts = id;
	}
	free(row);
	return id;
}

static uint32_t module_id(struct writer *writer, const struct frame *holder)
{
	const struct profile_object *object;

	if (holder->kind == FRAME_FAILED)
		return 0;
	object = profile_object(writer->profile, holder->object_id);
	return text_id(writer,
	               profile_text(writer->profile, object->path ? object->path : object->name));
}

/* A call's part of the row of an instruction pointer. */
struct ip_frame {
	uint32_t function;
	uint32_t file;
	uint32_t line;
};

/* The last frame of a chain is the function that holds the code; those before it are inlined there.
 * Readers show its address where there is no function: that of the object's own file. */
static uint32_t ip_id(struct writer *writer, const uint32_t *chain, size_t n_frames)
{
	const struct frame *holder = profile_frame(writer->profile, chain[n_frames - 1]);
	struct ip_frame *frames;
	uint32_t id = 0, module;
	uint64_t *number;
	bool is_new;

	for (size_t i = 0; i < n_frames; i++)
		id = stack_table_add(writer->chains, id, 0, chain[i]);
	number = u64map_put(writer->ips, id, &is_new);
	if (!is_new)
		return (uint32_t)*number;
	*number = id = (uint32_t)u64map_count(writer->ips);
	frames = xcalloc(n_frames, sizeof(*frames));
	module = module_id(writer, holder);
	if (n_frames == 1 && holder->kind == FRAME_UNRESOLVED && holder->vaddr)
		n_frames--;
	for (size_t i = 0; i < n_frames; i++) {
		const struct frame *frame = profile_frame(writer->profile, chain[i]);

		frames[i].function =
		    text_id(writer, profile_text(writer->profile, frame->function));
		frames[i].file = text_id(writer, profile_text(writer->profile, frame->file));
		frames[i].line = frame->line;
	}
	fprintf(writer->out, "i %" PRIx64 " %x", holder->vaddr, module);
	for (size_t i = 0; i < n_frames; i++) {
		fprintf(writer->out, " %x", frames[i].function);
		if (frames[i].file || n_frames > 1)
			fprintf(writer->out, " %x %x", frames[i].file, frames[i].line);
	}
	fputc('\n', writer->out);
	free(frames);
	return id;
}

static uint32_t trace_id(struct writer *writer, uint32_t caller, uint32_t ip)
{
	uint32_t id = stack_table_add(writer->traces, caller, 0, ip);

	if (id > writer->n_traces) {
		fprintf(writer->out, "t %x %x\n", ip, caller);
		writer->n_traces = id;
	}
	return id;
}

/* What has no stack is a trace of one text. */
static uint32_t no_trace(struct writer *writer)
{
	bool is_new;
	uint64_t *number = u64map_put(writer->ips, 0, &is_new);
	uint32_t ip, text;

	if (is_new) {
		*number = ip = (uint32_t)u64map_count(writer->ips);
		text = text_id(writer, "[no stack]");
		fprintf(writer->out, "i 0 0 %x\n", text);
	}
	ip = (uint32_t)*u64map_get(writer->ips, 0);
	return trace_id(writer, 0, ip);
}

/* Writes the rows of a stack, and returns its trace. */
static uint32_t write_stack(struct writer *writer, uint32_t stack)
{
	size_t n_frames = profile_stack_frames(writer->profile, stack, NULL, 0), end = n_frames;
	uint32_t *frames = xcalloc(n_frames, sizeof(*frames));
	uint32_t trace = 0;

	profile_stack_frames(writer->profile, stack, frames, n_frames);
	/* From the root: a chain begins behind the holder of the next one inwards. */
	while (end) {
		size_t start = end - 1;

		while (start &&
		       profile_frame(writer->profile, frames[start - 1])->kind == FRAME_INLINED)
			start--;
		trace = trace_id(writer, trace, ip_id(writer, frames + start, end - start));
		end = start;
	}
	free(frames);
	return trace ? trace : no_trace(writer);
}

static void add_sample(struct writer *writer, const struct profile_sample *sample)
{
	uint32_t trace = write_stack(writer, sample->stack);
	bool is_new;
	uint64_t *index = u64map_put(writer->site_of, trace, &is_new);
	struct heaptrack_site *site;

	if (is_new) {
		ARRAY_APPEND(writer->sites, writer->n_sites, writer->sites_capacity);
		*index = writer->n_sites;
		writer->trace_of = array_reserve(writer->trace_of, &writer->traces_capacity,
		                                 writer->n_sites, sizeof(*writer->trace_of));
		writer->trace_of[*index - 1] = trace;
	}
	site = &writer->sites[*index - 1];
	site->allocations += sample->values[writer->types[ALLOC_OBJECTS]];
	site->bytes += sample->values[writer->types[ALLOC_SPACE]];
	site->temporary += sample->values[writer->types[TEMPORARY_OBJECTS]];
	site->peak_bytes += sample->values[writer->types[PEAK_SPACE]];
	if (writer->types[PEAK_OBJECTS] >= 0)
		site->peak_blocks += sample->values[writer->types[PEAK_OBJECTS]];
	site->exit_blocks += sample->values[writer->types[INUSE_OBJECTS]];
	site->exit_bytes += sample->values[writer->types[INUSE_SPACE]];
}

static int find_types(struct writer *writer, struct diag *diag)
{
	for (size_t i = 0; i < N_SUMS; i++) {
		writer->types[i] = profile_find_type(writer->profile, sum_names[i]);
		if (i < N_NEEDED && writer->types[i] < 0)
			return diag_fail(diag, EINVAL,
			                 "heaptrack is of heaps: the profile has no %s",
			                 sum_names[i]);
	}
	return 0;
}

/* Where pages are counted one call gives many of them: all that is left of these is told as one
 * block. */
static void join_pages(struct writer *writer)
{
	for (size_t i = 0; i < writer->n_sites; i++) {
		struct heaptrack_site *site = &writer->sites[i];

		if (site->allocations && site->exit_blocks > site->allocations)
			site->exit_blocks = site->allocations;
	}
}

static int check_counts(const struct writer *writer, struct diag *diag)
{
	uint64_t n = 0;

	for (size_t i = 0; i < writer->n_sites; i++) {
		const struct heaptrack_site *site = &writer->sites[i];
		uint64_t more =
		    site->allocations > site->exit_blocks ? site->allocations : site->exit_blocks;

		if (__builtin_add_overflow(n, more, &n))
			n = UINT64_MAX / 10;
	}
	if (n <= MOST_ALLOCATIONS)
		return 0;
	return diag_fail(diag, EFBIG,
	                 "heaptrack's format has two rows for each of %s, which would be about %s; "
	                 "at most %s are written: pprof and folded hold sums",
	                 counted_text_of(n, "allocation").text, size_text_of(n * 10).text,
	                 count_text_of(MOST_ALLOCATIONS).text);
}

static void write_head(const struct export_options *options, const char *command, FILE *out)
{
	long page_size = sysconf(_SC_PAGESIZE);

	fprintf(out, "v 10200 2\nX %s\n", command);
	if (options->memory_bytes)
		fprintf(out, "I %lx %" PRIx64 "\n", (unsigned long)page_size,
		        options->memory_bytes / (uint64_t)page_size);
	fprintf(out,
	        "# made by profile-scenario of %s: sums by stack, told as single events\n"
	        "# of the run: calls, bytes, temporary allocations, peak and what is left of each "
	        "stack; the whole heap over time\n"
	        "# chosen: sizes of single blocks, their order, and of what the heap was made "
	        "at other moments than the peak and the end\n",
	        options->title);
}

static void write_lack(const struct heaptrack_lack *lack, FILE *out)
{
	const struct {
		uint64_t count;
		const char *what;
	} lacks[] = {
	    {lack->extra_calls, "calls more than were made: of blocks that the process inherited"},
	    {lack->temporary, "temporary allocations that readers cannot see as such"},
	    {lack->bytes, "allocated bytes less than the run's"},
	    {lack->peak_bytes, "bytes more in use at the end than at the recorded peak"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++)
		if (lacks[i].count)
			fprintf(out, "# %" PRIu64 " %s\n", lacks[i].count, lacks[i].what);
}

static int by_trace(const void *a, const void *b, void *context)
{
	const uint32_t *trace_of = context;
	uint32_t x = trace_of[*(const uint32_t *)a], y = trace_of[*(const uint32_t *)b];

	return x < y ? -1 : x > y;
}

/* Readers find a trace by its number fast when they grow. */
static void sort_sites(struct writer *writer)
{
	uint32_t *order = xcalloc(writer->n_sites, sizeof(*order));
	struct heaptrack_site *sites = xcalloc(writer->n_sites, sizeof(*sites));
	uint32_t *trace_of = xcalloc(writer->n_sites, sizeof(*trace_of));

	for (size_t i = 0; i < writer->n_sites; i++)
		order[i] = (uint32_t)i;
	if (writer->n_sites)
		qsort_r(order, writer->n_sites, sizeof(*order), by_trace, writer->trace_of);
	for (size_t i = 0; i < writer->n_sites; i++) {
		sites[i] = writer->sites[order[i]];
		trace_of[i] = writer->trace_of[order[i]];
	}
	free(order);
	free(writer->sites);
	free(writer->trace_of);
	writer->sites = sites;
	writer->trace_of = trace_of;
}

/* Allocation 0 has no bytes and nothing makes it: a `-` of it separates a free from the row that
 * made the block, so that it is not taken for a temporary one. */
static void write_blocks(const struct writer *writer, const struct heaptrack_plan *plan)
{
	size_t n_blocks;
	const struct heaptrack_block *blocks = heaptrack_plan_blocks(plan, &n_blocks);

	if (n_blocks)
		fprintf(writer->out, "a 0 %x\n", writer->trace_of[0]);
	for (size_t i = 0; i < n_blocks; i++)
		fprintf(writer->out, "a %" PRIx64 " %x\n", blocks[i].size,
		        writer->trace_of[blocks[i].site]);
}

static void write_rows(FILE *out, const char *row, uint64_t count)
{
	size_t len = strlen(row);

	while (count--)
		fwrite_unlocked(row, 1, len, out);
}

static void write_frees(struct writer *writer, uint64_t number, const char *row, uint64_t count)
{
	if (count && writer->last == number)
		fputs("- 0\n", writer->out);
	write_rows(writer->out, row, count);
	writer->last = 0;
}

static void hear(void *context, enum heaptrack_event event, uint64_t number, uint64_t count)
{
	struct writer *writer = context;
	char made[40], freed[40], both[80];

	snprintf(made, sizeof(made), "+ %" PRIx64 "\n", number);
	snprintf(freed, sizeof(freed), "- %" PRIx64 "\n", number);
	switch (event) {
	case HEAPTRACK_TIME:
		fprintf(writer->out, "c %" PRIx64 "\n", number);
		return;
	case HEAPTRACK_TEMPORARY:
		snprintf(both, sizeof(both), "%s%s", made, freed);
		write_rows(writer->out, both, count);
		writer->last = 0;
		return;
	case HEAPTRACK_FREE_AT_ONCE:
		write_rows(writer->out, freed, count);
		writer->last = 0;
		return;
	case HEAPTRACK_FREE:
		write_frees(writer, number, freed, count);
		return;
	case HEAPTRACK_ALLOCATE:
	case HEAPTRACK_SHORT_LIVED:
		write_rows(writer->out, made, count);
		writer->last = count ? number : writer->last;
		if (event == HEAPTRACK_SHORT_LIVED)
			write_frees(writer, number, freed, count);
		return;
	}
}

/* The file's points; times only where it has ms. */
static struct heaptrack_moment *moments_of(const struct massif_file *massif)
{
	struct heaptrack_moment *moments = xcalloc(massif->n_points, sizeof(*moments));

	for (size_t i = 0; i < massif->n_points; i++) {
		const struct massif_point *point = &massif->points[i];

		moments[i] = (struct heaptrack_moment){
		    .time_ms = massif->unit == MASSIF_MS ? point->time : 0,
		    .bytes = point->heap_bytes,
		    .is_peak = point->is_peak,
		};
	}
	return moments;
}

static void write_events(struct writer *writer, const struct massif_file *massif,
                         const struct export_options *options)
{
	struct heaptrack_moment *moments = moments_of(massif);
	struct heaptrack_plan *plan =
	    heaptrack_plan_new(writer->sites, writer->n_sites, moments, massif->n_points,
	                       options->duration_ns / 1000000);

	if (massif->unit != MASSIF_MS)
		fputs("# the run's timeline has no seconds: only the end has a time\n",
		      writer->out);
	write_lack(heaptrack_plan_lack(plan), writer->out);
	write_blocks(writer, plan);
	heaptrack_plan_tell(plan, hear, writer);
	if (options->resident_bytes)
		fprintf(writer->out, "R %" PRIx64 "\n",
		        options->resident_bytes / (uint64_t)sysconf(_SC_PAGESIZE));
	heaptrack_plan_free(plan);
	free(moments);
}

static void writer_fini(struct writer *writer)
{
	string_pool_free(writer->texts);
	stack_table_free(writer->chains);
	stack_table_free(writer->traces);
	u64map_free(writer->ips);
	u64map_free(writer->site_of);
	free(writer->sites);
	free(writer->trace_of);
}

static int write_heaptrack(const struct profile *profile, const struct export_options *options,
                           FILE *out, struct diag *diag)
{
	struct massif_file massif = {0};
	struct writer writer = {
	    .profile = profile,
	    .out = out,
	    .texts = string_pool_new(),
	    .chains = stack_table_new(),
	    .ips = u64map_new(),
	    .traces = stack_table_new(),
	    .site_of = u64map_new(),
	};
	int err = find_types(&writer, diag);

	if (!err)
		err = massif_read(options->stored, &massif, diag);
	if (!err) {
		write_head(options, massif.command, out);
		for (size_t i = 0; i < profile_n_samples(profile); i++) {
			struct profile_sample sample = profile_sample(profile, i);

			add_sample(&writer, &sample);
		}
		join_pages(&writer);
		err = check_counts(&writer, diag);
	}
	if (!err) {
		sort_sites(&writer);
		write_events(&writer, &massif, options);
	}
	massif_file_fini(&massif);
	writer_fini(&writer);
	return err;
}

const struct exporter heaptrack_exporter = {
    .name = "heaptrack",
    .help = "a heap's events, as heaptrack_print and heaptrack_gui read them",
    .reads = "massif.out",
    .write = write_heaptrack,
};
