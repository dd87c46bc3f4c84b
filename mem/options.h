/* The options of the memory collector. */
#ifndef MEM_OPTIONS_H
#define MEM_OPTIONS_H

#include "core/options.h"
#include "mem/leaks/leak_run.h"

#include <stdbool.h>
#include <stdint.h>

struct diag;
struct suppressions;

/* In the order of the option's choices; "yes" is memcheck's other word for "full". */
enum leak_check { LEAK_CHECK_NO, LEAK_CHECK_SUMMARY, LEAK_CHECK_FULL, LEAK_CHECK_YES };

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
	char *show_reachable;        /* "yes", "no"; NULL: as show_leak_kinds says */
	char *show_possibly_lost;    /* likewise */
	char *errors_for_leak_kinds; /* NULL: memcheck's default, and no gate */
	int leak_resolution;         /* enum leak_resolution */
	uint64_t num_callers;
	char *leak_check_heuristics;
	int run_libc_freeres;    /* index into no_yes */
	uint64_t error_exitcode; /* 0: no gate */
	struct text_list suppressions;
	int default_suppressions; /* index into no_yes */
	int gen_suppressions;     /* 0: no */
	uint64_t leak_every_ns;   /* 0: never */
};

extern const struct option_row memory_option_rows[];

bool memory_options_want_leaks(const struct memory_options *options);
/* What the options say of leaks: suppressions are none. */
struct leak_settings memory_options_leaks(const struct memory_options *options);
/* Reads the files of suppressions, then the installed one, and adds what the C library keeps. NULL:
 * no leak check is wanted. -EINVAL: one cannot be read, or is malformed. The caller frees the set.
 */
int memory_options_suppressions(const struct memory_options *options, struct suppressions **set,
                                struct diag *diag);
/* Has all that was typed something to do? -EINVAL: no. As a collector's check_options(). */
int memory_options_check(const struct memory_options *options, const struct memory_options *typed,
                         struct diag *diag);
/* Are names of functions needed as valgrind has them, to compare or to write? */
bool memory_options_need_symbols(const struct memory_options *options);
/* 1 << enum leak_heuristic. */
unsigned memory_options_heuristics(const struct memory_options *options);

/* massif's "desc:" line; the caller frees it. */
char *memory_options_describe(const struct memory_options *options);

#endif
