/* The functions that stand before malloc's family. Each does what the real one does, and tells the
 * recorder. */
#include "mem/preload/alone.h"
#include "mem/preload/hook.h"
#include "mem/preload/own.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <dlfcn.h>

static __attribute__((noinline)) void *malloc_aside(size_t size, const struct hook_frame *caller)
{
	void *block;

	if (!is_ready())
		return pool_allocate(1, size);
	block = real.malloc(size);
	clear_block(block, size);
	note(block, size, caller, LEAK_MALLOC);
	return block;
}

/* Apart, so that the compiler takes it for the rarer one. */
static __attribute__((noinline)) void *allocate_among_others(void *block, size_t size,
                                                             const struct hook_frame *caller,
                                                             enum leak_function function)
{
	if (likely(own_allocate(block, size, caller, function)))
		return block;
	return record_allocation(block, size, caller, function);
}

EXPORT void *malloc(size_t size)
{
	void *block;

	if (unlikely(!is_on())) {
		block = malloc_aside(size, CALLER);
		KEEP_FRAME();
		return block;
	}
	block = real.malloc(size);
	clear_block(block, size);
	if (unlikely(!alone_allocate(block, size, CALLER, LEAK_MALLOC)))
		block = allocate_among_others(block, size, CALLER, LEAK_MALLOC);
	KEEP_FRAME();
	return block;
}

static __attribute__((noinline)) void *calloc_aside(size_t count, size_t size,
                                                    const struct hook_frame *caller)
{
	size_t bytes;
	void *block;

	/* The pool is never given back, so its memory is still zero. */
	if (!is_ready())
		return pool_allocate(1, __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX
		                                                                    : bytes);
	block = real.calloc(count, size);
	note(block, count * size, caller, LEAK_CALLOC);
	return block;
}

EXPORT void *calloc(size_t count, size_t size)
{
	void *block;

	if (unlikely(!is_on()))
		return calloc_aside(count, size, CALLER);
	block = real.calloc(count, size);
	if (unlikely(!alone_allocate(block, count * size, CALLER, LEAK_CALLOC)))
		block = allocate_among_others(block, count * size, CALLER, LEAK_CALLOC);
	KEEP_FRAME();
	return block;
}

/* Of no block that is known to be live. */
static __attribute__((noinline)) void free_aside(void *block)
{
	if (!block || pool_owns(block) || !is_ready())
		return;
	real.free(block);
}

/* These three are functions of their own so that the plain way saves no registers for them. */
static __attribute__((noinline)) void free_otherwise(void *block)
{
	if (likely(is_on() && record_release(block)))
		real.free(block);
	else
		free_aside(block);
}

static __attribute__((noinline)) void free_among_others(void *block)
{
	if (likely(is_on() && own_release(block)))
		real.free(block);
	else
		free_otherwise(block);
}

static __attribute__((noinline)) void free_other(void *block)
{
	if (likely(alone_release(block)))
		real.free(block);
	else
		free_among_others(block);
}

EXPORT void free(void *block)
{
	if (likely(alone_release_last(block)))
		real.free(block);
	else
		free_other(block);
}

EXPORT void cfree(void *block);
EXPORT void cfree(void *block)
{
	if (!block || pool_owns(block) || !is_ready())
		return;
	if (is_on())
		record_release(block);
	real.cfree(block);
}

/* How much of a block may be in use, where what it grows by is to be cleared: the program may have
 * asked malloc_usable_size(3). */
static size_t bytes_kept(void *block, size_t new_size)
{
	return new_size < preload.clear_below ? real.malloc_usable_size(block) : SIZE_MAX;
}

/* realloc and reallocarray after their special cases: the real call has the new size. */
static void *replace(void *block, size_t size, const struct hook_frame *caller)
{
	struct live_block taken;
	bool known = is_on() && record_take_out(block, &taken);
	size_t kept = known ? bytes_kept(block, size) : SIZE_MAX;
	void *moved = real.realloc(block, size);

	if (moved && kept < size)
		clear_words(moved, kept, size);
	if (!is_on())
		return moved;
	if (known && moved)
		record_replacement(block, &taken, moved, size, caller);
	else if (known && size)
		record_put_back(block, &taken); /* it failed, and the old block lives */
	else if (known)
		record_replacement(block, &taken, NULL, 0, caller); /* realloc(p, 0) frees */
	else
		note(moved, size, caller, LEAK_REALLOC);
	return moved;
}

/* A new block is malloc's, as memcheck has it: its realloc jumps there. */
static void *reallocate(void *block, size_t size, const struct hook_frame *caller)
{
	enum leak_function function = block ? LEAK_REALLOC : LEAK_MALLOC;

	if (!is_ready())
		return block ? pool_reallocate(block, size) : pool_allocate(1, size);
	if (block && unlikely(pool_owns(block)))
		block = pool_reallocate(block, size);
	else if (block)
		return replace(block, size, caller);
	else
		clear_block(block = real.realloc(NULL, size), size);
	note(block, size, caller, function);
	return block;
}

EXPORT void *realloc(void *block, size_t size)
{
	block = reallocate(block, size, CALLER);
	KEEP_FRAME();
	return block;
}

EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	block = reallocate(block, bytes, CALLER);
	KEEP_FRAME();
	return block;
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
	int err;

	if (!is_ready())
		return (*block = pool_allocate(alignment, size)) ? 0 : ENOMEM;
	err = real.posix_memalign(block, alignment, size);
	if (!err) {
		clear_block(*block, size);
		note(*block, size, CALLER, LEAK_POSIX_MEMALIGN);
	}
	return err;
}

/* Functions of an alignment and a size. */
#define ALIGNED_HOOK(function, number)                                                             \
	EXPORT void *function(size_t alignment, size_t size)                                       \
	{                                                                                          \
		void *block;                                                                       \
                                                                                                   \
		if (!is_ready())                                                                   \
			return pool_allocate(alignment, size);                                     \
		block = real.function(alignment, size);                                            \
		clear_block(block, size);                                                          \
		note(block, size, CALLER, number);                                                 \
		return block;                                                                      \
	}
ALIGNED_HOOK(aligned_alloc, LEAK_ALIGNED_ALLOC)
ALIGNED_HOOK(memalign, LEAK_MEMALIGN)

#define PAGE_HOOK(function, number)                                                                \
	EXPORT void *function(size_t size)                                                         \
	{                                                                                          \
		void *block;                                                                       \
                                                                                                   \
		if (!is_ready())                                                                   \
			return pool_allocate(WIRE_PAGE, size);                                     \
		block = real.function(size);                                                       \
		clear_block(block, size);                                                          \
		note(block, size, CALLER, number);                                                 \
		return block;                                                                      \
	}
PAGE_HOOK(valloc, LEAK_VALLOC)
PAGE_HOOK(pvalloc, LEAK_PVALLOC)

EXPORT size_t malloc_usable_size(void *block)
{
	if (block && pool_owns(block))
		return pool_block_size(block);
	return is_ready() && block ? real.malloc_usable_size(block) : 0;
}

EXPORT int dlclose(void *handle)
{
	int result;

	if (!is_ready() || !real.dlclose)
		return -1;
	result = real.dlclose(handle);
	if (result == 0 && is_on())
		record_unloading();
	return result;
}

/* A thread that forbids itself all but reading and writing is killed for any other call, and for
 * reading the clock: strict mode takes the time-stamp counter from it (seccomp(2),
 * PR_SET_TSC(2const)). */
EXPORT int prctl(int option, ...)
{
	unsigned long arguments[4];
	bool is_strict, has_no_clock;
	va_list list;
	int result;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		arguments[i] = va_arg(list, unsigned long);
	va_end(list);
	if (!is_ready() || !real.prctl) {
		errno = ENOSYS;
		return -1;
	}
	is_strict = option == PR_SET_SECCOMP && arguments[0] == SECCOMP_MODE_STRICT;
	has_no_clock = is_strict || (option == PR_SET_TSC && arguments[0] == PR_TSC_SIGSEGV);
	if (is_on() && has_no_clock)
		record_confinement(is_strict, true);
	result = real.prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
	if (is_on() && (has_no_clock ? result != 0 : option == PR_SET_TSC && !result))
		record_confinement(false, false);
	return result;
}

/* Our tables are huge and hardly touched: locking all of them into memory would fill it, so pages
 * are locked as they are touched (Linux 4.4). */
EXPORT int mlockall(int flags)
{
	if (!is_ready() || !real.mlockall) {
		errno = ENOSYS;
		return -1;
	}
	return real.mlockall(is_on() && flags ? flags | MCL_ONFAULT : flags);
}
