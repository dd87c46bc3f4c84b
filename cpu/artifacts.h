/* The files that the run directories of cpu and offcpu have alike. */
#ifndef CPU_ARTIFACTS_H
#define CPU_ARTIFACTS_H

struct diag;
struct export_options;
struct exporter;
struct profile;
struct recording;
struct results_run;
struct symbolizer;

/* The one to look at first. */
#define CPU_PAGE "flamegraph.svg"

/* The profile is the recording's, made by the symbolizer. */
int cpu_artifacts_write(struct results_run *run, const struct recording *recording,
                        struct symbolizer *symbolizer, const struct profile *profile,
                        const struct export_options *options, struct diag *diag);
/* One more. */
int cpu_artifact_write(struct results_run *run, const char *name, const struct exporter *exporter,
                       const struct profile *profile, const struct export_options *options,
                       struct diag *diag);

#endif
