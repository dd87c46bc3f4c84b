/* What the user can choose for `--type offcpu`. */
#ifndef CPU_OFFCPU_OPTIONS_H
#define CPU_OFFCPU_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct offcpu_options {
	uint64_t freq_hz; /* of samples on the CPU */
	uint64_t stack_bytes;
	bool kernel;
	bool inherit;
	uint64_t min_time_ns;
	double percent_limit;
};

#endif
