/* What rm and prune share: runs are chosen, held against the baselines, and removed.
 */
#ifndef CORE_DRIVER_REMOVAL_H
#define CORE_DRIVER_REMOVAL_H

#include "core/results/remove.h"

struct command_line;
struct diag;
struct run_options;

/* The runs that baselines are made of, added: in RESULTS/SCENARIO/baselines, of one scenario or of
 * all (NULL), and in the directory that --baselines or PROFILE_SCENARIO_BASELINES names.
 * kept_runs_fini() is needed either way. */
int removal_read_kept(struct kept_runs *kept, const struct run_options *options,
                      const char *results, const char *scenario, struct diag *diag);

/* Removes the sorted runs and says how many went, on stdout unless --quiet. `what` they are called:
 * "run", "report". */
int removal_do(const struct command_line *line, const char *results, const struct run_keys *keys,
               const char *what, struct diag *diag);

#endif
