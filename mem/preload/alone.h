/* The short way of the process's only thread: its events when nothing about them is out of the
 * ordinary, inlined in the hooks. What bounds them is the number of instructions, so it calls
 * nothing: a function that may call another saves registers.
 *
 * False: it was otherwise, nothing has been changed, and the event is the recorder's (record.h).
 */
#ifndef MEM_PRELOAD_ALONE_H
#define MEM_PRELOAD_ALONE_H

#include "mem/preload/counters.h"
#include "mem/preload/entrance.h"
#include "mem/preload/known.h"
#include "mem/preload/live.h"
#include "mem/preload/preload.h"
#include "mem/preload/shard.h"
#include "mem/preload/stacks.h"
#include "mem/preload/totals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static always_inline void alone_add_live(struct wire_section *section, uint64_t size)
{
	int64_t bytes = section->live_bytes + (int64_t)size;
	int64_t extra = section->live_extra_bytes + (int64_t)wire_extra_bytes(size);

	section->live_bytes = bytes;
	section->live_extra_bytes = extra;
	if (unlikely(bytes > section->peak_bytes)) {
		section->peak_bytes = bytes;
		section->peak_extra_bytes = extra;
		section->peak_time = totals_peak_time_ns(&shards[0]);
		section->peak_epoch++;
	}
}

static always_inline bool alone_count_allocation(const void *block, size_t size,
                                                 const struct known_stack *stack)
{
	struct wire_section *section = preload.section;
	uint64_t *entry = live_small_entry((uint64_t)block), clock = shards[0].clock + 1;
	struct live_block live = {.size_bytes = size, .stack = stack->stack};
	struct wire_counter *counter = section_counters(section, 0) + live.stack;

	if (unlikely(!entry || *entry || size >= LIVE_SMALL_LIMIT || clock > alone.clock_end ||
	             !counter_keep_peak(counter, section->peak_epoch)))
		return false;
	live.origin = origin_at(&shards[0], clock);
	*entry = live_pack_small((uint64_t)block, live);
	alone.last = block;
	alone.entry = entry;
	alone.counter = counter;
	shards[0].clock = clock;
	count_allocation(counter, alone.row, size);
	alone_add_live(section, size);
	return true;
}

static always_inline bool alone_allocate(const void *block, size_t size,
                                         const struct hook_frame *caller,
                                         enum leak_function function)
{
	const struct known_stack *stack;
	bool done;

	if (!entrance_pass_alone())
		return false;
	stack = known_guess(alone.known, caller, &alone.limits,
	                    stacks_context(alone.generation, function));
	done = likely(stack) && alone_count_allocation(block, size, stack);
	entrance_leave_alone();
	return done;
}

static always_inline void alone_take_live(struct wire_section *section, uint64_t size)
{
	alone.frees_left--;
	section->live_bytes -= (int64_t)size;
	section->live_extra_bytes -= (int64_t)wire_extra_bytes(size);
}

/* Only of what the thread has allocated last. */
static always_inline bool alone_release_last(const void *block)
{
	struct wire_section *section;
	uint64_t size;
	bool done = false;

	if (unlikely(block != alone.last || !entrance_pass_alone()))
		return false;
	section = preload.section;
	if (likely(alone.frees_left > 0 && counter_keep_peak(alone.counter, section->peak_epoch))) {
		size = live_unpack_small(*alone.entry).size_bytes;
		*alone.entry = 0;
		alone.last = ALONE_HAS_NONE;
		count_free(alone.counter, alone.row, size, WIRE_TEMPORARY, 0);
		alone_take_live(section, size);
		done = true;
	}
	entrance_leave_alone();
	return done;
}

static always_inline bool alone_count_release(const void *block)
{
	struct wire_section *section = preload.section;
	uint64_t *entry = live_small_entry((uint64_t)block), packed, lifetime;
	struct wire_counter *counter;
	struct live_block live;

	if (unlikely(!entry || alone.frees_left <= 0))
		return false;
	packed = *entry;
	live = live_unpack_small(packed);
	if (unlikely(!live_small_is_own(packed, (uint64_t)block)))
		return false;
	counter = section_counters(section, 0) + live.stack;
	if (unlikely(!counter_keep_peak(counter, section->peak_epoch)))
		return false;
	*entry = 0;
	lifetime = origin_lifetime(live);
	count_free(counter, alone.row, live.size_bytes, wire_lifetime_class(lifetime), lifetime);
	alone_take_live(section, live.size_bytes);
	return true;
}

/* Of what it has not allocated last. */
static always_inline bool alone_release(const void *block)
{
	bool done;

	if (unlikely(!entrance_pass_alone()))
		return false;
	done = block != alone.last && alone_count_release(block);
	entrance_leave_alone();
	return done;
}

#endif
