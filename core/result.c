/* What a collector hands to the driver: its process rows, and its end. */
#include "core/collector.h"

#include "core/alloc.h"
#include "core/findings.h"
#include "core/gates.h"
#include "core/metrics.h"

#include <stdlib.h>

struct observed_process *result_add_process(struct result *result)
{
	return ARRAY_APPEND(result->processes, result->n_processes, result->processes_capacity);
}

void result_fini(struct result *result)
{
	metrics_free(result->metrics);
	findings_free(result->findings);
	gates_free(result->gates);
	json_decref(result->quality);
	free(result->backend);
	free(result->event);
	free(result->fallback);
	free(result->headline);
	text_list_fini(&result->table);
	free(result->next);
	free(result->unusable);
	for (size_t i = 0; i < result->n_processes; i++) {
		free(result->processes[i].command);
		free(result->processes[i].reason);
	}
	free(result->processes);
}
