/* Where baselines are kept: one file NAME.json a scenario, in RESULTS/SCENARIO/baselines, or in
 * DIR/SCENARIO with --baselines DIR or PROFILE_SCENARIO_BASELINES.
 *
 * A file is written aside and renamed into its place, under a lock on its folder. Functions return
 * 0 or -errno with a sentence. What is returned is the caller's.
 */
#ifndef CORE_DRIVER_BASELINE_FILES_H
#define CORE_DRIVER_BASELINE_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct baseline;
struct diag;
struct run_options;
struct side;
struct text_list;

/* -EINVAL: a name is of letters, digits, `.`, `_`, `-`, and does not start with a dot. */
int baseline_check_name(const char *name, struct diag *diag);

/* The folder of --baselines or PROFILE_SCENARIO_BASELINES; NULL: baselines are in the results tree.
 */
const char *baseline_own_root(const struct run_options *options);

/* The path of NAME.json, as the user would type it. */
char *baseline_path(const struct run_options *options, const char *scenario, const char *name);

/* -ENOENT: there is none; the sentence has those there are. -EINVAL: damaged, newer, or of another
 * scenario. */
int baseline_load(const struct run_options *options, const char *scenario, const char *name,
                  struct baseline **baseline, struct diag *diag);

/* Its side of a type, whose baseline is freed. -ENOENT: no such baseline, or it has not that type.
 */
int baseline_load_side(const struct run_options *options, const char *scenario, const char *type,
                       const char *name, struct side **side, struct diag *diag);

enum baseline_change {
	BASELINE_SAVE,  /* a type that is there already is -EEXIST, and nothing is written */
	BASELINE_BLESS, /* takes the place of what is there; -ENOENT where there is no such baseline
	                 */
};

/* Could these types be saved? -EEXIST with a sentence. */
int baseline_check_save(const struct run_options *options, const char *scenario, const char *name,
                        const char *const *types, size_t n_types, struct diag *diag);

/* Puts sides of one scenario, which are taken over in any case, into its baseline. */
int baseline_store(const struct run_options *options, const char *name, struct side **sides,
                   size_t n_sides, enum baseline_change change, struct diag *diag);

/* -ENOENT where there is none. */
int baseline_remove(const struct run_options *options, const char *scenario, const char *name,
                    struct diag *diag);

/* Adds the names of a scenario's baselines, sorted. No folder has none; one that cannot be read is
 * an error. */
int baseline_list(const struct run_options *options, const char *scenario, struct text_list *names,
                  struct diag *diag);

/* Adds the scenarios that may have some, sorted; and those that may have runs. */
int baseline_list_scenarios(const struct run_options *options, struct text_list *scenarios,
                            struct diag *diag);
int baseline_list_run_scenarios(const struct run_options *options, struct text_list *scenarios,
                                struct diag *diag);

#endif
