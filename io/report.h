/* What a run of io leaves behind: its files, its notes of quality, its lines for the terminal. */
#ifndef IO_REPORT_H
#define IO_REPORT_H

#include "core/collector.h"
#include "core/diag.h"

struct io_columns;
struct io_counts;
struct io_options;
struct results_run;

struct io_report {
	const struct io_options *options;
	const struct io_columns *columns; /* of summary.txt's first table */
	const char *time_note;            /* what a call's time is, as a sentence */
	const char *choice;               /* as it was typed; NULL: every call is counted */
	bool counts_part;                 /* only some threads, or not all of their time */
	bool is_attached;                 /* to processes that ran before */
};

/* Writes all of the counted repeat into the run and into the result. Where its stacks were taken,
 * no more can be added to them after this. 0, or -errno with a sentence: a file could not be
 * written. */
int io_report_write(const struct io_report *report, const struct io_counts *counts,
                    struct results_run *run, struct result *result, struct diag *diag);

#endif
