/* Who allocates: unwinds the calling thread and gives its stack an id in the image's trie. */
#ifndef MEM_PRELOAD_STACKS_H
#define MEM_PRELOAD_STACKS_H

#include "mem/preload/known.h"
#include "mem/preload/preload.h"
#include "mem/preload/thread.h"

#include <stdbool.h>
#include <stdint.h>

struct stack_scratch; /* what one unwinding needs; used by one thread at a time */

/* False: no memory. */
bool stacks_init(void);
size_t stack_scratch_bytes(void);

/* By unwinding, for a stack that is not known. */
uint32_t stacks_unwind(struct stack_scratch *scratch, struct thread *thread,
                       const struct hook_frame *caller, uint32_t context);

/* A scratch begins with them. */
static inline struct known_stacks *stacks_known(struct stack_scratch *scratch)
{
	return (struct known_stacks *)scratch;
}

enum { STACK_GENERATION_BITS = 17, STACK_GENERATION_MASK = (1 << STACK_GENERATION_BITS) - 1 };

static inline struct known_limits stacks_limits(const struct thread *thread)
{
	uint32_t generation = __atomic_load_n(&preload.generation, __ATOMIC_ACQUIRE);

	return (struct known_limits){.stack_hi = thread->stack_hi,
	                             .main_lo = thread->main_lo,
	                             .generation = generation & STACK_GENERATION_MASK};
}

/* What a known stack depends on besides its words and the generation of loaded modules, above which
 * it stands: the function that its leaf called. */
static always_inline uint32_t stacks_function(enum leak_function function)
{
	return (uint32_t)function << STACK_GENERATION_BITS;
}

/* The id of the stack of a hook's caller, or 0 when the table is full. */
static always_inline uint32_t stacks_identify(struct stack_scratch *scratch, struct thread *thread,
                                              const struct hook_frame *caller,
                                              enum leak_function function)
{
	struct known_limits limits = stacks_limits(thread);
	uint32_t above = stacks_function(function);
	uint32_t stack = known_find(stacks_known(scratch), caller, &limits, above);

	return likely(stack) ? stack
	                     : stacks_unwind(scratch, thread, caller, limits.generation | above);
}

#endif
