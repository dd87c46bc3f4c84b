/* The results tree: run directories written aside, published whole, and found again (CONTRACT 3).
 *
 * A run directory is `.RUN_ID.tmp` with an advisory lock (flock on the directory) while it is written and
 * becomes RUN_ID by rename without replacing. What an ended process left unlocked is swept by the next run.
 */
#ifndef CORE_RESULTS_H
#define CORE_RESULTS_H

#include "core/fdpath.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

struct diag;
struct results_run;

/* Opens (and makes) RESULTS/SCENARIO/TYPE, sweeps leftovers there and begins a run directory whose id comes from `started`
 * (CLOCK_REALTIME). *created_root: the results directory is new and has got its .gitignore. */
int results_begin(struct results_run **run, const char *results, const char *scenario,
		  const char *type, struct timespec started, bool *created_root, struct diag *diag);

/* A stream for a new artifact, which may lie one level deep ("processes/7.0-sh/massif.out" makes directories). NULL on
 * failure. It is closed with results_close(), never fclose(). */
FILE *results_create(struct results_run *run, const char *name, struct diag *diag);
/* Checks the stream, syncs and closes it: a full disk is found here. */
int results_close(struct results_run *run, FILE *stream, struct diag *diag);

/* The artifacts created so far, in order; NULL at the end. */
const char *results_artifact(const struct results_run *run, size_t i);
const char *results_run_id(const struct results_run *run);
/* "RESULTS/SCENARIO/TYPE/RUN_ID", as the user would type it. */
const char *results_path(const struct results_run *run);

/* Publishes: sync, rename to the run id (-2, -3 ... when it is taken), and, when `usable`, moves `latest` to it unless
 * `latest` is newer. results_run_id() is final only before the manifest is written, so collisions are settled in
 * results_begin() by reserving; publishing finds the name free. */
int results_publish(struct results_run *run, bool usable, struct diag *diag);

/* Ends the handle; an unpublished directory is removed. NULL is fine. */
void results_end(struct results_run *run);

/* A run that is stored, newest first: RUN as CONTRACT 1 spells it (SCENARIO/TYPE, SCENARIO/TYPE~N, SCENARIO/TYPE/RUN_ID, a
 * path). *directory is its path; the caller frees it. -ENOENT with a sentence that names what is there. */
int results_find(const char *results, const char *run, char **directory, struct diag *diag);

/* Links RESULTS/GROUP/NAME to an artifact of a published run (for --output-dir); an older link is replaced. */
int results_link(const struct results_run *run, const char *group, const char *name,
		 const char *artifact, struct diag *diag);

#endif
