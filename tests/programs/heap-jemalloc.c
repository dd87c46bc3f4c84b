/* jemalloc's own functions where jemalloc is there, else malloc; prints which, and what it has
 * done: allocations, frees, bytes. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) void *mallocx(size_t size, int flags);
__attribute__((weak)) void *rallocx(void *block, size_t size, int flags);
__attribute__((weak)) size_t xallocx(void *block, size_t size, size_t extra, int flags);
__attribute__((weak)) size_t sallocx(const void *block, int flags);
__attribute__((weak)) void dallocx(void *block, int flags);
__attribute__((weak)) void sdallocx(void *block, size_t size, int flags);
__attribute__((weak)) size_t nallocx(size_t size, int flags);

enum { ALIGN_4096 = 12, ZERO = 0x40 }; /* MALLOCX_LG_ALIGN(12), MALLOCX_ZERO of jemalloc(3) */

static unsigned long allocations, frees, bytes;

static void *made(void *block, size_t size)
{
	if (!block)
		abort();
	allocations++;
	bytes += size;
	return block;
}

static void *gone(void *block)
{
	frees++;
	return block;
}

static void by_jemalloc(void)
{
	char *block = made(mallocx(100, ZERO), 100);

	if (block[0] || block[99] || sallocx(block, 0) < 100 ||
	    nallocx(100, 0) != sallocx(block, 0))
		abort();
	block = made(rallocx(gone(block), 50000, 0), 50000);
	/* In place there is room up to the size class. */
	if (xallocx(block, sallocx(block, 0), 0, 0) < 50000)
		abort();
	gone(block);
	made(block, sallocx(block, 0));
	if (xallocx(block, (size_t)1 << 40, 0, 0) >= (size_t)1 << 40)
		abort(); /* that cannot be: the block stays what it was */
	dallocx(gone(block), 0);
	block = made(mallocx(300, ALIGN_4096), 300);
	if ((size_t)block % 4096)
		abort();
	sdallocx(gone(block), 300, ALIGN_4096);
	block = made(mallocx(70, 0), 70); /* theirs and C's are one heap */
	block = made(realloc(gone(block), 700), 700);
	block = made(rallocx(gone(block), 7000, 0), 7000);
	free(gone(block));
	for (int i = 0; i < 1000; i++) {
		block = made(mallocx(32, 0), 32);
		if (i % 4)
			dallocx(gone(block), 0);
	}
}

static void by_malloc(void)
{
	for (int i = 0; i < 1000; i++) {
		void *volatile block = made(malloc(32), 32);

		if (i % 4)
			free(gone(block));
	}
}

int main(void)
{
	char line[100];
	int len;

	if (mallocx)
		by_jemalloc();
	else
		by_malloc();
	len = snprintf(line, sizeof(line), "%s %lu %lu %lu\n", mallocx ? "jemalloc" : "malloc",
	               allocations, frees, bytes);
	return fwrite(line, 1, (size_t)len, stderr) != (size_t)len;
}
