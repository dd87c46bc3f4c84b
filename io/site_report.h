/* What a run shows of where its calls come from: profile.pb.gz, and with --stacks flame graphs,
 * stacks.folded, and the call sites with the most time for summary.txt. */
#ifndef IO_SITE_REPORT_H
#define IO_SITE_REPORT_H

#include <stdio.h>

struct diag;
struct io_sites;
struct profile;
struct result;
struct results_run;

/* The sites with names; io_sites_close() comes before. Where they have callers, the result's
 * quality says what its stacks lack. The caller frees it with profile_free(). */
struct profile *io_site_profile_new(const struct io_sites *sites, struct result *result);

/* The largest call sites: the innermost functions that are no system code (core/profile.h). Times
 * are seconds. Errors of the stream are the caller's to check (results_close()). */
void io_site_table_write(FILE *out, const struct profile *profile);

#define IO_SITE_PAGE "flamegraph-time.svg"
/* Writes the files; `profile` is of the sites. 0, or -errno with a sentence. */
int io_site_files_write(const struct io_sites *sites, const struct profile *profile,
                        struct results_run *run, struct result *result, struct diag *diag);

#endif
