/* Finds the real allocation functions, and serves those who allocate meanwhile from a small pool.
 */
#include "mem/preload/real.h"

#include "mem/preload/lookup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

struct real real;

static const struct {
	const char *name;
	size_t field;
} names[] = {
#define NAME(function)                                                                             \
	{                                                                                          \
#function, offsetof(struct real, function)                                         \
	}
    NAME(malloc),
    NAME(calloc),
    NAME(realloc),
    NAME(free),
    NAME(cfree),
    NAME(posix_memalign),
    NAME(aligned_alloc),
    NAME(memalign),
    NAME(valloc),
    NAME(pvalloc),
    NAME(malloc_usable_size),
    NAME(free_sized),
    NAME(free_aligned_sized),
    NAME(__libc_malloc),
    NAME(__libc_calloc),
    NAME(__libc_realloc),
    NAME(__libc_memalign),
    NAME(__libc_valloc),
    NAME(__libc_pvalloc),
    NAME(__libc_free),
    NAME(dlclose),
    NAME(mlockall),
    NAME(ptrace),
    NAME(setrlimit),
    NAME(prlimit),
    NAME(prctl),
    NAME(execve),
    NAME(execvpe),
    NAME(fexecve),
    NAME(execveat),
    NAME(posix_spawn),
    NAME(posix_spawnp),
#undef NAME
};
enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

static uint64_t allocator, libc; /* objects: where their memory begins */

void real_resolve(void)
{
	struct lookup wanted[N_NAMES + 1];

	for (size_t i = 0; i < N_NAMES; i++)
		wanted[i] = (struct lookup){.name = names[i].name, .scope = LOOKUP_AFTER_US};
	wanted[N_NAMES] = (struct lookup){.name = "gnu_get_libc_version", .scope = LOOKUP_AFTER_US};
	lookup_all(wanted, N_NAMES + 1);
	allocator = wanted[0].object;
	libc = wanted[N_NAMES].object;
	/* malloc is the first of the list and comes last: while it is missing, the pool serves
	 * whoever allocates. */
	for (size_t i = N_NAMES; i-- > 0;)
		memcpy((char *)&real + names[i].field, &wanted[i].address,
		       sizeof(wanted[i].address));
	/* glibc has had no default version of it since 2.26, and other allocators may lack it. */
	if (!real.cfree)
		real.cfree = real.free;
}

uint64_t real_allocator(void)
{
	return allocator;
}

bool real_is_glibc(void)
{
	return allocator == libc;
}

/* More than a handler would ask for in that moment. */
enum { POOL_BYTES = 64 * 1024, POOL_ALIGN = 16 };

static char pool[POOL_BYTES] __attribute__((aligned(4096)));
static size_t pool_used;

bool pool_owns(const void *block)
{
	return (const char *)block >= pool && (const char *)block < pool + POOL_BYTES;
}

struct live_memory pool_memory(void)
{
	return (struct live_memory){(uint64_t)pool, (uint64_t)pool + POOL_BYTES};
}

/* Each block has its size before it. */
size_t pool_block_size(const void *block)
{
	size_t size;

	memcpy(&size, (const char *)block - POOL_ALIGN, sizeof(size));
	return size;
}

void *pool_allocate(size_t alignment, size_t size)
{
	size_t used = __atomic_load_n(&pool_used, __ATOMIC_RELAXED), start;

	if (alignment < POOL_ALIGN)
		alignment = POOL_ALIGN;
	if (size > POOL_BYTES || alignment > POOL_BYTES || (alignment & (alignment - 1)))
		goto none;
	do {
		start = (used + POOL_ALIGN + alignment - 1) & ~(alignment - 1);
		if (start > POOL_BYTES || size > POOL_BYTES - start)
			goto none;
	} while (!__atomic_compare_exchange_n(&pool_used, &used, start + size, false,
	                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	memcpy(pool + start - POOL_ALIGN, &size, sizeof(size));
	return pool + start;
none:
	errno = ENOMEM;
	return NULL;
}

void *pool_reallocate(void *block, size_t size)
{
	size_t old = pool_block_size(block);
	void *moved = real.malloc ? real.malloc(size) : pool_allocate(POOL_ALIGN, size);

	if (moved)
		memcpy(moved, block, old < size ? old : size);
	return moved;
}
