/* Many tests at once: probabilities corrected so that one of them lying is as rare as for one test.
 *
 * Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
 * Statistics 6 (1979): valid however the tests depend on each other.
 */
#ifndef CORE_STATS_HOLM_H
#define CORE_STATS_HOLM_H

#include <stddef.h>

/* Replaces each probability by its corrected one, at most 1. */
void holm_correct(double *p, size_t n);

#endif
