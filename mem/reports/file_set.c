/* Writes one set of files. */
#include "mem/reports/file_set.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/export/call_order.h"
#include "core/export/exporter.h"
#include "core/number_text.h"
#include "core/parallel.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "mem/heap_words.h"
#include "mem/leaks/leak_run.h"
#include "mem/leaks/leaks_text.h"
#include "mem/leaks/leaks_xml.h"
#include "mem/leaks/suppressions_text.h"
#include "mem/reports/files.h"
#include "mem/reports/heap_report.h"
#include "mem/reports/heap_tree.h"
#include "mem/reports/massif.h"
#include "mem/reports/timeline_svg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef int set_writer(const struct file_set *set, FILE *out, struct diag *diag);

static struct massif massif_of(const struct file_set *set)
{
	return (struct massif){
	    .forest = set->forest,
	    .snapshots = set->timeline_of->snapshots,
	    .n_snapshots = set->timeline_of->n_snapshots,
	    .command = set->timeline_of->command,
	    .tree_top = set->words->tree_top,
	    .description = set->options->description,
	    .time_is_bytes = set->options->time_is_bytes,
	    .threshold = set->threshold,
	    .extra_is_unknown = set->timeline_of->is_filtered,
	};
}

/* A run directory stays below 5 MB, however many stacks there are and however long their names. */
enum {
	MASSIF_BYTES = 500000,
	FOLDED_BYTES = 1000000,
	PICTURE_BYTES = 400000,
	PROFILE_BYTES = 1200000,
	LEAKS_BYTES = 300000
};

/* massif.out; the caller frees it. */
static char *massif_text(const struct file_set *set, size_t *n_bytes)
{
	struct massif massif = massif_of(set);
	char *text = NULL;
	FILE *out = open_memstream(&text, n_bytes);

	BUG(!out);
	massif_write(&massif, out);
	BUG(fclose(out));
	return text;
}

/* Makes massif.out, with its threshold raised until the file is small; who asks for less than
 * massif's own gets all of it. */
static void make_massif(struct file_set *set)
{
	const double massifs_own = 1, most = 50;

	set->threshold = set->options->threshold;
	set->massif = massif_text(set, &set->massif_bytes);
	if (set->threshold < massifs_own)
		return;
	while (set->threshold < most && set->massif_bytes > MASSIF_BYTES) {
		set->threshold *= 2;
		free(set->massif);
		set->massif = massif_text(set, &set->massif_bytes);
	}
}

static void note_massif(const struct file_set *set)
{
	if (set->threshold > set->options->threshold && !*set->folder)
		quality_add_note(set->result->quality,
		                 "massif.out shows parts from %.0f %% on, to stay below %s; "
		                 "--threshold=0.99 shows all from there on",
		                 set->threshold, size_text_of(MASSIF_BYTES).text);
}

static void make_leaks_text(struct file_set *set)
{
	struct leak_document document;

	set->leaks_text = NULL;
	if (!set->leaks)
		return;
	document = set->leaks->document;
	document.most_bytes = LEAKS_BYTES;
	set->leaks_text = leaks_text_new(&document);
}

static void note_leaks(const struct file_set *set)
{
	char *left_out;

	if (!set->leaks_text || *set->folder)
		return;
	left_out = leaks_text_left_out(set->leaks_text);
	if (left_out)
		quality_add_note(set->result->quality, "leaks.txt: %s", left_out);
	free(left_out);
}

static int write_massif(const struct file_set *set, FILE *out, struct diag *diag)
{
	(void)diag;
	fwrite(set->massif, 1, set->massif_bytes, out);
	return 0;
}

static int write_massif_report(const struct file_set *set, FILE *out, struct diag *diag)
{
	struct massif massif = massif_of(set);

	(void)diag;
	massif_report_write(&massif, out);
	return 0;
}

/* The sums of a leak check, or NULL; the caller frees it. */
static char *describe_leaks(const struct leak_files *leaks)
{
	const struct loss_sum *kinds = leaks ? leaks->lost.kinds : NULL;

	if (!leaks || !leaks->has_verdict)
		return NULL;
	return xasprintf(
	    "definitely lost %s in %s, indirectly %s, possibly %s, still reachable %s, suppressed "
	    "%s; leaks.txt%s%s",
	    size_text_of(kinds[LEAK_DEFINITE].bytes).text,
	    counted_text_of(kinds[LEAK_DEFINITE].n_blocks, "block").text,
	    size_text_of(kinds[LEAK_INDIRECT].bytes).text,
	    size_text_of(kinds[LEAK_POSSIBLE].bytes).text,
	    size_text_of(kinds[LEAK_REACHABLE].bytes).text,
	    size_text_of(leaks->lost.suppressed.bytes).text, leaks->lack ? "; " : "",
	    leaks->lack ? leaks->lack : "");
}

static int write_report(const struct file_set *set, FILE *out, struct diag *diag)
{
	struct heap_filter allocators = {.alloc_fns = set->options->filter.alloc_fns,
	                                 .passed = set->words->wrappers};
	char *leaks = describe_leaks(set->leaks);
	struct heap_report report = {
	    .profile = set->profile,
	    .leaks = leaks,
	    .totals = &set->totals,
	    .words = set->words,
	    .filter = &allocators,
	    .title = set->title,
	    .command = *set->folder ? set->timeline_of->command : set->result->command,
	    .processes = set->processes,
	    .n_processes = set->n_processes,
	    .wall_ns = set->wall_ns,
	    .peak_rss_bytes = set->peak_rss_bytes,
	    .notes = set->notes,
	};

	(void)diag;
	heap_report_write(&report, out);
	free(leaks);
	return 0;
}

/* A view does not know how many blocks it leaves out. The caller frees it. */
static char *describe_timeline(const struct heap_process *process, const struct heap_words *words,
                               const char *whose)
{
	const struct heap_totals *totals = &process->totals;

	if (process->is_filtered)
		return xasprintf("%speak %s, %s in use at exit, without what --ignore-fn names",
		                 whose, size_text_of(totals->peak_bytes).text,
		                 size_text_of(totals->in_use_bytes).text);
	return xasprintf("%speak %s in %s, %s in %s in use at exit", whose,
	                 size_text_of(totals->peak_bytes).text,
	                 counted_text_of(totals->peak_blocks, words->block).text,
	                 size_text_of(totals->in_use_bytes).text,
	                 counted_text_of(totals->in_use_blocks, words->block).text);
}

static int write_timeline(const struct file_set *set, FILE *out, struct diag *diag)
{
	const struct heap_process *process = set->timeline_of;
	const struct heap_words *words = set->words;
	char *whose =
	    set->n_processes > 1
	        ? xasprintf("of process %d (%s), which had the highest peak: ", (int)process->pid,
	                    process->comm)
	        : xstrdup("");
	struct heap_filter filter = set->options->filter;
	char *title = xasprintf("%s: %s", set->title, words->over_time);
	char *subtitle = describe_timeline(process, words, whose);
	struct timeline_picture picture = {
	    .process = process,
	    .filter = &filter,
	    .words = words,
	    .profile = set->timeline,
	    .title = title,
	    .subtitle = subtitle,
	    .limits = set->limits,
	    .time_is_bytes = set->options->time_is_bytes,
	    .picture = set->result->picture,
	};

	(void)diag;
	filter.passed = words->wrappers;
	timeline_svg_write(&picture, out);
	free(subtitle);
	free(title);
	free(whose);
	return 0;
}

static int write_leaks(const struct file_set *set, FILE *out, struct diag *diag)
{
	(void)diag;
	leaks_text_write(set->leaks_text, out);
	return 0;
}

static int write_suppressions(const struct file_set *set, FILE *out, struct diag *diag)
{
	(void)diag;
	suppressions_write_rules(&set->leaks->document, out);
	return 0;
}

static int write_leaks_xml(const struct file_set *set, FILE *out, struct diag *diag)
{
	struct leak_document document = set->leaks->document;

	(void)diag;
	document.most_bytes = LEAKS_BYTES;
	leaks_xml_write(&document, out);
	return 0;
}

static int write_leaked(const struct file_set *set, FILE *out, struct diag *diag)
{
	const struct leak_files *leaks = set->leaks;
	char *subtitle =
	    xasprintf("definitely lost: %s in %s, with what only they point to%s%s; %s",
	              size_text_of(leaks->lost.kinds[LEAK_DEFINITE].bytes).text,
	              counted_text_of(leaks->lost.kinds[LEAK_DEFINITE].n_blocks, "block").text,
	              leaks->lack ? "; " : "", leaks->lack ? leaks->lack : "", set->limits);
	struct export_options options = {
	    .type = HEAP_LEAKED_SPACE,
	    .title = set->title,
	    .picture = set->result->picture,
	    .order = set->order,
	    .subtitle = subtitle,
	    .count_name = "bytes",
	    .command = set->result->command,
	    .most_bytes = PICTURE_BYTES,
	};
	int err = flamegraph_exporter.write(set->whole, &options, out, diag);

	free(subtitle);
	return err;
}

/* A value type as the exporters show it. */
struct shown {
	size_t type;
	const char *count_name;
	/* The caller frees it. */
	char *(*describe)(const struct heap_totals *totals, const struct heap_words *words);
};

static char *describe_peak(const struct heap_totals *totals, const struct heap_words *words)
{
	return xasprintf("bytes in use at the peak of %s in %s",
	                 size_text_of(totals->peak_bytes).text,
	                 counted_text_of(totals->peak_blocks, words->block).text);
}

static char *describe_allocations(const struct heap_totals *totals, const struct heap_words *words)
{
	return xasprintf("%s, %s %s", counted_text_of(totals->allocations, words->allocation).text,
	                 size_text_of(totals->allocated_bytes).text, words->given);
}

static char *describe_temporary(const struct heap_totals *totals, const struct heap_words *words)
{
	return xasprintf("%s of %s (%.1f %%) %s", count_text_of(totals->temporary).text,
	                 counted_text_of(totals->allocations, words->allocation).text,
	                 share_percent(totals->temporary, totals->allocations), words->temporary);
}

static const struct shown peak = {HEAP_PEAK_SPACE, "bytes", describe_peak};
static const struct shown allocations = {HEAP_ALLOC_OBJECTS, "allocations", describe_allocations};
static const struct shown temporary = {HEAP_TEMPORARY_OBJECTS, "temporary allocations",
                                       describe_temporary};

/* Each file has a writer here, or an exporter and what it shows. */
struct file {
	const char *name;
	set_writer *write;
	const struct exporter *exporter;
	const struct shown *shown;
	uint64_t most_bytes;                           /* of an exporter */
	bool (*is_wanted)(const struct file_set *set); /* NULL: always */
};

static bool is_checked(const struct file_set *set)
{
	return set->leaks;
}

static bool has_verdict(const struct file_set *set)
{
	return set->leaks && set->leaks->has_verdict;
}

static bool makes_suppressions(const struct file_set *set)
{
	return set->leaks && set->leaks->document.makes_suppressions;
}

static const struct file files[] = {
    {"leaks.txt", write_leaks, NULL, NULL, 0, is_checked},
    {"leaks.xml", write_leaks_xml, NULL, NULL, 0, is_checked},
    {"leaks.supp", write_suppressions, NULL, NULL, 0, makes_suppressions},
    {"flamegraph-leaked.svg", write_leaked, NULL, NULL, 0, has_verdict},
    {"report.txt", write_report, NULL, NULL, 0, NULL},
    {"massif.out", write_massif, NULL, NULL, 0, NULL},
    {"massif-report.txt", write_massif_report, NULL, NULL, 0, NULL},
    {"timeline.svg", write_timeline, NULL, NULL, 0, NULL},
    {"stacks.folded", NULL, &folded_exporter, &peak, FOLDED_BYTES, NULL},
    {"flamegraph-peak.svg", NULL, &flamegraph_exporter, &peak, PICTURE_BYTES, NULL},
    {"flamegraph-allocations.svg", NULL, &flamegraph_exporter, &allocations, PICTURE_BYTES, NULL},
    {"flamegraph-temporary.svg", NULL, &flamegraph_exporter, &temporary, PICTURE_BYTES, NULL},
    {"profile.pb.gz", NULL, &pprof_exporter, &peak, PROFILE_BYTES, NULL},
};

/* Says of the run's own files what is not in them. */
static void note_small(const struct file *file, const struct file_set *set, size_t n_small)
{
	if (n_small && !*set->folder)
		quality_add_note(set->result->quality,
		                 "%s has %s put together, to stay below %s: the smallest ones",
		                 file->name, counted_text_of(n_small, "stack").text,
		                 size_text_of(file->most_bytes).text);
}

/* A file in the making. The set is only read meanwhile: its files are made at once. */
struct job {
	const struct file *file;
	const struct file_set *set;
	FILE *out;
	size_t n_small; /* stacks that an exporter put together */
	int err;
	struct diag diag;
};

static int export_with(struct job *job)
{
	const struct file_set *set = job->set;
	const struct shown *shown = job->file->shown;
	char *what = shown->describe(&set->totals, set->words);
	char *subtitle = xasprintf("%s; %s", what, set->limits);
	struct export_options options = {
	    .type = shown->type,
	    .title = set->title,
	    .picture = set->result->picture,
	    .order = set->order,
	    .subtitle = subtitle,
	    .count_name = shown->count_name,
	    .command = set->result->command,
	    .started_ns = set->result->started_ns,
	    .most_bytes = job->file->most_bytes,
	    .n_small = &job->n_small,
	};
	int err = job->file->exporter->write(set->profile, &options, job->out, &job->diag);

	free(subtitle);
	free(what);
	return err;
}

/* The files of a set in the making. */
struct jobs {
	struct job jobs[ARRAY_SIZE(files)];
	size_t n_jobs;
};

/* The last files of the table take longest, so they are begun first. */
static void write_file(void *context, size_t i)
{
	struct jobs *jobs = context;
	struct job *job = &jobs->jobs[jobs->n_jobs - 1 - i];

	job->err =
	    job->file->write ? job->file->write(job->set, job->out, &job->diag) : export_with(job);
}

static int begin_file(struct job *job, struct results_run *results, struct diag *diag)
{
	char *name = xasprintf("%s%s", job->set->folder, job->file->name);

	job->out = results_create(results, name, diag);
	free(name);
	return job->out ? 0 : -EIO;
}

static int end_file(struct job *job, struct results_run *results, struct diag *diag)
{
	int close_err = results_close(results, job->out, diag);

	if (job->err)
		*diag = job->diag;
	note_small(job->file, job->set, job->n_small);
	return job->err ? job->err : close_err;
}

/* What is begun, noted and told of failures is in the order of the table. */
static int write_files(const struct file_set *set, struct results_run *results, struct diag *diag)
{
	struct jobs *jobs = xcalloc(1, sizeof(*jobs));
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		struct job *job = &jobs->jobs[jobs->n_jobs];

		if (files[i].is_wanted && !files[i].is_wanted(set))
			continue;
		job->file = &files[i];
		job->set = set;
		err = begin_file(job, results, diag);
		jobs->n_jobs += !err;
	}
	if (!err)
		parallel_do(write_file, jobs, jobs->n_jobs);
	for (size_t i = 0; i < jobs->n_jobs && !err; i++)
		err = end_file(&jobs->jobs[i], results, diag);
	free(jobs);
	return err;
}

/* What several files are made from. */
static void make_order(struct file_set *set)
{
	set->order = call_order_new(set->profile, CALL_TREE_BY_NAME);
}

static void make_trees(struct file_set *set)
{
	set->forest = heap_forest_new(set->timeline_of->recording, set->timeline,
	                              set->options->depth, &set->options->filter);
	make_massif(set);
}

static void (*const preparations[])(struct file_set *) = {make_order, make_trees, make_leaks_text};

static void prepare(void *context, size_t i)
{
	preparations[i](context);
}

int file_set_write(struct file_set *set, struct results_run *results, struct diag *diag)
{
	int err;

	parallel_do(prepare, set, ARRAY_SIZE(preparations));
	note_massif(set);
	note_leaks(set);
	err = write_files(set, results, diag);
	heap_forest_free(set->forest);
	call_order_free(set->order);
	leaks_text_free(set->leaks_text);
	free(set->massif);
	return err;
}
