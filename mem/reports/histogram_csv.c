/* Writes the histograms of processes and threads as rows. */
#include "mem/reports/histogram_csv.h"

#include "core/alloc.h"
#include "mem/heap.h"
#include "mem/histogram.h"
#include "core/csv_field.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PROCESSES_WRITTEN = 256, THREADS_WRITTEN = 64 };

/* Whose rows these are. A tid of 0: the whole process. */
struct owner {
	pid_t pid;
	unsigned exec_number;
	pid_t tid;
	const char *name;
};

static void write_owner(FILE *out, struct owner owner)
{
	fprintf(out, "%d,%u,", (int)owner.pid, owner.exec_number);
	if (owner.tid)
		fprintf(out, "%d", (int)owner.tid);
	fputc(',', out);
	csv_field_write(out, owner.name);
	fputc(',', out);
}

static void write_lifetime(FILE *out, struct owner owner, const struct histogram_row *row)
{
	static const char *const kinds[] = {[HISTOGRAM_RANGE] = "lifetime",
	                                    [HISTOGRAM_TEMPORARY] = "temporary",
	                                    [HISTOGRAM_UNKNOWN] = "unknown"};

	if (!row->count)
		return;
	write_owner(out, owner);
	fprintf(out, "%s,", kinds[row->kind]);
	if (row->kind == HISTOGRAM_RANGE)
		fprintf(out, "%" PRIu64 ",%" PRIu64, row->from, row->to);
	else
		fputc(',', out);
	fprintf(out, ",%" PRIu64 ",\n", row->count);
}

static void write_histogram(FILE *out, struct owner owner, const struct histogram *histogram)
{
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];
	size_t n = histogram_size_rows(histogram, rows);

	for (size_t i = 0; i < n; i++) {
		if (!rows[i].count)
			continue;
		write_owner(out, owner);
		fprintf(out, "size,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", rows[i].from,
		        rows[i].to, rows[i].count, rows[i].bytes);
	}
	n = histogram_lifetime_rows(histogram, rows);
	for (size_t i = 0; i < n; i++)
		write_lifetime(out, owner, &rows[i]);
}

static int by_allocations(const void *a, const void *b)
{
	const struct heap_thread *x = *(const struct heap_thread *const *)a;
	const struct heap_thread *y = *(const struct heap_thread *const *)b;
	uint64_t n_x = histogram_totals(&x->histogram).allocations;
	uint64_t n_y = histogram_totals(&y->histogram).allocations;

	if (n_x != n_y)
		return n_x > n_y ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void write_threads(FILE *out, const struct heap_process *process)
{
	size_t n = process->n_threads - (process->n_joint_threads > 0);
	const struct heap_thread **order = xcalloc(n, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = &process->threads[i];
	qsort(order, n, sizeof(*order), by_allocations);
	for (size_t i = 0; i < n && i < THREADS_WRITTEN; i++) {
		struct owner owner = {.pid = process->pid,
		                      .exec_number = process->exec_number,
		                      .tid = order[i]->tid,
		                      .name = order[i]->comm};

		write_histogram(out, owner, &order[i]->histogram);
	}
	free(order);
}

void histogram_csv_write(const struct heap_process *processes, size_t n, FILE *out)
{
	const struct heap_process **order = heap_by_peak(processes, n);

	fputs("pid,exec,tid,name,histogram,from,to,blocks,bytes\n", out);
	for (size_t i = 0; i < n && i < PROCESSES_WRITTEN; i++) {
		struct owner owner = {.pid = order[i]->pid,
		                      .exec_number = order[i]->exec_number,
		                      .name = order[i]->comm};

		write_histogram(out, owner, &order[i]->histogram);
		if (order[i]->knows_threads && order[i]->n_threads > 1)
			write_threads(out, order[i]);
	}
	free(order);
}
