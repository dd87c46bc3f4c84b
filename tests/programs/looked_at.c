/* Allocates once. What the look at a binary has to see is decided by how this is built: looks.mk.
 */
#include <stdlib.h>

#ifdef OWN_MALLOC
static char memory[64];

void *malloc(size_t size)
{
	return size <= sizeof(memory) ? memory : NULL;
}

void free(void *block)
{
	(void)block;
}
#endif

#ifdef OWN_NAME
/* As a Rust program has it that is built with jemalloc. */
void *_rjem_malloc(size_t size);

__attribute__((noinline)) void *_rjem_malloc(size_t size)
{
	static char memory[64];

	return size <= sizeof(memory) ? memory : NULL;
}

#define ALLOCATE _rjem_malloc
#define RELEASE(block) ((void)(block))
#else
#define ALLOCATE malloc
#define RELEASE free
#endif

/* Enough functions to tell by their prologues whether frame pointers are kept. */
#define FUNCTION(n)                                                                                \
	__attribute__((noinline)) void function_##n(volatile long *values);                        \
	void function_##n(volatile long *values)                                                   \
	{                                                                                          \
		for (int i = 0; i < 8; i++)                                                        \
			values[i] = values[i + 1] / values[i + 2] + values[i + 3] % (i + n) +      \
			            (values[i + 4] ^ values[i + 5]) * values[i + 6];               \
	}

FUNCTION(1)
FUNCTION(2)
FUNCTION(3)
FUNCTION(4)
FUNCTION(5)
FUNCTION(6)
FUNCTION(7)
FUNCTION(8)
FUNCTION(9)

#ifdef SECURE
#include <sys/auxv.h>
#define IS_SECURE getauxval(AT_SECURE) != 0
#else
#define IS_SECURE 0
#endif

/* Exit 1: the kernel calls this execution secure. */
int main(void)
{
	char *volatile block = ALLOCATE(10);

	if (!block)
		return 2;
	block[0] = 0;
	RELEASE(block);
	return IS_SECURE;
}
