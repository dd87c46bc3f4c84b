/* Odd calls of malloc's family, and what is left when memory runs out; the argument says which.
 * Prints what came of each on stdout, and in the end what it has done on stderr: allocations,
 * frees, bytes. Nothing it calls allocates by itself. */
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static unsigned long allocations, frees, bytes;
/* The compiler is not to know sizes, nor that a block is never used. */
static volatile size_t zero = 0, half = SIZE_MAX / 2, most = SIZE_MAX, page = 4096,
                       big = (size_t)1 << 33;
static void *volatile sink;

static void say(const char *format, ...)
{
	char line[200];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		abort();
}

static void *made(void *block, size_t size)
{
	if (block) {
		allocations++;
		bytes += size;
	}
	sink = block;
	return sink;
}

static void *gone(void *block)
{
	frees += block != NULL;
	return block;
}

/* What a call gave, and errno; the block is freed. */
static void tell(const char *call, void *block, size_t size)
{
	int err = errno;

	made(block, size);
	say("%s: %s, errno %d\n", call, block ? "a block" : "NULL", err);
	free(gone(block));
	errno = 0;
}
#define TELL(call, size) (errno = 0, tell(#call, call, size))

static void zeros(void)
{
	void *first = made(malloc(zero), 0), *second = made(malloc(zero), 0);

	say("two blocks of nothing are %s\n", first == second ? "the same" : "two");
	free(gone(second));
	TELL(calloc(zero, zero), 0);
	TELL(calloc(zero, most), 0);
	TELL(realloc(NULL, zero), 0);
	TELL(reallocarray(NULL, zero, 8), 0);
	TELL(aligned_alloc(64, zero), 0);
	TELL(memalign(64, zero), 0);
	TELL(valloc(zero), 0);
	TELL(pvalloc(zero), 0);
	errno = 7;
	sink = realloc(gone(first), zero);
	say("realloc to nothing: %s, errno %d\n", sink ? "a block" : "NULL", errno);
	free(NULL);
	first = made(malloc(10), 10);
	sink = reallocarray(gone(first), 5, zero);
	say("reallocarray to nothing: %s\n", sink ? "a block" : "NULL");
	say("usable of NULL: %zu\n", malloc_usable_size(NULL));
}

static void huge(void)
{
	char *volatile block = made(malloc(100), 100);

	memset(block, 5, 100);
	TELL(malloc(half), half);
	TELL(malloc(half + 1), half + 1);
	TELL(malloc(most), most);
	TELL(malloc(most - 63), most - 63);
	TELL(malloc((size_t)1 << 47), (size_t)1 << 47);
	TELL(calloc(most, most), 1);
	TELL(calloc(half + 2, 2), 2);
	TELL(calloc(big, big), 0);
	TELL(calloc(1, most), most);
	TELL(realloc(NULL, most), most);
	TELL(reallocarray(NULL, big, big), 0);
	TELL(memalign(4096, most - 100), most - 100);
	TELL(memalign(half, 10), 10);
	TELL(memalign(most, 10), 10);
	TELL(aligned_alloc(4096, half), half);
	TELL(valloc(most), most);
	TELL(valloc(most - page), most - page);
	TELL(pvalloc(most), most);
	TELL(pvalloc(most - 2 * page), most - 2 * page);
	errno = 0;
	sink = realloc(sink ? sink : block, half);
	say("realloc: %s, errno %d\n", sink ? "a block" : "NULL", errno);
	sink = realloc(block, most - 15);
	say("realloc: %s, errno %d\n", sink ? "a block" : "NULL", errno);
	errno = 0;
	sink = reallocarray(block, half, 3);
	say("reallocarray: %s, errno %d; the block has its %d\n", sink ? "a block" : "NULL", errno,
	    block[99]);
	free(gone(block));
}

/* What is no power of two is rounded up to one, or refused. */
static const char *aligned(void *block, size_t alignment)
{
	return !block                                                        ? "NULL"
	       : (uintptr_t)block % (alignment ? alignment & -alignment : 1) ? "not aligned"
	                                                                     : "aligned";
}

static void align(size_t alignment, size_t size)
{
	void *block = &block, *before = block;
	int err = posix_memalign(&block, alignment, size);

	say("posix_memalign(%zu, %zu): %d", alignment, size, err);
	if (err)
		say(", the pointer is %s\n", block == before ? "as it was" : "changed");
	else
		say(", %s\n", aligned(made(block, size), alignment));
	if (!err)
		free(gone(block));
	errno = 0;
	block = made(aligned_alloc(alignment, size), size);
	err = errno;
	say("aligned_alloc: %s, errno %d\n", aligned(block, alignment), err);
	free(gone(block));
	errno = 0;
	block = made(memalign(alignment, size), size);
	err = errno;
	say("memalign: %s, errno %d\n", aligned(block, alignment), err);
	free(gone(block));
}

static void alignments(void)
{
	static const size_t odd[] = {0,  1,   2,    3,     4,       8,       16,     24,
	                             48, 100, 4096, 65536, 1 << 20, 3 << 19, 1 << 24};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		align(odd[i], 100);
		align(odd[i], 1);
		align(odd[i], 100000);
	}
	align(half + 1, 10);
	align(most, 10);
	for (int i = 0; i < 300; i++)
		made(memalign((size_t)16 << i % 9, 50 + (size_t)i),
		     50 + (size_t)i); /* never freed */
}

/* Nothing that succeeds changes errno. */
static void silence(void)
{
	void *block;

	errno = 77;
	for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
		block = made(malloc(size), size);
		block = made(realloc(gone(block), 2 * size), 2 * size);
		free(gone(block));
		free(gone(made(calloc(size, 1), size)));
		free(gone(made(memalign(256, size), size)));
		if (!posix_memalign(&block, 64, size))
			free(gone(made(block, size)));
	}
	say("errno %d\n", errno);
}

/* glibc's own account of the heap. */
static void account(void)
{
	static void *blocks[2000];
	struct mallinfo2 info;
	size_t usable = 0;

	say("mallopt: %d %d\n", mallopt(M_MMAP_THRESHOLD, 100000),
	    mallopt(M_TRIM_THRESHOLD, 200000));
	for (size_t i = 0; i < 2000; i++) {
		size_t size = i % 7 ? i : 50 * i;

		blocks[i] = made(malloc(size), size);
		usable += malloc_usable_size(blocks[i]);
	}
	info = mallinfo2();
	say("in use %zu, in %zu mappings %zu, free %zu, arena %zu, usable %zu\n", info.uordblks,
	    info.hblks, info.hblkhd, info.fordblks, info.arena, usable);
	for (size_t i = 0; i < 2000; i++)
		free(gone(blocks[i]));
	say("trimmed: %d\n", malloc_trim(0));
	info = mallinfo2();
	say("in use %zu, in mappings %zu\n", info.uordblks, info.hblkhd);
}

/* Takes what there is, in blocks of 1 MB, of which one in 16 is used; gives all back, and goes on.
 */
static void exhaust(const char *what)
{
	enum { BLOCK = 1 << 20, MOST = 1 << 16 };
	static char *blocks[MOST];
	int n = 0, failed;

	while (n < MOST && (blocks[n] = made(malloc(BLOCK), BLOCK))) {
		blocks[n][0] = blocks[n][BLOCK - 1] = 1;
		n++;
	}
	failed = errno;
	sink = realloc(blocks[n - 1], 100 * BLOCK);
	say("%s: %s, errno %d, and again %s\n", what, n == MOST ? "no end" : "NULL", failed,
	    sink || calloc(BLOCK, 1) ? "a block" : "NULL");
	while (n > 0)
		free(gone(blocks[--n]));
	sink = made(malloc(BLOCK / 2), BLOCK / 2);
	say("then %s\n", sink ? "a block" : "NULL");
	free(gone(sink));
}

static void limited(int resource, rlim_t limit, const char *what)
{
	struct rlimit limits = {.rlim_cur = limit, .rlim_max = RLIM_INFINITY};

	made(malloc(1000), 1000); /* before */
	if (setrlimit(resource, &limits))
		abort();
	exhaust(what);
}

/* These end in abort(3), with glibc's words on stderr. */
static void foreign(const char *how)
{
	static char memory[256] __attribute__((aligned(64)));
	char *volatile block = malloc(100);
	char *volatile other = memory + 64;

	if (!strcmp(how, "free-foreign"))
		free(other);
	if (!strcmp(how, "free-inside"))
		free(block + 16);
	if (!strcmp(how, "free-odd"))
		free(block + 3);
	if (!strcmp(how, "free-twice")) {
		free(block);
		free(block);
	}
	if (!strcmp(how, "realloc-foreign"))
		sink = realloc(other, 50);
	if (!strcmp(how, "realloc-odd"))
		sink = realloc(block + 8, 50);
}

static int is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char line[100];
	int len;

	if (is(what, "calls")) {
		zeros();
		huge();
		alignments();
		silence();
	} else if (is(what, "account")) {
		account();
	} else if (is(what, "data")) {
		limited(RLIMIT_DATA, 100 << 20, "RLIMIT_DATA");
	} else if (is(what, "space")) {
		limited(RLIMIT_AS, (rlim_t)500 << 20, "RLIMIT_AS");
	} else if (is(what, "more-space")) {
		limited(RLIMIT_AS, (rlim_t)4 << 30, "RLIMIT_AS");
	} else {
		foreign(what);
		return 1;
	}
	len = snprintf(line, sizeof(line), "%lu %lu %lu\n", allocations, frees, bytes);
	return write(STDERR_FILENO, line, (size_t)len) != len;
}
