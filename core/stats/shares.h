/* Shares of a whole that were sampled: so many of n samples were of this function.
 *
 * The interval of one share is Wilson's ("Probable inference, the law of succession, and
 * statistical inference", JASA 22 (1927)), that of a difference Newcombe's from two of them,
 * without continuity correction (method 10 of "Interval estimation for the difference between
 * independent proportions", Statistics in Medicine 17 (1998)); the test is Fisher's exact one. They
 * know the error of sampling alone: that two runs differ in themselves they do not know.
 */
#ifndef CORE_STATS_SHARES_H
#define CORE_STATS_SHARES_H

#include <stdint.h>

struct share_interval {
	double value; /* 0 to 1; a difference -1 to 1; NaN of no samples */
	double low;   /* of the 95 % interval */
	double high;
};

/* `part` samples of `whole`; part <= whole. */
struct share_interval share_estimate(uint64_t part, uint64_t whole);

/* new less base. */
struct share_interval share_difference(uint64_t base_part, uint64_t base_whole, uint64_t new_part,
                                       uint64_t new_whole);

/* How likely a difference is that is no likelier than this one when both shares are one; both
 * sides. 1 where a whole is 0. */
double share_test_p(uint64_t base_part, uint64_t base_whole, uint64_t new_part, uint64_t new_whole);

#endif
