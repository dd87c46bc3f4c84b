/* A count for each value; sorted when somebody asks. */
#include "io/distribution.h"

#include "core/alloc.h"
#include "core/u64map.h"

#include <math.h>
#include <stdlib.h>

struct distribution {
	struct u64map *counts; /* value -> how often */
	uint64_t n_values;
};

struct bin {
	uint64_t value;
	uint64_t count;
};

struct distribution *distribution_new(void)
{
	struct distribution *distribution = xcalloc(1, sizeof(*distribution));

	distribution->counts = u64map_new();
	return distribution;
}

void distribution_free(struct distribution *distribution)
{
	if (!distribution)
		return;
	u64map_free(distribution->counts);
	free(distribution);
}

void distribution_add(struct distribution *distribution, uint64_t value)
{
	(*u64map_put(distribution->counts, value, NULL))++;
	distribution->n_values++;
}

uint64_t distribution_count(const struct distribution *distribution, uint64_t least, uint64_t most)
{
	uint64_t value, count, sum = 0;
	size_t position = 0;

	while (u64map_next(distribution->counts, &position, &value, &count))
		if (value >= least && value <= most)
			sum += count;
	return sum;
}

static int by_value(const void *left, const void *right)
{
	const struct bin *a = left, *b = right;

	return (a->value > b->value) - (a->value < b->value);
}

uint64_t distribution_percentile(const struct distribution *distribution, double percent)
{
	size_t n_bins = u64map_count(distribution->counts), position = 0, i;
	struct bin *bins = xcalloc(n_bins + 1, sizeof(*bins));
	uint64_t rank = (uint64_t)ceil(percent / 100 * (double)distribution->n_values);
	uint64_t seen = 0, result;

	for (i = 0; u64map_next(distribution->counts, &position, &bins[i].value, &bins[i].count);)
		i++;
	qsort(bins, n_bins, sizeof(*bins), by_value);
	for (i = 0; i + 1 < n_bins; i++) {
		seen += bins[i].count;
		if (seen >= rank)
			break;
	}
	result = bins[i].value;
	free(bins);
	return result;
}
