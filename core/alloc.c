/* Heap memory that is there or ends the profiler. */
#include "core/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
