/* The second table of files.txt: what each file, pipe and address cost, over all processes and all
 * the times that it was open. */
#ifndef IO_FILE_SUMS_H
#define IO_FILE_SUMS_H

#include "io/counts.h"

#include <stdio.h>

/* A line a name, with those of sockets their addresses; the longest in calls first. Times are
 * seconds. Errors of the stream are the caller's to check (results_close()). */
void io_file_sums_write(FILE *out, const struct io_counts *counts);

#endif
