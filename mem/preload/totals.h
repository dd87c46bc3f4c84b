/* The process's totals: what is live, the peak, and the timeline.
 *
 * A thread that is alone adds to the section's totals themselves; one among several keeps what it
 * changed in its shard until that is worth an atomic addition.
 */
#ifndef MEM_PRELOAD_TOTALS_H
#define MEM_PRELOAD_TOTALS_H

#include "mem/preload/preload.h"
#include "mem/preload/shard.h"

#include <stdbool.h>
#include <stdint.h>

/* Allocated and freed so far, by all. */
uint64_t totals_churn(void);

/* A snapshot, if one is due. */
void totals_look_at_timeline(struct shard *shard);

/* Among other threads: brings what the shard has changed into the process's totals, when it is
 * worth it, and looks at the timeline, when it is time. */
void totals_flush_among_others(struct shard *shard);
void totals_settle(struct shard *shard);

/* The sums of the process that a block adds to, or with sign -1 takes from. */
static inline void totals_count(struct shard *shard, uint64_t size, int64_t sign)
{
	uint64_t extra = wire_extra_bytes(size);

	shard->unflushed_bytes += sign * (int64_t)size;
	shard->unflushed_extra += sign * (int64_t)extra;
	shard->churn_bytes += size + extra;
}

/* The time of a new peak. The clock is not read for it: its last reading is at most an eighth of an
 * interval old. */
static inline uint64_t totals_peak_time_ns(const struct shard *shard)
{
	return shard->last_look > preload.section->start_ns ? shard->last_look
	                                                    : preload.section->start_ns;
}

static inline uint64_t totals_peak_time(const struct shard *shard)
{
	return preload.time_unit == WIRE_TIME_BYTES ? totals_churn() : totals_peak_time_ns(shard);
}

/* In a process with one thread. */
static inline void totals_raise_peak(const struct shard *shard)
{
	struct wire_section *section = preload.section;

	if (likely(section->live_bytes <= section->peak_bytes))
		return;
	section->peak_bytes = section->live_bytes;
	section->peak_extra_bytes = section->live_extra_bytes;
	section->peak_time = totals_peak_time(shard);
	section->peak_epoch++;
}

/* Are these changes too little to be brought into the process's totals? */
static always_inline bool totals_are_little(int64_t bytes, int64_t extra)
{
	return bytes < WIRE_FLUSH_BYTES && bytes > -WIRE_FLUSH_BYTES && extra < WIRE_FLUSH_BYTES &&
	       extra > -WIRE_FLUSH_BYTES;
}

static inline void totals_flush(struct shard *shard)
{
	struct wire_section *section = preload.section;

	if (!preload_is_single_threaded()) {
		totals_flush_among_others(shard);
		return;
	}
	section->live_bytes += shard->unflushed_bytes;
	section->live_extra_bytes += shard->unflushed_extra;
	shard->unflushed_bytes = shard->unflushed_extra = 0;
	totals_raise_peak(shard);
}

/* At the end of every event. */
static inline void totals_finish_event(struct shard *shard, uint64_t bytes)
{
	totals_flush(shard);
	shard->credit -= preload.time_unit == WIRE_TIME_BYTES ? (int64_t)bytes : 1;
	if (unlikely(shard->credit < 0))
		totals_look_at_timeline(shard);
}

#endif
