/* Counts times by class, and finds ranks among them. */
#include "io/latency.h"

#include "core/alloc.h"

#include <math.h>
#include <stdlib.h>

enum { SPLIT = 1 << LATENCY_SPLIT_BITS };

struct latency *latency_new(void)
{
	struct latency *latency = xcalloc(1, sizeof(*latency));

	latency->min_ns = UINT64_MAX;
	return latency;
}

void latency_free(struct latency *latency)
{
	free(latency);
}

/* Of a time with SPLIT_BITS + 1 binary digits or less, itself; of a longer one its first digits,
 * behind all classes of shorter times. */
static unsigned class_of(uint64_t time_ns)
{
	unsigned n_digits = 64 - (unsigned)__builtin_clzll(time_ns | SPLIT);
	unsigned n_dropped = n_digits - LATENCY_SPLIT_BITS - 1;

	return n_dropped * SPLIT + (unsigned)(time_ns >> n_dropped);
}

/* The middle one of its times. */
static uint64_t time_of(unsigned class)
{
	unsigned n_dropped = class < 2 * SPLIT ? 0 : class / SPLIT - 1;
	uint64_t first = (uint64_t)(class - n_dropped * SPLIT) << n_dropped;

	return first + ((1ull << n_dropped) - 1) / 2;
}

void latency_add(struct latency *latency, uint64_t time_ns)
{
	latency->n_calls++;
	latency->classes[class_of(time_ns)]++;
	if (time_ns < latency->min_ns)
		latency->min_ns = time_ns;
	if (time_ns > latency->max_ns)
		latency->max_ns = time_ns;
}

uint64_t latency_percentile(const struct latency *latency, double percent)
{
	uint64_t rank = (uint64_t)ceil(percent / 100 * (double)latency->n_calls);
	uint64_t seen = 0, time_ns;
	unsigned class = 0;

	if (!latency->n_calls)
		return 0;
	if (rank >= latency->n_calls)
		return latency->max_ns;
	while (class < LATENCY_CLASSES - 1 && (seen += latency->classes[class]) < rank)
		class ++;
	time_ns = time_of(class);
	if (time_ns < latency->min_ns)
		return latency->min_ns;
	return time_ns > latency->max_ns ? latency->max_ns : time_ns;
}
