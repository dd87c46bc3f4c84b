/* How often each value occurred, exactly: for percentiles of small whole numbers such as messages a
 * call. */
#ifndef IO_DISTRIBUTION_H
#define IO_DISTRIBUTION_H

#include <stdint.h>

struct distribution;

struct distribution *distribution_new(void);
void distribution_free(struct distribution *distribution); /* NULL is fine */

void distribution_add(struct distribution *distribution, uint64_t value);

/* How many values are from `least` to `most`. */
uint64_t distribution_count(const struct distribution *distribution, uint64_t least, uint64_t most);

/* The smallest value that at least `percent` (above 0, at most 100) of all are not above (nearest
 * rank). 0 when there are none. */
uint64_t distribution_percentile(const struct distribution *distribution, double percent);

#endif
