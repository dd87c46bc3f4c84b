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

/* With a ring of so many units for the stacks that are known; to be made of zeroed memory. */
size_t stack_scratch_bytes(uint32_t n_known_units);
void stack_scratch_init(struct stack_scratch *scratch, uint32_t n_known_units);
struct known_stacks *stack_scratch_known(struct stack_scratch *scratch);

/* By unwinding, for a stack that is not known. */
uint32_t stacks_unwind(struct stack_scratch *scratch, struct thread *thread,
                       const struct hook_frame *caller, uint32_t context);

enum { STACK_GENERATION_BITS = 17, STACK_GENERATION_MASK = (1 << STACK_GENERATION_BITS) - 1 };

/* What a known stack depends on besides its words: the generation of loaded modules, and above it
 * the function that its leaf called. */
static inline uint32_t stacks_generation(void)
{
	return __atomic_load_n(&preload.generation, __ATOMIC_ACQUIRE) & STACK_GENERATION_MASK;
}

static always_inline uint32_t stacks_context(uint32_t generation, enum leak_function function)
{
	return generation | (uint32_t)function << STACK_GENERATION_BITS;
}

/* The id of the stack of a hook's caller, or 0 when the table is full. `known` is the scratch's. */
static inline uint32_t stacks_identify(struct stack_scratch *scratch, struct known_stacks *known,
                                       struct thread *thread, const struct hook_frame *caller,
                                       enum leak_function function)
{
	uint32_t context = stacks_context(stacks_generation(), function);
	uint32_t stack = known_find(known, caller, &thread->limits, context);

	return likely(stack) ? stack : stacks_unwind(scratch, thread, caller, context);
}

#endif
