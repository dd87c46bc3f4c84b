/* The newest rows in memory, the others in the file, and a window on those that are read again. */
#include "core/row_log.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct row_log {
	size_t row_bytes;
	size_t n_rows;
	int fd; /* -1: none */
	int error;
	size_t n_spilled;
	unsigned char *tail;   /* rows n_spilled .. n_rows - 1 */
	size_t tail_capacity;  /* in rows */
	unsigned char *window; /* a block of spilled rows */
	size_t window_first;
	size_t n_window; /* 0: nothing is in it */
};

struct row_log *row_log_new(size_t row_bytes)
{
	struct row_log *log = xcalloc(1, sizeof(*log));

	BUG(!row_bytes || row_bytes > ROW_LOG_BLOCK_BYTES);
	log->row_bytes = row_bytes;
	log->fd = -1;
	return log;
}

void row_log_free(struct row_log *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	free(log->tail);
	free(log->window);
	free(log);
}

void row_log_spill(struct row_log *log, int fd)
{
	BUG(log->fd >= 0);
	log->fd = fd;
}

static size_t block_rows(const struct row_log *log)
{
	return ROW_LOG_BLOCK_BYTES / log->row_bytes;
}

/* Moves all bytes between memory and the file at the place of a row. */
static int transfer(const struct row_log *log, bool to_file, unsigned char *rows, size_t first,
                    size_t n_rows)
{
	size_t left = n_rows * log->row_bytes;
	off_t at = (off_t)(first * log->row_bytes);

	while (left) {
		ssize_t n =
		    to_file ? pwrite(log->fd, rows, left, at) : pread(log->fd, rows, left, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* a file that somebody cut short */
		rows += n;
		at += n;
		left -= (size_t)n;
	}
	return 0;
}

static void spill_tail(struct row_log *log)
{
	size_t n_tail = log->n_rows - log->n_spilled;

	if (!log->error)
		log->error = transfer(log, true, log->tail, log->n_spilled, n_tail);
	log->n_spilled = log->n_rows;
}

void *row_log_add(struct row_log *log)
{
	size_t n_tail = log->n_rows - log->n_spilled;
	void *row;

	if (log->fd >= 0 && n_tail >= block_rows(log)) {
		spill_tail(log);
		n_tail = 0;
	}
	log->tail = array_reserve(log->tail, &log->tail_capacity, n_tail + 1, log->row_bytes);
	row = log->tail + n_tail * log->row_bytes;
	log->n_rows++;
	return memset(row, 0, log->row_bytes);
}

size_t row_log_count(const struct row_log *log)
{
	return log->n_rows;
}

/* The block that holds row i. */
static void move_window(struct row_log *log, size_t i)
{
	size_t first = i - i % block_rows(log);
	size_t n_rows = log->n_spilled - first;
	int err;

	if (n_rows > block_rows(log))
		n_rows = block_rows(log);
	if (!log->window)
		log->window = xmalloc(ROW_LOG_BLOCK_BYTES);
	err = transfer(log, false, log->window, first, n_rows);
	if (err)
		memset(log->window, 0, ROW_LOG_BLOCK_BYTES);
	if (!log->error)
		log->error = err;
	log->window_first = first;
	log->n_window = n_rows;
}

const void *row_log_get(struct row_log *log, size_t i)
{
	BUG(i >= log->n_rows);
	if (i >= log->n_spilled)
		return log->tail + (i - log->n_spilled) * log->row_bytes;
	if (i < log->window_first || i - log->window_first >= log->n_window)
		move_window(log, i);
	return log->window + (i - log->window_first) * log->row_bytes;
}

int row_log_error(const struct row_log *log)
{
	return log->error;
}
