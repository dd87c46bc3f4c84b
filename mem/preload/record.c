/* The recorder: counters by stack and thread, and what each event does. */
#include "mem/preload/record.h"

#include "mem/preload/counters.h"
#include "mem/preload/entrance.h"
#include "mem/preload/modules.h"
#include "mem/preload/preload.h"
#include "mem/preload/section.h"
#include "mem/preload/shard.h"
#include "mem/preload/stacks.h"
#include "mem/preload/thread.h"
#include "mem/preload/totals.h"

static uint32_t inherited_lock;

/* Out of line, for it is rare. */
static __attribute__((noinline)) void keep_peak_of_many(struct wire_counter *counter,
                                                        uint64_t epoch)
{
	counter->peak_bytes = counter->live_bytes;
	counter->peak_blocks = (int32_t)(counter->allocations - counter->frees);
	counter->peak_epoch = (uint32_t)epoch;
	preload_trouble(WIRE_MANY_BLOCKS);
}

static inline struct wire_counter *counter_at(uint64_t counters_off, uint32_t stack)
{
	struct wire_section *section = preload.section;
	struct wire_counter *counter =
	    (struct wire_counter *)((char *)section + counters_off) + stack;
	uint64_t epoch = __atomic_load_n(&section->peak_epoch, __ATOMIC_ACQUIRE);

	if (unlikely(!counter_keep_peak(counter, epoch)))
		keep_peak_of_many(counter, epoch);
	return counter;
}

static void count_inherited_free(struct live_block block)
{
	struct wire_counter *counter;

	while (__atomic_exchange_n(&inherited_lock, 1, __ATOMIC_ACQUIRE))
		preload_wait_while(&inherited_lock, 1);
	counter =
	    counter_at(WIRE_COUNTERS_OFF + WIRE_INHERITED_SHARD * WIRE_SHARD_BYTES, block.stack);
	counter->frees++;
	counter->live_bytes -= (int64_t)block.size_bytes;
	__atomic_store_n(&inherited_lock, 0, __ATOMIC_RELEASE);
}

/* The lifetime and its class are for when the block is the process's own. */
static inline void count_end(struct thread *thread, struct shard *shard, struct live_block block,
                             uint64_t lifetime, unsigned class)
{
	if (unlikely(!origin_is_own(block.origin)))
		count_inherited_free(block);
	else
		count_free(counter_at(shard->counters_off, block.stack), thread->row,
		           block.size_bytes, class, lifetime);
	totals_count(shard, block.size_bytes, -1);
}

/* Out of line, for it is rare: a block whose free was not seen. */
static __attribute__((noinline)) void count_stale(struct thread *thread, struct shard *shard,
                                                  const struct live_block *stale)
{
	count_end(thread, shard, *stale, 0, WIRE_LIFETIME_UNKNOWN);
	preload_trouble(WIRE_STALE);
}

static inline void remember(struct thread *thread, struct shard *shard, const void *block,
                            size_t size, uint32_t stack, uint32_t origin)
{
	struct live_block stale, live = {.size_bytes = size, .stack = stack, .origin = origin};
	bool has_stale;

	if (unlikely(!live_put(block, live, &stale, &has_stale)))
		preload_trouble(WIRE_UNTRACKED);
	if (unlikely(has_stale))
		count_stale(thread, shard, &stale);
}

static inline void record_new(struct thread *thread, struct shard *shard, const void *block,
                              size_t size, const struct hook_frame *caller,
                              enum leak_function function)
{
	uint32_t stack = stacks_identify(shard->scratch, shard->known, thread, caller, function),
	         origin;

	if (unlikely(!stack))
		preload_trouble(WIRE_NO_STACK);
	origin = origin_next(shard);
	remember(thread, shard, block, size, stack, origin);
	count_allocation(counter_at(shard->counters_off, stack), thread->row, size);
	totals_count(shard, size, 1);
	thread->last = block;
}

/* The free of a block that its owner gives back, or has replaced. */
static inline void record_end(struct thread *thread, struct shard *shard, const void *address,
                              struct live_block block)
{
	unsigned class = WIRE_TEMPORARY;
	uint64_t lifetime = 0;

	if (thread->last == address) {
		thread->last = NULL;
	} else {
		lifetime = origin_lifetime(block);
		class = wire_lifetime_class(lifetime);
	}
	count_end(thread, shard, block, lifetime, class);
}

static inline void allocate(struct thread *thread, struct shard *shard, const void *block,
                            size_t size, const struct hook_frame *caller,
                            enum leak_function function)
{
	record_new(thread, shard, block, size, caller, function);
	totals_finish_event(shard, size);
}

static inline bool release(struct thread *thread, struct shard *shard, const void *block)
{
	struct live_block live;

	if (unlikely(!live_take(block, &live)))
		return false;
	record_end(thread, shard, block, live);
	totals_finish_event(shard, live.size_bytes);
	return true;
}

/* In massif's time unit B a realloc is as long as what it changes, not a free and an allocation. */
static inline void uncount_what_stayed(struct shard *shard, uint64_t old_size, uint64_t new_size)
{
	uint64_t old_extra = wire_extra_bytes(old_size), new_extra = wire_extra_bytes(new_size);

	shard->churn_bytes -= 2 * (old_size < new_size ? old_size : new_size);
	shard->churn_bytes -= 2 * (old_extra < new_extra ? old_extra : new_extra);
}

static inline void replace(struct thread *thread, struct shard *shard, const void *block,
                           const struct live_block *taken, const void *new_block, size_t size,
                           const struct hook_frame *caller)
{
	record_end(thread, shard, block, *taken);
	if (new_block) {
		record_new(thread, shard, new_block, size, caller, LEAK_REALLOC);
		uncount_what_stayed(shard, taken->size_bytes, size);
	}
	totals_finish_event(shard, size + taken->size_bytes);
}

void *record_allocation(void *block, size_t size, const struct hook_frame *caller,
                        enum leak_function function)
{
	struct thread *thread = block ? entrance_pass() : NULL;
	struct shard *shard;

	if (!thread)
		return block;
	shard = shard_take(thread);
	allocate(thread, shard, block, size, caller, function);
	shard_give_back(shard);
	entrance_leave(thread);
	return block;
}

bool record_release(const void *block)
{
	struct thread *thread = entrance_pass();
	struct shard *shard;
	bool known;

	if (!thread)
		return false;
	shard = shard_take(thread);
	known = release(thread, shard, block);
	shard_give_back(shard);
	entrance_leave(thread);
	return known;
}

bool record_take_out(const void *block, struct live_block *taken)
{
	struct thread *thread;
	bool known = false;

	thread = entrance_pass();
	if (thread) {
		known = live_take(block, taken);
		entrance_leave(thread);
	}
	return known;
}

void record_put_back(const void *block, const struct live_block *taken)
{
	struct thread *thread = entrance_pass();
	struct live_block stale;
	bool has_stale;

	if (thread) {
		live_put(block, *taken, &stale, &has_stale);
		entrance_leave(thread);
	}
}

void record_replacement(const void *block, const struct live_block *taken, const void *new_block,
                        size_t size, const struct hook_frame *caller)
{
	struct thread *thread;
	struct shard *shard;

	thread = entrance_pass();
	if (!thread)
		return;
	shard = shard_take(thread);
	replace(thread, shard, block, taken, new_block, size, caller);
	shard_give_back(shard);
	entrance_leave(thread);
}

void record_confinement(bool has_no_calls, bool has_no_clock)
{
	struct thread *thread = entrance_pass();

	if (!thread)
		return;
	thread->has_no_calls = has_no_calls;
	thread->has_no_clock = has_no_clock;
	entrance_leave(thread);
}

void record_unloading(void)
{
	struct thread *thread = entrance_pass();

	if (!thread)
		return;
	modules_unloaded();
	entrance_leave(thread);
}

static void add_inherited(void *context, struct live_block *block)
{
	struct wire_section *section = context;
	struct wire_counter *counter =
	    section_counters(section, WIRE_INHERITED_SHARD) + block->stack;

	counter->allocations++;
	counter->allocated_bytes += block->size_bytes;
	counter->live_bytes += (int64_t)block->size_bytes;
	section->live_bytes += (int64_t)block->size_bytes;
	section->live_extra_bytes += (int64_t)wire_extra_bytes(block->size_bytes);
	/* Depths are few. Where they begin anew all that is inherited becomes of depth 0. */
	if (origin_depth == 1)
		block->origin &= ~((uint32_t)LIVE_ORIGIN_DEPTH_MASK << LIVE_ORIGIN_DEPTH_AT);
}

void record_inherit(struct wire_section *section)
{
	alone.owner = 0;
	origin_depth = origin_depth < LIVE_ORIGIN_DEPTH_MASK ? origin_depth + 1 : 1;
	live_set_depth(origin_depth);
	/* Threads of the parent that held a shard have not come along. */
	shards_reset();
	inherited_lock = 0;
	live_for_each(add_inherited, section);
	section->peak_bytes = section->live_bytes;
	section->peak_extra_bytes = section->live_extra_bytes;
}
