/* Optimal partitioning of normal scores. */
#include "core/stats/change_points.h"

#include "core/alloc.h"
#include "core/stats/describe.h"
#include "core/stats/distributions.h"

#include <math.h>
#include <stdlib.h>

/* Places where a cut may be: squares of this are looked at. */
#define MOST_PLACES 2000

struct cuts {
	size_t *at; /* ascending, once the search has ended */
	size_t n, capacity;
};

struct placed {
	double value;
	size_t place;
};

static int compare_placed(const void *left, const void *right)
{
	double a = ((const struct placed *)left)->value, b = ((const struct placed *)right)->value;

	return (a > b) - (a < b);
}

/* sums[i]: the normal scores of the first i values together. */
static double *sum_scores(const double *values, size_t n)
{
	struct placed *ascending = xcalloc(n, sizeof(*ascending));
	double *sums = xcalloc(n + 1, sizeof(*sums));

	for (size_t i = 0; i < n; i++)
		ascending[i] = (struct placed){values[i], i};
	qsort(ascending, n, sizeof(*ascending), compare_placed);
	for (size_t from = 0, to; from < n; from = to) {
		double score;

		for (to = from + 1; to < n && ascending[to].value == ascending[from].value;)
			to++;
		score = normal_quantile((double)(from + to) / 2 / (double)n);
		for (size_t i = from; i < to; i++)
			sums[ascending[i].place + 1] = score;
	}
	for (size_t i = 0; i < n; i++)
		sums[i + 1] += sums[i];
	free(ascending);
	return sums;
}

/* What a part has less of squares than without a cut about it, when its mean is its own. */
static double gain_of(const double *sums, size_t from, size_t to)
{
	double sum = sums[to] - sums[from];

	return sum * sum / (double)(to - from);
}

/* What a cut must gain, between the rows by the logarithm of n: the least, by simulation, with
 * which at most one in 100 series that are alike is cut. Few ranks have few orders, so it rises at
 * first; then it follows the many places where a cut may be. */
static const struct {
	double n, penalty;
} penalties[] = {
    {6, 4},     {8, 5},      {10, 6},     {15, 7.8},   {20, 8.8},    {30, 10},
    {50, 11.2}, {100, 12.2}, {200, 13.5}, {400, 14.2}, {1000, 15.2}, {10000, 17.5},
};

static double penalty_of(size_t n)
{
	size_t row = 1;

	while (row + 1 < ARRAY_SIZE(penalties) && penalties[row].n < (double)n)
		row++;
	return penalties[row].penalty + (penalties[row].penalty - penalties[row - 1].penalty) *
	                                    log((double)n / penalties[row].n) /
	                                    log(penalties[row].n / penalties[row - 1].n);
}

/* The cut between two others that gains most. */
static size_t refine(const double *sums, size_t from, size_t at, size_t to)
{
	size_t best = at;

	for (size_t i = from + 1; i < to; i++)
		if (gain_of(sums, from, i) + gain_of(sums, i, to) >
		    gain_of(sums, from, best) + gain_of(sums, best, to))
			best = i;
	return best;
}

/* Writes the best cuts of 0..n to `cuts`, each `step` values. */
static void cut_best(const double *sums, size_t n, size_t step, double penalty, struct cuts *cuts)
{
	size_t places = (n + step - 1) / step, shortest = step > 1 ? 1 : CHANGE_POINTS_SHORTEST;
	double *best = xcalloc(places + 1, sizeof(*best));
	size_t *last = xcalloc(places + 1, sizeof(*last)), first = cuts->n;

	for (size_t to = 1; to <= places; to++) {
		size_t end = to == places ? n : to * step;

		best[to] = gain_of(sums, 0, end);
		for (size_t from = shortest; from + shortest <= to; from++) {
			double gain = best[from] + gain_of(sums, from * step, end) - penalty;

			if (gain > best[to]) {
				best[to] = gain;
				last[to] = from;
			}
		}
	}
	for (size_t at = last[places]; at > 0; at = last[at])
		*ARRAY_APPEND(cuts->at, cuts->n, cuts->capacity) = at * step;
	for (size_t i = first; i < cuts->n && step > 1; i++)
		cuts->at[i] = refine(sums, i + 1 < cuts->n ? cuts->at[i + 1] : 0, cuts->at[i],
		                     i > first ? cuts->at[i - 1] : n);
	free(best);
	free(last);
}

/* Cuts the part, and what it is cut into. */
static void cut_part(const double *values, size_t from, size_t to, double penalty,
                     struct cuts *cuts)
{
	struct cuts here = {0};
	size_t n = to - from;
	double *sums;

	if (n < 2 * CHANGE_POINTS_SHORTEST)
		return;
	sums = sum_scores(values + from, n);
	cut_best(sums, n, (n + MOST_PLACES - 1) / MOST_PLACES, penalty, &here);
	free(sums);
	for (size_t i = 0; i < here.n; i++) {
		size_t at = from + here.at[i];

		*ARRAY_APPEND(cuts->at, cuts->n, cuts->capacity) = at;
		cut_part(values, at, i > 0 ? from + here.at[i - 1] : to, penalty, cuts);
	}
	if (here.n > 0)
		cut_part(values, from, from + here.at[here.n - 1], penalty, cuts);
	free(here.at);
}

static int compare_places(const void *left, const void *right)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;

	return (a > b) - (a < b);
}

size_t change_points_find(const double *values, size_t n, struct change_point **points)
{
	struct cuts cuts = {0};

	*points = NULL;
	cut_part(values, 0, n, penalty_of(n), &cuts);
	if (cuts.n > 0) {
		qsort(cuts.at, cuts.n, sizeof(*cuts.at), compare_places);
		*points = xcalloc(cuts.n, sizeof(**points));
	}
	for (size_t i = 0; i < cuts.n; i++) {
		size_t from = i > 0 ? cuts.at[i - 1] : 0, at = cuts.at[i];
		size_t to = i + 1 < cuts.n ? cuts.at[i + 1] : n;

		(*points)[i] = (struct change_point){at, describe_median(values + from, at - from),
		                                     describe_median(values + at, to - at)};
	}
	free(cuts.at);
	return cuts.n;
}
