/* Measures functions by name when somebody has set a limit on them. */
#include "cpu/function_metrics.h"

#include "cpu/sampler.h"
#include "cpu/summary.h"

#include "core/alloc.h"
#include "core/budget.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/function_share.h"
#include "core/gates.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *start;
	size_t share; /* offset in struct function_share */
} kinds[] = {
    {"cpu.self_percent(", offsetof(struct function_share, self_percent)},
    {"cpu.total_percent(", offsetof(struct function_share, total_percent)},
};

int cpu_function_metric_check(const char *metric, struct diag *diag)
{
	char *function = budget_function(metric);
	int err = 0;

	if (function && !*function)
		err = diag_fail(diag, EINVAL, "%s names no function", metric);
	free(function);
	return err;
}

static void add_metric(const struct cpu_facts *facts, struct result *result, const char *metric,
                       size_t offset)
{
	const struct function_places places = {facts->recording, result->program,
	                                       facts->symbolizer};
	char *function = budget_function(metric);
	struct function_share share;
	struct diag diag;

	if (!function_share(facts->profile, SAMPLER_SAMPLES, &places, function, &share, &diag))
		metrics_add(result->metrics, cpu_metrics, metric,
		            *(const double *)((const char *)&share + offset));
	else
		gates_explain(result->gates, metric, diag.text);
	free(function);
}

void cpu_function_metrics_add(const struct cpu_facts *facts, struct result *result)
{
	const char *metric;

	for (size_t i = 0; (metric = gates_metric(result->gates, i)); i++) {
		if (metrics_n_samples(result->metrics, metric))
			continue; /* two limits are on it */
		for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
			if (!strncmp(metric, kinds[kind].start, strlen(kinds[kind].start)))
				add_metric(facts, result, metric, kinds[kind].share);
	}
}
