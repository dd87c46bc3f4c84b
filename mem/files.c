/* Writes the files of a run and of its largest processes, and says in the result what is in them.
 */
#include "mem/files.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/json_text.h"
#include "core/profile.h"
#include "core/results.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/heap_report.h"
#include "mem/heap_tree.h"
#include "mem/massif.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* CONTRACT 3: processes/ has so many. */
enum { PROCESSES_SHOWN = 16, TABLE_ROWS = 5 };

/* What one set of files is made from. */
struct subject {
	const char *folder; /* "" or "processes/7.0-sh/" */
	const struct heap_process *timeline_of;
	const struct profile *profile;  /* for report and pictures */
	const struct profile *timeline; /* with the trees of the snapshots */
	struct heap_totals totals;
	size_t n_processes;
	const char *const *notes;
	const struct files_options *options;
	const struct result *result;
	char *title;
};

typedef int subject_writer(const struct subject *subject, FILE *out, struct diag *diag);

static struct massif massif_of(const struct subject *subject)
{
	return (struct massif){
	    .profile = subject->timeline,
	    .snapshots = subject->timeline_of->snapshots,
	    .n_snapshots = subject->timeline_of->n_snapshots,
	    .command = subject->timeline_of->command,
	    .description = subject->options->description,
	    .time_is_bytes = subject->options->time_is_bytes,
	    .threshold = subject->options->threshold,
	    .depth = subject->options->depth,
	};
}

static int write_massif(const struct subject *subject, FILE *out, struct diag *diag)
{
	struct massif massif = massif_of(subject);

	(void)diag;
	massif_write(&massif, out);
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
	struct heap_report report = {
	    .profile = subject->profile,
	    .totals = &subject->totals,
	    .title = subject->title,
	    .command = *subject->folder ? subject->timeline_of->command : subject->result->command,
	    .n_processes = subject->n_processes,
	    .notes = subject->notes,
	};

	(void)diag;
	heap_report_write(&report, out);
	return 0;
}

static int export_with(const struct exporter *exporter, const struct subject *subject, FILE *out,
                       struct diag *diag)
{
	char *subtitle = xasprintf("bytes in use at the peak of %s; %s allocations in all",
	                           size_text_of(subject->totals.peak_bytes).text,
	                           count_text_of(subject->totals.allocations).text);
	struct export_options options = {
	    .type = HEAP_PEAK_SPACE,
	    .title = subject->title,
	    .subtitle = subtitle,
	    .count_name = "bytes",
	    .command = subject->result->command,
	    .started_ns = subject->result->started_ns,
	};
	int err = exporter->write(subject->profile, &options, out, diag);

	free(subtitle);
	return err;
}

/* Each file has a writer here or an exporter. */
static const struct {
	const char *name;
	subject_writer *write;
	const struct exporter *exporter;
} files[] = {
    {"report.txt", write_report, NULL},
    {"massif.out", write_massif, NULL},
    {"massif-report.txt", write_massif_report, NULL},
    {"stacks.folded", NULL, &folded_exporter},
    {"flamegraph-peak.svg", NULL, &flamegraph_exporter},
    {"profile.pb.gz", NULL, &pprof_exporter},
};

static int write_file(const struct subject *subject, size_t i, struct results_run *results,
                      struct diag *diag)
{
	char *name = xasprintf("%s%s", subject->folder, files[i].name);
	FILE *out = results_create(results, name, diag);
	int err = -EIO, close_err;

	free(name);
	if (!out)
		return err;
	err = files[i].write ? files[i].write(subject, out, diag)
	                     : export_with(files[i].exporter, subject, out, diag);
	close_err = results_close(results, out, diag);
	return err ? err : close_err;
}

static int write_subject(const struct subject *subject, struct results_run *results,
                         struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = write_file(subject, i, results, diag);
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

static int by_peak(const void *a, const void *b)
{
	const struct heap_process *x = *(const struct heap_process *const *)a;
	const struct heap_process *y = *(const struct heap_process *const *)b;

	if (x->totals.peak_bytes != y->totals.peak_bytes)
		return x->totals.peak_bytes > y->totals.peak_bytes ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int write_process(const struct heap_process *process, struct subject subject,
                         struct symbolizer *symbolizer, struct results_run *results,
                         struct diag *diag)
{
	char *comm = safe_name(process->comm);
	char *folder =
	    xasprintf("processes/%d.%u-%s/", (int)process->pid, process->exec_number, comm);
	struct profile *profile = profile_new(process->recording, symbolizer);
	int err;

	subject.folder = folder;
	subject.title = xasprintf("%s, process %d.%u (%s)", subject.title, (int)process->pid,
	                          process->exec_number, process->comm);
	subject.timeline_of = process;
	subject.profile = subject.timeline = profile;
	subject.totals = process->totals;
	subject.n_processes = 1;
	subject.notes = NULL;
	err = write_subject(&subject, results, diag);
	profile_free(profile);
	free(subject.title);
	free(folder);
	free(comm);
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
	order = xcalloc(run->n_processes, sizeof(*order));
	for (size_t i = 0; i < run->n_processes; i++)
		order[i] = &run->processes[i];
	qsort(order, run->n_processes, sizeof(*order), by_peak);
	for (size_t i = 0; i < run->n_processes && i < PROCESSES_SHOWN && !err; i++)
		err = write_process(order[i], *subject, symbolizer, results, diag);
	free(order);
	return err;
}

/* A CSV field: quoted where it must be (RFC 4180). */
static void write_field(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', out);
}

static int write_csv(const struct heap_run *run, const struct result *result,
                     struct results_run *results, struct diag *diag)
{
	FILE *out = results_create(results, "processes.csv", diag);

	if (!out)
		return -EIO;
	fputs("pid,exec,ppid,comm,command,observed,reason,allocations,frees,allocated_bytes,"
	      "temporary_allocations,peak_bytes,peak_blocks,in_use_at_exit_bytes,"
	      "in_use_at_exit_blocks\n",
	      out);
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_process *process = &run->processes[i];
		const struct heap_totals *totals = &process->totals;

		fprintf(out, "%d,%u,", (int)process->pid, process->exec_number);
		if (process->parent_pid)
			fprintf(out, "%d", (int)process->parent_pid);
		fputc(',', out);
		write_field(out, process->comm);
		fputc(',', out);
		write_field(out, process->command);
		fprintf(out,
		        ",yes,,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		        ",%" PRIu64 ",%" PRIu64 "\n",
		        totals->allocations, totals->frees, totals->allocated_bytes,
		        totals->temporary, totals->peak_bytes, totals->peak_blocks,
		        totals->in_use_bytes, totals->in_use_blocks);
	}
	for (size_t i = 0; i < result->n_processes; i++) {
		const struct observed_process *process = &result->processes[i];

		if (process->observed)
			continue;
		fprintf(out, "%d,%u,%d,,", (int)process->pid, process->exec_number,
		        (int)process->parent_pid);
		write_field(out, process->command ? process->command : "");
		fputs(",no,", out);
		write_field(out, process->reason ? process->reason : "");
		fputs(",,,,,,,,\n", out);
	}
	return results_close(results, out, diag);
}

/* The summary's rows: the functions that asked for most of what was live at the peak. */
static void fill_table(struct result *result, const struct profile *profile)
{
	struct heap_tree *tree = heap_tree_new(profile, HEAP_PEAK_SPACE, 0, 1);
	const struct heap_node *top = heap_tree_top(tree);

	if (top->n_children)
		text_list_add(&result->table, "      PEAK  SHARE    ALLOCATED BY");
	for (size_t i = 0; i < top->n_children && i < TABLE_ROWS; i++) {
		const struct heap_node *node = &top->children[i];
		char *place = heap_frame_place(profile, node->frame);
		char *line = xasprintf("%10s %5.1f %%  %s  %s", size_text_of(node->bytes).text,
		                       100.0 * (double)node->bytes / (double)top->bytes,
		                       profile_folded_name(profile, node->frame), place);

		text_list_add(&result->table, line);
		free(line);
		free(place);
	}
	heap_tree_free(tree);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void fill_quality(struct result *result, const struct heap_totals *totals,
                         const struct profile *profile, const char *const *notes)
{
	size_t n_objects;
	struct object_value *objects = profile_unresolved(profile, &n_objects);
	json_t *by_object = json_object(), *list = json_array();
	uint64_t unresolved = 0, lost = totals->lost_events;

	for (size_t i = 0; i < n_objects; i++) {
		unresolved += objects[i].value;
		json_set_named(by_object, profile_text(profile, objects[i].object),
		               json_real(percent(objects[i].value, totals->allocations)));
	}
	for (size_t i = 0; notes[i]; i++)
		json_array_append_new(list, json_string(notes[i]));
	json_object_set_new(result->quality, "samples",
	                    json_integer((json_int_t)totals->allocations));
	json_object_set_new(result->quality, "lost_samples", json_integer((json_int_t)lost));
	json_object_set_new(result->quality, "lost_percent",
	                    json_real(percent(lost, totals->allocations + lost)));
	json_object_set_new(result->quality, "truncated_percent",
	                    json_real(percent(totals->without_whole_stack, totals->allocations)));
	json_object_set_new(result->quality, "unresolved_percent",
	                    json_real(percent(unresolved, totals->allocations)));
	json_object_set_new(result->quality, "unresolved_by_object", by_object);
	json_object_set_new(result->quality, "notes", list);
	free(objects);
}

/* What a reader of the numbers has to know, of all processes together. */
static void collect_notes(const struct heap_run *run, struct text_list *notes)
{
	bool threaded = false, lost_timeline = false;
	struct heap_trouble sums[HEAP_N_TROUBLES] = {{NULL, 0}};

	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_process *process = &run->processes[i];

		threaded |= process->is_threaded;
		lost_timeline |= process->timeline_lost;
		for (const struct heap_trouble *trouble = process->troubles; trouble->what;
		     trouble++) {
			struct heap_trouble *sum = sums;

			while (sum->what && sum->what != trouble->what)
				sum++;
			sum->what = trouble->what;
			sum->count += trouble->count;
		}
	}
	for (const struct heap_trouble *sum = sums; sum->what; sum++) {
		char *note = xasprintf("%s %s", count_text_of(sum->count).text, sum->what);

		text_list_add(notes, note);
		free(note);
	}
	if (threaded) {
		char *note = xasprintf("the peak of a process with threads is exact within %s",
		                       size_text_of(heap_peak_bound()).text);

		text_list_add(notes, note);
		free(note);
	}
	if (lost_timeline)
		text_list_add(notes, "a process was killed while its timeline was being written, "
		                     "which has only the peak");
	if (run->n_unobserved_forks) {
		char *note =
		    xasprintf("%s forked processes found no room for their counts and were "
		              "not observed",
		              count_text_of(run->n_unobserved_forks).text);

		text_list_add(notes, note);
		free(note);
	}
}

static char *headline_of(const struct heap_totals *totals, size_t n_processes)
{
	char *processes = n_processes > 1 ? xasprintf(", %zu processes", n_processes) : xstrdup("");
	char *headline = xasprintf(
	    "peak %s, %s allocations (%.0f %% temporary), %s in %s blocks in use at exit%s",
	    size_text_of(totals->peak_bytes).text, count_text_of(totals->allocations).text,
	    percent(totals->temporary, totals->allocations),
	    size_text_of(totals->in_use_bytes).text, count_text_of(totals->in_use_blocks).text,
	    processes);

	free(processes);
	return headline;
}

int files_write(const struct heap_run *run, const struct files_options *options,
                struct results_run *results, struct result *result, struct diag *diag)
{
	const struct heap_process *largest = heap_run_largest(run);
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *merged = heap_run_merge(run);
	struct profile *profile = profile_new(merged, symbolizer);
	struct profile *timeline = profile_new(largest->recording, symbolizer);
	struct text_list notes = {0};
	struct subject subject = {
	    .folder = "",
	    .timeline_of = largest,
	    .profile = profile,
	    .timeline = timeline,
	    .totals = heap_run_totals(run),
	    .n_processes = run->n_processes,
	    .options = options,
	    .result = result,
	    .title = xasprintf("%s/%s", result->scenario, result->type),
	};
	int err;

	collect_notes(run, &notes);
	notes.texts =
	    array_reserve(notes.texts, &notes.capacity, notes.n_texts + 1, sizeof(*notes.texts));
	notes.texts[notes.n_texts] = NULL;
	subject.notes = (const char *const *)notes.texts;
	err = write_subject(&subject, results, diag);
	if (!err)
		err = write_processes(run, &subject, symbolizer, results, diag);
	if (!err)
		err = write_csv(run, result, results, diag);
	if (!err) {
		fill_table(result, profile);
		fill_quality(result, &subject.totals, profile, subject.notes);
		result->headline = headline_of(&subject.totals, run->n_processes);
		result->page = "flamegraph-peak.svg";
	}
	text_list_fini(&notes);
	free(subject.title);
	profile_free(timeline);
	profile_free(profile);
	recording_free(merged);
	symbolizer_free(symbolizer);
	return err;
}
