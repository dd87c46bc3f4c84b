/* runs.csv, and the fields that it shares with interval.csv (docs/formats.md).
 *
 * A field that was not measured is empty, never 0.
 */
#ifndef CPU_STAT_CSV_H
#define CPU_STAT_CSV_H

#include <stdio.h>

struct count;
struct counted_event;
struct stat_facts;

/* "cycles", "task-clock_ns". */
void csv_write_name(const struct counted_event *event, FILE *out);
/* "COUNT,PERCENT", or "," for one that is not known. A scaled count is rounded to a whole one. */
void csv_write_count(const struct count *count, FILE *out);

/* One row a run. */
void runs_csv_write(const struct stat_facts *facts, FILE *out);

#endif
