/* Counts every allocation and release under its stack. */
#ifndef MEM_PRELOAD_RECORD_H
#define MEM_PRELOAD_RECORD_H

#include "mem/preload/live.h"
#include "mem/preload/preload.h"

#include <stdbool.h>
#include <stddef.h>

struct wire_section;

/* After the real function gave the block. Returns it; NULL is fine. */
void *record_allocation(void *block, size_t size, const struct hook_frame *caller,
                        enum leak_function function);

/* Before the real function takes the block. False: it is not one that is known to be live. */
bool record_release(const void *block);

/* realloc: the block is taken out of the live ones before the real call (another thread may get its
 * address during the call), then either counted as freed together with its successor (NULL: there
 * is none), or put back. */
bool record_take_out(const void *block, struct live_block *taken);
void record_put_back(const void *block, const struct live_block *taken);
void record_replacement(const void *block, const struct live_block *taken, const void *new_block,
                        size_t size, const struct hook_frame *caller);

/* What the calling thread may not do from now on: system calls, read the clock. */
void record_confinement(bool has_no_calls, bool has_no_clock);

/* After a dlclose. */
void record_unloading(void);

/* A forked child's first event: its section gets what it inherited. */
void record_inherit(struct wire_section *section);

#endif
