/* What the recorder keeps of each thread, found by the thread pointer.
 *
 * Not in thread-local storage: a library with a TLS segment makes the dynamic linker ask for 16
 * bytes more for every thread of the target (its DTV has a slot for each module), and that would
 * show in the target's own numbers. Nothing has to be given back when a thread ends, so it may
 * allocate to its very end; the next thread that gets the same stack gets its entry too.
 */
#ifndef MEM_PRELOAD_THREAD_H
#define MEM_PRELOAD_THREAD_H

#include "mem/preload/known.h"
#include "mem/preload/preload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread {
	uint64_t pointer;  /* the thread pointer; 0: a free entry */
	uint32_t busy;     /* preload.n_forks while inside the recorder: what it calls itself is not
	                      recorded. In a forked child the number of threads that have not come
	                      along means nothing to the next one that gets their pointer. */
	uint32_t key;      /* thread_key() of the thread that has `row` */
	uint32_t own_key;  /* the same, once that thread has a shard to itself and may go the short
	                      way past the recorder (own.h); else another */
	uint8_t shard;     /* where it recorded last */
	bool shares_row;   /* the table of rows was full */
	bool has_no_calls; /* whoever makes a system call is killed */
	bool has_no_clock; /* whoever reads the time-stamp counter is, as clock_gettime(2) does */
	const void *last;  /* its last allocation, until it is freed */
	struct wire_thread *row;
	uint64_t stack_lo; /* known to be readable from here on */
	struct known_limits limits;
} __attribute__((aligned(64)));

enum { THREAD_TABLE_BITS = 16, THREAD_PROBES = 64 };

extern HIDDEN struct thread *thread_table;

/* False: no memory. */
bool thread_init(void);

/* In a forked child, of the one thread that it has; NULL is fine. */
void thread_forked(struct thread *self);

/* Finds another place than the first, or makes an entry, if need be of that of a thread that is not
 * in the recorder now. NULL: all near its place are. */
struct thread *thread_search(uint64_t pointer);

static inline size_t thread_place(uint64_t pointer)
{
	/* Fibonacci hashing (Knuth, TAOCP 6.4). */
	return (size_t)((pointer >> 6) * 0x9e3779b97f4a7c15u >> (64 - THREAD_TABLE_BITS));
}

/* Of the calling thread; meaningless without preload.has_tids. */
static inline int32_t thread_tid(const struct thread *thread)
{
	return *(const int32_t *)(thread->pointer + preload.tid_offset);
}

/* Tells the calling thread from those that had its thread pointer before it, in this process or in
 * one that it was forked from: of both it has a part. */
enum { THREAD_ID_BITS = 22 }; /* the kernel's */
static inline uint32_t thread_key(const struct thread *thread)
{
	return (uint32_t)thread_tid(thread) + preload.thread_keys;
}

/* Whose the entry was does not matter any more: the next event is the first of a new thread. */
static inline void thread_forget(struct thread *thread)
{
	thread->key = thread->own_key = ~thread_key(thread);
}

static inline struct thread *thread_self(void)
{
	uint64_t pointer = (uint64_t)__builtin_thread_pointer();
	struct thread *thread = &thread_table[thread_place(pointer)];

	return __builtin_expect(thread->pointer == pointer, 1) ? thread : thread_search(pointer);
}

#endif
