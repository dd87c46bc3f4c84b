/* Writes threads.txt and files.txt. */
#include "io/tables.h"

#include "core/alloc.h"
#include "io/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHOWN_CALLS = 3, /* calls named for each thread */
	COMM_WIDTH = 15,
};

static int larger_first(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int threads_by_time(const void *left, const void *right)
{
	const struct thread_row *a = *(const struct thread_row *const *)left;
	const struct thread_row *b = *(const struct thread_row *const *)right;

	return a->time_ns != b->time_ns ? larger_first(a->time_ns, b->time_ns) : (a > b) - (a < b);
}

static int calls_by_time(const void *left, const void *right)
{
	const struct thread_call *a = left, *b = right;

	return a->time_ns != b->time_ns ? larger_first(a->time_ns, b->time_ns)
	                                : (a->call > b->call) - (a->call < b->call);
}

static void write_thread(FILE *out, const struct io_counts *counts, const struct thread_row *thread)
{
	struct thread_call *calls = xcalloc(thread->n_by_call + 1, sizeof(*calls));
	int name_width;

	if (thread->n_by_call)
		memcpy(calls, thread->by_call, thread->n_by_call * sizeof(*calls));
	qsort(calls, thread->n_by_call, sizeof(*calls), calls_by_time);
	fprintf(out, "%7d %7d ", (int)thread->pid, (int)thread->tid);
	name_width = io_write_text(out, thread->comm);
	fprintf(out, "%*s %10" PRIu64 " %9s %12.6f %14s %14s ",
	        name_width < COMM_WIDTH ? COMM_WIDTH - name_width : 0, "", thread->calls,
	        io_cell_of(counts, IO_FAILED, thread->errors).text, (double)thread->time_ns / 1e9,
	        io_cell_of(counts, IO_SUCCESSFUL, thread->bytes_read).text,
	        io_cell_of(counts, IO_SUCCESSFUL, thread->bytes_written).text);
	for (size_t i = 0; i < thread->n_by_call && i < SHOWN_CALLS; i++)
		fprintf(out, "%s %s %" PRIu64, i ? "," : "",
		        io_call_name_of(counts->calls[calls[i].call].info).text, calls[i].calls);
	fputc('\n', out);
	free(calls);
}

/* A process through all its programs. */
struct process_line {
	const struct process_row *last; /* image */
	uint32_t first;
	uint64_t n_threads;
	uint64_t calls, errors;
	uint64_t time_ns;
	uint64_t bytes_read, bytes_written;
};

static int processes_by_time(const void *left, const void *right)
{
	const struct process_line *a = left, *b = right;

	return a->time_ns != b->time_ns ? larger_first(a->time_ns, b->time_ns)
	                                : (a->first > b->first) - (a->first < b->first);
}

/* A line by index of the process's first image, n_threads 0 elsewhere. */
static struct process_line *sum_processes(const struct io_counts *counts)
{
	struct process_line *lines = xcalloc(counts->n_processes + 1, sizeof(*lines));

	for (uint32_t i = 0; i < counts->n_processes; i++) {
		lines[i].first = i;
		lines[counts->processes[i].first].last = &counts->processes[i];
	}
	for (size_t i = 0; i < counts->n_threads; i++) {
		const struct thread_row *thread = &counts->threads[i];
		struct process_line *line = &lines[thread->process];

		line->n_threads++;
		line->calls += thread->calls;
		line->errors += thread->errors;
		line->time_ns += thread->time_ns;
		line->bytes_read += thread->bytes_read;
		line->bytes_written += thread->bytes_written;
	}
	return lines;
}

static void write_processes(FILE *out, const struct io_counts *counts, bool with_idle)
{
	struct process_line *lines = sum_processes(counts);

	qsort(lines, counts->n_processes, sizeof(*lines), processes_by_time);
	fprintf(out, "\n%-7s %7s %7s %12s %8s %10s %9s %14s %14s  %s\n", "sums of", "pid", "parent",
	        "seconds", "threads", "calls", "errors", "bytes read", "bytes written", "command");
	for (size_t i = 0; i < counts->n_processes; i++) {
		const struct process_line *line = &lines[i];

		if (!line->n_threads || (!with_idle && !line->calls))
			continue;
		fprintf(out, "%-7s %7d %7d %12.6f %8" PRIu64 " %10" PRIu64 " %9s %14s %14s  ",
		        "process", (int)line->last->pid, (int)line->last->parent_pid,
		        (double)line->time_ns / 1e9, line->n_threads, line->calls,
		        io_cell_of(counts, IO_FAILED, line->errors).text,
		        io_cell_of(counts, IO_SUCCESSFUL, line->bytes_read).text,
		        io_cell_of(counts, IO_SUCCESSFUL, line->bytes_written).text);
		io_write_text(out, line->last->command);
		fputc('\n', out);
	}
	free(lines);
}

void io_threads_write(FILE *out, const struct io_counts *counts, bool with_idle)
{
	const struct thread_row **rows = xcalloc(counts->n_threads + 1, sizeof(*rows));
	size_t n_rows = 0;

	for (size_t i = 0; i < counts->n_threads; i++)
		if (with_idle || counts->threads[i].calls)
			rows[n_rows++] = &counts->threads[i];
	qsort(rows, n_rows, sizeof(*rows), threads_by_time);
	fprintf(out, "%7s %7s %-15s %10s %9s %12s %14s %14s  %s\n", "pid", "tid", "name", "calls",
	        "errors", "seconds", "bytes read", "bytes written", "most time in");
	for (size_t i = 0; i < n_rows; i++)
		write_thread(out, counts, rows[i]);
	free(rows);
	write_processes(out, counts, with_idle);
}

/* A descriptor and its id, for sorting. */
struct file_line {
	const struct descriptor_row *row;
	uint32_t id;
};

static int files_by_time(const void *left, const void *right)
{
	const struct file_line *a = left, *b = right;

	return a->row->time_ns != b->row->time_ns ? larger_first(a->row->time_ns, b->row->time_ns)
	                                          : (a->id > b->id) - (a->id < b->id);
}

/* Of calls that succeeded, or "-": of some it is not known. */
static void write_asked(FILE *out, const struct io_counts *counts, const struct descriptor_row *row,
                        enum io_direction direction)
{
	if (row->unknown_calls[direction])
		fprintf(out, " %14s", "-");
	else
		fprintf(out, " %14s",
		        io_cell_of(counts, IO_SUCCESSFUL, row->asked_bytes[direction]).text);
}

static void write_moved(FILE *out, const struct io_counts *counts, const struct descriptor_row *row,
                        enum io_direction direction)
{
	fprintf(
	    out, " %9" PRIu64 " %14s", row->calls[direction],
	    io_moved_cell_of(counts, row->bytes[direction], row->unknown_bytes[direction]).text);
}

static void write_file(FILE *out, const struct io_counts *counts, const struct file_line *line)
{
	const struct fd_descriptor *descriptor = fd_table_descriptor(counts->fds, line->id);
	const struct descriptor_row *row = line->row;
	char opened[24] = "start", closed[24] = "end";

	if (descriptor->origin == FD_OPENED || descriptor->opened_ns)
		snprintf(opened, sizeof(opened), "%.6f", (double)descriptor->opened_ns / 1e9);
	if (descriptor->closed_ns)
		snprintf(closed, sizeof(closed), "%.6f", (double)descriptor->closed_ns / 1e9);
	fprintf(out, "%7d %4d %11s %11s", (int)descriptor->pid, descriptor->fd, opened, closed);
	write_moved(out, counts, row, IO_READ);
	write_moved(out, counts, row, IO_WRITE);
	fprintf(out, " %7" PRIu64 " %7s %12.6f", row->other_calls,
	        io_cell_of(counts, IO_FAILED, row->errors).text, (double)row->time_ns / 1e9);
	write_asked(out, counts, row, IO_READ);
	write_asked(out, counts, row, IO_WRITE);
	fputs("  ", out);
	io_write_descriptor_name(out, counts->fds, line->id);
	fputc('\n', out);
}

/* Calls that are not counted may use one, too. */
static bool was_used(const struct descriptor_row *row)
{
	return row->calls[IO_READ] || row->calls[IO_WRITE] || row->other_calls;
}

void io_files_write(FILE *out, const struct io_counts *counts)
{
	struct file_line *lines = xcalloc(counts->n_descriptors + 1, sizeof(*lines));
	size_t n_lines = 0;

	for (uint32_t id = 1; id < counts->n_descriptors; id++)
		if (was_used(&counts->descriptors[id]))
			lines[n_lines++] = (struct file_line){&counts->descriptors[id], id};
	qsort(lines, n_lines, sizeof(*lines), files_by_time);
	fprintf(out, "%7s %4s %11s %11s %9s %14s %9s %14s %7s %7s %12s %14s %14s  %s\n", "pid",
	        "fd", "opened s", "closed s", "reads", "bytes read", "writes", "bytes written",
	        "other", "errors", "seconds", "asked to read", "asked to write", "file");
	for (size_t i = 0; i < n_lines; i++)
		write_file(out, counts, &lines[i]);
	free(lines);
}
