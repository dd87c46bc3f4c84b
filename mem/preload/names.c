/* Hooks of malloc's family under its other names: glibc's own ones, and C23's sized frees. */
#include "mem/preload/hook.h"

#include <malloc.h>
#include <stdlib.h>

/* Declared by no header. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
void __libc_free(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

/* These are glibc's malloc, so a program that has glibc's allocator means that. An allocator of
 * another kind may have its memory from them: what it hands out is counted then, not this. */
#define IS_MALLOC(name) (real_is_glibc() || !real.name)

EXPORT void *__libc_malloc(size_t size)
{
	return IS_MALLOC(__libc_malloc) ? malloc(size) : real.__libc_malloc(size);
}

EXPORT void *__libc_calloc(size_t count, size_t size)
{
	return IS_MALLOC(__libc_calloc) ? calloc(count, size) : real.__libc_calloc(count, size);
}

EXPORT void *__libc_realloc(void *block, size_t size)
{
	return IS_MALLOC(__libc_realloc) ? realloc(block, size) : real.__libc_realloc(block, size);
}

EXPORT void *__libc_memalign(size_t alignment, size_t size)
{
	return IS_MALLOC(__libc_memalign) ? memalign(alignment, size)
	                                  : real.__libc_memalign(alignment, size);
}

EXPORT void *__libc_valloc(size_t size)
{
	return IS_MALLOC(__libc_valloc) ? valloc(size) : real.__libc_valloc(size);
}

EXPORT void *__libc_pvalloc(size_t size)
{
	return IS_MALLOC(__libc_pvalloc) ? pvalloc(size) : real.__libc_pvalloc(size);
}

EXPORT void __libc_free(void *block)
{
	if (IS_MALLOC(__libc_free))
		free(block);
	else
		real.__libc_free(block);
}

/* Where nobody has them yet they are what C23 (7.24.3) makes of them: free. */
EXPORT void free_sized(void *block, size_t size)
{
	if (!block || pool_owns(block) || !is_ready() || !real.free_sized) {
		free(block);
		return;
	}
	if (is_on())
		record_release(block);
	real.free_sized(block, size);
}

EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size)
{
	if (!block || pool_owns(block) || !is_ready() || !real.free_aligned_sized) {
		free(block);
		return;
	}
	if (is_on())
		record_release(block);
	real.free_aligned_sized(block, alignment, size);
}
