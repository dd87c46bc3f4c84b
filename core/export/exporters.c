/* The table of output formats. */
#include "core/export/exporter.h"

#include <string.h>

const struct exporter *const exporters[] = {
    &folded_exporter,      &flamegraph_exporter,
    &pprof_exporter,       &report_exporter,
    &perf_script_exporter, &massif_exporter,
    &heaptrack_exporter,   &openmetrics_exporter,
    &junit_exporter,       &hyperfine_exporter,
    &csv_exporter,         &json_exporter,
    NULL,
};

const struct exporter *exporter_find(const char *name)
{
	for (size_t i = 0; exporters[i]; i++)
		if (!strcmp(exporters[i]->name, name))
			return exporters[i];
	return NULL;
}
