/* What the user can choose for `--type cpu`. */
#ifndef CPU_OPTIONS_H
#define CPU_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* How the callers of a sample are found. */
enum call_graph {
	CALL_GRAPH_DWARF, /* by unwind tables, from registers and a copy of the stack */
	CALL_GRAPH_FP,    /* by frame pointers, in the kernel */
	CALL_GRAPH_NONE,  /* not at all */
};

enum { CPU_DEFAULT_FREQ_HZ = 997 };

/* What --stack-size has by default. */
enum { USUAL_STACK_BYTES = 8192 };

struct cpu_options {
	uint64_t freq_hz;
	char *event; /* NULL: cycles, else cpu-clock */
	int call_graph;
	uint64_t stack_bytes;
	bool kernel;
	bool inherit;
	uint64_t min_samples;
	uint64_t min_time_ns;
	double percent_limit;
};

#endif
