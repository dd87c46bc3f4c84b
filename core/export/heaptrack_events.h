/* What a plan holds (core/export/heaptrack_plan.h), for those who make it (heaptrack_plan.c) and
 * tell it (heaptrack_events.c). */
#ifndef CORE_EXPORT_HEAPTRACK_EVENTS_H
#define CORE_EXPORT_HEAPTRACK_EVENTS_H

#include "core/export/heaptrack_parts.h"

#define NO_MOMENT SIZE_MAX /* last_moment of blocks that fit at none */

/* Short-lived blocks that are in use for some moments. */
struct hold {
	uint32_t site;
	uint64_t first;
	uint64_t n;
};

struct heaptrack_plan {
	struct site *sites;
	/* Sites with large lasting blocks first, so that small ones can make up for them; the one
	 * with a temporary block at the peak is last. */
	uint32_t *order;
	uint32_t *by_short; /* those with large short-lived blocks first */
	size_t n_sites;
	struct heaptrack_moment *moments; /* the end is the last */
	size_t n_moments;
	size_t peak;     /* index */
	uint64_t *rooms; /* by moment: below the peak */
	uint64_t sums[N_PARTS];
	bool peak_is_temporary;
	struct heaptrack_block *blocks; /* all kinds */
	size_t n_blocks;
	size_t blocks_capacity;
	struct heaptrack_lack lack;

	/* While it is told. */
	heaptrack_listener *listener; /* NULL: nobody listens */
	void *context;
	uint64_t live;
	uint64_t held_bytes;
	struct hold *holds;
	size_t n_holds;
	size_t holds_capacity;
};

static inline uint64_t plan_peak_bytes(const struct heaptrack_plan *plan)
{
	return plan->sums[KEPT] + plan->sums[FALLING];
}

static inline uint64_t plan_exit_bytes(const struct heaptrack_plan *plan)
{
	return plan->sums[KEPT] + plan->sums[RISING];
}

/* The least that is in use at the moments from `first` to `last`. */
static inline uint64_t plan_least(const struct heaptrack_plan *plan, size_t first, size_t last)
{
	uint64_t bytes = UINT64_MAX;

	for (size_t i = first; i <= last; i++)
		bytes = smaller(bytes, plan->moments[i].bytes);
	return bytes;
}

#endif
