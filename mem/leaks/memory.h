/* The memory of a stopped process, for the parts of the leak check that read it. */
#ifndef MEM_LEAKS_MEMORY_H
#define MEM_LEAKS_MEMORY_H

#include "mem/leaks/leaks.h"

#include <sys/types.h>

/* Where to read from: a process, or in tests anything. */
struct leak_memory {
	leak_read *read;
	/* Moves *start to the first page at or after it that was ever touched, and *end, which it
	 * never passes, to where that stretch ends; false: there is none. What was not touched is
	 * 0, or what stands in a file. */
	bool (*next_touched)(void *context, uint64_t *start, uint64_t *end);
	void *context;
};

/* What cannot be read is 0. */
void leak_memory_read(const struct leak_memory *memory, uint64_t addr, void *data, size_t bytes);

/* A stopped process that we may trace. -errno: its page map cannot be opened. */
struct leak_target;
int leak_target_open(struct leak_target **target, pid_t pid);
void leak_target_close(struct leak_target *target);
struct leak_memory leak_target_memory(struct leak_target *target);
/* From now on what was touched is found as it is before Linux 6.7: page by page, 1 s for each TB
 * that can be written. */
void leak_target_read_entries(struct leak_target *target);

/* Untouched pages of this range have to be read all the same: it is shared, so that others may have
 * written there. To be told in ascending order. */
void leak_target_add_shared(struct leak_target *target, struct leak_range range);

#endif
