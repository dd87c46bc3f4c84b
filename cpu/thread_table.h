/* The foot of report.txt: what became of each thread's time. */
#ifndef CPU_THREAD_TABLE_H
#define CPU_THREAD_TABLE_H

#include <stdio.h>

struct recording;
struct waits;

/* Lines that begin with `#`, as the comments of perf's reports do: the threads that were blocked
 * longest, and how many more there are. Names are the recording's. */
void thread_table_write(const struct waits *waits, const struct recording *recording, FILE *out);

#endif
