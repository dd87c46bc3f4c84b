/* How a thread enters the recorder and leaves it; what it calls inside is not recorded. */
#ifndef MEM_PRELOAD_ENTRANCE_H
#define MEM_PRELOAD_ENTRANCE_H

#include "mem/preload/preload.h"
#include "mem/preload/section.h"
#include "mem/preload/shard.h"
#include "mem/preload/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The process's only thread, while it has but one, all that entrance_pass() looks at has been
 * looked at, and bytes are no time unit (then there is more to do at each event); it has shard 0.
 * `owner` is its thread pointer, IN_RECORDER added while it is in the recorder; 0: there is no such
 * thread. A thread only ever compares and changes it where it is its own. */
struct alone {
	uint64_t owner;
	struct wire_thread *row;    /* of its struct thread */
	struct known_stacks *known; /* of its shard */
	struct known_limits limits;
	uint32_t generation; /* stacks_generation(), which changes only in the recorder */
	/* When an event has more to do than to count, so that others do not ask. */
	int32_t frees_left;
	uint64_t clock_end; /* of its shard */
	/* Its last allocation, a small block, with what its end will need; or one of those below.
	 */
	const void *last;
	uint64_t *entry;
	struct wire_counter *counter;
	/* When it began. */
	uint64_t clock_begin;
	int32_t n_frees;
};
/* No block: that has been freed; what struct thread has still holds. */
#define ALONE_HAS_NONE ((const void *)1)
#define ALONE_HAS_NO_OTHER ((const void *)2)
extern HIDDEN struct alone alone;

enum { IN_RECORDER = 1 };

/* From its next event on the thread may go the short way, and no longer. */
void entrance_begin_alone(struct thread *thread);
void entrance_end_alone(struct thread *thread);

/* A thread's first event: it gets a row and a shard. */
void entrance_begin_thread(struct thread *thread);

/* What entrance_pass() and shard_take() do, for the thread that is alone. */
static inline bool entrance_pass_alone(void)
{
	uint64_t pointer = (uint64_t)__builtin_thread_pointer();

	if (unlikely(alone.owner != pointer || !preload_is_single_threaded() ||
	             !preload_has_section()))
		return false;
	alone.owner = pointer + IN_RECORDER;
	atomic_signal_fence(memory_order_seq_cst);
	return true;
}

static inline void entrance_leave_alone(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	alone.owner = (uint64_t)__builtin_thread_pointer();
}

/* The calling thread where it has a shard to itself and is not in the recorder, or NULL. One that
 * is alone is none of these, and has another own_key. */
static inline struct thread *entrance_pass_own(void)
{
	uint64_t pointer = (uint64_t)__builtin_thread_pointer();
	struct thread *thread = &thread_table[thread_place(pointer)];

	if (unlikely(thread->pointer != pointer || thread->own_key != thread_key(thread) ||
	             thread->busy || !preload_has_section()))
		return NULL;
	thread->busy = preload.n_forks;
	atomic_signal_fence(memory_order_seq_cst);
	return thread;
}

static inline void entrance_leave_own(struct thread *thread)
{
	atomic_signal_fence(memory_order_seq_cst);
	thread->busy = 0;
}

/* The calling thread, which is in the recorder from now on. NULL where an event cannot be recorded:
 * in a signal handler that interrupted the recorder. */
static inline struct thread *entrance_pass(void)
{
	struct thread *thread = thread_self();

	if (unlikely(!thread || thread->busy == preload.n_forks ||
	             alone.owner == thread->pointer + IN_RECORDER)) {
		preload_trouble(WIRE_UNCOUNTED);
		return NULL;
	}
	if (alone.owner == thread->pointer)
		entrance_end_alone(thread);
	thread->busy = preload.n_forks;
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(!preload_has_section()) && !section_claim()) {
		thread->busy = 0;
		return NULL;
	}
	if (unlikely(thread->key != thread_key(thread)))
		entrance_begin_thread(thread);
	return thread;
}

static inline void entrance_leave(struct thread *thread)
{
	atomic_signal_fence(memory_order_seq_cst);
	thread->busy = 0;
	if (preload_is_single_threaded() && preload.time_unit == WIRE_TIME_NS &&
	    !shards[0].unflushed_bytes && !shards[0].unflushed_extra)
		entrance_begin_alone(thread);
}

#endif
