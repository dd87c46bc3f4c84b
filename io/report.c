/* Writes a repeat's files, and tells what a reader of its numbers has to know. */
#include "io/report.h"

#include "core/alloc.h"
#include "core/export/picture.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "io/batching.h"
#include "io/call_tables.h"
#include "io/counts.h"
#include "io/file_sums.h"
#include "io/names.h"
#include "io/options.h"
#include "io/pending.h"
#include "io/site_report.h"
#include "io/sites.h"
#include "io/summary.h"
#include "io/tables.h"
#include "io/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TABLE_ROWS = 5,
	SUMMARY_PENDING = 20, /* a service with more threads has them all in threads.txt */
	PENDING_TIME_WIDTH = 12,
};

struct writing {
	const struct io_report *report;
	const struct io_counts *counts;
	const struct io_sites *sites;
	struct profile *profile; /* of them */
};

/* Calls without a beginning, an end, or both. */
static void write_uncounted(FILE *out, const struct io_counts *counts)
{
	const struct {
		uint64_t count;
		const char *which;
	} rows[] = {
	    {counts->gaps.unfinished, "that never returned (exit, or cut short by a signal)"},
	    {counts->gaps.already_in, "that were in progress when measuring began"},
	    {counts->gaps.still_in, "that were in progress when measuring ended"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].count)
			fprintf(out, "Calls %s, not counted above: %" PRIu64 ".\n", rows[i].which,
			        rows[i].count);
}

static void write_summary(FILE *out, const struct writing *writing)
{
	const struct io_report *report = writing->report;
	const struct io_counts *counts = writing->counts;
	enum io_column sort = io_column_of_word(report->options->sort);

	io_summary_write(out, counts, report->columns, sort);
	io_latency_write(out, counts, sort);
	io_bytes_write(out, counts, sort);
	io_errors_write(out, counts);
	if (report->options->cpu_time)
		fputs("\nTimes are system time of the calling process, in the kernel's estimate.\n",
		      out);
	else
		fprintf(out, "\n%s\n", report->time_note);
	if (io_time_remark(counts))
		fprintf(out, "%s\n", io_time_remark(counts));
	write_uncounted(out, counts);
	io_pending_write(out, counts, SUMMARY_PENDING);
	if (counts->n_pending > SUMMARY_PENDING)
		fprintf(out, "and %zu more: threads.txt\n", counts->n_pending - SUMMARY_PENDING);
	if (writing->sites->has_callers)
		io_site_table_write(out, writing->profile);
}

static void write_threads(FILE *out, const struct writing *writing)
{
	io_threads_write(out, writing->counts, !writing->report->counts_part);
	io_pending_write(out, writing->counts, writing->counts->n_pending);
}

static void write_files(FILE *out, const struct writing *writing)
{
	io_files_write(out, writing->counts);
	io_file_sums_write(out, writing->counts);
}

static void write_batching(FILE *out, const struct writing *writing)
{
	io_batching_write(out, writing->counts, writing->report->options->small_bytes);
}

static const struct {
	const char *name;
	void (*write)(FILE *out, const struct writing *writing);
} artifacts[] = {
    {"summary.txt", write_summary},
    {"threads.txt", write_threads},
    {"batching.txt", write_batching},
    {"files.txt", write_files},
};

static int write_artifacts(const struct writing *writing, struct results_run *run,
                           struct diag *diag)
{
	const char *choice = writing->report->choice;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(artifacts) && !err; i++) {
		FILE *out = results_create(run, artifacts[i].name, diag);

		if (!out)
			return -EIO;
		artifacts[i].write(out, writing);
		if (choice)
			fprintf(out, "\nOnly the calls of %s are counted.\n", choice);
		err = results_close(run, out, diag);
	}
	return err;
}

/* What a reader of the numbers has to know, when there is any of it. */
static void add_quality(json_t *quality, const struct io_counts *counts)
{
	const struct {
		uint64_t count;
		const char *noun;
		const char *what;
	} notes[] = {
	    {counts->gaps.unreadable, "call",
	     "whose memory could not be read: messages, bytes or names of descriptors "
	     "may be missing"},
	    {counts->gaps.foreign_memory, "32-bit or x32 call",
	     "whose structures are not decoded: messages or bytes are missing"},
	    {counts->gaps.lost_events, "fork, exec or end",
	     "that was missed: calls of those threads may be missing"},
	    {counts->gaps.lost_details, "record",
	     "of memory, names or descriptors that was missed: names may be wrong"},
	    {counts->gaps.guessed_fds, "descriptor",
	     "whose opening, or name then, was not seen: the name is a guess"},
	    {counts->gaps.left_out, "call", "of other commands, left out (--only)"},
	    {counts->gaps.refused_ptraces, "ptrace call",
	     "of the target that failed: a thread has one tracer, and that was us"},
	    {counts->trace.refused_stricts, "call",
	     "for strict seccomp that failed: our filter was there (without --trace it is not)"},
	};

	quality_set_samples(quality, counts->totals.calls, counts->gaps.lost, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (notes[i].count)
			quality_add_note(quality, "%s %s",
			                 counted_text_of(notes[i].count, notes[i].noun).text,
			                 notes[i].what);
	trace_facts_note(&counts->trace, "those outside the set", quality);
}

/* The driver has added those that it was told to attach to. */
static struct observed_process *find_given(const struct result *result, size_t n_given,
                                           const struct process_row *row)
{
	for (size_t i = 0; i < n_given && !row->exec_number; i++)
		if (result->processes[i].pid == row->pid)
			return &result->processes[i];
	return NULL;
}

static void add_processes(struct result *result, const struct io_counts *counts)
{
	size_t n_given = result->n_processes;

	for (size_t i = 0; i < counts->n_processes; i++) {
		const struct process_row *row = &counts->processes[i];
		struct observed_process *process = find_given(result, n_given, row);

		if (!process)
			process = result_add_process(result);
		else
			free(process->command);
		process->pid = row->pid;
		process->parent_pid = row->parent_pid;
		process->exec_number = row->exec_number;
		process->command = xstrdup(row->command);
		process->has_exit = row->has_exit;
		process->wait_status = row->wait_status;
		process->observed = true;
	}
}

static char *make_headline(const struct io_report *report, const struct io_counts *counts)
{
	bool knows_errors = io_counts_has(counts, IO_FAILED);

	return xasprintf("%s%s%s%s%s, %.3f s %s in calls; lost %s",
	                 counted_text_of(counts->totals.calls, "call").text,
	                 report->choice ? " of " : "", report->choice ? report->choice : "",
	                 knows_errors ? ", " : "",
	                 knows_errors ? counted_text_of(counts->totals.errors, "error").text : "",
	                 (double)counts->totals.time_ns / 1e9,
	                 report->options->cpu_time ? "system time" : "wall",
	                 count_text_of(counts->gaps.lost).text);
}

/* The five calls with the most time, for the summary on the terminal. */
static void add_table(struct text_list *table, const struct io_counts *counts)
{
	size_t n_rows;
	const struct call_row **rows = io_sorted_calls(counts, ABI_X86_64, IO_TIME, &n_rows);

	text_list_add(table, "   TIME   USECS/CALL      CALLS     ERRORS  SYSCALL");
	if (io_time_remark(counts))
		text_list_add(table, io_time_remark(counts));
	for (size_t i = 0; i < n_rows && i < TABLE_ROWS; i++) {
		const struct call_row *row = rows[i];
		char *line = xasprintf(
		    "%5.1f %% %12.1f %10s %10s  %s",
		    counts->totals.time_ns
		        ? 100.0 * (double)row->time_ns / (double)counts->totals.time_ns
		        : 0,
		    (double)row->time_ns / 1e3 / (double)row->calls, count_text_of(row->calls).text,
		    io_counts_has(counts, IO_FAILED) ? count_text_of(row->errors).text : "-",
		    row->info->name);

		text_list_add(table, line);
		free(line);
	}
	free(rows);
}

static void add_pending_row(struct text_list *table, const struct io_counts *counts,
                            const struct pending_row *row)
{
	const struct thread_row *thread = &counts->threads[row->thread];
	char *line;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	BUG(!out);
	fprintf(out, "%*s %10d  ", PENDING_TIME_WIDTH, io_pending_time_of(row).text,
	        (int)thread->tid);
	io_write_text(out, thread->comm);
	fputs("  ", out);
	io_pending_write_call(out, counts, row);
	fclose(out);
	text_list_add(table, line);
	free(line);
}

/* In place of calls that returned, where there are none: what a service hangs in. */
static void add_pending(struct text_list *table, const struct io_counts *counts)
{
	char *title = xasprintf("%*s %10s  %s", PENDING_TIME_WIDTH, "SECONDS", "THREAD",
	                        "STILL IN (before: since before measuring began)");

	text_list_add(table, title);
	for (size_t i = 0; i < counts->n_pending && i < TABLE_ROWS; i++)
		add_pending_row(table, counts, &counts->pending[i]);
	free(title);
}

static int write_timeline(const struct writing *writing, struct results_run *run,
                          const struct result *result, struct diag *diag)
{
	const struct io_report *report = writing->report;
	const struct picture_options *picture = result->picture;
	char *title = xasprintf("%s/%s", result->scenario, result->type);
	const struct io_timeline_words words = {
	    .title = picture && picture->title ? picture->title : title,
	    .subtitle = picture && picture->subtitle ? picture->subtitle : result->headline,
	    .of_time = report->options->cpu_time
	                   ? "Times are system time, drawn up to each call's end."
	                   : report->time_note,
	    .of_axis = report->is_attached ? "time since profile-scenario attached"
	                                   : "time since the program started",
	    .width = picture ? (double)picture->width : 0,
	};
	FILE *out = results_create(run, "timeline.svg", diag);
	int err = out ? 0 : -EIO;

	if (out) {
		io_timeline_write(out, writing->counts, &words);
		err = results_close(run, out, diag);
	}
	free(title);
	return err;
}

/* The pictures say of quality what all else has said by then. */
static int write_files_of(struct writing *writing, struct results_run *run, struct result *result,
                          struct diag *diag)
{
	struct io_sites *own = NULL;
	int err;

	if (writing->counts->sites)
		io_sites_close(writing->counts->sites);
	else
		own = io_sites_of_threads(writing->counts);
	writing->sites = own ? own : writing->counts->sites;
	writing->profile = io_site_profile_new(writing->sites, result);
	err = write_artifacts(writing, run, diag);
	if (!err)
		err = write_timeline(writing, run, result, diag);
	if (!err)
		err = io_site_files_write(writing->sites, writing->profile, run, result, diag);
	profile_free(writing->profile);
	io_sites_free(own);
	return err;
}

int io_report_write(const struct io_report *report, const struct io_counts *counts,
                    struct results_run *run, struct result *result, struct diag *diag)
{
	struct writing writing = {.report = report, .counts = counts};

	add_quality(result->quality, counts);
	if (report->choice)
		quality_add_note(result->quality,
		                 counts->totals.calls || counts->gaps.lost
		                     ? "only the calls of %s were counted"
		                     : "no call of %s returned: none was counted",
		                 report->choice);
	add_processes(result, counts);
	result->headline = make_headline(report, counts);
	if (counts->totals.calls || !counts->n_pending)
		add_table(&result->table, counts);
	else
		add_pending(&result->table, counts);
	result->page = counts->sites ? IO_SITE_PAGE : "summary.txt";
	return write_files_of(&writing, run, result, diag);
}
