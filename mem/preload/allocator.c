/* Hooks of jemalloc's mallocx and its kin, and of the operator new and delete that jemalloc,
 * tcmalloc and mimalloc define without calling malloc. */
#include "mem/preload/allocator.h"

#include "mem/preload/hook.h"
#include "mem/preload/redirect.h"

/* Each row is a function; its kind says what its arguments and its result mean.
 *
 * FROM_SIZE       block = f(size, ...)
 * RELEASE         f(block, ...)
 * RESIZE          block = f(block, size, ...): NULL leaves the old one
 * RESIZE_IN_PLACE size = f(block, size, ...): less than was asked for leaves it as it was
 *
 * All arguments are integers or pointers, so by the psABI the further ones are in registers whether
 * a function takes them or not: two are passed on. */
#define ROWS(FROM_SIZE, RELEASE, RESIZE, RESIZE_IN_PLACE)                                          \
	FROM_SIZE(_Znwm)                                                                           \
	FROM_SIZE(_Znam)                                                                           \
	FROM_SIZE(_ZnwmRKSt9nothrow_t)                                                             \
	FROM_SIZE(_ZnamRKSt9nothrow_t)                                                             \
	FROM_SIZE(_ZnwmSt11align_val_t)                                                            \
	FROM_SIZE(_ZnamSt11align_val_t)                                                            \
	FROM_SIZE(_ZnwmSt11align_val_tRKSt9nothrow_t)                                              \
	FROM_SIZE(_ZnamSt11align_val_tRKSt9nothrow_t)                                              \
	RELEASE(_ZdlPv)                                                                            \
	RELEASE(_ZdaPv)                                                                            \
	RELEASE(_ZdlPvm)                                                                           \
	RELEASE(_ZdaPvm)                                                                           \
	RELEASE(_ZdlPvRKSt9nothrow_t)                                                              \
	RELEASE(_ZdaPvRKSt9nothrow_t)                                                              \
	RELEASE(_ZdlPvSt11align_val_t)                                                             \
	RELEASE(_ZdaPvSt11align_val_t)                                                             \
	RELEASE(_ZdlPvmSt11align_val_t)                                                            \
	RELEASE(_ZdaPvmSt11align_val_t)                                                            \
	RELEASE(_ZdlPvSt11align_val_tRKSt9nothrow_t)                                               \
	RELEASE(_ZdaPvSt11align_val_tRKSt9nothrow_t)                                               \
	FROM_SIZE(mallocx)                                                                         \
	RESIZE(rallocx)                                                                            \
	RESIZE_IN_PLACE(xallocx)                                                                   \
	RELEASE(dallocx)                                                                           \
	RELEASE(sdallocx)

/* The function may have called the allocator's malloc by a reference that leads to us, and then the
 * block is counted. */
static void note_once(void *block, size_t size, const struct hook_frame *caller)
{
	struct live_block known;

	if (!block || !is_on())
		return;
	if (record_take_out(block, &known))
		record_put_back(block, &known);
	else
		record_allocation(block, size, caller, LEAK_MALLOC);
}

#define FROM_SIZE(name)                                                                            \
	static void *(*real_##name)(size_t, uint64_t, uint64_t);                                   \
	static void *hook_##name(size_t size, uint64_t second, uint64_t third)                     \
	{                                                                                          \
		void *block = real_##name(size, second, third);                                    \
                                                                                                   \
		note_once(block, size, CALLER);                                                    \
		return block;                                                                      \
	}

#define RELEASE(name)                                                                              \
	static void (*real_##name)(void *, uint64_t, uint64_t);                                    \
	static void hook_##name(void *block, uint64_t second, uint64_t third)                      \
	{                                                                                          \
		if (block && is_on())                                                              \
			record_release(block);                                                     \
		real_##name(block, second, third);                                                 \
	}

#define RESIZE(name)                                                                               \
	static void *(*real_##name)(void *, size_t, uint64_t);                                     \
	static void *hook_##name(void *block, size_t size, uint64_t third)                         \
	{                                                                                          \
		struct live_block taken;                                                           \
		bool known = is_on() && record_take_out(block, &taken);                            \
		void *moved = real_##name(block, size, third);                                     \
                                                                                                   \
		if (!is_on())                                                                      \
			return moved;                                                              \
		if (known && moved)                                                                \
			record_replacement(block, &taken, moved, size, CALLER);                    \
		else if (known)                                                                    \
			record_put_back(block, &taken);                                            \
		else                                                                               \
			note_once(moved, size, CALLER);                                            \
		return moved;                                                                      \
	}

#define RESIZE_IN_PLACE(name)                                                                      \
	static size_t (*real_##name)(void *, size_t, uint64_t, uint64_t);                          \
	static size_t hook_##name(void *block, size_t size, uint64_t third, uint64_t fourth)       \
	{                                                                                          \
		struct live_block taken;                                                           \
		bool known = is_on() && record_take_out(block, &taken);                            \
		size_t got = real_##name(block, size, third, fourth);                              \
                                                                                                   \
		if (!is_on())                                                                      \
			return got;                                                                \
		if (known && got >= size)                                                          \
			record_replacement(block, &taken, block, size, CALLER);                    \
		else if (known)                                                                    \
			record_put_back(block, &taken);                                            \
		return got;                                                                        \
	}

ROWS(FROM_SIZE, RELEASE, RESIZE, RESIZE_IN_PLACE)

bool allocator_hook_own_functions(void)
{
#define ROW(name) {#name, (void *)hook_##name, (void **)&real_##name},
	static const struct redirection rows[] = {ROWS(ROW, ROW, ROW, ROW)};

	if (!real_is_glibc())
		redirect_functions(real_allocator(), rows, sizeof(rows) / sizeof(rows[0]));
	return true;
}
