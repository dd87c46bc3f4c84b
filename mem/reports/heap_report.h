/* report.txt: what a heap did, for people: totals; sizes, lifetimes, threads and processes; and the
 * call sites, then the stacks, with most at the peak, most calls, bytes and temporary ones, and
 * most in use at exit. */
#ifndef MEM_REPORTS_HEAP_REPORT_H
#define MEM_REPORTS_HEAP_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct heap_filter;
struct heap_process;
struct heap_totals;
struct heap_words;
struct profile;

struct heap_report {
	const struct profile *profile; /* with the types of enum heap_type */
	const struct heap_totals *totals;
	const struct heap_words *words;
	/* What besides operator new is no site (mem/heap_filter.h); NULL: nothing. */
	const struct heap_filter *filter;
	const char *title;
	const char *command;
	const struct heap_process *processes; /* whose totals these are */
	size_t n_processes;
	uint64_t wall_ns;         /* how long that took; 0: not known */
	uint64_t peak_rss_bytes;  /* of the process with most; 0: not known */
	const char *leaks;        /* sums of the leak check, a line; NULL: there was none */
	const char *const *notes; /* what quality says; ended by NULL; NULL: nothing */
};

/* Leaves checking the stream to who opened it. */
void heap_report_write(const struct heap_report *report, FILE *out);

#endif
