/* Counters at regular times while a target runs: interval.csv (docs/formats.md). */
#ifndef CPU_STAT_INTERVAL_H
#define CPU_STAT_INTERVAL_H

#include <stdint.h>

struct counters;
struct diag;
struct event_list;
struct interval;
struct results_run;

/* Creates the file, whose rows are written as they come. List and run must outlive it. */
int interval_new(struct interval **interval, const struct event_list *list, uint64_t every_ms,
                 struct results_run *results, struct diag *diag);
void interval_free(struct interval *interval); /* NULL is fine; the file is closed first */

/* A run begins: time 0 of its rows. `number` counts from 1. */
void interval_begin(struct interval *interval, unsigned number);
int interval_fd(const struct interval *interval); /* readable when a row is due */
/* Writes what was counted since the rows before, if they are due. */
void interval_step(struct interval *interval, const struct counters *counters);
/* The run is over: the rows of what is left of it. */
void interval_end(struct interval *interval, const struct counters *counters);

/* -EIO and others with a sentence: the file could not be written. Once closed it stays so. */
int interval_close(struct interval *interval, struct diag *diag);

#endif
