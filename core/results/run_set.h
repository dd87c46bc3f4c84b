/* The runs that one operand of a command line names: RUN, or several between commas (CONTRACT 1).
 *
 * SCENARIO/TYPE, SCENARIO/TYPE~N, SCENARIO/TYPE/RUN_ID and a path are one run each. @COMMIT,
 * SCENARIO@COMMIT and SCENARIO/TYPE@COMMIT are all runs of that commit: those of a clean checkout;
 * where there is none, those of a changed one, which `-dirty` behind the commit asks for alone.
 * Several trees are read as one: `latest` is the newest of theirs, and ~N counts back over all.
 *
 * baseline:NAME is not for this module: ask run_set_baseline() first.
 */
#ifndef CORE_RESULTS_RUN_SET_H
#define CORE_RESULTS_RUN_SET_H

#include "core/options.h"
#include "core/results/run_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct diag;

struct run_set_entry {
	char *directory;      /* as the user would type it; never a folder of a process */
	char id[RUN_ID_SIZE]; /* "": the run has none (a damaged manifest, named by its path) */
	dev_t device;         /* of the directory: one run is one entry, however it is named */
	ino_t inode;
};

struct run_set {
	struct run_set_entry *runs; /* oldest first, by their ids */
	size_t n_runs, capacity;
	size_t n_copies; /* runs that several trees have alike, and the set once */
	/* Runs of an @COMMIT that are not in the set. */
	size_t n_unusable; /* verdict `unusable` (never with RUN_SET_ALL) */
	size_t n_damaged;  /* their manifests cannot be read: of which commit is not known */
	/* Runs in the set that are of a changed checkout, and were not asked for as such: show
	 * it. */
	size_t n_dirty;
};

enum run_set_choice {
	RUN_SET_USABLE, /* of a commit only runs with usable data */
	RUN_SET_ALL,
};

/* The set of an operand, at least one run. -EINVAL: no such form, an abbreviation of several
 * commits; -ENOENT: no such run; the sentence has what is there. The set is empty then. */
int results_find_set(struct run_set *set, const struct text_list *trees, const char *operand,
                     enum run_set_choice choice, struct diag *diag);
void run_set_fini(struct run_set *set);

/* NAME of an operand "baseline:NAME", else NULL. */
const char *run_set_baseline(const char *operand);

#endif
