/* How a thread enters the recorder: what its first event does. */
#include "mem/preload/entrance.h"

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
