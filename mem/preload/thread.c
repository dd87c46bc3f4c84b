/* The table of threads: open addressing; entries stay until others need their place. */
#include "mem/preload/thread.h"

#include "mem/preload/preload.h"

struct thread *thread_table;

bool thread_init(void)
{
	/* A probe may run over the end. */
	thread_table = preload_reserve((((size_t)1 << THREAD_TABLE_BITS) + THREAD_PROBES) *
	                               sizeof(*thread_table));
	return thread_table;
}

/* An entry whose thread is not in the recorder, and has ended most likely: nobody tells us of that.
 * If it lives on it will not find itself, and be a new thread to us. */
static struct thread *take_over(uint64_t pointer)
{
	struct thread *first = &thread_table[thread_place(pointer)];

	for (size_t i = 0; i < THREAD_PROBES; i++) {
		struct thread *thread = &first[((pointer >> 12) + i) % THREAD_PROBES];
		uint64_t found = __atomic_load_n(&thread->pointer, __ATOMIC_RELAXED);

		if (thread->busy == preload.n_forks ||
		    !__atomic_compare_exchange_n(&thread->pointer, &found, pointer, false,
		                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		thread_forget(thread);
		thread->stack_lo = 0;
		thread->limits = (struct known_limits){0};
		return thread;
	}
	return NULL;
}

struct thread *thread_search(uint64_t pointer)
{
	struct thread *thread = &thread_table[thread_place(pointer)];

	for (int i = 0; i < THREAD_PROBES; i++, thread++) {
		uint64_t found = __atomic_load_n(&thread->pointer, __ATOMIC_RELAXED);

		if (!found && !preload_make_writable(thread, sizeof(*thread)))
			return NULL;
		if (!found && __atomic_compare_exchange_n(&thread->pointer, &found, pointer, false,
		                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			thread_forget(thread);
			return thread;
		}
		if (found == pointer)
			return thread;
	}
	return take_over(pointer);
}

void thread_forked(struct thread *self)
{
	bool was_busy = self && self->busy == preload.n_forks;

	preload.n_forks++;
	/* It forked in a signal handler that interrupted the recorder, and will go on in it. */
	if (was_busy)
		self->busy = preload.n_forks;
}
