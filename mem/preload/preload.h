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
#include "mem/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

enum mode {
	MODE_NEW,      /* nothing has been called yet */
	MODE_STARTING, /* one thread is in preload_start(); everything is forwarded unrecorded */
	MODE_ON,
	MODE_OFF,
};

/* A page that the kernel wipes in a forked child (MADV_WIPEONFORK), however it was forked, and does
 * not after vfork, whose child runs on its parent's memory. */
struct own_page {
	volatile uint32_t has_section; /* 0: the section in `preload` is that of a parent */
	int pid;                       /* 0: not known */
};

/* Where this process records. */
struct state {
	int mode; /* enum mode */
	struct wire_image *image;
	struct wire_section *section;
	uint32_t section_number;
	uint32_t n_mapped_sections; /* 1 when the address space had no room for more */
	uint32_t time_unit;
	uint32_t max_snapshots;
	uint32_t detailed_freq;
	uint32_t generation; /* of loaded modules; the next after each unloading */
	struct own_page *own;
};
extern struct state preload;

/* preload.c. Finds the real functions and the driver; once, at the first call of any hook. */
void preload_start(void);
void preload_trouble(enum wire_trouble trouble);

/* Zeroed private memory that no core dump needs, or NULL. Keeps errno. */
void *preload_map(size_t bytes);

static inline int preload_mode(void)
{
	return __atomic_load_n(&preload.mode, __ATOMIC_ACQUIRE);
}

static inline struct wire_counter *section_counters(struct wire_section *section, unsigned shard)
{
	return (struct wire_counter *)((char *)section + WIRE_COUNTERS_OFF +
	                               shard * WIRE_SHARD_BYTES);
}

#endif
