/* Keeps and writes the calls that threads are in at the end. */
#include "io/pending.h"

#include "core/alloc.h"
#include "core/trace/tracee.h"
#include "io/fd_table.h"
#include "io/trace_paths.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { COMM_WIDTH = 15 };

/* What cannot be read, or has no end, is not shown. */
static char *read_path(pid_t tid, uint64_t addr)
{
	char text[PATH_MAX];

	return tracee_read_text(tid, addr, text, sizeof(text)) >= 0 ? xstrdup(text) : NULL;
}

static void note_arguments(const struct io_counts *counts, const struct io_member *member,
                           const struct io_pending_call *call, struct pending_row *row)
{
	int fd_argument, path_argument;

	trace_paths_arguments(call->info, &fd_argument, &path_argument);
	if (fd_argument >= 0)
		row->fd = (int)call->args[fd_argument];
	if (row->fd >= 0)
		row->descriptor = fd_table_use(counts->fds, member->group, row->fd);
	if (path_argument >= 0)
		row->path =
		    read_path(counts->threads[member->thread].tid, call->args[path_argument]);
}

static enum pending_since since_of(const struct io_pending_call *call)
{
	if (call->entered_ns == IO_BEFORE_US)
		return PENDING_BEFORE_US;
	return call->entered_ns == IO_ENTRY_UNSEEN ? PENDING_UNSEEN : PENDING_SEEN;
}

void io_pending_add(struct io_counts *counts, const struct io_member *member,
                    const struct io_pending_call *call)
{
	struct pending_row *row =
	    ARRAY_APPEND(counts->pending, counts->n_pending, counts->pending_capacity);

	*row = (struct pending_row){
	    .thread = member->thread, .info = call->info, .since = since_of(call), .fd = -1};
	if (row->since == PENDING_SEEN && call->now_ns > call->entered_ns)
		row->lasted_ns = call->now_ns - call->entered_ns;
	if (call->args)
		note_arguments(counts, member, call, row);
}

static int longest_first(const void *left, const void *right, void *context)
{
	const struct pending_row *a = left, *b = right;
	const struct thread_row *threads = context;
	pid_t a_tid = threads[a->thread].tid, b_tid = threads[b->thread].tid;

	if (a->since != b->since)
		return a->since < b->since ? -1 : 1;
	if (a->lasted_ns != b->lasted_ns)
		return a->lasted_ns > b->lasted_ns ? -1 : 1;
	return (a_tid > b_tid) - (a_tid < b_tid);
}

void io_pending_sort(struct io_counts *counts)
{
	if (counts->n_pending)
		qsort_r(counts->pending, counts->n_pending, sizeof(*counts->pending), longest_first,
		        counts->threads);
}

void io_pending_write_call(FILE *out, const struct io_counts *counts, const struct pending_row *row)
{
	const char *before = " (";

	fputs(io_call_name_of(row->info).text, out);
	if (row->fd >= 0) {
		fprintf(out, "%s%d", before, row->fd);
		before = ", ";
	}
	if (row->descriptor) {
		fputc(' ', out);
		io_write_descriptor_name(out, counts->fds, row->descriptor);
	}
	if (row->path) {
		fputs(before, out);
		io_write_text(out, row->path);
		before = ", ";
	}
	if (strcmp(before, ", ") == 0)
		fputc(')', out);
}

struct io_cell io_pending_time_of(const struct pending_row *row)
{
	struct io_cell cell = {"?"};

	if (row->since == PENDING_SEEN)
		snprintf(cell.text, sizeof(cell.text), "%.6f", (double)row->lasted_ns / 1e9);
	else if (row->since == PENDING_BEFORE_US)
		snprintf(cell.text, sizeof(cell.text), "before");
	return cell;
}

void io_pending_write(FILE *out, const struct io_counts *counts, size_t n_rows)
{
	if (counts->n_pending)
		fprintf(out, "\n%-8s %7s %7s %-15s %12s  %s\n", "still in", "pid", "tid", "name",
		        "seconds", "call");
	for (size_t i = 0; i < counts->n_pending && i < n_rows; i++) {
		const struct pending_row *row = &counts->pending[i];
		const struct thread_row *thread = &counts->threads[row->thread];
		int name_width;

		fprintf(out, "%-8s %7d %7d ", "call", (int)thread->pid, (int)thread->tid);
		name_width = io_write_text(out, thread->comm);
		fprintf(out, "%*s %12s  ", name_width < COMM_WIDTH ? COMM_WIDTH - name_width : 0,
		        "", io_pending_time_of(row).text);
		io_pending_write_call(out, counts, row);
		fputc('\n', out);
	}
}
