/* What every hook of an allocation function does. */
#ifndef MEM_PRELOAD_HOOK_H
#define MEM_PRELOAD_HOOK_H

#include "mem/preload/clear.h"
#include "mem/preload/preload.h"
#include "mem/preload/real.h"
#include "mem/preload/record.h"

/* Asking for the frame address makes the compiler set up RBP, so that the caller's RBP, the return
 * address and the caller's stack lie one after the other. */
#define CALLER ((const struct hook_frame *)__builtin_frame_address(0))

/* After the last call that CALLER was given to: a compiler that made it a jump would take the frame
 * down before, and the caller's RBP with it. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

/* Starts the library if need be. False: the real functions are not known yet, since it is we who
 * look for them. */
static inline bool is_ready(void)
{
	if (unlikely(preload_mode() == MODE_NEW))
		preload_start();
	return likely(real.malloc != NULL);
}

static inline bool is_on(void)
{
	return likely(preload_mode() == MODE_ON);
}

static always_inline void clear_block(void *block, size_t size)
{
	if (likely(size < preload.clear_below && block))
		clear_words(block, 0, size);
}

static inline void note(void *block, size_t size, const struct hook_frame *caller,
                        enum leak_function function)
{
	if (block && is_on())
		record_allocation(block, size, caller, function);
	else if (block)
		preload.was_asked = true;
}

#endif
