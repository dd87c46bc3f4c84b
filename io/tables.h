/* threads.txt, files.txt and the list of errors: who made the calls, on what, and how they failed.
 */
#ifndef IO_TABLES_H
#define IO_TABLES_H

#include "io/counts.h"

#include <stdbool.h>
#include <stdio.h>

/* A line a thread, the longest in calls first. `with_idle`: also those without calls. */
void io_threads_write(FILE *out, const struct io_counts *counts, bool with_idle);

/* A line a descriptor, the longest in calls first. */
void io_files_write(FILE *out, const struct io_counts *counts);

/* A line a call and errno, for under the summary. Nothing when no call failed. */
void io_errors_write(FILE *out, const struct io_counts *counts);

#endif
