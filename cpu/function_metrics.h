/* cpu.self_percent(F) and cpu.total_percent(F) of the functions that limits are set on. */
#ifndef CPU_FUNCTION_METRICS_H
#define CPU_FUNCTION_METRICS_H

#include "core/metrics.h"

struct cpu_facts;
struct diag;
struct result;

/* Rows of the table of cpu's metrics. */
#define CPU_FUNCTION_METRIC_ROWS                                                                   \
	{"cpu.self_percent(*)", "percent", METRIC_LOWER, "samples in the function itself"},        \
	{                                                                                          \
		"cpu.total_percent(*)", "percent", METRIC_LOWER,                                   \
		    "samples in the function and what it called"                                   \
	}

/* 0, or -EINVAL with a sentence: no function is named. */
int cpu_function_metric_check(const char *metric, struct diag *diag);

/* Adds those that the result's gates ask for, and tells them why one is not there. */
void cpu_function_metrics_add(const struct cpu_facts *facts, struct result *result);

#endif
