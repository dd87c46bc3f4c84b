/* The recorder: live blocks, counters by stack and shard, the peak, and the timeline.
 *
 * A thread that records holds one shard: the counters it may change, and the scratch memory of the
 * unwinder. The first threads have one each; the others take the one they had last, or the next
 * free one, so threads seldom meet.
 *
 * The peak in one pass: peak_epoch grows with each new peak. Before a counter is changed, and its
 * epoch is old, what it has live is what it had live at the latest peak, and is kept as that.
 *
 * A block's origin, in its live entry: at which tick of which shard's clock it was allocated, and
 * after how many forks. The clock counts the shard's allocations; from WIRE_TICK_BITS on a tick is
 * its upper bits, and the shift stands beside it. The next thread gets the next shard, so that each
 * of the first WIRE_N_SHARDS has a clock to itself.
 */
#include "mem/preload/record.h"

#include "mem/preload/modules.h"
#include "mem/preload/preload.h"
#include "mem/preload/section.h"
#include "mem/preload/stacks.h"
#include "mem/preload/thread.h"
#include "mem/timeline.h"

#include <stdatomic.h>

/* Of a block's origin, above the tick. */
enum {
	ORIGIN_SHARD_AT = WIRE_TICK_BITS,
	ORIGIN_DEPTH_AT = ORIGIN_SHARD_AT + 4,
	ORIGIN_SHIFT_AT = ORIGIN_DEPTH_AT + 2,
	ORIGIN_DEPTH_MASK = 3,
	TICK_MASK = (1 << WIRE_TICK_BITS) - 1,
};
_Static_assert(WIRE_N_SHARDS == 1 << (ORIGIN_DEPTH_AT - ORIGIN_SHARD_AT), "a shard fits");
_Static_assert(WIRE_MAX_TICK_SHIFT >> (LIVE_ORIGIN_BITS - ORIGIN_SHIFT_AT) == 0, "a shift fits");

struct shard {
	uint32_t is_taken;
	bool was_used;
	uint32_t origin;         /* of its next block, without the tick */
	uint64_t clock;          /* its allocations */
	int64_t unflushed_bytes; /* not yet in the section's live_bytes */
	int64_t unflushed_extra; /* nor in its live_extra_bytes */
	uint64_t churn_bytes; /* allocated and freed, with the extra bytes: massif's time unit B */
	int64_t credit;       /* events (or bytes) until the next look at the timeline */
	int64_t grant;        /* what the credit was at the last look */
	uint64_t last_look;
	struct stack_scratch *scratch;
	bool has_scratch; /* it can be written */
} __attribute__((aligned(64)));

/* The first threads have a shard each and take it without a lock; the others share the rest. */
enum { N_OWNED_SHARDS = WIRE_N_SHARDS / 2, FIRST_SHARED_SHARD = N_OWNED_SHARDS };

static struct shard shards[WIRE_N_SHARDS];
static uint32_t inherited_lock;
static uint32_t own_depth; /* of the origins of this process's own blocks */

/* Most programs use few shards. */
static bool has_scratch(struct shard *shard)
{
	if (unlikely(!shard->has_scratch))
		shard->has_scratch = preload_may_call() &&
		                     preload_make_writable(shard->scratch, stack_scratch_bytes());
	return shard->has_scratch;
}

static void reset_shards(void)
{
	for (uint32_t i = 0; i < WIRE_N_SHARDS; i++)
		shards[i] =
		    (struct shard){.scratch = shards[i].scratch,
		                   .has_scratch = shards[i].has_scratch,
		                   .origin = i << ORIGIN_SHARD_AT | own_depth << ORIGIN_DEPTH_AT};
}

bool record_init(void)
{
	char *scratch = preload_reserve(WIRE_N_SHARDS * stack_scratch_bytes());

	if (!scratch)
		return false;
	for (size_t i = 0; i < WIRE_N_SHARDS; i++)
		shards[i].scratch = (void *)(scratch + i * stack_scratch_bytes());
	reset_shards();
	return has_scratch(&shards[0]) && has_scratch(&shards[FIRST_SHARED_SHARD]);
}

static uint8_t shard_of_number(uint32_t number)
{
	if (number < N_OWNED_SHARDS && has_scratch(&shards[number]))
		return (uint8_t)number;
	return (uint8_t)(FIRST_SHARED_SHARD + number % (WIRE_N_SHARDS - N_OWNED_SHARDS));
}

/* A thread's first event: it gets a row and a shard. */
static __attribute__((noinline)) void begin_thread(struct thread *thread)
{
	struct wire_section *section = preload.section;
	uint32_t number = __atomic_fetch_add(&section->n_threads, 1, __ATOMIC_RELAXED);
	int32_t tid = preload.has_tids ? thread_tid(thread) : 0;
	unsigned row = number;

	thread->key = thread_key(thread);
	thread->last = NULL;
	thread->has_no_calls = thread->has_no_clock = false;
	thread->shard = shard_of_number(number);
	if (thread->shard != number)
		section->shares_clocks = 1;
	thread->shares_row = number >= WIRE_MAX_THREADS;
	if (thread->shares_row)
		row = WIRE_MAX_THREADS + thread->shard;
	thread->row = section_thread(section, row);
	/* After a raw clone(2) libc's field still has the parent's. */
	if (tid && number == 0 && section->depth)
		tid = section->pid;
	if (!thread->shares_row)
		thread->row->tid = tid;
}

/* The process's only thread, while it has but one, all that enter() looks at has been looked at,
 * and bytes are no time unit (then there is more to do at each event). `owner` is its thread
 * pointer, IN_RECORDER added while it is in the recorder; 0: there is no such thread. A thread only
 * ever compares and changes it where it is its own. */
static struct {
	uint64_t owner;
	struct thread *thread;
	/* Its last allocation, a small block that has not been freed: what its end will need. The
	 * block is live while its entry is the same. */
	const void *block; /* NULL: look it up */
	uint64_t *entry;
	uint64_t packed;
	struct wire_counter *counter;
} alone;

enum { IN_RECORDER = 1 };

/* What enter() and take_shard() do, for the thread that is alone: it has shard 0. */
static inline bool enter_alone(void)
{
	uint64_t pointer = (uint64_t)__builtin_thread_pointer();

	if (unlikely(alone.owner != pointer || !preload_is_single_threaded() ||
	             !preload_has_section()))
		return false;
	alone.owner = pointer + IN_RECORDER;
	atomic_signal_fence(memory_order_seq_cst);
	return true;
}

static inline void leave_alone(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	alone.owner -= IN_RECORDER;
}

/* The calling thread, which is in the recorder from now on. NULL where an event cannot be recorded:
 * in a signal handler that interrupted the recorder. */
static struct thread *enter(void)
{
	struct thread *thread = thread_self();

	if (unlikely(!thread || thread->busy == preload.n_forks ||
	             alone.owner == thread->pointer + IN_RECORDER)) {
		preload_trouble(WIRE_UNCOUNTED);
		return NULL;
	}
	if (alone.owner == thread->pointer) {
		alone.owner = 0;
		alone.block = NULL;
	}
	thread->busy = preload.n_forks;
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(!preload_has_section()) && !section_claim()) {
		thread->busy = 0;
		return NULL;
	}
	if (unlikely(thread->key != thread_key(thread)))
		begin_thread(thread);
	return thread;
}

static void leave(struct thread *thread)
{
	atomic_signal_fence(memory_order_seq_cst);
	thread->busy = 0;
	if (preload_is_single_threaded() && preload.time_unit == WIRE_TIME_NS &&
	    !shards[0].unflushed_bytes && !shards[0].unflushed_extra) {
		shards[0].was_used = true;
		alone.thread = thread;
		alone.owner = thread->pointer;
	}
}

static bool try_take(struct shard *shard)
{
	return !__atomic_load_n(&shard->is_taken, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&shard->is_taken, 1, __ATOMIC_ACQUIRE);
}

static inline void give_back(struct shard *shard)
{
	__atomic_store_n(&shard->is_taken, 0, __ATOMIC_RELEASE);
}

static __attribute__((noinline)) struct shard *take_shared_shard(struct thread *thread)
{
	enum { N_SHARED = WIRE_N_SHARDS - FIRST_SHARED_SHARD };
	for (;;) {
		for (unsigned i = 0; i < N_SHARED; i++) {
			unsigned number = FIRST_SHARED_SHARD + (thread->shard + i) % N_SHARED;

			if (!try_take(&shards[number]))
				continue;
			/* The first one has it always. */
			if (unlikely(!has_scratch(&shards[number]))) {
				give_back(&shards[number]);
				continue;
			}
			thread->shard = (uint8_t)number;
			if (unlikely(thread->shares_row))
				thread->row =
				    section_thread(preload.section, WIRE_MAX_THREADS + number);
			return &shards[number];
		}
		/* More threads inside than shards: some of them are not running. */
		preload_wait_while(&shards[thread->shard].is_taken, 1);
	}
}

static always_inline struct shard *take_shard(struct thread *thread)
{
	struct shard *shard = &shards[0];

	if (!preload_is_single_threaded()) {
		preload.section->was_threaded = 1;
		shard = likely(thread->shard < N_OWNED_SHARDS) ? &shards[thread->shard]
		                                               : take_shared_shard(thread);
	}
	shard->was_used = true;
	return shard;
}

static inline void keep_peak(struct wire_counter *counter, uint64_t epoch)
{
	int64_t blocks;

	if (likely(counter->peak_epoch == (uint32_t)epoch))
		return;
	blocks = (int64_t)(counter->allocations - counter->frees);
	counter->peak_bytes = counter->live_bytes;
	counter->peak_blocks = (int32_t)blocks;
	counter->peak_epoch = (uint32_t)epoch;
	if (unlikely(counter->peak_blocks != blocks))
		preload_trouble(WIRE_MANY_BLOCKS);
}

static inline struct wire_counter *counter_of(unsigned shard, uint32_t stack)
{
	struct wire_section *section = preload.section;
	struct wire_counter *counter = section_counters(section, shard) + stack;

	keep_peak(counter, __atomic_load_n(&section->peak_epoch, __ATOMIC_ACQUIRE));
	return counter;
}

static void count_inherited_free(struct live_block block)
{
	struct wire_counter *counter;

	while (__atomic_exchange_n(&inherited_lock, 1, __ATOMIC_ACQUIRE))
		preload_wait_while(&inherited_lock, 1);
	counter = counter_of(WIRE_INHERITED_SHARD, block.stack);
	counter->frees++;
	counter->live_bytes -= (int64_t)block.size_bytes;
	__atomic_store_n(&inherited_lock, 0, __ATOMIC_RELEASE);
}

/* The sums of the process that a block adds to, or with sign -1 takes from. */
static always_inline void count_bytes(struct shard *shard, bool is_alone, uint64_t size,
                                      int64_t sign)
{
	struct wire_section *section = preload.section;
	uint64_t extra = wire_extra_bytes(size);

	if (is_alone) {
		section->live_bytes += sign * (int64_t)size;
		section->live_extra_bytes += sign * (int64_t)extra;
		return;
	}
	shard->unflushed_bytes += sign * (int64_t)size;
	shard->unflushed_extra += sign * (int64_t)extra;
	shard->churn_bytes += size + extra;
}

static inline uint64_t lifetime_of(struct live_block block)
{
	unsigned number = block.origin >> ORIGIN_SHARD_AT & (WIRE_N_SHARDS - 1);
	uint64_t birth = (uint64_t)(block.origin & TICK_MASK) << (block.origin >> ORIGIN_SHIFT_AT);
	uint64_t lifetime = __atomic_load_n(&shards[number].clock, __ATOMIC_RELAXED) - birth;

	/* A clock may be read late where the program itself hands a block over without order. */
	return (int64_t)lifetime < 0 ? 0 : lifetime;
}

/* The lifetime and its class are for when the block is the process's own. */
static always_inline void count_free(struct thread *thread, struct shard *shard, bool is_alone,
                                     struct live_block block, uint64_t lifetime, unsigned class)
{
	struct wire_counter *counter;

	if (unlikely((block.origin >> ORIGIN_DEPTH_AT & ORIGIN_DEPTH_MASK) != own_depth)) {
		count_inherited_free(block);
	} else {
		thread->row->lifetimes[class]++;
		counter = counter_of((unsigned)(shard - shards), block.stack);
		counter->frees++;
		counter->live_bytes -= (int64_t)block.size_bytes;
		counter->temporary += class == WIRE_TEMPORARY;
		counter->lifetimes += lifetime;
	}
	count_bytes(shard, is_alone, block.size_bytes, -1);
}

static always_inline struct wire_counter *count_allocation(struct thread *thread,
                                                           struct shard *shard, bool is_alone,
                                                           uint32_t stack, size_t size)
{
	struct wire_counter *counter = counter_of((unsigned)(shard - shards), stack);
	unsigned class = wire_size_class(size);

	thread->row->sizes[class].allocations++;
	thread->row->sizes[class].bytes += size;
	counter->allocations++;
	counter->allocated_bytes += size;
	counter->live_bytes += (int64_t)size;
	count_bytes(shard, is_alone, size, 1);
	return counter;
}

static uint64_t churn_of_all(void)
{
	uint64_t churn = 0;

	for (unsigned i = 0; i < WIRE_N_SHARDS; i++)
		churn += shards[i].churn_bytes;
	return churn;
}

/* The time of a new peak. The clock is not read for it: its last reading is at most an eighth of an
 * interval old. */
static inline uint64_t peak_time(const struct shard *shard)
{
	if (preload.time_unit == WIRE_TIME_BYTES)
		return churn_of_all();
	return shard->last_look > preload.section->start_ns ? shard->last_look
	                                                    : preload.section->start_ns;
}

static void raise_peak_of_many(const struct shard *shard, int64_t live)
{
	struct wire_section *section = preload.section;
	int64_t peak = __atomic_load_n(&section->peak_bytes, __ATOMIC_RELAXED);

	while (live > peak) {
		if (!__atomic_compare_exchange_n(&section->peak_bytes, &peak, live, false,
		                                 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		section->peak_time = peak_time(shard);
		section->peak_extra_bytes =
		    __atomic_load_n(&section->live_extra_bytes, __ATOMIC_RELAXED);
		__atomic_fetch_add(&section->peak_epoch, 1, __ATOMIC_ACQ_REL);
		break;
	}
}

static bool is_little(int64_t change)
{
	return change < WIRE_FLUSH_BYTES && change > -WIRE_FLUSH_BYTES;
}

/* In a process with one thread. */
static inline void raise_peak(const struct shard *shard)
{
	struct wire_section *section = preload.section;

	if (likely(section->live_bytes <= section->peak_bytes))
		return;
	section->peak_bytes = section->live_bytes;
	section->peak_extra_bytes = section->live_extra_bytes;
	section->peak_time = peak_time(shard);
	section->peak_epoch++;
}

/* Brings what the shard has changed into the process's totals. */
static void flush(struct shard *shard)
{
	struct wire_section *section = preload.section;
	int64_t change = shard->unflushed_bytes, extra = shard->unflushed_extra;

	if (preload_is_single_threaded()) {
		section->live_bytes += change;
		section->live_extra_bytes += extra;
		shard->unflushed_bytes = shard->unflushed_extra = 0;
		raise_peak(shard);
		return;
	}
	if (is_little(change) && is_little(extra))
		return;
	shard->unflushed_bytes = shard->unflushed_extra = 0;
	__atomic_fetch_add(&section->live_extra_bytes, extra, __ATOMIC_RELAXED);
	raise_peak_of_many(shard,
	                   __atomic_add_fetch(&section->live_bytes, change, __ATOMIC_ACQ_REL));
}

static uint64_t timeline_now(void)
{
	return preload.time_unit == WIRE_TIME_BYTES ? churn_of_all() : preload_now_ns();
}

/* Of a tree in ns: to read a counter takes about as long. In time unit B, where every run is to
 * take the same trees, a byte stands for a ns. */
static uint64_t cost_of_tree(void)
{
	enum { COUNTER_NS = 4 };
	uint32_t n_shards = 0;

	for (unsigned i = 0; i < WIRE_N_SHARDS; i++)
		n_shards += shards[i].was_used;
	return (uint64_t)__atomic_load_n(&preload.image->n_stacks, __ATOMIC_RELAXED) * n_shards *
	       COUNTER_NS;
}

static void add_tree(struct timeline *timeline)
{
	uint32_t n_stacks = __atomic_load_n(&preload.image->n_stacks, __ATOMIC_RELAXED);
	struct wire_section *section = timeline->section;
	bool is_wanted =
	    timeline->all_trees || timeline->snapshots[section->n_snapshots - 1].is_detailed;
	const struct wire_counter *used[WIRE_N_SHARDS + 1];
	unsigned n_used = 0;

	for (unsigned i = 0; i <= WIRE_N_SHARDS; i++)
		if (i == WIRE_INHERITED_SHARD ? section->depth : shards[i].was_used)
			used[n_used++] = section_counters(section, i);
	for (uint32_t stack = 0; stack <= n_stacks && stack <= WIRE_MAX_STACKS; stack++) {
		int64_t live = 0;

		for (unsigned i = 0; i < n_used; i++)
			live += used[i][stack].live_bytes;
		if (live > 0 && !timeline_add_entry(timeline, stack, (uint64_t)live)) {
			if (is_wanted)
				preload_trouble(WIRE_NO_TREE);
			return;
		}
	}
}

/* How much may happen before the next look: an eighth of the interval by the pace since the last
 * one. */
static void grant_credit(struct shard *shard, uint64_t now, uint64_t interval)
{
	uint64_t passed = now - shard->last_look, wanted = interval / 8;
	int64_t most = shard->grant > 4096 ? 8192 : 2 * shard->grant + 1;

	if (preload.time_unit == WIRE_TIME_BYTES)
		shard->grant = preload_is_single_threaded() ? 0 : (int64_t)wanted;
	else if (passed <= wanted)
		shard->grant = most;
	else
		shard->grant = (int64_t)((uint64_t)shard->grant * wanted / passed);
	shard->credit = shard->grant;
	shard->last_look = now;
}

static __attribute__((noinline)) void look_at_timeline(struct shard *shard)
{
	struct wire_section *section = preload.section;
	struct timeline timeline = section_timeline(section);
	struct wire_snapshot taken = {0};
	uint64_t now;
	int64_t live, extra;

	/* Another thread is at it: its snapshot is as good as ours. */
	if (__atomic_exchange_n(&section->timeline_busy, 1, __ATOMIC_ACQUIRE))
		return;
	now =
	    timeline_now(); /* not before, or it could be older than that of the snapshot before */
	live = __atomic_load_n(&section->live_bytes, __ATOMIC_RELAXED);
	extra = __atomic_load_n(&section->live_extra_bytes, __ATOMIC_RELAXED);
	taken.time = now;
	taken.live_bytes = live > 0 ? (uint64_t)live : 0;
	taken.extra_bytes = extra > 0 ? (uint64_t)extra : 0;
	if (timeline_is_due(&timeline, now) && timeline_add(&timeline, taken, cost_of_tree()))
		add_tree(&timeline);
	if (preload.time_unit == WIRE_TIME_BYTES)
		__atomic_store_n(&section->churn_bytes, now, __ATOMIC_RELAXED);
	grant_credit(shard, now, section->interval);
	__atomic_store_n(&section->timeline_busy, 0, __ATOMIC_RELEASE);
}

/* At the end of every event. */
static always_inline void finish_event(struct shard *shard, bool is_alone, bool may_be_peak,
                                       uint64_t bytes)
{
	if (is_alone && may_be_peak)
		raise_peak(shard);
	if (!is_alone)
		flush(shard);
	shard->credit -= !is_alone && preload.time_unit == WIRE_TIME_BYTES ? (int64_t)bytes : 1;
	if (unlikely(shard->credit < 0))
		look_at_timeline(shard);
}

/* The clock has come to where its tick needs a bit more. */
static __attribute__((noinline)) void widen_ticks(struct shard *shard)
{
	uint32_t shift = (shard->origin >> ORIGIN_SHIFT_AT) + 1;

	if (shift > WIRE_MAX_TICK_SHIFT) /* never: it takes years */
		return;
	shard->origin += UINT32_C(1) << ORIGIN_SHIFT_AT;
	if (preload.section->tick_shift < shift)
		preload.section->tick_shift = shift;
}

/* The origin of a block that is allocated now. */
static inline uint32_t next_origin(struct shard *shard)
{
	uint64_t clock = shard->clock + 1;

	shard->clock = clock;
	if (unlikely(clock >> (shard->origin >> ORIGIN_SHIFT_AT) >> WIRE_TICK_BITS))
		widen_ticks(shard);
	return shard->origin |
	       ((uint32_t)(clock >> (shard->origin >> ORIGIN_SHIFT_AT)) & TICK_MASK);
}

/* Out of line, for it is rare: a block whose free was not seen. */
static __attribute__((noinline)) void count_stale(struct thread *thread, struct shard *shard,
                                                  bool is_alone, const struct live_block *stale)
{
	count_free(thread, shard, is_alone, *stale, 0, WIRE_LIFETIME_UNKNOWN);
	preload_trouble(WIRE_STALE);
}

static always_inline void remember(struct thread *thread, struct shard *shard, bool is_alone,
                                   const void *block, size_t size, uint32_t stack, uint32_t origin)
{
	struct live_block stale, live = {.size_bytes = size, .stack = stack, .origin = origin};
	bool has_stale;

	if (unlikely(!live_put(block, live, &stale, &has_stale)))
		preload_trouble(WIRE_UNTRACKED);
	if (unlikely(has_stale))
		count_stale(thread, shard, is_alone, &stale);
}

/* Nothing is known yet of the block's place, as it should be. */
static always_inline bool remember_alone(const void *block, size_t size, uint32_t stack,
                                         uint32_t origin)
{
	struct live_block live = {.size_bytes = size, .stack = stack, .origin = origin};
	uint64_t *entry = live_small_entry((uint64_t)block);

	alone.block = NULL;
	if (unlikely(!entry || *entry || size >= LIVE_SMALL_LIMIT))
		return false;
	alone.block = block;
	alone.entry = entry;
	*entry = alone.packed = live_pack_small((uint64_t)block, live);
	return true;
}

static always_inline void record_new(struct thread *thread, struct shard *shard, bool is_alone,
                                     const void *block, size_t size,
                                     const struct hook_frame *caller)
{
	uint32_t stack = stacks_identify(shard->scratch, thread, caller), origin;
	struct wire_counter *counter;

	if (unlikely(!stack))
		preload_trouble(WIRE_NO_STACK);
	origin = next_origin(shard);
	if (!is_alone || unlikely(!remember_alone(block, size, stack, origin)))
		remember(thread, shard, is_alone, block, size, stack, origin);
	counter = count_allocation(thread, shard, is_alone, stack, size);
	if (is_alone)
		alone.counter = counter;
	thread->last = block;
}

/* The free of a block that its owner gives back, or has replaced. */
static always_inline void record_end(struct thread *thread, struct shard *shard, bool is_alone,
                                     const void *address, struct live_block block)
{
	unsigned class = WIRE_TEMPORARY;
	uint64_t lifetime = 0;

	if (thread->last == address) {
		thread->last = NULL;
	} else {
		lifetime = lifetime_of(block);
		class = wire_lifetime_class(lifetime);
	}
	count_free(thread, shard, is_alone, block, lifetime, class);
}

static always_inline void allocate(struct thread *thread, struct shard *shard, bool is_alone,
                                   const void *block, size_t size, const struct hook_frame *caller)
{
	record_new(thread, shard, is_alone, block, size, caller);
	finish_event(shard, is_alone, true, size);
}

static always_inline bool release(struct thread *thread, struct shard *shard, bool is_alone,
                                  const void *block)
{
	struct live_block live;

	if (unlikely(!live_take(block, &live)))
		return false;
	record_end(thread, shard, is_alone, block, live);
	finish_event(shard, is_alone, false, live.size_bytes);
	return true;
}

/* In massif's time unit B a realloc is as long as what it changes, not a free and an allocation. */
static inline void uncount_what_stayed(struct shard *shard, uint64_t old_size, uint64_t new_size)
{
	uint64_t old_extra = wire_extra_bytes(old_size), new_extra = wire_extra_bytes(new_size);

	shard->churn_bytes -= 2 * (old_size < new_size ? old_size : new_size);
	shard->churn_bytes -= 2 * (old_extra < new_extra ? old_extra : new_extra);
}

static always_inline void replace(struct thread *thread, struct shard *shard, bool is_alone,
                                  const void *block, const struct live_block *taken,
                                  const void *new_block, size_t size,
                                  const struct hook_frame *caller)
{
	record_end(thread, shard, is_alone, block, *taken);
	if (new_block) {
		record_new(thread, shard, is_alone, new_block, size, caller);
		if (!is_alone)
			uncount_what_stayed(shard, taken->size_bytes, size);
	}
	finish_event(shard, is_alone, true, size + taken->size_bytes);
}

static __attribute__((noinline)) void allocate_among_others(const void *block, size_t size,
                                                            const struct hook_frame *caller)
{
	struct thread *thread = enter();
	struct shard *shard;

	if (!thread)
		return;
	shard = take_shard(thread);
	allocate(thread, shard, false, block, size, caller);
	give_back(shard);
	leave(thread);
}

void record_allocation(const void *block, size_t size, const struct hook_frame *caller)
{
	if (likely(enter_alone())) {
		allocate(alone.thread, &shards[0], true, block, size, caller);
		leave_alone();
	} else {
		allocate_among_others(block, size, caller);
	}
}

static __attribute__((noinline)) bool release_among_others(const void *block)
{
	struct thread *thread = enter();
	struct shard *shard;
	bool known;

	if (!thread)
		return false;
	shard = take_shard(thread);
	known = release(thread, shard, false, block);
	give_back(shard);
	leave(thread);
	return known;
}

/* The thread frees what it has just allocated. */
static always_inline void release_last(void)
{
	uint64_t size = live_unpack_small(alone.packed).size_bytes;
	struct wire_counter *counter = alone.counter;

	*alone.entry = 0;
	alone.block = alone.thread->last = NULL;
	alone.thread->row->lifetimes[WIRE_TEMPORARY]++;
	keep_peak(counter, preload.section->peak_epoch);
	counter->frees++;
	counter->live_bytes -= (int64_t)size;
	counter->temporary++;
	count_bytes(&shards[0], true, size, -1);
	finish_event(&shards[0], true, false, size);
}

bool record_release(const void *block)
{
	bool known = true;

	if (unlikely(!enter_alone()))
		return release_among_others(block);
	if (block && block == alone.block && *alone.entry == alone.packed)
		release_last();
	else
		known = release(alone.thread, &shards[0], true, block);
	leave_alone();
	return known;
}

bool record_take_out(const void *block, struct live_block *taken)
{
	struct thread *thread;
	bool known = false;

	if (likely(enter_alone())) {
		known = live_take(block, taken);
		leave_alone();
		return known;
	}
	thread = enter();
	if (thread) {
		known = live_take(block, taken);
		leave(thread);
	}
	return known;
}

void record_put_back(const void *block, const struct live_block *taken)
{
	struct thread *thread = enter();
	struct live_block stale;
	bool has_stale;

	if (thread) {
		live_put(block, *taken, &stale, &has_stale);
		leave(thread);
	}
}

void record_replacement(const void *block, const struct live_block *taken, const void *new_block,
                        size_t size, const struct hook_frame *caller)
{
	struct thread *thread;
	struct shard *shard;

	if (likely(enter_alone())) {
		replace(alone.thread, &shards[0], true, block, taken, new_block, size, caller);
		leave_alone();
		return;
	}
	thread = enter();
	if (!thread)
		return;
	shard = take_shard(thread);
	replace(thread, shard, false, block, taken, new_block, size, caller);
	give_back(shard);
	leave(thread);
}

void record_confinement(bool has_no_calls, bool has_no_clock)
{
	struct thread *thread = enter();

	if (!thread)
		return;
	thread->has_no_calls = has_no_calls;
	thread->has_no_clock = has_no_clock;
	leave(thread);
}

void record_unloading(void)
{
	struct thread *thread = enter();

	if (!thread)
		return;
	modules_unloaded();
	leave(thread);
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
	if (own_depth == 1)
		block->origin &= ~((uint32_t)ORIGIN_DEPTH_MASK << ORIGIN_DEPTH_AT);
}

void record_inherit(struct wire_section *section)
{
	alone.owner = 0;
	alone.block = NULL;
	own_depth = own_depth < ORIGIN_DEPTH_MASK ? own_depth + 1 : 1;
	/* Threads of the parent that held a shard have not come along. */
	reset_shards();
	inherited_lock = 0;
	live_for_each(add_inherited, section);
	section->peak_bytes = section->live_bytes;
	section->peak_extra_bytes = section->live_extra_bytes;
}
