/* The functions behind the hooks, and memory for those who allocate before they are known. */
#ifndef MEM_PRELOAD_REAL_H
#define MEM_PRELOAD_REAL_H

#include <stdbool.h>
#include <stddef.h>

struct real {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	void *(*reallocarray)(void *block, size_t count, size_t size);
	void (*free)(void *block);
	void (*cfree)(void *block); /* glibc before 2.26 */
	int (*posix_memalign)(void **block, size_t alignment, size_t size);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	void *(*memalign)(size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
	size_t (*malloc_usable_size)(void *block);
	int (*dlclose)(void *handle);
	int (*mlockall)(int flags);
};
extern struct real real;

/* Fills `real` through dlsym(RTLD_NEXT), so that an allocator the program links comes after us and
 * before libc. */
void real_resolve(void);

/* True when the allocator is glibc's: its blocks start at least 32 bytes apart. */
bool real_is_glibc(void);

/* Start-up memory: dlsym(3) may allocate while we look for malloc. Never given back. */
void *pool_allocate(size_t alignment, size_t size);
void *pool_reallocate(void *block, size_t size); /* into real memory once there is some */
bool pool_owns(const void *block);
size_t pool_block_size(const void *block);

#endif
