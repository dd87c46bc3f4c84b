/* The options of the memory collector. */
#ifndef MEM_OPTIONS_H
#define MEM_OPTIONS_H

#include "core/options.h"

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
};

extern const struct option_row memory_option_rows[];

/* massif's "desc:" line; the caller frees it. */
char *memory_options_describe(const struct memory_options *options);

#endif
