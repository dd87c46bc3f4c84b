/* The results tree: run directories written aside, published whole, and found again (CONTRACT 3).
 *
 * A run directory is `.RUN_ID.tmp` with an advisory lock (flock on the directory) while it is
 * written and becomes RUN_ID by rename without replacing. What an ended process left unlocked is
 * swept by the next run of that scenario and type. All descriptors are close-on-exec, so that no
 * target keeps a lock. A process that writes here should ignore SIGXFSZ: a file size limit is then
 * an error with its sentence.
 */
#ifndef CORE_RESULTS_H
#define CORE_RESULTS_H

#include "core/options.h"
#include "core/results/fdpath.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* The schema of run.json (docs/formats.md) that is written and read. */
enum { MANIFEST_SCHEMA = 1 };

struct diag;
struct results_run;

/* Letters, digits, `.`, `_`, `-`, not starting with a dot: what a scenario or a type may be called.
 */
bool results_name_is_valid(const char *name);

/* Opens (and makes) the results directory; one that is new or empty gets its .gitignore. Returns a
 * file descriptor, or -errno. */
int results_open_root(const char *results, bool *created, struct diag *diag);

/* Opens (and makes) RESULTS/SCENARIO/TYPE, sweeps leftovers there and begins a run directory whose
 * id comes from `started` (CLOCK_REALTIME). The id is final: published runs and those that others
 * write now count as taken. *created_root: the results directory is new and has got its .gitignore.
 */
int results_begin(struct results_run **run, const char *results, const char *scenario,
                  const char *type, struct timespec started, bool *created_root, struct diag *diag);

/* A stream for a new artifact, which may lie deeper ("processes/7.0-sh/massif.out" makes
 * directories). NULL on failure. It is closed with results_close(), never fclose(). */
FILE *results_create(struct results_run *run, const char *name, struct diag *diag);
/* A file descriptor of a file without a name in the run's directory, to read and write while the
 * run lasts: it needs room only as long as it is open, and is nobody's artifact. Else -errno. */
int results_scratch(const struct results_run *run, struct diag *diag);
/* Checks the stream and closes it: a full disk is found here. It is synced with the others, by
 * results_publish(): the first one waits for the disk, and for most of the rest. */
int results_close(struct results_run *run, FILE *stream, struct diag *diag);

/* The artifacts created so far, in order; NULL at the end. */
const char *results_artifact(const struct results_run *run, size_t i);
const char *results_run_id(const struct results_run *run);
/* "RESULTS/SCENARIO/TYPE/RUN_ID", as the user would type it. */
const char *results_path(const struct results_run *run);

/* Publishes: sync, rename to the run id, and, when `usable`, moves `latest` to it unless `latest`
 * is newer. All streams must be closed. After a failure of `latest` alone the run is published all
 * the same. */
int results_publish(struct results_run *run, bool usable, struct diag *diag);

/* Ends the handle; an unpublished directory is removed, and those above it that it leaves empty,
 * but for the results directory itself. NULL is fine. */
void results_end(struct results_run *run);

/* One stored run, RUN as CONTRACT 1 spells it: SCENARIO/TYPE (its latest), SCENARIO/TYPE~N (N whole
 * runs before), SCENARIO/TYPE/RUN_ID, an @COMMIT that has one run, or a path of a run directory or
 * of one of its processes/PID.N-NAME. *directory is its path; the caller frees it. -EINVAL: no such
 * form, or several runs. -ENOENT with a sentence that names what is there. Several runs:
 * core/results/run_set.h. */
int results_find(const char *results, const char *run, char **directory, struct diag *diag);
/* The same in several trees, which are read as one. */
int results_find_in(const struct text_list *trees, const char *run, char **directory,
                    struct diag *diag);

/* The directory with the run.json of what results_find() gave: itself, or the run above the folder
 * of a process. The caller frees it. */
char *results_run_of(const char *directory);

/* The newest of the latest runs of all scenarios and types. -ENOENT with a sentence: there is none.
 */
int results_find_newest(const char *results, char **directory, struct diag *diag);

/* The latest usable run of a type. */
struct results_latest {
	char *type;
	char *run_id;    /* NULL: no usable run */
	char *directory; /* NULL: no usable run */
};

/* The types that a scenario has runs of, by name, each with its latest run. A scenario that was
 * never run has none. On an error there are those that could be read. */
int results_list_types(const char *results, const char *scenario, struct results_latest **types,
                       size_t *n_types, struct diag *diag);
void results_free_types(struct results_latest *types, size_t n_types);

/* Links RESULTS/GROUP/NAME to an artifact of a published run (for --output-dir); an older link is
 * replaced. */
int results_link(const struct results_run *run, const char *group, const char *name,
                 const char *artifact, struct diag *diag);

#endif
