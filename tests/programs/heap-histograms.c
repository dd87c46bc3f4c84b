/* Blocks of known sizes and lifetimes, in known threads and processes; the argument says which. No
 * stdio: it allocates. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept;

/* 100 blocks of each size, freed at once; 8 of the largest stay. */
static int sizes(void)
{
	static const size_t bytes[] = {0, 1, 8, 9, 16, 17, 4096, 4097, 1 << 20};

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		for (int j = 0; j < 100; j++) {
			kept = malloc(bytes[i]);
			free(kept);
		}
	for (int i = 0; i < 8; i++)
		kept = malloc(1 << 20);
	return 0;
}

/* 500 blocks freed after one other allocation, then a ring: each block is freed 999 allocations
 * after its own. */
static int lifetimes(long n)
{
	enum { RING = 1000 };
	static void *ring[RING];

	for (int i = 0; i < 500; i++) {
		void *volatile first = malloc(10), *volatile second = malloc(10);

		free(first);
		free(second);
	}
	for (long i = 0; i < n; i++) {
		free(ring[i % RING]);
		ring[i % RING] = malloc(24);
	}
	return 0;
}

static void *handed_over[200];
static pthread_barrier_t barrier;

static void *alpha(void *unused)
{
	pthread_setname_np(pthread_self(), "alpha");
	for (int i = 0; i < 300; i++) {
		void *volatile block = malloc(100);

		free(block);
	}
	return unused;
}

static void *beta(void *unused)
{
	pthread_setname_np(pthread_self(), "beta");
	for (int i = 0; i < 200; i++)
		handed_over[i] = malloc(50);
	pthread_barrier_wait(&barrier);
	return unused;
}

/* Frees what beta made: no block of its own. */
static void *gamma_thread(void *unused)
{
	pthread_setname_np(pthread_self(), "gamma");
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 200; i++)
		free(handed_over[i]);
	return unused;
}

static int named(void)
{
	void *(*const bodies[])(void *) = {alpha, beta, gamma_thread};
	pthread_t threads[3];

	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, bodies[i], NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* One block is freed at once, the other stays. */
static void *two_blocks(void *unused)
{
	void *volatile block = malloc(30);

	free(block);
	block = malloc(70);
	return unused;
}

static int one_after_the_other(long n)
{
	pthread_t thread;

	for (long i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, two_blocks, NULL) || pthread_join(thread, NULL))
			return 1;
	return 0;
}

static void *two_blocks_together(void *unused)
{
	pthread_barrier_wait(&barrier);
	return two_blocks(unused);
}

static int at_once(long n)
{
	pthread_t *threads = calloc((size_t)n, sizeof(*threads));
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	pthread_barrier_init(&barrier, NULL, (unsigned)n);
	for (long i = 0; i < n; i++)
		if (pthread_create(&threads[i], &small, two_blocks_together, NULL))
			return 1;
	for (long i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* Each process makes five blocks and frees two of them, one of its parent's and one of the first
 * process's; then it forks the next one. */
static int nested(long depth)
{
	enum { MOST = 64 };
	static void *firsts[MOST], *of_parent;
	pid_t child;
	int status;

	for (int i = 0; i < MOST; i++)
		firsts[i] = malloc(40);
	for (long level = 1; level <= depth && level < MOST; level++) {
		void *volatile blocks[5];

		child = level % 3 ? fork() : (pid_t)syscall(SYS_fork);
		if (child < 0)
			return 1;
		if (child > 0)
			return waitpid(child, &status, 0) != child || status;
		for (int i = 0; i < 5; i++)
			blocks[i] = malloc(20);
		free(blocks[1]);
		free(blocks[3]);
		free(of_parent);
		free(firsts[level]);
		of_parent = blocks[0];
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (!strcmp(what, "sizes"))
		return sizes();
	if (!strcmp(what, "lifetimes"))
		return lifetimes(n);
	if (!strcmp(what, "named"))
		return named();
	if (!strcmp(what, "one-after-the-other"))
		return one_after_the_other(n);
	if (!strcmp(what, "at-once"))
		return at_once(n);
	if (!strcmp(what, "nested"))
		return nested(n);
	return 2;
}
