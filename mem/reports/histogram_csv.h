/* histograms.csv: sizes and lifetimes by process and thread, for spreadsheets and scripts. */
#ifndef MEM_REPORTS_HISTOGRAM_CSV_H
#define MEM_REPORTS_HISTOGRAM_CSV_H

#include <stddef.h>
#include <stdio.h>

struct heap_process;

/* The 256 processes with the highest peak, each with its 64 threads that allocated most where it
 * has several. Leaves checking the stream to who opened it. */
void histogram_csv_write(const struct heap_process *processes, size_t n, FILE *out);

#endif
