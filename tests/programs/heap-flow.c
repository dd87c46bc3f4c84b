/* Threads, stacks and signals that make recording hard; the first argument says how. Each process
 * writes a line "A F" to stdout: the allocations and the frees that it made. */
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static atomic_int n_allocations, n_frees;
static char *self, *library_path;

#ifdef __clang__
#define ALONE __attribute__((noinline, optnone))
#else
#define ALONE __attribute__((noinline, noipa))
#endif

ALONE static void *take(size_t size)
{
	atomic_fetch_add(&n_allocations, 1);
	return malloc(size);
}

ALONE static void give(void *block)
{
	atomic_fetch_add(&n_frees, 1);
	free(block);
}

/* No stdio, which allocates. */
static void tell(void)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%d %d\n", n_allocations, n_frees);

	if (write(1, line, (size_t)len) != len)
		_exit(99);
}

/* 100 blocks, of which 60 are freed. */
static void allocate(void)
{
	void *blocks[100];

	for (int i = 0; i < 100; i++)
		blocks[i] = take(50 + (size_t)i);
	for (int i = 0; i < 60; i++)
		give(blocks[i]);
}

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static uintptr_t deepest, above_deepest;

/* Frames of about 1 KB. */
ALONE static void descend(int depth)
{
	char frame[1000];

	__asm__ volatile("" ::"r"(frame) : "memory");
	above_deepest = deepest;
	deepest = (uintptr_t)frame;
	if (depth)
		descend(depth - 1);
	else
		give(take(100));
	__asm__ volatile("" ::"r"(frame) : "memory");
}

static ucontext_t outside, inside;
static int depth_inside;

static void coroutine(void)
{
	descend(depth_inside);
}

static void run_coroutine(void *stack, size_t bytes, int depth)
{
	depth_inside = depth;
	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = bytes;
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	swapcontext(&outside, &inside);
}

enum { PAGE = 4096, STACK = 64 * 1024, DEEP = 70, LESS = 60 };

/* Coroutines on a stack of which the upper part is given back: the last one has the same frames at
 * the same addresses as the first, and where that had its outer frames there is nothing to be read.
 */
static int shrink_stack(char *stack)
{
	size_t frame;

	for (int i = 0; i < 3; i++)
		run_coroutine(stack, 2 * STACK, DEEP);
	frame = above_deepest - deepest;
	if (mprotect(stack + STACK + PAGE, STACK - PAGE, PROT_NONE))
		return 1;
	run_coroutine(stack, 2 * STACK - LESS * frame, DEEP - LESS);
	return munmap(stack, 2 * STACK);
}

static int reuse_stacks(void)
{
	for (int round = 0; round < 20; round++) {
		char *stack = map(2 * STACK);

		if (!stack || shrink_stack(stack))
			return 1;
	}
	return 0;
}

static char *arena;

static void *shrink_in_thread(void *failed)
{
	*(int *)failed = shrink_stack(arena);
	return NULL;
}

/* glibc makes one block for a thread, and frees it with the thread's stack; one of its own making
 * it keeps for the next thread. */
static int make_thread(pthread_t *thread, pthread_attr_t *attributes, void *(*run)(void *),
                       void *argument)
{
	atomic_fetch_add(&n_allocations, 1);
	if (attributes)
		atomic_fetch_add(&n_frees, 1);
	return pthread_create(thread, attributes, run, argument);
}

static int run_thread(pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	pthread_t thread;

	return make_thread(&thread, attributes, run, argument) || pthread_join(thread, NULL);
}

/* The stack of the thread begins where that of its coroutine ends. */
static int stacks_in_a_row(void)
{
	pthread_attr_t attributes;
	int failed = 1;

	arena = map(3 * STACK);
	pthread_attr_init(&attributes);
	return !arena || pthread_attr_setstack(&attributes, arena + 2 * STACK, STACK) ||
	       run_thread(&attributes, shrink_in_thread, &failed) || failed;
}

static void *work(void *unused)
{
	allocate();
	descend(10);
	return unused;
}

/* Stacks of the program's own: mapped with pages below that cannot be touched, out of the heap, and
 * out of the heap without a page's distance. */
static int own_stacks(void)
{
	pthread_attr_t attributes;
	char *mapped = map(STACK + PAGE), *block;

	if (!mapped || mprotect(mapped, PAGE, PROT_NONE))
		return 1;
	pthread_attr_init(&attributes);
	for (int i = 0; i < 5; i++) {
		if (pthread_attr_setstack(&attributes, mapped + PAGE, STACK) ||
		    run_thread(&attributes, work, NULL))
			return 1;
		block = take(3 * STACK);
		if (pthread_attr_setstack(&attributes, block + 48, 2 * STACK) ||
		    run_thread(&attributes, work, NULL))
			return 1;
		give(block);
	}
	return munmap(mapped, STACK + PAGE);
}

static volatile sig_atomic_t n_handled;

static void allocate_in_handler(int signal)
{
	(void)signal;
	allocate();
	n_handled++;
}

static int handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	return sigaction(signal, &action, NULL);
}

static int alternate_stacks(void)
{
	for (int i = 0; i < 10; i++) {
		stack_t stack = {.ss_sp = i % 2 ? map(STACK) : take(STACK), .ss_size = STACK},
		        none = {.ss_flags = SS_DISABLE};

		if (sigaltstack(&stack, NULL) || handle(SIGUSR1, allocate_in_handler, SA_ONSTACK) ||
		    raise(SIGUSR1) || sigaltstack(&none, NULL))
			return 1;
		if (i % 2)
			munmap(stack.ss_sp, STACK);
		else
			give(stack.ss_sp);
	}
	return n_handled != 10;
}

static sigjmp_buf target;

static void jump_out(int signal)
{
	allocate();
	siglongjmp(target, signal);
}

/* As runtimes do that take faults for exceptions: the null pointer that is asked leads back to
 * where it began. */
static int jumps_from_faults(void)
{
	volatile int n = 0;

	if (handle(SIGSEGV, jump_out, SA_NODEFER))
		return 1;
	while (n < 100) {
		n++;
		if (sigsetjmp(target, 1) == 0) {
			descend(5);
			*(volatile int *)(uintptr_t)(n & 0) = 1;
			return 1;
		}
	}
	return 0;
}

static jmp_buf place;
static volatile int may_jump = 1;

ALONE static void jump_over(int depth)
{
	void *block = take(64);

	if (depth)
		jump_over(depth - 1);
	else if (may_jump)
		longjmp(place, 1);
	give(block);
}

static int jumps(void)
{
	volatile int n = 0;

	setjmp(place);
	if (n++ < 200)
		jump_over(n % 20);
	return 0;
}

static int n_sent;
static void fork_in_handler(int signal)
{
	pid_t pid = fork();
	int status;

	(void)signal;
	if (pid == 0) {
		n_allocations = n_frees = 0;
		allocate();
		tell();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	n_sent += status != 0;
	n_handled++;
}

static int forks_in_handlers(void)
{
	if (handle(SIGUSR1, fork_in_handler, 0))
		return 1;
	for (int i = 0; i < 10; i++) {
		give(take(10));
		raise(SIGUSR1);
	}
	return n_sent || n_handled != 10;
}

static void *spawn_while_cancelled(void *result)
{
	char *const argv[] = {self, (char *)"nothing", NULL};
	int state, status = 99;
	pid_t pid;

	(void)state;
	/* The cancellation waits for a cancellation point, and posix_spawn(3) is none. */
	pthread_cancel(pthread_self());
	if (posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0) {
		*(volatile int *)result = 1;
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		waitpid(pid, &status, 0);
		*(volatile int *)result = status;
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	}
	return result;
}

static int cancelled(void)
{
	volatile int result = 98;

	return run_thread(NULL, spawn_while_cancelled, (void *)&result) || result;
}

/* A frame that is found by RBP alone, since its size is not known beforehand. */
ALONE static void *resize(void *block, size_t size)
{
	char *frame = alloca(size);

	__asm__ volatile("" ::"r"(frame) : "memory");
	atomic_fetch_add(&n_allocations, 1);
	if (block)
		atomic_fetch_add(&n_frees, 1);
	block = size % 3 ? realloc(block, size) : reallocarray(block, size, 1);
	__asm__ volatile("" ::"r"(frame) : "memory");
	return block;
}

static int resizes(void)
{
	void *block = NULL;

	for (size_t size = 20; size < 2000; size += 10)
		block = resize(block, size);
	return !block;
}

static int nothing(void)
{
	allocate();
	return 0;
}

static void *exec_in_thread(void *unused)
{
	tell();
	execl(self, self, "nothing", (char *)NULL);
	return unused;
}

static int exec_of_a_thread(void)
{
	allocate();
	return run_thread(NULL, exec_in_thread, NULL);
}

static void *allocate_once(void *unused)
{
	give(take(10));
	return unused;
}

/* Each has a stack, and so a thread pointer, that none had before. */
static int many_stacks(void)
{
	enum { N = 80000, SMALL = 16 * 1024 };
	pthread_attr_t attributes;
	char *stacks = map((size_t)N * SMALL);

	pthread_attr_init(&attributes);
	for (size_t i = 0; i < N; i++)
		if (!stacks || pthread_attr_setstack(&attributes, stacks + i * SMALL, SMALL) ||
		    run_thread(&attributes, allocate_once, NULL) ||
		    madvise(stacks + i * SMALL, SMALL, MADV_DONTNEED))
			return 1;
	return 0;
}

static char *large_environment[20001];

static void *exec_with_large_environment(void *unused)
{
	char *const argv[] = {self, (char *)"nothing", NULL};
	size_t n = 0;

	while (environ[n]) {
		large_environment[n] = environ[n];
		n++;
	}
	while (n < 20000)
		large_environment[n++] = (char *)"V=x";
	tell();
	execve(self, argv, large_environment);
	return unused;
}

/* A list of 160 KB, and 64 KB of stack. */
static int exec_on_little_stack(void)
{
	pthread_attr_t attributes;
	char *stack = map(STACK);

	pthread_attr_init(&attributes);
	atomic_fetch_sub(&n_frees, 1); /* it does not end */
	return !stack || pthread_attr_setstack(&attributes, stack, STACK) ||
	       run_thread(&attributes, exec_with_large_environment, NULL);
}

static void *wait_here(void *barrier)
{
	allocate();
	pthread_barrier_wait(barrier);
	allocate();
	return NULL;
}

/* All at once. */
static int thousand_threads(void)
{
	enum { N = 1000 };
	static pthread_t threads[N];
	pthread_barrier_t barrier;
	pthread_attr_t attributes;
	char *stacks = map((size_t)N * STACK);

	pthread_attr_init(&attributes);
	pthread_barrier_init(&barrier, NULL, N + 1);
	for (int i = 0; i < N; i++)
		if (!stacks ||
		    pthread_attr_setstack(&attributes, stacks + (size_t)i * STACK, STACK) ||
		    make_thread(&threads[i], &attributes, wait_here, &barrier))
			return 1;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int library_loop(void)
{
	for (int i = 0; i < 100; i++) {
		void *library = dlopen(library_path, RTLD_NOW);
		void (*make)(void);

		if (!library)
			return 1;
		*(void **)&make = dlsym(library, "make_a");
		make();
		if (dlclose(library))
			return 1;
	}
	return 0;
}

static sem_t is_inside, may_leave;

static int wait_inside(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)info;
	(void)size;
	(void)unused;
	sem_post(&is_inside);
	sem_wait(&may_leave);
	return 1;
}

static void *iterate(void *unused)
{
	dl_iterate_phdr(wait_inside, NULL);
	return unused;
}

/* A library that has not allocated yet does so while another thread keeps the dynamic linker's lock
 * and waits for it, and in a child that this thread has not come along to. */
static int iterating(void)
{
	void *library = dlopen(library_path, RTLD_NOW);
	void (*make)(void);
	pthread_t thread;
	int status = 1;
	pid_t pid;

	if (!library)
		return 1;
	*(void **)&make = dlsym(library, "make_a");
	sem_init(&is_inside, 0, 0);
	sem_init(&may_leave, 0, 0);
	if (make_thread(&thread, NULL, iterate, NULL))
		return 1;
	sem_wait(&is_inside);
	pid = fork();
	if (pid == 0) {
		make();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	make();
	sem_post(&may_leave);
	return pthread_join(thread, NULL) || status;
}

static atomic_int stop;

static void *allocate_until_told(void *unused)
{
	while (!atomic_load(&stop))
		give(take(50));
	return unused;
}

/* The children share nothing with the thread but the moment at which they came about. */
static int forks_beside_thread(void)
{
	pthread_t thread;
	int status, failed = make_thread(&thread, NULL, allocate_until_told, NULL);

	for (int i = 0; i < 300 && !failed; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			n_allocations = n_frees = 0;
			allocate();
			tell();
			_exit(0);
		}
		failed = waitpid(pid, &status, 0) != pid || status;
	}
	atomic_store(&stop, 1);
	return pthread_join(thread, NULL) || failed;
}

static void allocate_one_in_handler(int signal)
{
	(void)signal;
	give(take(30));
	n_handled++;
}

/* Signals come every 50 us while the program does nothing but allocate. Its allocator must be one
 * that handlers may use, which glibc's is not. */
static int storm(void)
{
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};

	if (handle(SIGALRM, allocate_one_in_handler, SA_RESTART) ||
	    setitimer(ITIMER_REAL, &often, NULL))
		return 1;
	while (n_handled < 2000)
		give(take(40));
	return setitimer(ITIMER_REAL, &never, NULL);
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
    {"nothing", nothing},
    {"iterating", iterating},
    {"library-loop", library_loop},
    {"resizes", resizes},
    {"reuse-stacks", reuse_stacks},
    {"stacks-in-a-row", stacks_in_a_row},
    {"own-stacks", own_stacks},
    {"alternate-stacks", alternate_stacks},
    {"faults", jumps_from_faults},
    {"longjmp", jumps},
    {"fork-in-handler", forks_in_handlers},
    {"cancelled-spawn", cancelled},
    {"thread-exec", exec_of_a_thread},
    {"large-environment", exec_on_little_stack},
    {"thousand-threads", thousand_threads},
    {"many-stacks", many_stacks},
    {"forks-beside-thread", forks_beside_thread},
    {"storm", storm},
};

int main(int argc, char **argv)
{
	self = argv[0];
	library_path = argc > 2 ? argv[2] : NULL;
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name) == 0) {
			int status = cases[i].run();

			tell();
			return status;
		}
	}
	return 96;
}
