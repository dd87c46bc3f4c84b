/* What the user can choose for `--type cpu`. */
#ifndef CPU_OPTIONS_H
#define CPU_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_options {
	uint64_t freq_hz;
	uint64_t stack_bytes;
	bool kernel;
	bool inherit;
	uint64_t min_samples;
	uint64_t min_time_ns;
	double percent_limit;
};

#endif
