/* The parts of threads' stacks that hold nothing: what lies below their stack pointers. Pure. */
#ifndef MEM_LEAKS_STACKS_H
#define MEM_LEAKS_STACKS_H

#include "mem/leaks/look.h"
#include "mem/leaks/maps.h"
#include "mem/leaks/memory.h"

/* Adds them to `unused`. A stack that its thread left for another one of its own making is used up
 * to its end; one that it left for its signal stack, up to where it was interrupted. */
void leak_stacks_unused(const struct leak_look *look, const struct leak_maps *maps,
                        const struct leak_memory *memory, struct leak_ranges *unused);

/* The stack of a thread by its descriptor (struct pthread), which lies at the stack's upper end.
 * False: that is none. */
bool leak_stack_of(const struct leak_memory *memory, uint64_t descriptor, struct leak_range *stack);

#endif
