/* Names and joins what a leak check found in each process of a run. */
#include "mem/leaks/leak_run.h"

#include "core/alloc.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/options.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/leaks/library.h"
#include "mem/stack_copy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a row adds to the recording: stacks have names where they carry samples. */
static const struct value_type row_type = {"blocks", "count"};

/* What one process found, on stacks of the common recording. */
struct checked {
	const struct heap_process *process; /* NULL: an image that was not observed */
	struct leak_row *rows;
	size_t n_rows;
	struct loss_list losses;
	struct text_list notes;
	char *command;
	char *missing;
	bool is_limited; /* as the first of the notes says */
	uint64_t end_ns;
	size_t number; /* in the run */
};

struct leak_run {
	const struct heap_run *run;
	struct leak_settings settings;
	const struct heap_process *only; /* whose recording has them all; NULL: there are several */
	struct recording *joined;        /* of the rows of all processes, then */
	const struct recording *recording; /* of all rows' stacks: one of these */
	struct profile *profile;
	char **real_paths; /* of its objects */
	struct leak_library library;
	struct checked *checked; /* by the end */
	size_t n_checked;
	struct leak_process *processes; /* likewise */
	struct text_list notes;
	char *lack;
	char *limit;
};

/* Another program was executed in its place. */
static bool ended_by_exec(const struct heap_run *run, const struct heap_process *process)
{
	for (size_t i = 0; i < run->n_processes; i++)
		if (run->processes[i].pid == process->pid &&
		    run->processes[i].exec_number > process->exec_number)
			return true;
	for (size_t i = 0; i < run->n_refusals; i++)
		if (run->refusals[i].pid == process->pid &&
		    run->refusals[i].exec_number > process->exec_number)
			return true;
	return false;
}

/* Copies the stacks of the rows, which carry samples there. */
static void join_rows(struct leak_run *leaks, struct checked *checked)
{
	const struct heap_process *process = checked->process;
	const struct leak_verdict *verdict = process->leaks;
	struct sample sample = {.thread = recording_add_thread(leaks->joined, process->pid,
	                                                       process->pid, process->comm)};
	struct stack_copy copy;

	stack_copy_init(&copy, process->recording);
	for (size_t i = 0; i < verdict->n_rows; i++) {
		checked->rows[i].stack = sample.stack =
		    stack_copy_add(&copy, leaks->joined, verdict->rows[i].stack);
		recording_add_sample(leaks->joined, sample, &verdict->rows[i].n_blocks);
	}
	stack_copy_fini(&copy);
}

static void take_rows(struct leak_run *leaks, struct checked *checked)
{
	const struct leak_verdict *verdict = checked->process->leaks;

	checked->n_rows = verdict->n_rows;
	checked->rows = xcalloc(verdict->n_rows + 1, sizeof(*checked->rows));
	for (size_t i = 0; i < verdict->n_rows; i++)
		checked->rows[i] = verdict->rows[i];
	if (leaks->joined)
		join_rows(leaks, checked);
}

static void add_note(struct text_list *notes, char *note)
{
	text_list_add(notes, note);
	free(note);
}

/* Blocks that the check has classified are those that were counted as in use; anything else is
 * said. */
static void note_difference(struct checked *checked)
{
	const struct heap_totals *totals = &checked->process->totals;
	uint64_t in_use_bytes = totals->in_use_bytes + totals->inherited_bytes;
	uint64_t in_use_blocks = totals->in_use_blocks + totals->inherited_blocks;
	uint64_t bytes = 0, n_blocks = 0;

	for (size_t i = 0; i < checked->n_rows; i++) {
		bytes += checked->rows[i].bytes;
		n_blocks += checked->rows[i].n_blocks;
	}
	if (bytes != in_use_bytes || n_blocks != in_use_blocks)
		add_note(&checked->notes,
		         xasprintf("looked at %s in %s, while %s in %s counted as in use",
		                   counted_text_of(bytes, "byte").text,
		                   counted_text_of(n_blocks, "block").text,
		                   counted_text_of(in_use_bytes, "byte").text,
		                   counted_text_of(in_use_blocks, "block").text));
}

static void note_limits(struct checked *checked)
{
	const struct heap_process *process = checked->process;

	if (process->leaks->trouble)
		add_note(&checked->notes, line_text(process->leaks->trouble));
	note_difference(checked);
	checked->is_limited = checked->notes.n_texts;
	for (const struct heap_trouble *trouble = process->troubles; trouble->what; trouble++)
		add_note(&checked->notes, heap_trouble_text(trouble));
}

/* The caller frees the text. */
static char *why_missing(const struct heap_process *process)
{
	if (process->why_no_leaks)
		return line_text(process->why_no_leaks);
	return xstrdup(process->end_ns
	                   ? "it ended unseen: a program that was let go, as those with "
	                     "a sanitizer are, had started it, or the run was over"
	                   : "it had not ended when the run did");
}

static void add_process(struct leak_run *leaks, const struct heap_process *process, size_t number)
{
	struct checked *checked = &leaks->checked[leaks->n_checked];

	if (!process->leaks && !process->why_no_leaks && ended_by_exec(leaks->run, process))
		return;
	leaks->n_checked++;
	*checked = (struct checked){.process = process,
	                            .command = line_text(process->command),
	                            .end_ns = process->end_ns,
	                            .number = number};
	if (process->leaks) {
		take_rows(leaks, checked);
		note_limits(checked);
	} else {
		checked->missing = why_missing(process);
	}
}

static void add_refusal(struct leak_run *leaks, const struct heap_refusal *refusal, size_t number)
{
	leaks->checked[leaks->n_checked++] = (struct checked){
	    .command = refusal->command ? line_text(refusal->command) : xstrdup("?"),
	    .missing = line_text(refusal->reason),
	    .number = number,
	};
}

/* Ends that are not known come last. */
static int by_end(const void *a, const void *b)
{
	const struct checked *x = a, *y = b;
	uint64_t x_ns = x->end_ns ? x->end_ns : UINT64_MAX;
	uint64_t y_ns = y->end_ns ? y->end_ns : UINT64_MAX;

	if (x_ns != y_ns)
		return x_ns < y_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static struct leak_process describe(const struct leak_run *leaks, const struct checked *checked)
{
	const struct heap_run *run = leaks->run;
	const struct heap_process *process = checked->process;
	struct leak_process described = {
	    .command = checked->command,
	    .losses = process && process->leaks ? &checked->losses : NULL,
	    .missing = checked->missing,
	    .notes = &checked->notes,
	};

	if (!process) {
		const struct heap_refusal *refusal =
		    &run->refusals[checked->number - run->n_processes];

		described.pid = refusal->pid;
		described.parent_pid = refusal->parent_pid;
		return described;
	}
	described.pid = process->pid;
	described.parent_pid = process->parent_pid;
	described.is_first = process->pid == run->target;
	if (described.is_first)
		described.parent_pid = getpid();
	described.allocations = process->totals.allocations;
	described.frees = process->totals.frees;
	described.allocated_bytes = process->totals.allocated_bytes;
	described.inherited =
	    (struct loss_sum){process->totals.inherited_bytes, process->totals.inherited_blocks};
	described.in_use =
	    (struct loss_sum){process->totals.in_use_bytes + process->totals.inherited_bytes,
	                      process->totals.in_use_blocks + process->totals.inherited_blocks};
	return described;
}

/* What makes the sums less than the run's: a process that was observed and has no verdict. Images
 * that were not observed are missing in all numbers, which quality says. */
static char *find_lack(const struct leak_run *leaks)
{
	size_t n = 0;
	const struct checked *first = NULL;

	for (size_t i = 0; i < leaks->n_checked; i++) {
		const struct checked *checked = &leaks->checked[i];

		if (!checked->process || checked->process->leaks)
			continue;
		first = first ? first : checked;
		n++;
	}
	if (!first && !leak_run_has_verdict(leaks))
		return xstrdup("each program that was observed executed one that was not");
	if (!first)
		return NULL;
	return xasprintf("processes that were not checked for leaks: %zu; first %d (%s): %s", n,
	                 (int)first->process->pid, first->command, first->missing);
}

static char *find_limit(const struct leak_run *leaks)
{
	for (size_t i = 0; i < leaks->n_checked; i++) {
		const struct checked *checked = &leaks->checked[i];

		if (checked->is_limited)
			return xasprintf("%d (%s): %s", (int)checked->process->pid,
			                 checked->command, checked->notes.texts[0]);
	}
	return NULL;
}

static void note_run(struct leak_run *leaks)
{
	const struct heap_run *run = leaks->run;

	if (run->n_unobserved_forks)
		add_note(&leaks->notes, xasprintf("forked processes that were not observed: %s",
		                                  count_text_of(run->n_unobserved_forks).text));
}

static void add_all(struct leak_run *leaks)
{
	const struct heap_run *run = leaks->run;
	size_t n = run->n_processes + run->n_refusals;

	leaks->checked = xcalloc(n + 1, sizeof(*leaks->checked));
	for (size_t i = 0; i < run->n_processes; i++)
		add_process(leaks, &run->processes[i], i);
	for (size_t i = 0; i < run->n_refusals; i++)
		add_refusal(leaks, &run->refusals[i], run->n_processes + i);
	qsort(leaks->checked, leaks->n_checked, sizeof(*leaks->checked), by_end);
}

static char **find_real_paths(const struct profile *profile)
{
	char **paths = xcalloc(profile_n_objects(profile) + (size_t)1, sizeof(*paths));

	for (uint32_t i = 0; i < profile_n_objects(profile); i++)
		if (profile_object(profile, i)->path)
			paths[i] =
			    realpath(profile_text(profile, profile_object(profile, i)->path), NULL);
	return paths;
}

/* The process whose recording has samples for all stacks: the only one, which has inherited
 * nothing. Several have stacks in common, which are named once where they are joined. */
static const struct heap_process *find_only(const struct heap_run *run)
{
	const struct heap_process *process = run->processes;

	if (run->n_processes != 1 || !process->leaks)
		return NULL;
	for (size_t i = 0; i < process->leaks->n_rows; i++)
		if (process->leaks->rows[i].is_inherited)
			return NULL;
	return process;
}

struct leak_run *leak_run_new(const struct heap_run *run, const struct leak_settings *settings,
                              struct symbolizer *symbolizer)
{
	struct loss_settings loss = settings->loss;
	struct leak_run *leaks;

	if (!run->is_leak_checked)
		return NULL;
	leaks = xcalloc(1, sizeof(*leaks));
	leaks->run = run;
	leaks->settings = *settings;
	loss.symbolizer = symbolizer;
	leak_library_find(&leaks->library);
	loss.library = &leaks->library;
	leaks->only = settings->has_files ? find_only(run) : NULL;
	leaks->joined = leaks->only ? NULL : recording_new(&row_type, 1);
	leaks->recording = leaks->only ? leaks->only->recording : leaks->joined;
	add_all(leaks);
	symbolizer_open(symbolizer, leaks->recording);
	leaks->profile = profile_of_stacks_new(leaks->recording, symbolizer);
	leaks->real_paths = find_real_paths(leaks->profile);
	leaks->processes = xcalloc(leaks->n_checked + 1, sizeof(*leaks->processes));
	for (size_t i = 0; i < leaks->n_checked; i++) {
		struct checked *checked = &leaks->checked[i];

		loss_list_make(&checked->losses, checked->rows, checked->n_rows, leaks->recording,
		               leaks->profile, &loss);
		leaks->processes[i] = describe(leaks, checked);
	}
	leaks->lack = find_lack(leaks);
	leaks->limit = find_limit(leaks);
	note_run(leaks);
	return leaks;
}

void leak_run_free(struct leak_run *leaks)
{
	if (!leaks)
		return;
	for (size_t i = 0; i < leaks->n_checked; i++) {
		struct checked *checked = &leaks->checked[i];

		loss_list_fini(&checked->losses);
		text_list_fini(&checked->notes);
		free(checked->rows);
		free(checked->command);
		free(checked->missing);
	}
	for (uint32_t i = 0; i < profile_n_objects(leaks->profile); i++)
		free(leaks->real_paths[i]);
	free(leaks->real_paths);
	leak_library_fini(&leaks->library);
	free(leaks->checked);
	free(leaks->processes);
	text_list_fini(&leaks->notes);
	free(leaks->lack);
	free(leaks->limit);
	profile_free(leaks->profile);
	recording_free(leaks->joined);
	free(leaks);
}

struct leak_document leak_run_document(const struct leak_run *leaks)
{
	return (struct leak_document){
	    .processes = leaks->processes,
	    .n_processes = leaks->n_checked,
	    .recording = leaks->recording,
	    .profile = leaks->profile,
	    .real_paths = leaks->real_paths,
	    .suppressions = leaks->settings.loss.suppressions,
	    .makes_suppressions = leaks->settings.makes_suppressions,
	    .is_summary = leaks->settings.is_summary,
	    .shown_kinds = leaks->settings.shown_kinds,
	    .error_kinds = leaks->settings.error_kinds,
	    .num_callers = leaks->settings.loss.num_callers,
	    .notes = &leaks->notes,
	};
}

bool leak_run_process_document(const struct leak_run *leaks, const struct heap_process *process,
                               struct leak_document *document)
{
	static const struct text_list no_notes;

	for (size_t i = 0; i < leaks->n_checked; i++) {
		if (leaks->checked[i].process != process)
			continue;
		*document = leak_run_document(leaks);
		document->processes = &leaks->processes[i];
		document->n_processes = 1;
		document->is_of_one_process = true;
		document->notes = &no_notes;
		return true;
	}
	return false;
}

struct loss_sums leak_run_sums(const struct leak_run *leaks)
{
	struct loss_sums sums = {.suppressed = {0, 0}};

	for (size_t i = 0; i < leaks->n_checked; i++)
		loss_sums_add(&sums, &leaks->checked[i].losses.own);
	return sums;
}

uint64_t leak_run_lost_by_heirs(const struct leak_run *leaks)
{
	struct loss_sums sums = leak_run_sums(leaks);
	uint64_t n_lost = sums.kinds[LEAK_DEFINITE].n_blocks + sums.kinds[LEAK_INDIRECT].n_blocks +
	                  sums.kinds[LEAK_POSSIBLE].n_blocks;
	uint64_t most = 0;

	for (size_t i = 0; i < leaks->n_checked; i++) {
		const struct loss_list *losses = &leaks->checked[i].losses;
		uint64_t inherited = losses->sums.kinds[LEAK_DEFINITE].n_blocks -
		                     losses->own.kinds[LEAK_DEFINITE].n_blocks;

		if (inherited > n_lost && inherited - n_lost > most)
			most = inherited - n_lost;
	}
	return most;
}

const struct loss_sums *leak_run_process_sums(const struct leak_run *leaks,
                                              const struct heap_process *process)
{
	for (size_t i = 0; i < leaks->n_checked; i++)
		if (leaks->checked[i].process == process && process->leaks)
			return &leaks->checked[i].losses.own;
	return NULL;
}

const char *leak_run_lack(const struct leak_run *leaks)
{
	return leaks->lack;
}

const char *leak_run_limit(const struct leak_run *leaks)
{
	return leaks->limit;
}

bool leak_run_has_verdict(const struct leak_run *leaks)
{
	for (size_t i = 0; i < leaks->n_checked; i++)
		if (leaks->checked[i].process && leaks->checked[i].process->leaks)
			return true;
	return false;
}

/* Adds what the process has lost to its recording. */
static void enter(struct recording *recording, const struct checked *checked)
{
	const struct heap_process *process = checked->process;
	uint64_t *values = xcalloc(recording_n_types(recording), sizeof(*values));
	struct sample sample = {
	    .thread = recording_add_thread(recording, process->pid, process->pid, process->comm)};

	for (size_t i = 0; i < checked->n_rows; i++) {
		const struct leak_row *row = &checked->rows[i];

		if (row->kind != LEAK_DEFINITE || row->is_inherited ||
		    checked->losses.records[checked->losses.record_of[i]].suppression)
			continue;
		values[HEAP_LEAKED_OBJECTS] = row->n_blocks + row->indirect_blocks;
		values[HEAP_LEAKED_SPACE] = row->bytes + row->indirect_bytes;
		sample.stack = process->leaks->rows[i].stack;
		recording_add_sample(recording, sample, values);
	}
	free(values);
}

void leak_run_enter(struct leak_run *leaks, struct heap_run *run)
{
	for (size_t i = 0; i < leaks->n_checked; i++) {
		const struct checked *checked = &leaks->checked[i];

		if (checked->process && checked->process->leaks)
			enter(run->processes[checked->number].recording, checked);
	}
	if (leaks->only)
		profile_sum(leaks->profile, leaks->only->recording);
}

const struct profile *leak_run_names(const struct leak_run *leaks,
                                     const struct heap_process *process)
{
	return process && process == leaks->only ? leaks->profile : NULL;
}
