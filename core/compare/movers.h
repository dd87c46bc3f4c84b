/* The functions, sites and calls that moved most between two sides. Private to core/compare.
 */
#ifndef CORE_COMPARE_MOVERS_H
#define CORE_COMPARE_MOVERS_H

#include "core/compare/comparison.h"

/* One list for each kind and value that both sides have; a row is its like of the other side by
 * name alone, since lines move and programs are renamed. threshold: of shares, as
 * compare_judge_shares() takes it. The caller frees them with movers_free(). */
struct comparison_movers *movers_find(const struct side *base, const struct side *new,
                                      double threshold, size_t *n);
void movers_free(struct comparison_movers *movers, size_t n);

#endif
