/* What summary.txt has below the table of `strace -c`: how long each call took, what it moved, and
 * how it failed. Errors of the stream are the caller's to check (results_close()). */
#ifndef IO_CALL_TABLES_H
#define IO_CALL_TABLES_H

#include "io/counts.h"
#include "io/summary.h"

#include <stdio.h>

/* A line a call, in this order: shortest, average, percentiles and longest, in us. Nothing when
 * there was no call. */
void io_latency_write(FILE *out, const struct io_counts *counts, enum io_column sort);

/* A line a call that moved data, in this order. Nothing when there is none. */
void io_bytes_write(FILE *out, const struct io_counts *counts, enum io_column sort);

/* A line a call and errno, most errors first; alike ones by the call's ABI and number, then by
 * errno. Nothing when no call failed. */
void io_errors_write(FILE *out, const struct io_counts *counts);

#endif
