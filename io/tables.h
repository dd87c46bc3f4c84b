/* threads.txt and files.txt: who made the calls, and on what. Times are seconds, openings and
 * closings since the repeat's start. Errors of the stream are the caller's to check
 * (results_close()). */
#ifndef IO_TABLES_H
#define IO_TABLES_H

#include "io/counts.h"

#include <stdbool.h>
#include <stdio.h>

/* A line a thread, then a line a process with the sums of its threads, the longest in calls first.
 * `with_idle`: also those without calls. */
void io_threads_write(FILE *out, const struct io_counts *counts, bool with_idle);

/* A line a descriptor that was read, written or used, the longest in calls first; sums by file are
 * io/file_sums.h's. */
void io_files_write(FILE *out, const struct io_counts *counts);

#endif
