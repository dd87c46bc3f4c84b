/* The rank sum test, exact and approximate. */
#include "core/stats/rank_test.h"

#include "core/alloc.h"
#include "core/stats/distributions.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Additions that counting all ways may take: some 10 ms. */
#define MOST_ADDITIONS 2e7

struct ranked {
	double value;
	bool left;
	uint32_t rank2; /* twice its middle rank, from 2 */
};

static int compare_ranked(const void *a, const void *b)
{
	double left = ((const struct ranked *)a)->value, right = ((const struct ranked *)b)->value;

	return (left > right) - (left < right);
}

/* Ascending with ranks. *tie_sum gets the sum of t^3 - t over groups of t equal values. */
static struct ranked *rank_all(const double *left, size_t n_left, const double *right,
                               size_t n_right, double *tie_sum)
{
	size_t n = n_left + n_right;
	struct ranked *all = xcalloc(n, sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		all[i].left = i < n_left;
		all[i].value = i < n_left ? left[i] : right[i - n_left];
	}
	qsort(all, n, sizeof(*all), compare_ranked);
	*tie_sum = 0;
	for (size_t from = 0, to; from < n; from = to) {
		double ties;

		for (to = from + 1; to < n && all[to].value == all[from].value;)
			to++;
		ties = (double)(to - from);
		*tie_sum += ties * ties * ties - ties;
		for (size_t i = from; i < to; i++)
			all[i].rank2 = (uint32_t)(from + 1 + to);
	}
	return all;
}

/* Scores that rank as the ranks do, from 0, as small as can be: sums of them are counted. */
static void shrink_scores(uint32_t *scores, const struct ranked *all, size_t n)
{
	uint32_t odd = 0;

	for (size_t i = 0; i < n; i++) {
		scores[i] = all[i].rank2 - all[0].rank2;
		odd |= scores[i] & 1;
	}
	for (size_t i = 0; i < n && !odd; i++)
		scores[i] /= 2;
}

/* ways[j * width + s]: in how many ways j of the scores have the sum s. */
static void count_ways(double *ways, size_t width, const uint32_t *scores, size_t n, size_t chosen)
{
	size_t *highest = xcalloc(chosen + 1, sizeof(*highest)); /* sum of the j last so far */

	ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1 < chosen ? i + 1 : chosen; j > 0; j--) {
			double *to = ways + j * width + scores[i];
			const double *from = ways + (j - 1) * width;

			for (size_t s = 0; s <= highest[j - 1]; s++)
				to[s] += from[s];
			/* Scores ascend: the greatest sum of j is this one and the greatest
			 * of j - 1 before it, which a lower j has not overwritten yet. */
			highest[j] = highest[j - 1] + scores[i];
		}
	free(highest);
}

/* Probability of a sum of the smaller side's scores at least as far from its mean as this one. */
static double exact_p(const struct ranked *all, size_t n, bool left, size_t chosen)
{
	uint32_t *scores = xcalloc(n, sizeof(*scores));
	double total = 0, seen = 0, far = 0, all_ways = 0, mean_n, *ways;
	size_t width = 1;
	double p = NAN;

	shrink_scores(scores, all, n);
	for (size_t i = 0; i < n; i++) {
		total += scores[i];
		seen += all[i].left == left ? scores[i] : 0;
		width += i >= n - chosen ? scores[i] : 0;
	}
	if ((double)n * (double)chosen * (double)width / 3 < MOST_ADDITIONS) {
		ways = xcalloc((chosen + 1) * width, sizeof(*ways));
		count_ways(ways, width, scores, n, chosen);
		/* All times n, so that they are whole numbers and equal ones are equal. */
		mean_n = total * (double)chosen;
		for (size_t s = 0; s < width; s++) {
			double w = ways[chosen * width + s];

			all_ways += w;
			if (fabs((double)s * (double)n - mean_n) >= fabs(seen * (double)n - mean_n))
				far += w;
		}
		p = far / all_ways;
		free(ways);
	}
	free(scores);
	return p;
}

static double normal_p(double u, size_t n_left, size_t n_right, double tie_sum)
{
	double product = (double)n_left * (double)n_right, n = (double)(n_left + n_right);
	double variance = product / 12 * (n + 1 - (n > 1 ? tie_sum / (n * (n - 1)) : 0));
	double distance = fmax(0, fabs(u - product / 2) - 0.5);

	if (!(variance > 0))
		return NAN;
	return fmin(1, 2 * normal_probability(-distance / sqrt(variance)));
}

struct rank_test rank_test(const double *left, size_t n_left, const double *right, size_t n_right)
{
	struct rank_test test;
	size_t n = n_left + n_right;
	double tie_sum, rank2_sum = 0;
	struct ranked *all = rank_all(left, n_left, right, n_right, &tie_sum);

	for (size_t i = 0; i < n; i++)
		rank2_sum += all[i].left ? all[i].rank2 : 0;
	test.u = (rank2_sum - (double)n_left * (double)(n_left + 1)) / 2;
	test.p_exact = exact_p(all, n, n_left <= n_right, n_left <= n_right ? n_left : n_right);
	test.p_normal = normal_p(test.u, n_left, n_right, tie_sum);
	test.p = isnan(test.p_exact) ? test.p_normal : test.p_exact;
	if (isnan(test.p))
		test.p = 1;
	free(all);
	return test;
}

double rank_test_least_p(size_t n_left, size_t n_right)
{
	size_t fewer = n_left < n_right ? n_left : n_right;
	double ways = 1;

	for (size_t i = 1; i <= fewer; i++)
		ways *= (double)(n_left + n_right - fewer + i) / (double)i;
	return fmin(1, 2 / ways);
}
