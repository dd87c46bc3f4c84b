/* Do two sets of numbers come from one distribution? The rank sum test, for any kind of noise.
 *
 * Mann, Whitney, "On a test of whether one of two random variables is stochastically larger than
 * the other", Annals of Mathematical Statistics 18 (1947). Equal values have their middle rank. The
 * probability is exact, conditional on the ties: all ways to divide the ranks are counted
 * (Streitberg, Roehmel, Statistical Software Newsletter 12 (1986)). Where that would take more than
 * some 10 ms it is the normal approximation with corrections for ties and continuity (Hollander,
 * Wolfe, "Nonparametric Statistical Methods", 4.1).
 */
#ifndef CORE_STATS_RANK_TEST_H
#define CORE_STATS_RANK_TEST_H

#include <stddef.h>

struct rank_test {
	double u;        /* pairs in which the left value is the greater one; equal pairs half */
	double p_exact;  /* of both sides; NaN where it was not counted */
	double p_normal; /* the approximation; NaN where all values are equal */
	double p;        /* the exact one, where there is one; 1 where all values are equal */
};

/* Both sets need one finite value at least. */
struct rank_test rank_test(const double *left, size_t n_left, const double *right, size_t n_right);

/* The least p that the exact test of so many values can give: what no difference can go below. */
double rank_test_least_p(size_t n_left, size_t n_right);

#endif
