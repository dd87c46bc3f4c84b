/* The options of the memory collector. */
#ifndef MEM_OPTIONS_H
#define MEM_OPTIONS_H

#include "core/options.h"
#include "mem/leaks/leak_run.h"

#include <stdint.h>

/* In the order of the option's choices. */
enum leak_check { LEAK_CHECK_NO, LEAK_CHECK_SUMMARY, LEAK_CHECK_FULL };

struct memory_options {
	uint64_t depth;
	double threshold;
	int time_unit; /* index into time_units, enum wire_time_unit */
	uint64_t detailed_freq;
	uint64_t max_snapshots;
	struct text_list alloc_fns;
	struct text_list ignore_fns;
	int pages_as_heap; /* index into no_yes */
	int leak_check;    /* enum leak_check */
	char *show_leak_kinds;
	char *errors_for_leak_kinds; /* NULL: memcheck's default, and no gate */
	int leak_resolution;         /* enum leak_resolution */
	uint64_t num_callers;
	char *leak_check_heuristics;
	uint64_t error_exitcode; /* 0: no gate */
};

extern const struct option_row memory_option_rows[];

/* What the options say of leaks: suppressions are none. */
struct leak_settings memory_options_leaks(const struct memory_options *options);
/* 1 << enum leak_heuristic. */
unsigned memory_options_heuristics(const struct memory_options *options);

/* massif's "desc:" line; the caller frees it. */
char *memory_options_describe(const struct memory_options *options);

#endif
