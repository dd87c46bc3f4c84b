/* The files of a memory run (CONTRACT 3). */
#ifndef MEM_REPORTS_FILES_H
#define MEM_REPORTS_FILES_H

#include "mem/heap_filter.h"

#include <stdbool.h>
#include <stdint.h>

struct diag;
struct heap_run;
struct leak_run;
struct result;
struct results_run;
struct symbolizer;

struct files_options {
	const char *description; /* massif's "desc:" line */
	bool time_is_bytes;
	double threshold;
	uint64_t depth;
	struct heap_filter filter;
	const struct leak_run *leaks; /* of the run; NULL: it was not checked for leaks */
};

/* Writes everything of one repeat with the symbolizer's names, and summarises the same profile in
 * the result (mem/reports/summary.h). */
int files_write(const struct heap_run *run, struct symbolizer *symbolizer,
                const struct files_options *options, struct results_run *results,
                struct result *result, struct diag *diag);

#endif
