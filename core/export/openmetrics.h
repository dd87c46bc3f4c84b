/* Metrics of runs as OpenMetrics text 1.0, from their manifests (run.json, CONTRACT 4).
 *
 * Prometheus' own text format 0.0.4 takes the same document: what it does not know (UNIT, EOF) is a
 * comment to it. docs/formats.md has names, labels and units. Sources: the OpenMetrics
 * specification (prometheus/OpenMetrics, "Text format"), and promtool's linter for names.
 */
#ifndef CORE_EXPORT_OPENMETRICS_H
#define CORE_EXPORT_OPENMETRICS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Writes the metrics of all these runs, each family once, ended by `# EOF`. Two runs of the same
 * scenario, type, host and commit would give the same series twice, which nobody can read: pass one
 * of them. Members of a manifest that are not what the schema says are left out. */
void openmetrics_write(json_t *const *manifests, size_t n_manifests, FILE *out);

#endif
