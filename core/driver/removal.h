/* What rm and prune share: runs are chosen, held against the baselines, and removed.
 */
#ifndef CORE_DRIVER_REMOVAL_H
#define CORE_DRIVER_REMOVAL_H

#include "core/results/remove.h"

struct command_line;
struct diag;

/* The runs that baselines are made of: in RESULTS/SCENARIO/baselines and in the directory that
 * PROFILE_SCENARIO_BASELINES names. kept_runs_fini() is needed either way. */
int removal_read_kept(struct kept_runs *kept, const char *results, struct diag *diag);

/* Removes the sorted runs and says how many went, on stdout unless --quiet. */
int removal_do(const struct command_line *line, const char *results, const struct run_keys *keys,
               struct diag *diag);

#endif
