/* Every function of malloc's family, with its edge cases; ends with status 1 when one of them
 * misbehaves. With an argument it does not look at errno, which valgrind 3.19's replacements leave
 * alone. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/* Keeps the compiler from knowing what a size is, or that a block is never used. */
static volatile size_t huge = SIZE_MAX / 2 + 1, none = 0;
static void *volatile sink;
static int errno_counts;

static int errno_is(int expected)
{
	return !errno_counts || errno == expected;
}

static int failures(void)
{
	void *block = malloc(40);
	void *volatile before = block;

	errno = 0;
	sink = malloc(huge);
	CHECK(!sink && errno_is(ENOMEM));
	errno = 0;
	sink = calloc(huge, 4);
	CHECK(!sink && errno_is(ENOMEM));
	memset(block, 7, 40);
	errno = 0;
	sink = realloc(before, huge);
	CHECK(!sink && errno_is(ENOMEM) && ((char *)before)[39] == 7);
	errno = 0;
	sink = reallocarray(before, huge, 8);
	CHECK(!sink && errno_is(ENOMEM));
	CHECK(posix_memalign(&block, 3, 100) == EINVAL && block == before);
	free(before); /* a failed realloc leaves the block alive: this is its only free */
	return 0;
}

static int empty_blocks(void)
{
	void *block = malloc(none);

	CHECK(block);
	free(block);
	sink = calloc(none, 8);
	CHECK(sink);
	free(sink);
	errno = 5;
	free(NULL);
	CHECK(errno_is(5));
	sink = realloc(NULL, 64);
	CHECK(sink);
	CHECK(realloc(sink, none) == NULL);
	return 0;
}

static int growth(void)
{
	char *block = malloc(10);

	for (size_t size = 20; size < 200000; size *= 3) {
		block = realloc(block, size);
		CHECK(block && malloc_usable_size(block) >= size);
		block[size - 1] = 1;
	}
	block = realloc(block, 30);
	block = reallocarray(block, 12, 100);
	CHECK(block);
	free(block);
	return 0;
}

static int alignments(void)
{
	for (size_t align = 8; align <= 8192; align *= 2) {
		void *block;

		CHECK(posix_memalign(&block, align, 3 * align) == 0);
		CHECK((uintptr_t)block % align == 0);
		block = realloc(block, 4 * align);
		free(block);
		block = memalign(align, 100);
		CHECK((uintptr_t)block % align == 0);
		free(block);
	}
	sink = aligned_alloc(64, 640);
	CHECK((uintptr_t)sink % 64 == 0);
	free(sink);
	sink = valloc(100);
	CHECK((uintptr_t)sink % 4096 == 0);
	free(sink);
	return 0;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* glibc's names for the same functions; blocks go from one to the other. */
static int other_names(void)
{
	sink = __libc_malloc(100);
	free(sink);
	sink = malloc(200);
	__libc_free(sink);
	sink = __libc_calloc(10, 30);
	sink = __libc_realloc(sink, 400);
	CHECK(sink);
	free(sink);
	sink = __libc_memalign(64, 500);
	CHECK((uintptr_t)sink % 64 == 0);
	__libc_free(sink);
	sink = __libc_malloc(600);
	return 0;
}

int main(int argc, char **argv)
{
	int *zeros = calloc(1000, sizeof(int));

	(void)argv;
	errno_counts = argc == 1;
	for (int i = 0; i < 1000; i++)
		CHECK(zeros[i] == 0);
	CHECK(!failures() && !empty_blocks() && !growth() && !alignments() && !other_names());
	for (int i = 0; i < 100; i++)
		sink = malloc((size_t)i * 50); /* never freed: in use at exit */
	free(zeros);
	return 0;
}
