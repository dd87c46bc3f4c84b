/* The parameters of a run, as run.json has them: whether two runs measured the same work. Pure.
 */
#ifndef CORE_RESULTS_RUN_PARAMETERS_H
#define CORE_RESULTS_RUN_PARAMETERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where something was built or put, `workloads` and `scratch`: no parameter of the measurement. */
bool run_parameter_is_place(const char *name, size_t len_bytes);

/* The name of a parameter that is not the same in both, but for places; NULL: there is none. It
 * lives as long as the objects. NULL and null are no parameters. */
const char *run_parameters_differ(const json_t *a, const json_t *b);

#endif
