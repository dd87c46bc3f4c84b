/* Follows stacks through the runs of a scan, and tells leaks from caches. */
#include "core/growth/site_growth.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/growth/scan_growth.h"
#include "core/string_pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A site has one array with these parts. */
enum { OF_BLOCKS, OF_BYTES, OF_LOST, N_OF };

struct site_growth *site_growth_new(size_t n_points)
{
	struct site_growth *growth = xcalloc(1, sizeof(*growth));

	growth->n_points = n_points;
	growth->is_known = xcalloc(n_points, sizeof(*growth->is_known));
	growth->stacks = string_pool_new();
	return growth;
}

void site_growth_free(struct site_growth *growth)
{
	if (!growth)
		return;
	for (size_t i = 0; i < growth->n_sites; i++) {
		free(growth->sites[i].stack);
		free(growth->sites[i].blocks);
	}
	string_pool_free(growth->stacks);
	free(growth->is_known);
	free(growth->sites);
	free(growth);
}

/* The site with this stack, made when it is new. */
static struct site *site_of(struct site_growth *growth, const char *stack, size_t n_first)
{
	uint32_t before = (uint32_t)string_pool_count(growth->stacks);
	uint32_t id = string_pool_add(growth->stacks, stack);
	size_t n = growth->n_points;
	struct site *site;

	BUG(before != growth->n_sites + 1);
	if (id < before)
		return &growth->sites[id - 1];
	site = ARRAY_APPEND(growth->sites, growth->n_sites, growth->capacity);
	site->stack = xstrdup(stack);
	site->n_first = n_first;
	site->blocks = xcalloc(N_OF * n, sizeof(*site->blocks));
	site->bytes = site->blocks + OF_BYTES * n;
	site->lost_bytes = site->blocks + OF_LOST * n;
	for (size_t i = 0; i < N_OF * n; i++)
		site->blocks[i] = growth->is_known[i % n] ? 0 : NAN;
	return site;
}

/* "main (lk.c:8)" */
static void write_frame(FILE *stream, const struct profile *profile, uint32_t id)
{
	const struct frame *frame = profile_frame(profile, id);
	char *name = profile_shown_name(profile, id);
	char *place = profile_shown_place(profile, frame->object, frame->file, frame->line);

	fprintf(stream, "%s (%s)", name, place);
	free(name);
	free(place);
}

/* What calls main is the C library's, and below all; so is where the kernel jumps to. */
static bool is_below_main(const struct profile *profile, uint32_t frame)
{
	return profile_is_system_code(profile, frame) ||
	       !strcmp(profile_text(profile, profile_frame(profile, frame)->function), "_start");
}

/* From the frame that allocated to the outermost one of the program's own. The caller frees it; ""
 * where there is none. */
static char *stack_text(const struct profile *profile, uint32_t stack, frame_filter *passes_on,
                        size_t *n_first)
{
	char *text = NULL;
	size_t len_bytes, n_frames = 0;
	FILE *stream = open_memstream(&text, &len_bytes);

	BUG(!stream);
	*n_first = 0;
	while (stack) {
		uint32_t callers;
		uint32_t frame = profile_stack_frame(profile, stack, &callers);
		bool is_allocator = !n_frames && passes_on && passes_on(profile, frame);

		if (!is_allocator && (!n_frames || !is_below_main(profile, frame))) {
			fputs(n_frames ? " < " : "", stream);
			write_frame(stream, profile, frame);
			if (!n_frames++) {
				fflush(stream);
				*n_first = len_bytes;
			}
		}
		stack = callers;
	}
	fclose(stream);
	return text;
}

void site_growth_add_none(struct site_growth *growth, size_t point)
{
	if (growth->is_known[point])
		return;
	growth->is_known[point] = true;
	for (size_t i = 0; i < growth->n_sites; i++)
		for (size_t of = 0; of < N_OF; of++)
			growth->sites[i].blocks[of * growth->n_points + point] = 0;
}

bool site_growth_add(struct site_growth *growth, size_t point, const struct profile *profile,
                     frame_filter *passes_on)
{
	static const char *const names[N_OF] = {"inuse_objects", "inuse_space", "leaked_space"};
	int types[N_OF];

	for (size_t of = 0; of < N_OF; of++)
		types[of] = profile_find_type(profile, names[of]);
	if (types[OF_BLOCKS] < 0 || types[OF_BYTES] < 0)
		return false;
	site_growth_add_none(growth, point);
	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		struct site *site;
		size_t n_first;
		char *stack;

		if (!sample.values[types[OF_BLOCKS]])
			continue;
		stack = stack_text(profile, sample.stack, passes_on, &n_first);
		site = site_of(growth, *stack ? stack : "?", *stack ? n_first : 1);
		for (size_t of = 0; of < N_OF; of++)
			if (types[of] >= 0)
				site->blocks[of * growth->n_points + point] +=
				    (double)sample.values[types[of]];
		free(stack);
	}
	return true;
}

/* Are there more and more of them over the larger half of the sizes, which are 3 at least? */
static bool is_growing(const double *sizes, const double *values, size_t n)
{
	size_t n_large = n / 2 > 3 ? n / 2 : 3, start = n - n_large;
	struct growth fit = growth_fit(sizes + start, values + start, n_large);
	bool falls = false;

	if (!isnan(fit.exponent))
		return fit.low > 0;
	/* One that begins half-way has no logarithm. */
	for (size_t i = start + 1; i < n; i++)
		falls |= values[i] < values[i - 1];
	return !falls && values[n - 1] > values[start];
}

static void sort_by_size(double *sizes, double *values, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j && sizes[j] < sizes[j - 1]; j--) {
			double size = sizes[j], value = values[j];

			sizes[j] = sizes[j - 1];
			values[j] = values[j - 1];
			sizes[j - 1] = size;
			values[j - 1] = value;
		}
}

static bool judge(const struct scan_growth *growth, const double *values, size_t series,
                  struct growth *fit, bool *grows)
{
	double *sizes = xcalloc(growth->n_sizes, sizeof(*sizes));
	double *known = xcalloc(growth->n_sizes, sizeof(*known));
	size_t n = scan_growth_known(growth, values, series, sizes, known);
	bool has_any = false;

	for (size_t i = 0; i < n; i++)
		has_any |= known[i] > 0;
	sort_by_size(sizes, known, n);
	if (n >= 3) {
		*fit = growth_fit(sizes, known, n);
		*grows = is_growing(sizes, known, n);
	}
	free(sizes);
	free(known);
	return n >= 3 && has_any;
}

bool site_growth_judge(const struct scan_growth *growth, const struct site *site, size_t series,
                       struct site_verdict *verdict)
{
	bool more_blocks, more_bytes;

	if (!growth->has_sizes ||
	    !judge(growth, site->blocks, series, &verdict->blocks, &more_blocks) ||
	    !judge(growth, site->bytes, series, &verdict->bytes, &more_bytes))
		return false;
	verdict->kind = more_blocks ? SITE_LEAK : more_bytes ? SITE_BUFFER : SITE_CACHE;
	return true;
}

const char *site_kind_word(enum site_kind kind)
{
	static const char *const words[N_SITE_KINDS] = {
	    [SITE_LEAK] = "leak", [SITE_BUFFER] = "buffer", [SITE_CACHE] = "cache"};

	return words[kind];
}

/* At the last size that is known. */
static double last_bytes_of(const struct scan_growth *growth, const struct site *site,
                            size_t series)
{
	double last = 0;

	for (size_t i = 0; i < growth->n_sizes; i++) {
		double bytes = site->bytes[scan_growth_point(growth, series, i)];

		last = isnan(bytes) ? last : bytes;
	}
	return last;
}

static int by_kind_and_bytes(const void *a, const void *b)
{
	const struct judged_site *left = a, *right = b;

	if (left->verdict.kind != right->verdict.kind)
		return left->verdict.kind < right->verdict.kind ? -1 : 1;
	if (left->last_bytes != right->last_bytes)
		return left->last_bytes < right->last_bytes ? 1 : -1;
	return strcmp(left->site->stack, right->site->stack);
}

struct judged_site *site_growth_rows(const struct scan_growth *growth, size_t series,
                                     size_t *n_rows)
{
	const struct site_growth *sites = growth->sites;
	struct judged_site *rows = xcalloc((sites ? sites->n_sites : 0) + 1, sizeof(*rows));

	*n_rows = 0;
	for (size_t i = 0; sites && i < sites->n_sites; i++) {
		struct judged_site *row = &rows[*n_rows];

		row->site = &sites->sites[i];
		if (!site_growth_judge(growth, row->site, series, &row->verdict))
			continue;
		row->last_bytes = last_bytes_of(growth, row->site, series);
		++*n_rows;
	}
	qsort(rows, *n_rows, sizeof(*rows), by_kind_and_bytes);
	return rows;
}
