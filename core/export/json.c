/* A run's manifest as it is. */
#include "core/export/exporter.h"

#include <jansson.h>

static int write_manifest(json_t *manifest, FILE *out, struct diag *diag)
{
	(void)diag;
	/* What cannot be written is seen by who opened the stream. */
	json_dumpf(manifest, out, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	return 0;
}

const struct exporter json_exporter = {
    .name = "json",
    .help = "run.json: metrics with their samples, machine, program, gates, findings",
    .write_manifest = write_manifest,
};
