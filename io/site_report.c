/* Names the sites, and writes what is shown of them. */
#include "io/site_report.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/export/call_order.h"
#include "core/export/exporter.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "core/symbolize/symbolize.h"
#include "core/u64map.h"
#include "io/sites.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SHOWN_SITES = 10 };

/* Where they are copied while calls go on (io/bpf): what that leaves out. */
static void add_copying(json_t *quality, const struct io_sites *sites, uint64_t n_calls)
{
	uint64_t n_not_taken = io_sites_ended(sites, UNWIND_NOT_TAKEN);
	uint64_t n_lost = io_sites_ended(sites, UNWIND_LOST);

	quality_set_completed(quality,
	                      share_percent(sites->completed_stacks, n_calls - n_not_taken));
	if (n_not_taken)
		quality_add_note(quality,
		                 "the stacks of %s of %s were not taken, which is their frame: "
		                 "above %s a second on a CPU some are, at random",
		                 counted_text_of(n_not_taken, "call").text,
		                 count_text_of(n_calls).text,
		                 count_text_of(sites->stacks_a_second).text);
	if (n_lost)
		quality_add_note(quality, "the stacks of %s found no room in the ring",
		                 counted_text_of(n_lost, "call").text);
	if (sites->lost_mappings)
		quality_add_note(quality, "%s of mapped code were lost: that code has no names",
		                 counted_text_of(sites->lost_mappings, "record").text);
}

/* Shares are of the calls whose stack was taken: others would make any flaw look small. */
static void add_quality(json_t *quality, const struct io_sites *sites,
                        const struct profile *profile, struct symbolizer *symbolizer)
{
	uint64_t n_calls = profile_total(profile, IO_SITE_CALLS), n_unresolved;
	uint64_t n_stacks = n_calls - io_sites_ended(sites, UNWIND_NOT_TAKEN);
	const char *remedy;

	quality_set_flaw(quality, QUALITY_TRUNCATED,
	                 share_percent(io_sites_truncated(sites), n_stacks), NULL);
	n_unresolved = quality_add_unresolved(quality, profile, profile_is_system_code,
	                                      sites->recording, symbolizer, &remedy);
	quality_set_flaw(quality, QUALITY_UNRESOLVED, share_percent(n_unresolved, n_stacks),
	                 remedy);
	if (sites->stacks_a_second)
		add_copying(quality, sites, n_calls);
	if (sites->guessed_stacks)
		quality_add_note(
		    quality, "%s with frames found by frame pointers, where the code has no tables",
		    counted_text_of(sites->guessed_stacks, "stack").text);
}

struct profile *io_site_profile_new(const struct io_sites *sites, struct result *result)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile;

	symbolizer_set_target_uid(symbolizer, result->target_uid);
	io_sites_name(sites, symbolizer);
	symbolizer_open(symbolizer, sites->recording);
	profile = profile_new(sites->recording, symbolizer);
	if (sites->has_callers)
		add_quality(result->quality, sites, profile, symbolizer);
	symbolizer_free(symbolizer);
	return profile;
}

/* Calls of one name from one line. */
struct site {
	uint32_t caller; /* frames of the profile */
	uint32_t call;
	uint64_t values[N_IO_SITE_VALUES];
};

struct site_list {
	struct site *sites;
	size_t n_sites;
	size_t capacity;
	struct u64map *by_frames;
};

static bool is_kernel(const struct profile *profile, uint32_t frame)
{
	return profile_frame(profile, frame)->kind == FRAME_KERNEL;
}

/* Where all is system code, as when a program is loaded, it is the innermost function. */
static uint32_t caller_of(const struct profile *profile, uint32_t stack, uint32_t call)
{
	uint32_t caller;

	if (profile_stack_site(profile, stack, profile_is_system_code, &caller) &&
	    profile_frame(profile, caller)->kind != FRAME_FAILED)
		return caller;
	return profile_stack_site(profile, stack, is_kernel, &caller) ? caller : call;
}

static void add_sample(struct site_list *list, const struct profile *profile,
                       const struct profile_sample *sample)
{
	uint32_t callers;
	uint32_t call = profile_stack_frame(profile, sample->stack, &callers);
	uint32_t caller = caller_of(profile, sample->stack, call);
	bool is_new;
	uint64_t *index = u64map_put(list->by_frames, (uint64_t)caller << 32 | call, &is_new);

	if (is_new) {
		*index = list->n_sites;
		*ARRAY_APPEND(list->sites, list->n_sites, list->capacity) =
		    (struct site){.caller = caller, .call = call};
	}
	for (size_t i = 0; i < profile_n_types(profile); i++)
		list->sites[*index].values[i] += sample->values[i];
}

static int by_time(const void *left, const void *right)
{
	const uint64_t *a = ((const struct site *)left)->values;
	const uint64_t *b = ((const struct site *)right)->values;

	if (a[IO_SITE_TIME] != b[IO_SITE_TIME])
		return a[IO_SITE_TIME] < b[IO_SITE_TIME] ? 1 : -1;
	return (a[IO_SITE_CALLS] < b[IO_SITE_CALLS]) - (a[IO_SITE_CALLS] > b[IO_SITE_CALLS]);
}

static bool knows(const struct profile *profile, enum io_site_value value)
{
	return value < profile_n_types(profile);
}

static void write_site(FILE *out, const struct profile *profile, const struct site *site)
{
	const struct frame *frame = profile_frame(profile, site->caller);
	bool is_start = site->caller == site->call;
	char *name =
	    is_start ? xstrdup("(start of the target)") : profile_shown_name(profile, site->caller);
	char bytes[24] = "-";
	char *place = is_start
	                  ? xstrdup("")
	                  : profile_shown_place(profile, frame->object, frame->file, frame->line);

	if (knows(profile, IO_SITE_BYTES))
		snprintf(bytes, sizeof(bytes), "%" PRIu64, site->values[IO_SITE_BYTES]);
	fprintf(out, "%12.6f %11" PRIu64 " %15s  %-16s %s%s%s\n",
	        (double)site->values[IO_SITE_TIME] / 1e9, site->values[IO_SITE_CALLS], bytes,
	        profile_text(profile, profile_frame(profile, site->call)->function), name,
	        *place ? "  " : "", place);
	free(place);
	free(name);
}

void io_site_table_write(FILE *out, const struct profile *profile)
{
	struct site_list list = {.by_frames = u64map_new()};
	size_t n_samples = profile_n_samples(profile);

	for (size_t i = 0; i < n_samples; i++) {
		struct profile_sample sample = profile_sample(profile, i);

		add_sample(&list, profile, &sample);
	}
	if (list.n_sites)
		qsort(list.sites, list.n_sites, sizeof(*list.sites), by_time);
	fprintf(out, "\n%12s %11s %15s  %-16s %s\n", "seconds", "calls", "bytes", "syscall",
	        "from, outside the C library");
	for (size_t i = 0; i < list.n_sites && i < SHOWN_SITES; i++)
		write_site(out, profile, &list.sites[i]);
	if (list.n_sites > SHOWN_SITES)
		fprintf(out, "(%s; see " IO_SITE_PAGE ")\n",
		        counted_text_of(list.n_sites - SHOWN_SITES, "smaller one").text);
	u64map_free(list.by_frames);
	free(list.sites);
}

/* The caller frees them. */
static char *describe_time(const struct profile *profile)
{
	return xasprintf("%.3f s in %s", (double)profile_total(profile, IO_SITE_TIME) / 1e9,
	                 counted_text_of(profile_total(profile, IO_SITE_CALLS), "call").text);
}

static char *describe_calls(const struct profile *profile)
{
	return xstrdup(counted_text_of(profile_total(profile, IO_SITE_CALLS), "call").text);
}

static char *describe_bytes(const struct profile *profile)
{
	return xasprintf("%s moved by %s", size_text_of(profile_total(profile, IO_SITE_BYTES)).text,
	                 counted_text_of(profile_total(profile, IO_SITE_CALLS), "call").text);
}

static const struct site_file {
	const char *name;
	const struct exporter *exporter;
	enum io_site_value value;
	char *(*describe)(const struct profile *profile); /* what is shown, in a picture's words */
	bool is_of_callers;                               /* nothing to see without them */
} files[] = {
    {IO_SITE_PAGE, &flamegraph_exporter, IO_SITE_TIME, describe_time, true},
    {"flamegraph-calls.svg", &flamegraph_exporter, IO_SITE_CALLS, describe_calls, true},
    {"flamegraph-bytes.svg", &flamegraph_exporter, IO_SITE_BYTES, describe_bytes, true},
    {"stacks.folded", &folded_exporter, IO_SITE_CALLS, describe_calls, true},
    {"profile.pb.gz", &pprof_exporter, IO_SITE_CALLS, describe_calls, false},
};

static int write_file(const struct site_file *file, const struct profile *profile,
                      struct results_run *run, const struct export_options *common,
                      const char *quality, struct diag *diag)
{
	FILE *out = results_create(run, file->name, diag);
	char *what = file->describe(profile);
	char *subtitle = xasprintf("%s; %s", what, quality);
	struct export_options options = *common;
	struct diag ignored;
	int err, close_err;

	options.type = file->value;
	options.subtitle = subtitle;
	err = out ? file->exporter->write(profile, &options, out, diag) : -EIO;
	close_err = out ? results_close(run, out, err ? &ignored : diag) : 0;
	free(subtitle);
	free(what);
	return err ? err : close_err;
}

int io_site_files_write(const struct io_sites *sites, const struct profile *profile,
                        struct results_run *run, struct result *result, struct diag *diag)
{
	struct call_order *order = call_order_new(profile, CALL_TREE_BY_NAME);
	char *quality = quality_text(result->quality);
	char *title = xasprintf("%s/%s", result->scenario, result->type);
	struct export_options common = {
	    .title = title,
	    .picture = result->picture,
	    .command = result->command,
	    .order = order,
	    .started_ns = result->started_ns,
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !err; i++)
		if (knows(profile, files[i].value) &&
		    (sites->has_callers || !files[i].is_of_callers))
			err = write_file(&files[i], profile, run, &common, quality, diag);
	free(title);
	free(quality);
	call_order_free(order);
	return err;
}
