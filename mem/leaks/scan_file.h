/* leak-scans.txt: a sentence on each scan as it comes, and at the end of the run what each has
 * found newly lost, in memcheck's shape. */
#ifndef MEM_LEAKS_SCAN_FILE_H
#define MEM_LEAKS_SCAN_FILE_H

#include <stdio.h>

struct heap_run;
struct scan_history;
struct loss_settings;

/* The run's processes have to be those of the scans. The settings' symbolizer gives the names. */
void scan_file_write(const struct scan_history *history, const struct heap_run *run,
                     const struct loss_settings *settings, FILE *out);

#endif
