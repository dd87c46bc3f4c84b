/* The short way of a thread among several that has a shard to itself (struct thread's own_key): as
 * that of the only thread (alone.h), it is of small blocks, known stacks and nothing out of the
 * ordinary, and calls next to nothing.
 *
 * False: it was otherwise, nothing has been changed, and the event is the recorder's (record.h).
 */
#ifndef MEM_PRELOAD_OWN_H
#define MEM_PRELOAD_OWN_H

#include "mem/preload/counters.h"
#include "mem/preload/entrance.h"
#include "mem/preload/known.h"
#include "mem/preload/live.h"
#include "mem/preload/preload.h"
#include "mem/preload/shard.h"
#include "mem/preload/stacks.h"
#include "mem/preload/thread.h"
#include "mem/preload/totals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static always_inline struct shard *own_shard(const struct thread *thread)
{
	struct shard *shard = &shards[thread->shard];

	/* Or the compiler computes it each time that it is used. */
	__asm__("" : "+r"(shard));
	return shard;
}

/* NULL: what it holds would have to be kept otherwise. */
static always_inline struct wire_counter *own_counter(const struct shard *shard, uint32_t stack)
{
	struct wire_section *section = preload.section;
	struct wire_counter *counter = shard_counters(section, shard) + stack;
	uint64_t epoch = __atomic_load_n(&section->peak_epoch, __ATOMIC_ACQUIRE);

	return likely(counter_keep_peak(counter, epoch)) ? counter : NULL;
}

/* The last thing in an event, since it may be long. */
static always_inline void own_add(struct shard *shard, int64_t bytes, int64_t extra)
{
	bytes += shard->unflushed_bytes;
	extra += shard->unflushed_extra;
	shard->unflushed_bytes = bytes;
	shard->unflushed_extra = extra;
	shard->credit--;
	if (unlikely(!totals_are_little(bytes, extra) || shard->credit < 0))
		totals_settle(shard);
}

static always_inline bool own_count_allocation(struct thread *thread, struct shard *shard,
                                               const void *block, size_t size, uint32_t stack)
{
	uint64_t *entry = live_small_entry((uint64_t)block), clock = shard->clock + 1;
	struct live_block live = {.size_bytes = size, .stack = stack};
	struct wire_counter *counter;

	if (unlikely(!entry || *entry || size >= LIVE_SMALL_LIMIT || clock >= shard->clock_limit))
		return false;
	counter = own_counter(shard, stack);
	if (unlikely(!counter))
		return false;
	live.origin = origin_at(shard, clock);
	shard->clock = clock;
	*entry = live_pack_small((uint64_t)block, live);
	thread->last = block;
	count_allocation(counter, thread->row, size);
	own_add(shard, (int64_t)size, (int64_t)wire_extra_bytes(size));
	return true;
}

static always_inline bool own_allocate(const void *block, size_t size,
                                       const struct hook_frame *caller, enum leak_function function)
{
	struct thread *thread = entrance_pass_own();
	const struct known_stack *stack;
	struct shard *shard;
	bool done;

	if (unlikely(!thread))
		return false;
	shard = own_shard(thread);
	stack = known_guess(shard->known, caller, &thread->limits,
	                    stacks_context(stacks_generation(), function));
	done = likely(stack) && own_count_allocation(thread, shard, block, size, stack->stack);
	entrance_leave_own(thread);
	return done;
}

static always_inline bool own_count_release(struct thread *thread, struct shard *shard,
                                            const void *block)
{
	uint64_t *entry = live_small_entry((uint64_t)block), packed, lifetime = 0;
	unsigned class = WIRE_TEMPORARY;
	struct wire_counter *counter;
	struct live_block live;

	if (unlikely(!entry))
		return false;
	packed = *entry;
	live = live_unpack_small(packed);
	if (unlikely(!live_small_is_own(packed, (uint64_t)block)))
		return false;
	counter = own_counter(shard, live.stack);
	if (unlikely(!counter))
		return false;
	*entry = 0;
	if (thread->last == block) {
		thread->last = NULL;
	} else {
		lifetime = origin_lifetime(live);
		class = wire_lifetime_class(lifetime);
	}
	count_free(counter, thread->row, live.size_bytes, class, lifetime);
	own_add(shard, -(int64_t)live.size_bytes, -(int64_t)wire_extra_bytes(live.size_bytes));
	return true;
}

static always_inline bool own_release(const void *block)
{
	struct thread *thread = entrance_pass_own();
	bool done;

	if (unlikely(!thread))
		return false;
	done = own_count_release(thread, own_shard(thread), block);
	entrance_leave_own(thread);
	return done;
}

#endif
