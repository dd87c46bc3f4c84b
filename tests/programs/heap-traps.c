/* Places where recording an allocation is hard; the argument says which. Each makes a known number of allocations. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static void *volatile kept;

__attribute__((noinline)) static void allocate(size_t size)
{
	kept = malloc(size);
}

/* Two libraries, one after the other, most likely at the same addresses: "traps dlclose A.so B.so". */
static int dlclose_between(char **libraries)
{
	for (int i = 0; i < 2; i++) {
		void *library = dlopen(libraries[i], RTLD_NOW);
		void (*make)(void);

		if (!library)
			return 1;
		*(void **)&make = dlsym(library, i ? "make_b" : "make_a");
		make();
		dlclose(library);
	}
	return 0;
}

static ucontext_t outside, inside;

__attribute__((noinline)) static void deep_in_coroutine(int depth)
{
	if (depth)
		deep_in_coroutine(depth - 1);
	else
		allocate(1000);
	__asm__ volatile("");
}

static void coroutine(void)
{
	deep_in_coroutine(50);
}

/* Its stack ends at a page that cannot be read. */
static int in_coroutine(void)
{
	size_t size = 64 * 1024;
	char *memory = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, size, PROT_READ | PROT_WRITE))
		return 1;
	getcontext(&inside);
	inside.uc_stack.ss_sp = memory;
	inside.uc_stack.ss_size = size;
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	swapcontext(&outside, &inside);
	return 0;
}

__attribute__((noinline)) static int recurse(int depth)
{
	char frame[64];

	if (depth == 0) {
		allocate(1000);
		return 1;
	}
	memset(frame, depth, sizeof(frame));
	__asm__ volatile("" ::"r"(frame) : "memory");
	return recurse(depth - 1) + 1;
}

/* A destructor of thread-specific data, the last code of the program's that a thread runs. */
static void allocate_at_the_end(void *value)
{
	(void)value;
	allocate(1000);
}

static pthread_key_t key;

static void *end_late(void *unused)
{
	pthread_setspecific(key, &key);
	return unused;
}

static int at_thread_end(void)
{
	pthread_t thread;

	pthread_key_create(&key, allocate_at_the_end);
	for (int i = 0; i < 10; i++) {
		pthread_create(&thread, NULL, end_late, NULL);
		pthread_join(thread, NULL);
	}
	return 0;
}

static void *churn(void *unused)
{
	for (int i = 0; i < 1000; i++) {
		void *volatile block = malloc(10 + (size_t)i);

		free(block);
	}
	return unused;
}

/* More at once than the recorder has shards. */
static int many_threads(void)
{
	pthread_t threads[60];

	for (int i = 0; i < 60; i++)
		pthread_create(&threads[i], NULL, churn, NULL);
	for (int i = 0; i < 60; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int locked(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return 1;
	allocate(1000);
	return munlockall();
}

static int leave_quickly(void)
{
	allocate(1000);
	quick_exit(7);
}

int main(int argc, char **argv)
{
	const char *trap = argc > 1 ? argv[1] : "";

	if (!strcmp(trap, "dlclose") && argc == 4)
		return dlclose_between(argv + 2);
	if (!strcmp(trap, "coroutine"))
		return in_coroutine();
	if (!strcmp(trap, "recursion"))
		return recurse(3000) != 3001;
	if (!strcmp(trap, "bottomless"))
		return recurse(6000) != 6001;
	if (!strcmp(trap, "thread-end"))
		return at_thread_end();
	if (!strcmp(trap, "many-threads"))
		return many_threads();
	if (!strcmp(trap, "locked"))
		return locked();
	if (!strcmp(trap, "quick-exit"))
		return leave_quickly();
	return 1;
}
