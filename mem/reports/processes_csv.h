/* processes.csv: every process of a run with its totals, and those that were not observed with the
 * reason. */
#ifndef MEM_REPORTS_PROCESSES_CSV_H
#define MEM_REPORTS_PROCESSES_CSV_H

#include <stdio.h>

struct heap_run;
struct leak_run;
struct result;

/* The result's rows are those of the run, in its order, and then the others. `leaks`: its leak
 * check, NULL: there was none. Leaves checking the stream to who opened it. */
void processes_csv_write(const struct heap_run *run, const struct leak_run *leaks,
                         const struct result *result, FILE *out);

#endif
