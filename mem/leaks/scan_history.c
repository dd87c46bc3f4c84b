/* Compares scans. */
#include "mem/leaks/scan_history.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ENTRIES = 10000, TEXT_BYTES = 512 };

struct scan_history {
	struct scan_entry *entries;
	size_t n_entries;
	size_t entries_capacity;
	uint64_t n_left_out;
	unsigned n_scans;
	struct leak_verdict *last; /* of each process, rows in the order of by_place() */
	size_t n_last;
	size_t last_capacity;
};

struct scan_history *scan_history_new(void)
{
	return xcalloc(1, sizeof(struct scan_history));
}

static void entry_fini(struct scan_entry *entry)
{
	for (size_t i = 0; i < entry->n_processes; i++) {
		free(entry->processes[i].why_not);
		free(entry->processes[i].rows);
	}
	free(entry->processes);
}

void scan_history_free(struct scan_history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < history->n_entries; i++)
		entry_fini(&history->entries[i]);
	for (size_t i = 0; i < history->n_last; i++)
		leak_verdict_fini(&history->last[i]);
	free(history->entries);
	free(history->last);
	free(history);
}

static int by_place(const void *a, const void *b)
{
	const struct leak_row *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

/* One row for each kind and stack, of what is lost and of the process's own making. */
static void condense(struct leak_verdict *verdict)
{
	size_t n = 0;

	qsort(verdict->rows, verdict->n_rows, sizeof(*verdict->rows), by_place);
	for (size_t i = 0; i < verdict->n_rows; i++) {
		struct leak_row *row = &verdict->rows[i];

		if (row->kind == LEAK_REACHABLE || row->is_inherited)
			continue;
		if (n && !by_place(&verdict->rows[n - 1], row)) {
			verdict->rows[n - 1].n_blocks += row->n_blocks;
			verdict->rows[n - 1].bytes += row->bytes;
		} else {
			verdict->rows[n++] = *row;
		}
	}
	verdict->n_rows = n;
}

static struct leak_verdict *last_of(struct scan_history *history, const struct leak_verdict *next)
{
	struct leak_verdict *new;

	for (size_t i = 0; i < history->n_last; i++)
		if (history->last[i].inode == next->inode &&
		    history->last[i].section == next->section)
			return &history->last[i];
	new = ARRAY_APPEND(history->last, history->n_last, history->last_capacity);
	new->inode = next->inode;
	new->section = next->section;
	return new;
}

static void add(struct leak_row *sum, uint64_t n_blocks, uint64_t bytes)
{
	sum->n_blocks += n_blocks;
	sum->bytes += bytes;
}

/* Rows that have grown. What was lost may be found again, or be freed: then it is not there. */
static void compare(struct scan_entry *entry, struct scan_growth *growth,
                    const struct leak_verdict *last, const struct leak_verdict *next)
{
	size_t capacity = 0, old = 0;

	for (size_t i = 0; i < next->n_rows; i++) {
		struct leak_row row = next->rows[i];

		add(&entry->lost[row.kind], row.n_blocks, row.bytes);
		while (old < last->n_rows && by_place(&last->rows[old], &row) < 0)
			old++;
		if (old < last->n_rows && !by_place(&last->rows[old], &row)) {
			const struct leak_row *before = &last->rows[old];

			if (row.n_blocks <= before->n_blocks || row.bytes < before->bytes)
				continue;
			row.n_blocks -= before->n_blocks;
			row.bytes -= before->bytes;
		}
		add(&entry->grown[row.kind], row.n_blocks, row.bytes);
		*ARRAY_APPEND(growth->rows, growth->n_rows, capacity) = row;
	}
}

static void add_process(struct scan_history *history, struct scan_entry *entry, size_t index,
                        struct scanned_process *process)
{
	struct scan_growth *growth = &entry->processes[index];
	struct leak_verdict *last;

	*growth = (struct scan_growth){.pid = process->pid,
	                               .inode = process->verdict.inode,
	                               .section = process->verdict.section,
	                               .stood_still_ns = process->verdict.took_ns,
	                               .why_not = xstrdup(process->why_not)};
	if (process->why_not)
		return;
	condense(&process->verdict);
	last = last_of(history, &process->verdict);
	compare(entry, growth, last, &process->verdict);
	leak_verdict_fini(last);
	*last = process->verdict;
	process->verdict = (struct leak_verdict){0};
}

/* What there is nothing of is left out, but for the first one. */
static void add_kind(char text[TEXT_BYTES], const char *words, const struct scan_entry *entry,
                     enum leak_kind kind)
{
	const struct leak_row *lost = &entry->lost[kind], *grown = &entry->grown[kind];
	size_t length = strlen(text);

	if (!lost->n_blocks && length)
		return;
	snprintf(text + length, TEXT_BYTES - length, "%s%s in %s (new: %s in %s)", words,
	         counted_text_of(lost->bytes, "byte").text,
	         counted_text_of(lost->n_blocks, "block").text, count_text_of(grown->bytes).text,
	         count_text_of(grown->n_blocks).text);
}

/* No process was looked at, so nothing is known of what is lost. */
static char *sentence_of_none(const struct scan_entry *entry)
{
	return xasprintf("leak scan %u after %.1f s: nothing was looked at; %s", entry->number,
	                 (double)entry->after_ns / 1e9,
	                 entry->n_processes ? entry->processes[0].why_not
	                                    : "no program that is recorded runs");
}

static char *sentence(const struct scan_entry *entry)
{
	char text[TEXT_BYTES] = "";
	uint64_t most_ns = 0;
	size_t n_failed = 0;

	for (size_t i = 0; i < entry->n_processes; i++) {
		const struct scan_growth *growth = &entry->processes[i];

		n_failed += growth->why_not != NULL;
		if (growth->stood_still_ns > most_ns)
			most_ns = growth->stood_still_ns;
	}
	if (n_failed == entry->n_processes)
		return sentence_of_none(entry);
	add_kind(text, "definitely lost ", entry, LEAK_DEFINITE);
	add_kind(text, ", indirectly ", entry, LEAK_INDIRECT);
	add_kind(text, ", possibly ", entry, LEAK_POSSIBLE);
	return xasprintf("leak scan %u after %.1f s: %s; %s, each stopped for %.1f ms at most%s%s",
	                 entry->number, (double)entry->after_ns / 1e9, text,
	                 counted_text_of(entry->n_processes, "program").text, (double)most_ns / 1e6,
	                 n_failed ? "; not looked at: " : "",
	                 n_failed ? count_text_of(n_failed).text : "");
}

char *scan_history_add(struct scan_history *history, struct leak_scan *scan,
                       uint64_t repeat_start_ns)
{
	struct scan_entry entry = {.number = ++history->n_scans,
	                           .after_ns = scan->at_ns - repeat_start_ns,
	                           .n_processes = scan->n_processes};
	char *text;

	entry.processes = xcalloc(scan->n_processes + 1, sizeof(*entry.processes));
	for (size_t i = 0; i < scan->n_processes; i++)
		add_process(history, &entry, i, &scan->processes[i]);
	leak_scan_fini(scan);
	text = sentence(&entry);
	if (history->n_entries < MOST_ENTRIES) {
		*ARRAY_APPEND(history->entries, history->n_entries, history->entries_capacity) =
		    entry;
	} else {
		history->n_left_out++;
		entry_fini(&entry);
	}
	return text;
}

const struct scan_entry *scan_history_entries(const struct scan_history *history, size_t *n_entries,
                                              uint64_t *n_left_out)
{
	*n_entries = history->n_entries;
	*n_left_out = history->n_left_out;
	return history->entries;
}
