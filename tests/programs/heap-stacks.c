/* Very many different stacks: heap-stacks LEVELS asks for a block at the end of each of 2^LEVELS
 * ways through LEVELS calls of one of two functions, and frees every second one. Sizes are 1 to 100
 * bytes. */
#include <stdlib.h>

static void *volatile kept;
static unsigned number;

__attribute__((noinline)) static void ask(void)
{
	void *volatile block = malloc(1 + number % 100);

	if (number++ % 2)
		free(block);
	else
		kept = block;
}

__attribute__((noinline)) static void left(unsigned levels);

__attribute__((noinline)) static void right(unsigned levels)
{
	if (!levels) {
		ask();
		return;
	}
	left(levels - 1);
	__asm__ volatile("");
	right(levels - 1);
	__asm__ volatile("");
}

static void left(unsigned levels)
{
	if (!levels) {
		ask();
		__asm__ volatile("");
		return;
	}
	left(levels - 1);
	__asm__ volatile("");
	right(levels - 1);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	left(argc > 1 ? (unsigned)atoi(argv[1]) : 4);
	return 0;
}
