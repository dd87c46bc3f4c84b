/* Writes the files of a run and of its largest processes: for each of them a set, and tables of
 * them all. */
#include "mem/reports/files.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/profile.h"
#include "core/results/results.h"
#include "core/symbolize/symbolize.h"
#include "core/words.h"
#include "mem/heap.h"
#include "mem/leaks/leak_run.h"
#include "mem/reports/file_set.h"
#include "mem/reports/heap_view.h"
#include "mem/reports/histogram_csv.h"
#include "mem/reports/processes_csv.h"
#include "mem/reports/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CONTRACT 3: processes/ has so many. */
enum { PROCESSES_SHOWN = 16 };

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

/* The words of a command that was joined; of one that is no command line, it alone. */
static void split_command(const char *command, struct text_list *words)
{
	struct diag diag;

	if (words_split(command ? command : "", words, &diag)) {
		text_list_fini(words);
		text_list_add(words, command);
	}
}

/* What a leak check of the run, or of one process (NULL: of all), has for its files. False: there
 * are none, as it ended by exec. */
static bool leak_files_init(struct leak_files *files, const struct leak_run *leaks,
                            const struct heap_process *process)
{
	*files = (struct leak_files){.has_verdict = false};
	if (!leaks || (process && !leak_run_process_document(leaks, process, &files->document)))
		return false;
	if (!process)
		files->document = leak_run_document(leaks);
	for (size_t i = 0; i < files->document.n_processes; i++) {
		const struct loss_list *losses = files->document.processes[i].losses;

		if (!losses)
			continue;
		files->has_verdict = true;
		loss_sums_add(&files->lost, &losses->own);
	}
	files->lack = process ? NULL : leak_run_lack(leaks);
	return true;
}

/* How many types the values have that are shown: what a leak check did not measure is left out, so
 * is what it did not measure of all processes. */
static size_t n_types_of(const struct leak_run *leaks, const struct heap_process *process)
{
	bool is_whole = leaks && (process ? leak_run_process_sums(leaks, process) != NULL
	                                  : !leak_run_lack(leaks));

	return is_whole ? HEAP_N_TYPES : HEAP_N_COUNTED_TYPES;
}

/* By name, which is long work where there are many stacks, and may be done already. */
static struct profile *name_process(const struct heap_process *process,
                                    const struct leak_run *leaks, struct symbolizer *symbolizer)
{
	const struct profile *known = leaks ? leak_run_names(leaks, process) : NULL;

	return known ? profile_view_new(known, profile_n_types(known))
	             : profile_new(process->recording, symbolizer);
}

static int write_process(const struct heap_process *process, const char *folder,
                         struct file_set set, struct symbolizer *symbolizer,
                         struct results_run *results, struct diag *diag)
{
	struct profile *timeline = name_process(process, set.options->leaks, symbolizer);
	/* Exporters show the types of the process, not those of its snapshots. */
	struct profile *profile =
	    profile_view_new(timeline, n_types_of(set.options->leaks, process));
	struct heap_process view = heap_view_new(process, timeline, &set.options->filter);
	struct text_list argv = {0};
	struct leak_files leaks;
	int err;

	if (leak_files_init(&leaks, set.options->leaks, process))
		set.leaks = &leaks;
	else
		set.leaks = NULL;
	split_command(process->command, &argv);
	leaks.document.command = &argv;
	leaks.document.wall_ns = process->lived_ns;
	set.folder = folder;
	set.title = xasprintf("%s, process %d.%u (%s)", set.title, (int)process->pid,
	                      process->exec_number, process->comm);
	set.timeline_of = &view;
	set.profile = profile;
	set.whole = set.timeline = timeline;
	set.totals = process->totals;
	set.processes = process;
	set.n_processes = 1;
	set.wall_ns = process->lived_ns;
	set.peak_rss_bytes = 0;
	set.notes = NULL;
	set.limits = heap_limits_text(&process->totals, profile, process->recording, symbolizer);
	err = file_set_write(&set, results, diag);
	free(set.limits);
	text_list_fini(&argv);
	heap_view_fini(&view);
	profile_free(profile);
	profile_free(timeline);
	free(set.title);
	return err;
}

static int write_processes(const struct heap_run *run, const struct file_set *set,
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

		err = write_process(order[i], folder, *set, symbolizer, results, diag);
		free(folder);
	}
	free(order);
	return err;
}

static int write_process_rows(const struct heap_run *run, const struct leak_run *leaks,
                              const struct result *result, struct results_run *results,
                              struct diag *diag)
{
	FILE *out = results_create(results, "processes.csv", diag);

	if (!out)
		return -EIO;
	processes_csv_write(run, leaks, result, out);
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

/* The stacks of a run with names. */
struct named_run {
	struct recording *merged;          /* of all processes; NULL: there is one */
	const struct recording *recording; /* that, or the one's */
	struct profile *timeline;          /* of the largest process */
	struct profile *joined;            /* of the merged recording; NULL: there is none */
	struct profile *profile;           /* of all processes, what is shown of it */
	struct heap_process largest;       /* as it is shown */
};

static void named_run_init(struct named_run *named, const struct heap_run *run,
                           struct symbolizer *symbolizer, const struct files_options *options)
{
	const struct heap_process *largest = heap_run_largest(run);
	struct recording *merged = run->n_processes > 1 ? heap_run_merge(run) : NULL;

	named->merged = merged;
	named->recording = merged ? merged : largest->recording;
	symbolizer_open(symbolizer, named->recording);
	named->timeline = name_process(largest, options->leaks, symbolizer);
	named->joined = merged ? profile_new(merged, symbolizer) : NULL;
	named->profile = profile_view_new(merged ? named->joined : named->timeline,
	                                  n_types_of(options->leaks, NULL));
	named->largest = heap_view_new(largest, named->timeline, &options->filter);
}

static void named_run_fini(struct named_run *named)
{
	heap_view_fini(&named->largest);
	profile_free(named->profile);
	profile_free(named->joined);
	profile_free(named->timeline);
	recording_free(named->merged);
}

/* Of all processes, but for what a leak check found and the texts on quality. The title is the
 * caller's to free. */
static struct file_set file_set_of(const struct heap_run *run, const struct named_run *named,
                                   const struct files_options *options, const struct result *result)
{
	return (struct file_set){
	    .folder = "",
	    .timeline_of = &named->largest,
	    .timeline = named->timeline,
	    .whole = named->joined ? named->joined : named->timeline,
	    .profile = named->profile,
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
}

static int write_all(const struct heap_run *run, struct file_set *set,
                     struct symbolizer *symbolizer, struct results_run *results, struct diag *diag)
{
	int err = file_set_write(set, results, diag);

	if (!err)
		err = write_processes(run, set, symbolizer, results, diag);
	if (!err)
		err = write_process_rows(run, set->options->leaks, set->result, results, diag);
	if (!err)
		err = write_histograms(run, results, diag);
	return err;
}

int files_write(const struct heap_run *run, struct symbolizer *symbolizer,
                const struct files_options *options, struct results_run *results,
                struct result *result, struct diag *diag)
{
	struct named_run named;
	const char **notes;
	struct text_list argv = {0};
	struct leak_files leaks;
	struct file_set set;
	int err;

	symbolizer_set_target_uid(symbolizer, result->target_uid);
	named_run_init(&named, run, symbolizer, options);
	set = file_set_of(run, &named, options, result);
	heap_summarize(run, named.recording, named.profile, symbolizer, &options->filter, result);
	if (leak_files_init(&leaks, options->leaks, NULL))
		set.leaks = &leaks;
	split_command(result->command, &argv);
	leaks.document.command = &argv;
	leaks.document.wall_ns = run->wall_ns;
	set.notes = notes = note_texts(result->quality);
	set.limits = heap_limits_text(&set.totals, named.profile, named.recording, symbolizer);
	err = write_all(run, &set, symbolizer, results, diag);
	result->page = "flamegraph-peak.svg";
	text_list_fini(&argv);
	free(notes);
	free(set.limits);
	free(set.title);
	named_run_fini(&named);
	return err;
}
