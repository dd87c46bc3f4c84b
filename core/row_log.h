/* Rows of one size in the order of their arrival, which may go to a file so that memory holds but a
 * few of them.
 *
 * Without a file all rows stay in memory. An error of the file is kept: what was lost with it reads
 * as zeros, and row_log_error() tells. Not thread-safe.
 */
#ifndef CORE_ROW_LOG_H
#define CORE_ROW_LOG_H

#include <stddef.h>

struct row_log;

struct row_log *row_log_new(size_t row_bytes);
void row_log_free(struct row_log *log); /* NULL is fine */

/* From now on rows go to this file (read and write, empty), but for the last ROW_LOG_BLOCK_BYTES.
 * It is taken over. */
enum { ROW_LOG_BLOCK_BYTES = 1 << 18 };
void row_log_spill(struct row_log *log, int fd);

/* A new row of zeros to fill in; lives until the next call. */
void *row_log_add(struct row_log *log);
size_t row_log_count(const struct row_log *log);
/* Lives until the next call. */
const void *row_log_get(struct row_log *log, size_t i);

/* 0, or -errno of the first write or read that failed. */
int row_log_error(const struct row_log *log);

#endif
