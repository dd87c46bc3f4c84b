/* The foot of report.txt: what became of each thread's time. */
#ifndef CPU_THREAD_TABLE_H
#define CPU_THREAD_TABLE_H

#include <stdio.h>

struct followed;
struct recording;
struct waits;

/* Lines that begin with `#`, as the comments of perf's reports do: the threads that were blocked
 * longest, and how many more there are. Names are the recording's, and of threads that are not in
 * it, since they never waited, those of `followed` (may be NULL). */
void thread_table_write(const struct waits *waits, const struct recording *recording,
                        struct followed *followed, FILE *out);

#endif
