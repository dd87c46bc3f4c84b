/* Writes the files of a run and of its largest processes. */
#include "mem/reports/files.h"

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
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
#include "mem/reports/heap_report.h"
#include "mem/reports/heap_tree.h"
#include "mem/reports/heap_view.h"
#include "mem/reports/histogram_csv.h"
#include "mem/reports/massif.h"
#include "mem/reports/processes_csv.h"
#include "mem/reports/summary.h"
#include "mem/reports/timeline_svg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CONTRACT 3: processes/ has so many. */
enum { PROCESSES_SHOWN = 16 };

/* What one set of files is made from. */
struct subject {
	const char *folder;                     /* "" or "processes/7.0-sh/" */
	const struct heap_process *timeline_of; /* a view of it (mem/reports/heap_view.h) */
	const struct profile *profile;          /* for report and pictures */
	const struct profile *timeline;         /* with the trees of the snapshots */
	struct heap_forest *forest;             /* of the timeline */
	struct call_order *order;               /* of the profile */
	double threshold; /* of massif.out: that of the options, or what keeps it small */
	char *massif;     /* massif.out */
	size_t massif_bytes;
	struct heap_totals totals;
	const struct heap_process *processes;
	size_t n_processes;
	uint64_t wall_ns;        /* 0: not known */
	uint64_t peak_rss_bytes; /* 0: not known */
	const char *const *notes;
	char *limits; /* what keeps the numbers from being believed, in a line */
	const struct files_options *options;
	const struct heap_words *words;
	const struct result *result;
	char *title;
};

typedef int subject_writer(const struct subject *subject, FILE *out, struct diag *diag);

static struct massif massif_of(const struct subject *subject)
{
	return (struct massif){
	    .forest = subject->forest,
	    .snapshots = subject->timeline_of->snapshots,
	    .n_snapshots = subject->timeline_of->n_snapshots,
	    .command = subject->timeline_of->command,
	    .tree_top = subject->words->tree_top,
	    .description = subject->options->description,
	    .time_is_bytes = subject->options->time_is_bytes,
	    .threshold = subject->threshold,
	    .extra_is_unknown = subject->timeline_of->is_filtered,
	};
}

/* A run directory stays below 5 MB, however many stacks there are and however long their names. */
enum {
	MASSIF_BYTES = 500000,
	FOLDED_BYTES = 1000000,
	PICTURE_BYTES = 400000,
	PROFILE_BYTES = 1200000
};

/* massif.out; the caller frees it. */
static char *massif_text(const struct subject *subject, size_t *n_bytes)
{
	struct massif massif = massif_of(subject);
	char *text = NULL;
	FILE *out = open_memstream(&text, n_bytes);

	BUG(!out);
	massif_write(&massif, out);
	BUG(fclose(out));
	return text;
}

/* Makes massif.out, with its threshold raised until the file is small; who asks for less than
 * massif's own gets all of it. */
static void make_massif(struct subject *subject)
{
	const double massifs_own = 1, most = 50;

	subject->threshold = subject->options->threshold;
	subject->massif = massif_text(subject, &subject->massif_bytes);
	if (subject->threshold < massifs_own)
		return;
	while (subject->threshold < most && subject->massif_bytes > MASSIF_BYTES) {
		subject->threshold *= 2;
		free(subject->massif);
		subject->massif = massif_text(subject, &subject->massif_bytes);
	}
}

static void note_massif(const struct subject *subject)
{
	if (subject->threshold > subject->options->threshold && !*subject->folder)
		quality_add_note(subject->result->quality,
		                 "massif.out shows parts from %.0f %% on, to stay below %s; "
		                 "--threshold=0.99 shows all from there on",
		                 subject->threshold, size_text_of(MASSIF_BYTES).text);
}

static int write_massif(const struct subject *subject, FILE *out, struct diag *diag)
{
	(void)diag;
	fwrite(subject->massif, 1, subject->massif_bytes, out);
	return 0;
}

static int write_massif_report(const struct subject *subject, FILE *out, struct diag *diag)
{
	struct massif massif = massif_of(subject);

	(void)diag;
	massif_report_write(&massif, out);
	return 0;
}

static int write_report(const struct subject *subject, FILE *out, struct diag *diag)
{
	struct heap_filter allocators = {.alloc_fns = subject->options->filter.alloc_fns,
	                                 .passed = subject->words->wrappers};
	struct heap_report report = {
	    .profile = subject->profile,
	    .totals = &subject->totals,
	    .words = subject->words,
	    .filter = &allocators,
	    .title = subject->title,
	    .command = *subject->folder ? subject->timeline_of->command : subject->result->command,
	    .processes = subject->processes,
	    .n_processes = subject->n_processes,
	    .wall_ns = subject->wall_ns,
	    .peak_rss_bytes = subject->peak_rss_bytes,
	    .notes = subject->notes,
	};

	(void)diag;
	heap_report_write(&report, out);
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

static int write_timeline(const struct subject *subject, FILE *out, struct diag *diag)
{
	const struct heap_process *process = subject->timeline_of;
	const struct heap_words *words = subject->words;
	char *whose =
	    subject->n_processes > 1
	        ? xasprintf("of process %d (%s), which had the highest peak: ", (int)process->pid,
	                    process->comm)
	        : xstrdup("");
	struct heap_filter filter = subject->options->filter;
	char *title = xasprintf("%s: %s", subject->title, words->over_time);
	char *subtitle = describe_timeline(process, words, whose);
	struct timeline_picture picture = {
	    .process = process,
	    .filter = &filter,
	    .words = words,
	    .profile = subject->timeline,
	    .title = title,
	    .subtitle = subtitle,
	    .limits = subject->limits,
	    .time_is_bytes = subject->options->time_is_bytes,
	    .picture = subject->result->picture,
	};

	(void)diag;
	filter.passed = words->wrappers;
	timeline_svg_write(&picture, out);
	free(subtitle);
	free(title);
	free(whose);
	return 0;
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
	subject_writer *write;
	const struct exporter *exporter;
	const struct shown *shown;
	uint64_t most_bytes; /* of an exporter */
};
static const struct file files[] = {
    {"report.txt", write_report, NULL, NULL, 0},
    {"massif.out", write_massif, NULL, NULL, 0},
    {"massif-report.txt", write_massif_report, NULL, NULL, 0},
    {"timeline.svg", write_timeline, NULL, NULL, 0},
    {"stacks.folded", NULL, &folded_exporter, &peak, FOLDED_BYTES},
    {"flamegraph-peak.svg", NULL, &flamegraph_exporter, &peak, PICTURE_BYTES},
    {"flamegraph-allocations.svg", NULL, &flamegraph_exporter, &allocations, PICTURE_BYTES},
    {"flamegraph-temporary.svg", NULL, &flamegraph_exporter, &temporary, PICTURE_BYTES},
    {"profile.pb.gz", NULL, &pprof_exporter, &peak, PROFILE_BYTES},
};

/* Says of the run's own files what is not in them. */
static void note_small(const struct file *file, const struct subject *subject, size_t n_small)
{
	if (n_small && !*subject->folder)
		quality_add_note(subject->result->quality,
		                 "%s has %s put together, to stay below %s: the smallest ones",
		                 file->name, counted_text_of(n_small, "stack").text,
		                 size_text_of(file->most_bytes).text);
}

/* A file in the making. The subject is only read meanwhile: its files are made at once. */
struct job {
	const struct file *file;
	const struct subject *subject;
	FILE *out;
	size_t n_small; /* stacks that an exporter put together */
	int err;
	struct diag diag;
};

static int export_with(struct job *job)
{
	const struct subject *subject = job->subject;
	const struct shown *shown = job->file->shown;
	char *what = shown->describe(&subject->totals, subject->words);
	char *subtitle = xasprintf("%s; %s", what, subject->limits);
	struct export_options options = {
	    .type = shown->type,
	    .title = subject->title,
	    .picture = subject->result->picture,
	    .order = subject->order,
	    .subtitle = subtitle,
	    .count_name = shown->count_name,
	    .command = subject->result->command,
	    .started_ns = subject->result->started_ns,
	    .most_bytes = job->file->most_bytes,
	    .n_small = &job->n_small,
	};
	int err = job->file->exporter->write(subject->profile, &options, job->out, &job->diag);

	free(subtitle);
	free(what);
	return err;
}

/* The last files of the table take longest, so they are begun first. */
static void write_file(void *context, size_t i)
{
	struct job *job = (struct job *)context + ARRAY_SIZE(files) - 1 - i;

	job->err = job->file->write ? job->file->write(job->subject, job->out, &job->diag)
	                            : export_with(job);
}

static int begin_file(struct job *job, struct results_run *results, struct diag *diag)
{
	char *name = xasprintf("%s%s", job->subject->folder, job->file->name);

	job->out = results_create(results, name, diag);
	free(name);
	return job->out ? 0 : -EIO;
}

static int end_file(struct job *job, struct results_run *results, struct diag *diag)
{
	int close_err = results_close(results, job->out, diag);

	if (job->err)
		*diag = job->diag;
	note_small(job->file, job->subject, job->n_small);
	return job->err ? job->err : close_err;
}

/* What is begun, noted and told of failures is in the order of the table. */
static int write_files(const struct subject *subject, struct results_run *results,
                       struct diag *diag)
{
	struct job *jobs = xcalloc(ARRAY_SIZE(files), sizeof(*jobs));
	size_t n_begun = 0;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		jobs[i].file = &files[i];
		jobs[i].subject = subject;
		err = begin_file(&jobs[i], results, diag);
		n_begun += !err;
	}
	if (!err)
		parallel_do(write_file, jobs, ARRAY_SIZE(files));
	for (size_t i = 0; i < n_begun && !err; i++)
		err = end_file(&jobs[i], results, diag);
	free(jobs);
	return err;
}

/* What several files are made from. */
static void make_order(struct subject *subject)
{
	subject->order = call_order_new(subject->profile, CALL_TREE_BY_NAME);
}

static void make_trees(struct subject *subject)
{
	subject->forest =
	    heap_forest_new(subject->timeline, subject->options->depth, &subject->options->filter);
	make_massif(subject);
}

static void (*const preparations[])(struct subject *) = {make_order, make_trees};

static void prepare(void *context, size_t i)
{
	preparations[i](context);
}

static int write_subject(struct subject *subject, struct results_run *results, struct diag *diag)
{
	int err;

	parallel_do(prepare, subject, ARRAY_SIZE(preparations));
	note_massif(subject);
	err = write_files(subject, results, diag);
	heap_forest_free(subject->forest);
	call_order_free(subject->order);
	free(subject->massif);
	return err;
}

/* A file name may not hold what a comm may. */
static char *safe_name(const char *comm)
{
	char *name = xstrdup(*comm ? comm : "unnamed");

	for (char *c = name; *c; c++)
		if (*c == '/' || *c < ' ')
			*c = '_';
	return name;
}

/* "processes/7.0-sh/", with "-2" and so on after the name when that is taken: a long run may use a
 * process id again. The caller frees it. */
static char *folder_of(const struct heap_process *const *processes, size_t index)
{
	const struct heap_process *process = processes[index];
	char *comm = safe_name(process->comm), number[24] = "", *folder;
	size_t n_same = 1;

	for (size_t i = 0; i < index; i++)
		n_same += processes[i]->pid == process->pid &&
		          processes[i]->exec_number == process->exec_number &&
		          !strcmp(processes[i]->comm, process->comm);
	if (n_same > 1)
		snprintf(number, sizeof(number), "-%zu", n_same);
	folder = xasprintf("processes/%d.%u-%s%s/", (int)process->pid, process->exec_number, comm,
	                   number);
	free(comm);
	return folder;
}

static int write_process(const struct heap_process *process, const char *folder,
                         struct subject subject, struct symbolizer *symbolizer,
                         struct results_run *results, struct diag *diag)
{
	struct profile *timeline = profile_new(process->recording, symbolizer);
	/* Exporters show the types of the process, not those of its snapshots. */
	struct profile *profile = profile_view_new(timeline, HEAP_N_TYPES);
	struct heap_process view = heap_view_new(process, timeline, &subject.options->filter);
	int err;

	subject.folder = folder;
	subject.title = xasprintf("%s, process %d.%u (%s)", subject.title, (int)process->pid,
	                          process->exec_number, process->comm);
	subject.timeline_of = &view;
	subject.profile = profile;
	subject.timeline = timeline;
	subject.totals = process->totals;
	subject.processes = process;
	subject.n_processes = 1;
	subject.wall_ns = process->lived_ns;
	subject.peak_rss_bytes = 0;
	subject.notes = NULL;
	subject.limits =
	    heap_limits_text(&process->totals, profile, process->recording, symbolizer);
	err = write_subject(&subject, results, diag);
	free(subject.limits);
	heap_view_fini(&view);
	profile_free(profile);
	profile_free(timeline);
	free(subject.title);
	return err;
}

static int write_processes(const struct heap_run *run, const struct subject *subject,
                           struct symbolizer *symbolizer, struct results_run *results,
                           struct diag *diag)
{
	const struct heap_process **order;
	int err = 0;

	if (run->n_processes < 2)
		return 0; /* the run's own files are those of its only process */
	order = heap_by_peak(run->processes, run->n_processes);
	for (size_t i = 0; i < run->n_processes && i < PROCESSES_SHOWN && !err; i++) {
		char *folder = folder_of(order, i);

		err = write_process(order[i], folder, *subject, symbolizer, results, diag);
		free(folder);
	}
	free(order);
	return err;
}

static int write_process_rows(const struct heap_run *run, const struct result *result,
                              struct results_run *results, struct diag *diag)
{
	FILE *out = results_create(results, "processes.csv", diag);

	if (!out)
		return -EIO;
	processes_csv_write(run, result, out);
	return results_close(results, out, diag);
}

static int write_histograms(const struct heap_run *run, struct results_run *results,
                            struct diag *diag)
{
	struct histogram all = heap_run_histogram(run);
	FILE *out;

	/* Of pages there are none. */
	if (!histogram_totals(&all).allocations)
		return 0;
	out = results_create(results, "histograms.csv", diag);
	if (!out)
		return -EIO;
	histogram_csv_write(run->processes, run->n_processes, out);
	return results_close(results, out, diag);
}

/* The notes as texts that live as long as the quality; the caller frees the array. */
static const char **note_texts(const json_t *quality)
{
	const json_t *notes = json_object_get(quality, "notes");
	const char **texts = xcalloc(json_array_size(notes) + 1, sizeof(*texts));

	for (size_t i = 0; i < json_array_size(notes); i++)
		texts[i] = json_string_value(json_array_get(notes, i));
	return texts;
}

int files_write(const struct heap_run *run, struct symbolizer *symbolizer,
                const struct files_options *options, struct results_run *results,
                struct result *result, struct diag *diag)
{
	const struct heap_process *largest = heap_run_largest(run);
	struct recording *merged = run->n_processes > 1 ? heap_run_merge(run) : NULL;
	const struct recording *recording = merged ? merged : largest->recording;
	struct profile *profile, *timeline;
	struct heap_process view;
	const char **notes;
	struct subject subject = {
	    .folder = "",
	    .timeline_of = &view,
	    .totals = heap_run_totals(run),
	    .processes = run->processes,
	    .n_processes = run->n_processes,
	    .wall_ns = run->wall_ns,
	    .peak_rss_bytes = run->peak_rss_bytes,
	    .options = options,
	    .words = run->words,
	    .result = result,
	    .title = xasprintf("%s/%s", result->scenario, result->type),
	};
	int err;

	symbolizer_set_target_uid(symbolizer, result->target_uid);
	symbolizer_open(symbolizer, recording);
	subject.timeline = timeline = profile_new(largest->recording, symbolizer);
	subject.profile = profile =
	    merged ? profile_new(merged, symbolizer) : profile_view_new(timeline, HEAP_N_TYPES);
	view = heap_view_new(largest, timeline, &options->filter);
	heap_summarize(run, recording, profile, symbolizer, &options->filter, result);
	subject.notes = notes = note_texts(result->quality);
	subject.limits = heap_limits_text(&subject.totals, profile, recording, symbolizer);
	err = write_subject(&subject, results, diag);
	if (!err)
		err = write_processes(run, &subject, symbolizer, results, diag);
	if (!err)
		err = write_process_rows(run, result, results, diag);
	if (!err)
		err = write_histograms(run, results, diag);
	result->page = "flamegraph-peak.svg";
	free(notes);
	free(subject.limits);
	free(subject.title);
	heap_view_fini(&view);
	profile_free(profile);
	profile_free(timeline);
	recording_free(merged);
	return err;
}
