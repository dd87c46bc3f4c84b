/* The shards, which threads write to, and their clocks.
 *
 * A thread that records holds one shard: the counters it may change, and the scratch memory of the
 * unwinder. The first threads have one each; the others take the one they had last, or the next
 * free one, so threads seldom meet.
 *
 * A block's origin, in its live entry: at which tick of which shard's clock it was allocated, and
 * after how many forks. The clock counts the shard's allocations; from WIRE_TICK_BITS on a tick is
 * its upper bits, and the shift stands beside it. The next thread gets the next shard, so that each
 * of the first WIRE_N_SHARDS has a clock to itself.
 */
#ifndef MEM_PRELOAD_SHARD_H
#define MEM_PRELOAD_SHARD_H

#include "mem/preload/live.h"
#include "mem/preload/preload.h"
#include "mem/preload/stacks.h"
#include "mem/preload/thread.h"

#include <stdbool.h>
#include <stdint.h>

enum { TICK_MASK = (1 << WIRE_TICK_BITS) - 1 };
_Static_assert(WIRE_N_SHARDS == 1 << (LIVE_ORIGIN_DEPTH_AT - LIVE_ORIGIN_SHARD_AT), "a shard fits");
_Static_assert(WIRE_MAX_TICK_SHIFT >> (LIVE_ORIGIN_BITS - LIVE_ORIGIN_SHIFT_AT) == 0,
               "a shift fits");

struct shard {
	/* Read by other threads, so what its owner writes all the time is in the next cache line.
	 */
	uint64_t clock;       /* its allocations */
	uint64_t clock_limit; /* where its tick needs a bit more */
	struct stack_scratch *scratch;
	struct known_stacks *known; /* the scratch's */
	bool has_scratch;           /* it can be written */
	uint64_t counters_off;      /* of its counters in a section */
	int64_t grant;              /* what the credit was at the last look */
	uint64_t last_look;

	uint32_t is_taken __attribute__((aligned(64)));
	bool was_used;
	uint32_t origin;         /* of its next block, without the tick; the shift is uppermost */
	int64_t unflushed_bytes; /* not yet in the section's live_bytes */
	int64_t unflushed_extra; /* nor in its live_extra_bytes */
	uint64_t churn_bytes; /* allocated and freed, with the extra bytes: massif's time unit B */
	int64_t credit;       /* events (or bytes) until the next look at the timeline */
} __attribute__((aligned(64)));

/* The first threads have a shard each and take it without a lock; the others share the rest. */
enum { N_OWNED_SHARDS = WIRE_N_SHARDS / 2, FIRST_SHARED_SHARD = N_OWNED_SHARDS };

extern HIDDEN struct shard shards[WIRE_N_SHARDS];

/* Forks since the image was executed, as origins of this process's own blocks have it. */
extern HIDDEN uint32_t origin_depth;

/* False: no memory. */
bool shards_init(void);

/* Nobody holds any, and their clocks begin anew. */
void shards_reset(void);

/* For the thread with this number: its own, or the one to begin with. */
uint8_t shard_of_number(uint32_t number);

/* For a thread without one of its own; with it the row that it shares, if it does. */
struct shard *shard_take_shared(struct thread *thread);

static inline void shard_give_back(struct shard *shard)
{
	__atomic_store_n(&shard->is_taken, 0, __ATOMIC_RELEASE);
}

static always_inline struct shard *shard_take(struct thread *thread)
{
	struct shard *shard = &shards[0];

	if (!preload_is_single_threaded()) {
		/* Not written again: the others have this line too. */
		if (unlikely(!preload.section->was_threaded))
			preload.section->was_threaded = 1;
		if (thread->shard >= N_OWNED_SHARDS) {
			shard = shard_take_shared(thread);
		} else {
			shard = &shards[thread->shard];
			if (preload.time_unit == WIRE_TIME_NS)
				thread->own_key = thread->key;
		}
	}
	shard->was_used = true;
	return shard;
}

static inline struct wire_counter *shard_counters(struct wire_section *section,
                                                  const struct shard *shard)
{
	return (struct wire_counter *)((char *)section + shard->counters_off);
}

/* The clock has come to its limit. */
void origin_widen_ticks(struct shard *shard);

/* The origin of a block that is allocated when the clock shows this, which is below its limit. */
static inline uint32_t origin_at(const struct shard *shard, uint64_t clock)
{
	return shard->origin | (uint32_t)(clock >> (shard->origin >> LIVE_ORIGIN_SHIFT_AT));
}

/* The origin of a block that is allocated now. */
static inline uint32_t origin_next(struct shard *shard)
{
	uint64_t clock = shard->clock + 1;

	shard->clock = clock;
	if (unlikely(clock >= shard->clock_limit))
		origin_widen_ticks(shard);
	return origin_at(shard, clock);
}

/* Of a block of this process, in allocations. */
static inline uint64_t origin_lifetime(struct live_block block)
{
	unsigned number = block.origin >> LIVE_ORIGIN_SHARD_AT & (WIRE_N_SHARDS - 1);
	uint64_t birth = (uint64_t)(block.origin & TICK_MASK)
	                 << (block.origin >> LIVE_ORIGIN_SHIFT_AT);
	uint64_t lifetime = __atomic_load_n(&shards[number].clock, __ATOMIC_RELAXED) - birth;

	/* A clock may be read late where the program itself hands a block over without order. */
	return (int64_t)lifetime < 0 ? 0 : lifetime;
}

static inline bool origin_is_own(uint32_t origin)
{
	return live_origin_depth(origin) == origin_depth;
}

#endif
