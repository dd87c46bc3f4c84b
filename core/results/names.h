/* What directories of a results tree hold, by name, and the sentences that list it.
 *
 * `dir` is a directory handle everywhere; links below it are not followed.
 */
#ifndef CORE_RESULTS_NAMES_H
#define CORE_RESULTS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct diag;

struct names {
	char **names;
	size_t n_names;
	size_t capacity;
};
void names_fini(struct names *list);

/* Of what kind a name is: results_name_is_valid, run_id_is_valid, ... */
typedef bool name_kind(const char *name);
/* As qsort(3) asks. */
typedef int name_order(const void *a, const void *b);
name_order names_by_name;
name_order names_newest_first; /* of run ids */

/* The directories below `dir` whose names are of a kind, sorted. -errno where `dir` cannot be read:
 * the list is empty then. */
int names_list(struct names *list, int dir, name_kind *is_kind, name_order *order);

/* Fails with -ENOENT and "WANTED; WHERE has a, b, c and 4 more". */
int names_fail(struct diag *diag, const char *wanted, const char *where, int dir,
               name_kind *is_kind, name_order *order);

/* A run is whole when its manifest is there: that is written last. */
bool run_is_whole(int type_dir, const char *run_id);
/* Whole, and its verdict is not `unusable`. */
bool run_is_usable(int type_dir, const char *run_id);
/* The run that `latest` names, else (removed by hand, or never set) the newest usable one. NULL:
 * none. The caller frees it. */
char *run_find_latest(int type_dir);

/* Reports over several runs are no runs and have no manifest: of a parameter scan in
 * RESULTS/SCENARIO/RESULTS_GROWTH/RUN_ID, of a sweep in RESULTS/RESULTS_SWEEPS/RUN_ID. */
#define RESULTS_GROWTH "growth"
#define RESULTS_SWEEPS "regress"
/* Its table (growth.txt, sweep.json) is there. */
bool report_is_whole(int dir, const char *id);
/* As run_find_latest(), of reports. */
char *report_find_latest(int dir);

#endif
