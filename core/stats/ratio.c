/* The Hodges-Lehmann ratio and its bootstrap. */
#include "core/stats/ratio.h"

#include "core/alloc.h"
#include "core/stats/describe.h"
#include "core/stats/distributions.h"
#include "core/stats/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define MOST_NUMBERS 1000
/* The ends of an interval of 6 a side are the 15th of 2,000 from outside. */
#define RESAMPLES 2000
/* Steps through pairs that a bootstrap may take in all: some 0.3 s. */
#define MOST_STEPS 4e8
#define FEWEST_RESAMPLES 400

/* One number of either side. */
struct pair {
	double ratio;
	uint16_t base, new;
};

static int compare_pairs(const void *left, const void *right)
{
	double a = ((const struct pair *)left)->ratio, b = ((const struct pair *)right)->ratio;

	return (a > b) - (a < b);
}

static double ratio_of(double base, double new)
{
	return base == new ? 1 : fabs(new) / fabs(base); /* -0 has no sign here */
}

/* Between two neighbours in the row of ratios. */
static double middle_of(double low, double high)
{
	if (low == high)
		return low;
	/* Half-way from 0 to what is infinite. */
	if (low == 0 && isinf(high))
		return 1;
	return sqrt(low) * sqrt(high);
}

/* The median of the pairs when the numbers are drawn so often. Drawn as often as there are numbers,
 * the pairs weigh n_pairs together. */
static double weighted_median(const struct pair *ascending, size_t n_pairs,
                              const uint16_t *base_drawn, const uint16_t *new_drawn)
{
	size_t weight2 = 0, i = 0, lower;

	for (; weight2 < n_pairs; i++)
		weight2 += 2 * (size_t)base_drawn[ascending[i].base] * new_drawn[ascending[i].new];
	lower = i - 1;
	if (weight2 > n_pairs)
		return ascending[lower].ratio;
	while (base_drawn[ascending[i].base] * new_drawn[ascending[i].new] == 0)
		i++;
	return middle_of(ascending[lower].ratio, ascending[i].ratio);
}

static void draw(uint16_t *drawn, size_t n, struct random_source *random)
{
	for (size_t i = 0; i < n; i++)
		drawn[i] = 0;
	for (size_t i = 0; i < n; i++)
		drawn[random_source_below(random, (uint32_t)n)]++;
}

/* What part of the estimates lies outside of either end. */
static double expanded_tail(size_t n_base, size_t n_new)
{
	double fewer = (double)(n_base < n_new ? n_base : n_new);
	double t = student_quantile(0.975, (double)(n_base + n_new - 2));

	return normal_probability(-t * sqrt(fewer / (fewer - 1)));
}

static void bootstrap(struct ratio_interval *interval, const struct pair *pairs, size_t n_base,
                      size_t n_new, uint64_t seed)
{
	struct random_source random;
	size_t n_pairs = n_base * n_new;
	size_t n_resamples = RESAMPLES;
	uint16_t *drawn = xcalloc(n_base + n_new, sizeof(*drawn));
	double tail = expanded_tail(n_base, n_new);
	double *estimates;
	size_t outside;

	if ((double)n_pairs / 2 * RESAMPLES > MOST_STEPS)
		n_resamples = FEWEST_RESAMPLES;
	estimates = xcalloc(n_resamples, sizeof(*estimates));
	random_source_init(&random, seed);
	for (size_t i = 0; i < n_resamples; i++) {
		draw(drawn, n_base, &random);
		draw(drawn + n_base, n_new, &random);
		estimates[i] = weighted_median(pairs, n_pairs, drawn, drawn + n_base);
	}
	/* Whole estimates, rounded outwards: between 1 and infinity nothing is half-way. */
	outside = (size_t)(tail * (double)n_resamples);
	interval->low = describe_select(estimates, n_resamples, outside);
	interval->high = describe_select(estimates, n_resamples, n_resamples - 1 - outside);
	free(estimates);
	free(drawn);
}

static const double *take_evenly(const double *values, size_t *n, double *room)
{
	if (*n <= MOST_NUMBERS)
		return values;
	for (size_t i = 0; i < MOST_NUMBERS; i++)
		room[i] = values[i * *n / MOST_NUMBERS];
	*n = MOST_NUMBERS;
	return room;
}

struct ratio_interval ratio_estimate(const double *base, size_t n_base, const double *new,
                                     size_t n_new, uint64_t seed)
{
	struct ratio_interval interval = {NAN, NAN, NAN};
	double base_room[MOST_NUMBERS], new_room[MOST_NUMBERS];
	struct pair *pairs;
	size_t n_pairs = 0;

	base = take_evenly(base, &n_base, base_room);
	new = take_evenly(new, &n_new, new_room);
	pairs = xcalloc(n_base * n_new, sizeof(*pairs));
	for (size_t b = 0; b < n_base; b++)
		for (size_t n = 0; n < n_new; n++)
			pairs[n_pairs++] =
			    (struct pair){ratio_of(base[b], new[n]), (uint16_t)b, (uint16_t)n};
	qsort(pairs, n_pairs, sizeof(*pairs), compare_pairs);
	if (n_pairs % 2 == 1)
		interval.ratio = pairs[n_pairs / 2].ratio;
	else if (n_pairs > 0)
		interval.ratio = middle_of(pairs[n_pairs / 2 - 1].ratio, pairs[n_pairs / 2].ratio);
	if (n_base > 1 && n_new > 1)
		bootstrap(&interval, pairs, n_base, n_new, seed);
	free(pairs);
	return interval;
}
