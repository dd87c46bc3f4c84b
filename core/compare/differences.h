/* What differs between two sides but for what was measured: machine, binary, options, commit.
 * Private to core/compare.
 */
#ifndef CORE_COMPARE_DIFFERENCES_H
#define CORE_COMPARE_DIFFERENCES_H

#include "core/compare/comparison.h"

/* A row for each member of run.json's host, git, binary, collector, command, environment and
 * parameters that is not the same. The caller frees them with differences_free(). */
struct comparison_difference *differences_find(const struct side *base, const struct side *new,
                                               size_t *n);
void differences_free(struct comparison_difference *differences, size_t n);

#endif
