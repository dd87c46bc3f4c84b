/* What the user can choose for `--type stat`. */
#ifndef CPU_STAT_OPTIONS_H
#define CPU_STAT_OPTIONS_H

#include <stdint.h>

struct stat_options {
	char *events; /* as typed; NULL: those that perf stat -d counts */
	uint64_t interval_ms; /* 0: none */
	uint64_t min_runs;    /* 0: as many as --runs says */
};

#endif
