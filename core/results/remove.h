/* Removes published runs, and reports over several (core/results/names.h).
 *
 * A run that goes is renamed to a hidden name under the type's lock, which is one step, and removed
 * then: nobody finds half of it, and what a killed process leaves is swept by the next run.
 * `latest` is moved before, to the newest usable run that remains; where none does it goes, too.
 * Directories that are left empty are removed.
 */
#ifndef CORE_RESULTS_REMOVE_H
#define CORE_RESULTS_REMOVE_H

#include "core/options.h"
#include "core/results/run_id.h"

#include <stddef.h>

struct diag;

/* A run of a results tree. */
struct run_key {
	char *scenario;
	char *type; /* of a scan's report "growth", of a sweep RUN_KEY_NO_TYPE */
	char id[RUN_ID_SIZE];
};
/* It lies in SCENARIO itself. */
#define RUN_KEY_NO_TYPE "."

struct run_keys {
	struct run_key *runs;
	size_t n_runs, capacity;
};

void run_keys_add(struct run_keys *keys, const char *scenario, const char *type, const char *id);
/* By scenario, type and time, each once. */
void run_keys_sort(struct run_keys *keys);
void run_keys_fini(struct run_keys *keys);

/* The key of a run directory that a user named, through links or not. -EINVAL with a sentence: it
 * is not a run of this tree. */
int run_keys_add_directory(struct run_keys *keys, const char *results, const char *directory,
                           struct diag *diag);

/* Removes the sorted runs; *n_removed tells how many are gone, after an error, too. One that is
 * gone already is no error. */
int results_remove(const char *results, const struct run_keys *keys, size_t *n_removed,
                   struct diag *diag);

/* The runs of a tree that baselines are made of, which are not to be removed. */
struct kept_run {
	char *scenario; /* NULL: of any */
	char *type;
	char *run_id;
	char *baseline; /* "v1" */
};

struct kept_runs {
	struct kept_run *runs;
	size_t n_runs, capacity;
};

/* Adds those of the baselines of a directory, *.json (docs/formats.md, baselines/NAME.json), and of
 * the directories in it. One that is not there has none. -EINVAL: a baseline that cannot be read:
 * its runs are not known. */
int kept_runs_read(struct kept_runs *kept, const char *directory, struct diag *diag);
/* Adds those of RESULTS/SCENARIO/baselines, of one scenario or of all (NULL). */
int kept_runs_read_tree(struct kept_runs *kept, const char *results, const char *scenario,
                        struct diag *diag);
/* The name of a baseline that the run is of, or NULL. */
const char *kept_runs_find(const struct kept_runs *kept, const struct run_key *run);
void kept_runs_fini(struct kept_runs *kept);

#endif
