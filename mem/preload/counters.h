/* Counts an event under its stack and in the row of its thread.
 *
 * A counter also keeps what it held at the peak, in one pass: the section's peak_epoch grows with
 * each new peak. Before a counter is changed, and its epoch is old, what it has live is what it had
 * live at the latest peak, and is kept as that.
 */
#ifndef MEM_PRELOAD_COUNTERS_H
#define MEM_PRELOAD_COUNTERS_H

#include "mem/preload/preload.h"

#include <stdbool.h>
#include <stdint.h>

/* False: more blocks than peak_blocks can say, and nothing was kept. */
static always_inline bool counter_keep_peak(struct wire_counter *counter, uint64_t epoch)
{
	int64_t blocks;

	if (likely(counter->peak_epoch == (uint32_t)epoch))
		return true;
	blocks = (int64_t)(counter->allocations - counter->frees);
	if (unlikely(blocks != (int32_t)blocks))
		return false;
	counter->peak_bytes = counter->live_bytes;
	counter->peak_blocks = (int32_t)blocks;
	counter->peak_epoch = (uint32_t)epoch;
	return true;
}

static always_inline void count_allocation(struct wire_counter *counter, struct wire_thread *row,
                                           uint64_t size)
{
	uint64_t class = wire_size_class(size);

	counter->allocations++;
	counter->allocated_bytes += size;
	counter->live_bytes += (int64_t)size;
	row->sizes[class].allocations++;
	row->sizes[class].bytes += size;
}

/* Of a block of this process. A temporary one has no lifetime. */
static always_inline void count_free(struct wire_counter *counter, struct wire_thread *row,
                                     uint64_t size, unsigned class, uint64_t lifetime)
{
	row->lifetimes[class]++;
	counter->frees++;
	counter->live_bytes -= (int64_t)size;
	if (class == WIRE_TEMPORARY)
		counter->temporary++;
	else
		counter->lifetimes += lifetime;
}

#endif
