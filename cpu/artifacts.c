/* Writes each file of a run through its exporter. */
#include "cpu/artifacts.h"

#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/export/samples.h"
#include "core/results/results.h"

#include <errno.h>

static const struct artifact {
	const char *name;
	const struct exporter *exporter;
} artifacts[] = {
    {CPU_PAGE, &flamegraph_exporter},
    {"stacks.folded", &folded_exporter},
    {"report.txt", &report_exporter},
    {"profile.pb.gz", &pprof_exporter},
    {0},
};

/* Closes the stream whatever was before, and gives the first error. */
static int close_artifact(struct results_run *run, FILE *out, int err, struct diag *diag)
{
	struct diag ignored;
	int close_err = results_close(run, out, err ? &ignored : diag);

	return err ? err : close_err;
}

static int write_samples(struct results_run *run, const struct recording *recording,
                         struct symbolizer *symbolizer, struct diag *diag)
{
	FILE *out = results_create(run, "samples.bin", diag);

	if (!out)
		return -EIO;
	return close_artifact(run, out, samples_write(recording, symbolizer, out, diag), diag);
}

int cpu_artifact_write(struct results_run *run, const char *name, const struct exporter *exporter,
                       const struct profile *profile, const struct export_options *options,
                       struct diag *diag)
{
	FILE *out = results_create(run, name, diag);

	if (!out)
		return -EIO;
	return close_artifact(run, out, exporter->write(profile, options, out, diag), diag);
}

int cpu_artifacts_write(struct results_run *run, const struct recording *recording,
                        struct symbolizer *symbolizer, const struct profile *profile,
                        const struct export_options *options, struct diag *diag)
{
	int err = 0;

	for (const struct artifact *artifact = artifacts; artifact->name && !err; artifact++)
		err = cpu_artifact_write(run, artifact->name, artifact->exporter, profile, options,
		                         diag);
	return err ? err : write_samples(run, recording, symbolizer, diag);
}
