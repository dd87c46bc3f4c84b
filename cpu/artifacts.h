/* The files of a cpu run directory. */
#ifndef CPU_ARTIFACTS_H
#define CPU_ARTIFACTS_H

struct diag;
struct export_options;
struct profile;
struct recording;
struct results_run;

/* The one to look at first. */
#define CPU_PAGE "flamegraph.svg"

int cpu_artifacts_write(struct results_run *run, const struct recording *recording,
                        const struct profile *profile, const struct export_options *options,
                        struct diag *diag);

#endif
