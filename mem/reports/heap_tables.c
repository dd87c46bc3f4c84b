/* Writes the tables of a heap's report. */
#include "mem/reports/heap_tables.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "mem/heap.h"
#include "mem/histogram.h"
#include "mem/wire.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_SHOWN = 20, BAR = 25 };

static struct histogram sum_of(const struct heap_process *processes, size_t n)
{
	struct histogram sum = {.lifetime_error = 0};

	for (size_t i = 0; i < n; i++)
		histogram_add(&sum, &processes[i].histogram);
	return sum;
}

/* Half a mark and more is one. */
static void write_bar(FILE *out, uint64_t part, uint64_t whole)
{
	int marks = (int)(share_percent(part, whole) * BAR / 100 + 0.5);

	if (marks > 0)
		fprintf(out, "  %.*s", marks, "##################################################");
	fputc('\n', out);
}

/* "17 to 32", or "0". */
static void write_range(FILE *out, struct histogram_row row)
{
	struct count_text from = count_text_of(row.from), to = count_text_of(row.to);

	if (row.from == row.to)
		fprintf(out, "  %33s", from.text);
	else
		fprintf(out, "  %15s to %14s", from.text, to.text);
}

void heap_tables_write_sizes(const struct heap_process *processes, size_t n, FILE *out)
{
	struct histogram sum = sum_of(processes, n);
	struct histogram_totals totals = histogram_totals(&sum);
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];
	size_t n_rows = histogram_size_rows(&sum, rows);

	if (!n_rows)
		return;
	fprintf(out, "\nSizes: how many bytes were asked for\n\n  %33s  %14s  %7s  %19s  %7s\n",
	        "bytes", "allocations", "share", "bytes in all", "share");
	for (size_t i = 0; i < n_rows; i++) {
		write_range(out, rows[i]);
		fprintf(out, "  %14s  %5.1f %%  %19s  %5.1f %%", count_text_of(rows[i].count).text,
		        share_percent(rows[i].count, totals.allocations),
		        count_text_of(rows[i].bytes).text,
		        share_percent(rows[i].bytes, totals.allocated_bytes));
		write_bar(out, rows[i].count, totals.allocations);
	}
}

static void write_lifetime(FILE *out, const char *what, uint64_t count, uint64_t whole)
{
	if (what)
		fprintf(out, "  %33s", what);
	fprintf(out, "  %14s  %5.1f %%", count_text_of(count).text, share_percent(count, whole));
	write_bar(out, count, whole);
}

/* What a reader of the lifetimes has to know. */
static void write_lifetime_limits(const struct heap_process *processes, size_t n,
                                  const struct histogram *sum, FILE *out)
{
	bool shares_clock = false;

	for (size_t i = 0; i < n; i++)
		shares_clock |= processes[i].shares_clocks;
	if (sum->lifetime_error)
		fprintf(out,
		        "  Lifetimes are up to %s too long, since some thread made more than %s.\n",
		        counted_text_of(sum->lifetime_error, "allocation").text,
		        count_text_of(UINT64_C(1) << WIRE_TICK_BITS).text);
	if (shares_clock)
		fputs("  Some threads were counted together: their blocks' lifetimes have each "
		      "other's "
		      "allocations in them.\n",
		      out);
}

void heap_tables_write_lifetimes(const struct heap_process *processes, size_t n, FILE *out)
{
	struct histogram sum = sum_of(processes, n);
	struct histogram_totals totals = histogram_totals(&sum);
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];
	size_t n_rows = histogram_lifetime_rows(&sum, rows);

	if (!totals.allocations)
		return;
	fprintf(out,
	        "\nLifetimes: how many allocations a block's thread made before it was freed\n\n"
	        "  %33s  %14s  %7s\n",
	        "allocations meanwhile", "blocks", "share");
	for (size_t i = 0; i < n_rows; i++) {
		const char *what = NULL;

		if (rows[i].kind == HISTOGRAM_TEMPORARY)
			what = "temporary: 0, freed by its thread";
		else if (rows[i].kind == HISTOGRAM_UNKNOWN)
			what = "not known: the free was not seen";
		else
			write_range(out, rows[i]);
		write_lifetime(out, what, rows[i].count, totals.allocations);
	}
	if (totals.allocations > totals.frees)
		write_lifetime(out, "never freed", totals.allocations - totals.frees,
		               totals.allocations);
	write_lifetime_limits(processes, n, &sum, out);
}

/* A name as a terminal may have it: anybody may call a thread anything. */
struct shown_name {
	char text[16];
};

static struct shown_name shown_name(const char comm[16])
{
	struct shown_name name;

	memcpy(name.text, comm, sizeof(name.text));
	name.text[sizeof(name.text) - 1] = '\0';
	for (char *c = name.text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return name;
}

/* A thread with its totals. */
struct thread_row {
	const struct heap_process *process;
	const struct heap_thread *thread;
	struct histogram_totals totals;
};

static int by_allocations(const void *a, const void *b)
{
	const struct thread_row *x = a, *y = b;

	if (x->totals.allocations != y->totals.allocations)
		return x->totals.allocations > y->totals.allocations ? -1 : 1;
	if (x->totals.frees != y->totals.frees)
		return x->totals.frees > y->totals.frees ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* Threads with rows of their own; the caller frees them. *joint: all the others, *n_joint of them.
 */
static struct thread_row *collect_threads(const struct heap_process *processes, size_t n_processes,
                                          size_t *n_rows, struct histogram_totals *joint,
                                          uint64_t *n_joint)
{
	struct thread_row *rows = NULL;
	struct histogram others = {.lifetime_error = 0};
	size_t n = 0, capacity = 0;

	*n_joint = 0;
	for (size_t i = 0; i < n_processes; i++) {
		const struct heap_process *process = &processes[i];
		size_t n_own = process->n_threads - (process->n_joint_threads > 0);

		for (size_t j = 0; j < n_own; j++)
			*ARRAY_APPEND(rows, n, capacity) = (struct thread_row){
			    .process = process,
			    .thread = &process->threads[j],
			    .totals = histogram_totals(&process->threads[j].histogram)};
		if (process->n_joint_threads)
			histogram_add(&others, &process->threads[n_own].histogram);
		*n_joint += process->n_joint_threads;
	}
	*n_rows = n;
	*joint = histogram_totals(&others);
	return rows;
}

static void write_thread(FILE *out, struct histogram_totals totals)
{
	fprintf(out, "  %14s  %14s  %19s  %14s  %5.1f %%\n", count_text_of(totals.allocations).text,
	        count_text_of(totals.frees).text, count_text_of(totals.allocated_bytes).text,
	        count_text_of(totals.temporary).text,
	        share_percent(totals.temporary, totals.allocations));
}

static void add_totals(struct histogram_totals *to, struct histogram_totals from)
{
	to->allocations += from.allocations;
	to->frees += from.frees;
	to->allocated_bytes += from.allocated_bytes;
	to->temporary += from.temporary;
}

static void write_thread_rows(const struct thread_row *rows, size_t n_rows, FILE *out)
{
	struct histogram_totals rest = {0};
	size_t shown = n_rows <= ROWS_SHOWN ? n_rows : ROWS_SHOWN - 1;

	for (size_t i = 0; i < n_rows; i++) {
		if (i >= shown) {
			add_totals(&rest, rows[i].totals);
			continue;
		}
		fprintf(out, "  %8d  %8d  %-15s", (int)rows[i].process->pid,
		        (int)rows[i].thread->tid, shown_name(rows[i].thread->comm).text);
		write_thread(out, rows[i].totals);
	}
	if (shown == n_rows)
		return;
	fprintf(out, "  %-35s", counted_text_of(n_rows - shown, "smaller thread").text);
	write_thread(out, rest);
}

static bool has_several_threads(const struct heap_process *processes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (processes[i].n_threads > 1)
			return true;
	return false;
}

static bool knows_threads(const struct heap_process *processes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (processes[i].n_threads && !processes[i].knows_threads)
			return false;
	return true;
}

uint64_t heap_tables_n_threads(const struct heap_process *processes, size_t n)
{
	uint64_t n_threads = 0;

	if (!knows_threads(processes, n))
		return 0;
	for (size_t i = 0; i < n; i++)
		n_threads += processes[i].n_threads - (processes[i].n_joint_threads > 0) +
		             processes[i].n_joint_threads;
	return n_threads;
}

void heap_tables_write_threads(const struct heap_process *processes, size_t n, FILE *out)
{
	struct histogram_totals joint;
	struct thread_row *rows;
	uint64_t n_joint;
	size_t n_rows;

	if (!has_several_threads(processes, n))
		return;
	fputs("\nThreads: most allocations first; what a thread freed may be another's\n\n", out);
	if (!knows_threads(processes, n)) {
		fputs("  not known: this libc does not tell where it keeps a thread's id\n", out);
		return;
	}
	rows = collect_threads(processes, n, &n_rows, &joint, &n_joint);
	qsort(rows, n_rows, sizeof(*rows), by_allocations);
	fprintf(out, "  %8s  %8s  %-15s  %14s  %14s  %19s  %14s  %7s\n", "pid", "tid", "name",
	        "allocations", "frees", "bytes allocated", "temporary", "share");
	write_thread_rows(rows, n_rows, out);
	if (n_joint) {
		fprintf(out, "  %-35s", counted_text_of(n_joint, "later thread").text);
		write_thread(out, joint);
	}
	free(rows);
}

static void write_process(FILE *out, const struct heap_totals *totals, bool has_peak)
{
	fprintf(out, "  %14s  %14s  %19s  %14s  %5.1f %%  %16s  %16s\n",
	        count_text_of(totals->allocations).text, count_text_of(totals->frees).text,
	        count_text_of(totals->allocated_bytes).text, count_text_of(totals->temporary).text,
	        share_percent(totals->temporary, totals->allocations),
	        has_peak ? count_text_of(totals->peak_bytes).text : "",
	        count_text_of(totals->in_use_bytes).text);
}

void heap_tables_write_processes(const struct heap_process *processes, size_t n, FILE *out)
{
	const struct heap_process **order;
	struct heap_totals rest = {0};
	size_t shown = n <= ROWS_SHOWN ? n : ROWS_SHOWN - 1;

	if (n < 2)
		return;
	order = heap_by_peak(processes, n);
	fprintf(out,
	        "\nProcesses: highest peak first; all of them are rows of processes.csv\n\n"
	        "  %8s.%-4s  %-15s  %14s  %14s  %19s  %14s  %7s  %16s  %16s\n",
	        "pid", "exec", "name", "allocations", "frees", "bytes allocated", "temporary",
	        "share", "peak bytes", "bytes at exit");
	for (size_t i = 0; i < n; i++) {
		if (i >= shown) {
			heap_totals_add(&rest, &order[i]->totals);
			continue;
		}
		fprintf(out, "  %8d.%-4u  %-15s", (int)order[i]->pid, order[i]->exec_number,
		        shown_name(order[i]->comm).text);
		write_process(out, &order[i]->totals, true);
	}
	if (shown < n) {
		char *what = xasprintf("%zu smaller processes", n - shown);

		fprintf(out, "  %-30s", what);
		free(what);
		write_process(out, &rest, false);
	}
	free(order);
}
