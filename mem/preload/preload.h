/* What the parts of the preload library share.
 *
 * Rules of this library, which lives in somebody else's process:
 *
 *   libc only: no stdio, no malloc of our own, no exit, no abort; nothing left on any descriptor.
 *
 *   After start-up no system call that malloc(3) would not make: programs sandbox themselves. (The
 *   exec hooks open the file that is to be executed.)
 *
 *   Results and errno are handed over exactly as the real function left them.
 *
 *   A release is recorded before it happens, an acquisition after; a failed call records nothing.
 *
 *   On any trouble: count it or stop recording, and let the program live.
 */
#ifndef MEM_PRELOAD_PRELOAD_H
#define MEM_PRELOAD_PRELOAD_H

#include "core/unwind/unwind.h"
#include "mem/live_entry.h"
#include "mem/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
/* For variables of other files: the compiler would go by the GOT. */
#define HIDDEN __attribute__((visibility("hidden")))
/* For what every event does: each call deeper than the program's own stack costs a return that the
 * CPU, which remembers 16, predicts wrongly. */
#define always_inline inline __attribute__((always_inline))
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

enum mode {
	MODE_NEW,      /* nothing has been called yet */
	MODE_STARTING, /* one thread is in preload_start(); everything is forwarded unrecorded */
	MODE_ON,
	MODE_OFF,
};

/* The lower end of a hook's frame: what it finds on the stack. */
struct hook_frame {
	uint64_t bp;      /* its caller's */
	uint64_t ip;      /* where it returns to */
	uint64_t stack[]; /* its caller's, from SP on */
};

/* Where this process records. */
struct state {
	int mode; /* enum mode */
	struct wire_image *image;
	struct wire_section *section;
	uint32_t thread_keys; /* of its threads (thread.h), without their ids */
	uint32_t
	    n_mapped_sections; /* fewer when the address space had no room for all; 1: the own */
	uint32_t time_unit;
	uint32_t max_snapshots;
	uint32_t detailed_freq;
	bool all_trees;
	size_t clear_below;  /* new blocks of fewer bytes are cleared (clear.h); 0: none is */
	uint32_t n_forks;    /* + 1; from handlers, so raw clones are not among them */
	uint32_t generation; /* of loaded modules; the next after each unloading */
	const char *single_threaded; /* libc's own flag */
	struct live_own_page *own;
	bool was_asked;      /* a hook gave a block while nothing was recorded yet */
	uint32_t tid_offset; /* of a thread's id from its thread pointer */
	bool has_tids;       /* false: at tid_offset stands something else that stays the same */
};
extern HIDDEN struct state preload;

/* preload.c. Finds the real functions and the driver; once, at the first call of any hook. */
void preload_start(void);
void preload_trouble(enum wire_trouble trouble);

/* Gives back all memory, for a recording that could not start; preload_stop() ends one for good.
 * Nobody may be in the recorder, nor a second thread near it. */
void preload_unmap(void);
void preload_stop(void);

/* Waits a moment while a lock has a value: with futex(2), malloc's own way of waiting, which a
 * sandbox allows. Nobody need wake us, so that giving back costs nothing; and unlike sched_yield(2)
 * it lets a holder of lower real-time priority run. Keeps errno. */
void preload_wait_while(const uint32_t *lock, uint32_t value);

/* False: the calling thread would be killed for a system call. */
bool preload_may_call(void);

/* CLOCK_MONOTONIC; its last reading where the calling thread must not read it. */
uint64_t preload_now_ns(void);

/* Zeroed private memory that no core dump needs, or NULL. Keeps errno. */
void *preload_map(size_t bytes);

/* The same for tables of which little will be used: it can be read, and the pages that hold a range
 * can be written once that was asked for. Until then they are not data that a limit (RLIMIT_DATA,
 * vm.overcommit_memory = 2) counts. Keep errno. The second asks for no preload_may_call(): a thread
 * that is new to us may. */
void *preload_reserve(size_t bytes);
bool preload_make_writable(void *memory, size_t bytes);

static inline int preload_mode(void)
{
	return __atomic_load_n(&preload.mode, __ATOMIC_ACQUIRE);
}

/* While this holds nobody else can be in the recorder. glibc before 2.32 does not tell: then never.
 */
static inline bool preload_is_single_threaded(void)
{
	return __atomic_load_n(preload.single_threaded, __ATOMIC_RELAXED);
}

static inline bool preload_has_section(void)
{
	return __atomic_load_n(&preload.own->section, __ATOMIC_ACQUIRE) == LIVE_SECTION_OWN;
}

static inline struct wire_thread *section_thread(struct wire_section *section, unsigned row)
{
	return (struct wire_thread *)((char *)section + WIRE_THREADS_OFF) + row;
}

static inline struct wire_counter *section_counters(struct wire_section *section, unsigned shard)
{
	return (struct wire_counter *)((char *)section + WIRE_COUNTERS_OFF +
	                               shard * WIRE_SHARD_BYTES);
}

#endif
