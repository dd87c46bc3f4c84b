/* Allocations with known stacks and a known peak: main > outer > middle > inner has 70 % of it,
 * main > other 30 %. */
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 100 };

static char *blocks[2][BLOCKS];
static volatile int calls;

__attribute__((noinline)) static char *inner(size_t size)
{
	char *block = malloc(size);

	calls++;
	memset(block, 1, size);
	return block;
}

__attribute__((noinline)) static char *middle(size_t size)
{
	char *block = inner(size);

	calls++;
	return block;
}

__attribute__((noinline)) static char *outer(size_t size)
{
	char *block = middle(size);

	calls++;
	return block;
}

__attribute__((noinline)) static char *other(size_t size)
{
	char *block = calloc(3, size / 3);

	calls++;
	return block;
}

/* Freed at once: temporary. */
__attribute__((noinline)) static void waste(void)
{
	void *volatile block = malloc(24);

	free(block);
}

int main(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[0][i] = outer(7000);
	for (int i = 0; i < BLOCKS; i++)
		blocks[1][i] = other(3000);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[0][i]);
	for (int i = 0; i < 1000; i++)
		waste();
	/* 300,000 bytes in 100 blocks stay in use at exit; a second, lower peak changes nothing. */
	for (int i = 0; i < BLOCKS / 2; i++)
		free(outer(7000));
	return 0;
}
