/* How long calls took: a count for each class of times, in constant memory, for percentiles.
 *
 * Classes are log-linear: each power of two is split into 32 equal ones, and times below 64 ns have
 * one each. So a percentile is within 1/64 of the exact one (nearest rank).
 */
#ifndef IO_LATENCY_H
#define IO_LATENCY_H

#include <stdint.h>

enum {
	LATENCY_SPLIT_BITS = 5, /* classes in a power of two, as one */
	LATENCY_CLASSES = (64 - LATENCY_SPLIT_BITS + 1) << LATENCY_SPLIT_BITS,
};

struct latency {
	uint64_t n_calls;
	uint64_t min_ns, max_ns; /* exact */
	uint64_t classes[LATENCY_CLASSES];
};

struct latency *latency_new(void);
void latency_free(struct latency *latency); /* NULL is fine */

void latency_add(struct latency *latency, uint64_t time_ns);

/* The shortest time that at least `percent` (above 0, at most 100) of all are not above, within
 * 1/64; exactly when that is the longest of all. 0 when there are none. */
uint64_t latency_percentile(const struct latency *latency, double percent);

#endif
