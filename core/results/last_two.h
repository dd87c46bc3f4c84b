/* The last two runs of a scenario and type that measured the same work. */
#ifndef CORE_RESULTS_LAST_TWO_H
#define CORE_RESULTS_LAST_TWO_H

struct diag;
struct text_list;

/* *new is the directory of the newest usable run in the trees, *base that of the newest one before
 * it with the same parameters (core/results/run_parameters.h); the caller frees both. A run that
 * the search comes by and whose run.json is lost or damaged could be either: -EINVAL with its path.
 * -ENOENT with a sentence: there are no such two. Both are NULL then. */
int results_last_two(const struct text_list *trees, const char *scenario, const char *type,
                     char **base, char **new, struct diag *diag);

#endif
