/* Heap memory that is there or ends the profiler. */
#include "core/alloc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Of x86-64. */
enum { HUGE_PAGE_BYTES = 1 << 21 };

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr,
	        "profile-scenario: exit 125: out of memory (%zu more bytes); free some, or raise "
	        "ulimit -v\n",
	        size);
	exit(125);
}

static void *must(void *block, size_t size)
{
	if (!block && size)
		out_of_memory(size);
	return block;
}

void *xmalloc(size_t size)
{
	return must(malloc(size ? size : 1), size);
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1), count * size);
}

void *xrealloc(void *block, size_t size)
{
	return must(realloc(block, size ? size : 1), size);
}

char *xstrdup(const char *text)
{
	return text ? xstrndup(text, strlen(text)) : NULL;
}

char *xstrndup(const char *text, size_t len_bytes)
{
	return must(strndup(text, len_bytes), len_bytes + 1);
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		out_of_memory(strlen(format));
	va_end(args);
	return text;
}

void *array_reserve(void *items, size_t *capacity, size_t needed, size_t item_size)
{
	size_t bytes;

	if (needed <= *capacity)
		return items;
	if (needed < 2 * *capacity)
		needed = 2 * *capacity;
	if (needed < 8)
		needed = 8;
	if (__builtin_mul_overflow(needed, item_size, &bytes))
		out_of_memory(SIZE_MAX);
	items = xrealloc(items, bytes);
	*capacity = needed;
	return items;
}

static bool is_huge(size_t bytes)
{
	return bytes >= HUGE_PAGE_BYTES;
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
}

/* At a multiple of a huge page's size, which mmap(2) does not promise. */
static void *map_huge(size_t bytes)
{
	size_t before;
	char *mapped = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapped == MAP_FAILED)
		out_of_memory(bytes);
	before = whole_pages((uintptr_t)mapped) - (uintptr_t)mapped;
	if (before)
		munmap(mapped, before);
	munmap(mapped + before + bytes, HUGE_PAGE_BYTES - before);
	madvise(mapped + before, bytes, MADV_HUGEPAGE);
	return mapped + before;
}

void *huge_new(size_t bytes)
{
	if (!bytes)
		return NULL;
	return is_huge(bytes) ? map_huge(whole_pages(bytes)) : xcalloc(1, bytes);
}

void *huge_grow(void *memory, size_t old_bytes, size_t new_bytes)
{
	size_t whole = whole_pages(old_bytes);
	void *grown = huge_new(new_bytes);

	if (memory && is_huge(old_bytes) &&
	    mremap(memory, whole, whole, MREMAP_MAYMOVE | MREMAP_FIXED, grown) == grown)
		return grown;
	if (memory)
		memcpy(grown, memory, old_bytes);
	huge_free(memory, old_bytes);
	return grown;
}

void huge_free(void *memory, size_t bytes)
{
	if (memory && is_huge(bytes))
		munmap(memory, whole_pages(bytes));
	else
		free(memory);
}
