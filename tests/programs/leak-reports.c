/* Blocks of every class, in loss records of different sizes: 16 lost with a clique of 24 and 40, 7
 * lost three times, 100 possibly; 24, 6, 33 and, by a heuristic, 72 reachable.
 *
 * Arguments: none, or
 *
 * - free: all is freed;
 *
 * - fork: the same, in a forked child which loses 10 of its own and what it inherited, and in
 *   another program (this one without an argument);
 *
 * - deep N: one lost block at the bottom of N calls;
 *
 * - many N: N lost blocks, each from a stack of its own.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct node {
	struct node *volatile next;
	char pad[8];
};

static char *volatile kept[4];
static char *volatile inside[4];
static void *volatile lost;

__attribute__((noinline)) static void *wrap(size_t size)
{
	void *volatile block = malloc(size);

	return block;
}

/* Overwrites what a call before has left on the stack. */
__attribute__((noinline)) static void wipe(void)
{
	volatile char stack[4096];

	memset((char *)stack, 0, sizeof(stack));
}

__attribute__((noinline)) static void lose_clique(void)
{
	struct node *leader = wrap(sizeof(*leader));

	leader->next = wrap(24);
	leader->next->next = wrap(40);
	memset(leader->next->next, 0, 40);
	lost = leader;
	lost = NULL;
}

__attribute__((noinline)) static void keep(void)
{
	uint64_t *counted = malloc(72);
	void *volatile none = NULL;

	kept[0] = calloc(3, 8);
	kept[1] = strdup("hello");
	kept[3] = realloc(none, 33);
	inside[0] = (char *)malloc(100) + 10;
	counted[0] = 64; /* length64: its size, and a pointer behind it */
	kept[2] = (char *)(counted + 1);
}

__attribute__((noinline)) static void lose_many(void)
{
	for (int i = 0; i < 3; i++)
		lost = malloc(7);
	lost = NULL;
}

static void make_all(void)
{
	lose_clique();
	keep();
	lose_many();
	wipe();
}

/* What is done behind a call keeps it from being a jump or a loop. */
static volatile int depth;

__attribute__((noinline)) static void descend(int n)
{
	if (n)
		descend(n - 1);
	else
		lost = malloc(50);
	lost = NULL;
	depth++;
}

/* A stack for each number: its bits choose who calls whom. */
__attribute__((noinline)) static void spread(unsigned n, int bits);

__attribute__((noinline)) static void left(unsigned n, int bits)
{
	spread(n, bits);
	depth++;
}

__attribute__((noinline)) static void right(unsigned n, int bits)
{
	spread(n, bits);
	depth--;
}

static void spread(unsigned n, int bits)
{
	if (!bits)
		lost = malloc(1000);
	else if (n & 1)
		left(n >> 1, bits - 1);
	else
		right(n >> 1, bits - 1);
	lost = NULL;
	depth++;
}

static void fork_and_exec(char *program)
{
	pid_t child = fork();

	if (!child) {
		lost = malloc(10);
		lost = NULL;
		for (int i = 0; i < 4; i++)
			kept[i] = inside[i] = NULL;
		wipe();
		_exit(0);
	}
	waitpid(child, NULL, 0);
	child = fork();
	if (!child) {
		execl(program, program, (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 0;

	if (!strcmp(mode, "free")) {
		free(wrap(1000));
	} else if (!strcmp(mode, "deep")) {
		descend(number);
	} else if (!strcmp(mode, "many")) {
		for (int i = 0; i < number; i++)
			spread((unsigned)i, 12);
	} else {
		make_all();
		if (!strcmp(mode, "fork"))
			fork_and_exec(argv[0]);
	}
	wipe();
	return 0;
}
