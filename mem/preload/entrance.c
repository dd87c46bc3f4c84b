/* How a thread enters the recorder: what its first event does. */
#include "mem/preload/entrance.h"

#include "mem/preload/live.h"
#include "mem/preload/stacks.h"

struct alone alone;

void entrance_begin_thread(struct thread *thread)
{
	struct wire_section *section = preload.section;
	uint32_t number = __atomic_fetch_add(&section->n_threads, 1, __ATOMIC_RELAXED);
	int32_t tid = preload.has_tids ? thread_tid(thread) : 0;
	unsigned row = number;

	thread->key = thread_key(thread);
	thread->own_key = ~thread->key;
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

/* Half of the credit is for allocations, which the clock counts. */
static void lend_credit(struct shard *shard)
{
	int64_t half = shard->credit > 0 ? shard->credit / 2 : 0;

	alone.clock_begin = shard->clock;
	alone.clock_end = shard->clock + (uint64_t)half;
	if (alone.clock_end > shard->clock_limit - 1)
		alone.clock_end = shard->clock_limit - 1;
	alone.n_frees = alone.frees_left = (int32_t)half;
}

static void take_back_credit(struct shard *shard)
{
	shard->credit -= (int64_t)(shard->clock - alone.clock_begin);
	shard->credit -= alone.n_frees - alone.frees_left;
}

void entrance_end_alone(struct thread *thread)
{
	alone.owner = 0;
	take_back_credit(&shards[0]);
	if (alone.last != ALONE_HAS_NO_OTHER)
		thread->last = alone.last;
}

void entrance_begin_alone(struct thread *thread)
{
	uint64_t last = (uint64_t)thread->last, *entry = live_small_entry(last);

	shards[0].was_used = true;
	thread->own_key = ~thread->key;
	lend_credit(&shards[0]);
	alone.limits = thread->limits;
	alone.generation = stacks_generation();
	alone.row = thread->row;
	alone.known = shards[0].known;
	alone.last = ALONE_HAS_NO_OTHER;
	if (entry && *entry && live_small_is_at(*entry, last)) {
		alone.last = thread->last;
		alone.entry = entry;
		alone.counter =
		    section_counters(preload.section, 0) + live_unpack_small(*entry).stack;
	}
	alone.owner = thread->pointer;
}
