/* report.txt: what a heap did, for people: totals, peak consumers, most calls, most temporary, in
 * use at exit. */
#ifndef MEM_HEAP_REPORT_H
#define MEM_HEAP_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct heap_totals;
struct profile;

struct heap_report {
	const struct profile *profile; /* with the types of enum heap_type */
	const struct heap_totals *totals;
	const char *title;
	const char *command;
	size_t n_processes;       /* 1: of one process */
	const char *const *notes; /* what quality says; ended by NULL; NULL: nothing */
};

/* Leaves checking the stream to who opened it. */
void heap_report_write(const struct heap_report *report, FILE *out);

#endif
