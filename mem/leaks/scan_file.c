/* Names what scans have found. */
#include "mem/leaks/scan_file.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "mem/heap.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/loss.h"
#include "mem/leaks/scan_history.h"

#include <stdlib.h>

static const struct heap_process *find_process(const struct heap_run *run,
                                               const struct scan_growth *growth)
{
	for (size_t i = 0; i < run->n_processes; i++)
		if (run->processes[i].memory_inode == growth->inode &&
		    run->processes[i].section == growth->section)
			return &run->processes[i];
	return NULL;
}

/* The same with the recording's stacks. The caller frees them. */
static struct leak_row *rows_of(const struct scan_growth *growth,
                                const struct heap_process *process)
{
	struct leak_row *rows = xcalloc(growth->n_rows + 1, sizeof(*rows));

	for (size_t i = 0; i < growth->n_rows; i++) {
		uint32_t stack = growth->rows[i].stack;

		rows[i] = growth->rows[i];
		rows[i].stack = 0;
		if (stack >= process->n_wire_stacks)
			continue;
		rows[i].stack = process->wire_stacks[stack];
		rows[i].function = process->wire_functions[stack];
	}
	return rows;
}

static void write_frame(const struct loss_frame *frame, bool is_top, FILE *out)
{
	fprintf(out, "    %s %s", is_top ? "at" : "by", frame->function ? frame->function : "???");
	if (frame->file)
		fprintf(out, " (%s:%u)", frame->file, (unsigned)frame->line);
	else if (frame->object)
		fprintf(out, " (in %s)", frame->object);
	fputc('\n', out);
}

static void write_record(const struct loss_record *record, const struct heap_process *process,
                         const struct profile *profile, unsigned num_callers, FILE *out)
{
	size_t n_frames;
	struct loss_frame *frames =
	    loss_record_frames(record, process->recording, profile, num_callers, &n_frames);

	fprintf(out, "  %s in %s more: %s\n", counted_text_of(record->bytes, "byte").text,
	        counted_text_of(record->n_blocks, "block").text, leak_kind_word(record->kind));
	for (size_t i = 0; i < n_frames; i++)
		write_frame(&frames[i], i == 0, out);
	free(frames);
}

static void write_growth(const struct scan_growth *growth, const struct heap_process *process,
                         const struct profile *profile, const struct loss_settings *settings,
                         FILE *out)
{
	struct leak_row *rows = rows_of(growth, process);
	struct loss_list list;

	loss_list_make(&list, rows, growth->n_rows, process->recording, profile, settings);
	for (size_t i = list.n_records; i-- > 0;)
		if (!list.records[i].suppression)
			write_record(&list.records[i], process, profile, settings->num_callers,
			             out);
	if (list.sums.suppressed.n_blocks)
		fprintf(out, "  suppressed: %s in %s more\n",
		        counted_text_of(list.sums.suppressed.bytes, "byte").text,
		        counted_text_of(list.sums.suppressed.n_blocks, "block").text);
	loss_list_fini(&list);
	free(rows);
}

static void write_process(const struct scan_entry *entry, const struct scan_growth *growth,
                          const struct heap_process *process, const struct profile *profile,
                          const struct loss_settings *settings, FILE *out)
{
	if (!growth->n_rows && !growth->why_not)
		return;
	fprintf(out, "\nScan %u after %.1f s, process %d (%s), stopped for %.1f ms\n",
	        entry->number, (double)entry->after_ns / 1e9, (int)growth->pid,
	        process ? process->command : "not recorded", (double)growth->stood_still_ns / 1e6);
	if (growth->why_not)
		fprintf(out, "  not looked at: %s\n", growth->why_not);
	else if (process)
		write_growth(growth, process, profile, settings, out);
}

/* Each process is named once, whatever number of scans it was in. */
static void write_all_of(const struct heap_process *process, const struct scan_entry *entries,
                         size_t n_entries, const struct heap_run *run,
                         const struct loss_settings *settings, FILE *out)
{
	struct profile *profile = NULL;

	for (size_t i = 0; i < n_entries; i++)
		for (size_t j = 0; j < entries[i].n_processes; j++) {
			const struct scan_growth *growth = &entries[i].processes[j];

			if (find_process(run, growth) != process)
				continue;
			if (!profile && process && growth->n_rows)
				profile = profile_new(process->recording, settings->symbolizer);
			write_process(&entries[i], growth, process, profile, settings, out);
		}
	profile_free(profile);
}

void scan_file_write(const struct scan_history *history, const struct heap_run *run,
                     const struct loss_settings *settings, FILE *out)
{
	size_t n_entries;
	uint64_t n_left_out;
	const struct scan_entry *entries = scan_history_entries(history, &n_entries, &n_left_out);

	for (size_t i = 0; i < run->n_processes; i++)
		write_all_of(&run->processes[i], entries, n_entries, run, settings, out);
	write_all_of(NULL, entries, n_entries, run, settings, out);
	if (n_left_out)
		fprintf(out, "\n%s after these were not kept.\n",
		        counted_text_of(n_left_out, "scan").text);
}
