/* Who allocates: unwinds the calling thread and gives its stack an id in the image's trie. */
#ifndef MEM_PRELOAD_STACKS_H
#define MEM_PRELOAD_STACKS_H

#include "mem/preload/preload.h"

#include <stdbool.h>
#include <stdint.h>

struct thread;
struct stack_scratch; /* what one unwinding needs; used by one thread at a time */

/* False: no memory. */
bool stacks_init(void);
size_t stack_scratch_bytes(void);

/* The id of the stack of a hook's caller, or 0 when the table is full. */
uint32_t stacks_identify(struct stack_scratch *scratch, struct thread *thread,
                         const struct hook_frame *caller);

#endif
