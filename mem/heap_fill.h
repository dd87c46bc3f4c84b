/* Turns what was counted by stack, whoever counted it, into a process's recording. */
#ifndef MEM_HEAP_FILL_H
#define MEM_HEAP_FILL_H

#include "core/unwind/unwind.h"

#include <stdbool.h>
#include <stdint.h>

struct heap_process;
struct recording;
struct wire_section_copy;

struct heap_counted {
	const struct wire_section_copy *section; /* its sums, snapshots and trees */
	uint32_t n_stacks;                       /* the highest id that these name */
	bool time_is_bytes;
	/* Adds a stack to the recording. *end: why it ends; UNWIND_STEPPED: it is empty. */
	uint32_t (*add_stack)(void *context, struct recording *recording, uint32_t stack,
	                      enum unwind_end *end);
	void *context;
};

/* Makes the process's recording, and adds to its totals. Its pid and comm are set beforehand. */
void heap_process_fill(struct heap_process *process, const struct heap_counted *counted);

#endif
