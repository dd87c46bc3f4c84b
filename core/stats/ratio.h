/* By how much one set of numbers is greater than another: a ratio with its interval.
 *
 * The estimate is that of Hodges and Lehmann ("Estimates of location based on rank tests", Annals
 * of Mathematical Statistics 34 (1963)) on logarithms: the median of all ratios of one number of
 * either side, the geometric mean of the middle two where they are even. A few outliers do not move
 * it. The interval is a bootstrap: either side is drawn anew with replacement, and its ends are
 * quantiles of the estimates (Efron, Tibshirani, "An Introduction to the Bootstrap", 13). These
 * are too narrow for few numbers, so they are taken further out, as a normal interval becomes
 * Student's (Hesterberg, "What teachers should know about the bootstrap", The American Statistician
 * 69 (2015), 3.3).
 */
#ifndef CORE_STATS_RATIO_H
#define CORE_STATS_RATIO_H

#include <stddef.h>
#include <stdint.h>

struct ratio_interval {
	double ratio; /* new to base; infinite where base is 0 and new is not */
	double low;   /* of the 95 % interval; NaN with fewer than two numbers on a side */
	double high;
};

/* Numbers of 0 and more, at least one a side; 0 to 0 is 1. The same seed gives the same interval.
 * Of more than 1,000 a side 1,000 are taken, evenly. */
struct ratio_interval ratio_estimate(const double *base, size_t n_base, const double *new,
                                     size_t n_new, uint64_t seed);

#endif
