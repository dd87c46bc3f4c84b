/* Opens the directories of a results tree, and says what there is where one is not there.
 *
 * Inside core/results. Each returns a directory handle that the caller closes, else -errno with a
 * sentence.
 */
#ifndef CORE_RESULTS_OPEN_TYPE_H
#define CORE_RESULTS_OPEN_TYPE_H

struct diag;

/* `wanted` begins the sentence: "no runs of syn-1k". */
int results_open_tree(const char *results, const char *wanted, struct diag *diag);
int results_open_scenario(const char *results, const char *scenario, struct diag *diag);
int results_open_type(const char *results, const char *scenario, const char *type,
                      struct diag *diag);

#endif
