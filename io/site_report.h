/* What a run shows of where its calls come from (--stacks): flame graphs, stacks.folded,
 * profile.pb.gz, and the call sites with the most time for summary.txt. */
#ifndef IO_SITE_REPORT_H
#define IO_SITE_REPORT_H

#include <stdio.h>

struct diag;
struct io_sites;
struct profile;
struct result;
struct results_run;

/* The sites with names; io_sites_close() comes before. Says in the result's quality what its stacks
 * lack. The caller frees it with profile_free(). */
struct profile *io_site_profile_new(const struct io_sites *sites, struct result *result);

/* The largest call sites: the innermost functions that are no system code (core/profile.h). */
void io_site_table_write(FILE *out, const struct profile *profile);

#define IO_SITE_PAGE "flamegraph-time.svg"
/* Writes the files. 0, or -errno with a sentence. */
int io_site_files_write(const struct profile *profile, struct results_run *run,
                        struct result *result, struct diag *diag);

#endif
