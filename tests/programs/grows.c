/* Does what is known of a size N: grows MODE N.
 *   linear, square   N or N * N allocations, each freed before the next one
 *   calls            N writes of a byte to stdout
 *   keeps            N blocks lost, N kept in a list, 4 kept in a cache, a buffer of N bytes
 *   late             N - 20 blocks kept in a list, none below 20
 *   fails            ends with 7 where N is 30
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	struct node *next;
};

static struct node *list;
static void *cache[4];
static char *volatile buffer;

static __attribute__((noinline)) void *take(size_t bytes)
{
	void *volatile block = malloc(bytes);

	return block;
}

static __attribute__((noinline)) void pass(long n)
{
	for (long i = 0; i < n; i++)
		free(take(16));
}

static __attribute__((noinline)) void lose(void)
{
	void *volatile lost = malloc(40);

	(void)lost;
	lost = NULL;
}

static __attribute__((noinline)) void append(void)
{
	struct node *node = malloc(sizeof(*node));

	node->next = list;
	list = node;
}

static __attribute__((noinline)) void look_up(long key)
{
	if (!cache[key % 4])
		cache[key % 4] = malloc(100);
}

static __attribute__((noinline)) void make_buffer(long n)
{
	buffer = malloc((size_t)n);
	buffer[0] = 1;
}

static void keep(long n)
{
	make_buffer(n);
	for (long i = 0; i < n; i++) {
		lose();
		append();
		look_up(i);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (!strcmp(mode, "linear"))
		pass(n);
	else if (!strcmp(mode, "square"))
		pass(n * n);
	else if (!strcmp(mode, "keeps"))
		keep(n);
	else if (!strcmp(mode, "late"))
		for (long i = 20; i < n; i++)
			append();
	else if (!strcmp(mode, "fails"))
		return n == 30 ? 7 : 0;
	for (long i = 0; !strcmp(mode, "calls") && i < n; i++)
		if (write(STDOUT_FILENO, ".", 1) != 1)
			return 1;
	return 0;
}
