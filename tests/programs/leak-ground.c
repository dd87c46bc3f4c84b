/* Blocks that are reached, or not, by each kind of memory that a process has: of each block the
 * size says where the pointer to it is. Ends with status 42 while all its threads live.
 *
 * usage: leak-ground [threads N | fork | signal | brk | many N] */
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

enum {
	IN_DATA = 1008,
	IN_NOTHING = 1024,
	INSIDE_FROM_DATA = 1040,
	FROM_A_BLOCK = 1056,
	FROM_A_LOST_BLOCK = 1072,
	LEADER = 1088,
	IN_A_LARGE_BLOCK = 1104,
	IN_A_LOST_LARGE_BLOCK = 1120,
	IN_OWN_MAPPING = 1136,
	IN_SHARED_MEMORY = 1152,
	IN_FREED_MEMORY = 1168,
	IN_TLS = 1184,
	IN_SPECIFIC = 1200,
	IN_A_STACK = 1216,
	IN_A_DEAD_STACK = 1232,
	BELOW_A_STACK = 1248,
	LOST_BY_A_THREAD = 1264,
	LOST_BY_A_CHILD = 1280,
	ON_THE_SIGNAL_STACK = 1296,
	BY_CALLOC = 1312, /* and from there on by the others of `functions` */
	BEHIND_THE_BREAK = 1504,
	IN_A_PIECE = 1520,
	BETWEEN_PIECES = 1536,
	LARGE = 1 << 20,
};

static void *kept[16];
static __thread void *volatile in_tls;
static sem_t ready;

static NOINLINE void *block(size_t size)
{
	return memset(malloc(size), 0, size);
}

/* A new block, which this word is to lead to. */
static NOINLINE void lead(void *volatile *word, size_t size)
{
	*word = block(size);
}

static void *by_realloc(size_t old, size_t size)
{
	return realloc(malloc(old), size);
}

/* As memcheck has it, whose realloc jumps to malloc then. */
static void *by_malloc(size_t unused, size_t size)
{
	void *volatile none = NULL; /* else the compiler makes it a malloc itself */
	static int n;

	(void)unused;
	return n++ ? realloc(none, size) : malloc(size);
}

static void *by_posix_memalign(size_t alignment, size_t size)
{
	void *block;

	return posix_memalign(&block, alignment, size) ? NULL : block;
}

/* Those that one instruction can call, and others. */
static NOINLINE void by_each_function(void)
{
	static void *(*volatile const functions[])(size_t, size_t) = {
	    calloc, memalign, aligned_alloc, by_posix_memalign, by_realloc, by_malloc};

	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
			functions[i](16, i ? BY_CALLOC + 16 * i : BY_CALLOC / 16);
}

/* So that no register and no stack frame that lives has a pointer left. */
static NOINLINE void wipe(void)
{
	volatile char frame[16384];

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = 0;
	__asm__ volatile("xor %%eax, %%eax\n xor %%ecx, %%ecx\n xor %%edx, %%edx\n"
	                 "xor %%esi, %%esi\n xor %%edi, %%edi\n xor %%r8d, %%r8d\n"
	                 "xor %%r9d, %%r9d\n xor %%r10d, %%r10d\n xor %%r11d, %%r11d"
	                 :
	                 :
	                 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

static NOINLINE void in_data(void)
{
	void **next;

	kept[0] = block(IN_DATA);
	kept[1] = (char *)block(INSIDE_FROM_DATA) + 8;
	next = kept[2] = block(IN_DATA);
	lead(&next[3], FROM_A_BLOCK);
	for (int i = 0; i < 3; i++)
		block(IN_NOTHING);
	next = block(LEADER);
	lead(&next[3], FROM_A_LOST_BLOCK);
}

static NOINLINE void in_large_blocks(void)
{
	void **large = block(LARGE);

	kept[3] = large;
	lead(&large[LARGE / 16], IN_A_LARGE_BLOCK);
	large = block(LARGE + 16);
	lead(&large[LARGE / 16], IN_A_LOST_LARGE_BLOCK);
}

static void *map(int flags)
{
	return mmap(NULL, LARGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
}

/* Between large blocks, with which the kernel joins it. */
static NOINLINE void in_mappings(void)
{
	lead((void **)map(MAP_PRIVATE) + 77, IN_OWN_MAPPING);
	lead((void **)map(MAP_SHARED) + 77, IN_SHARED_MEMORY);
}

static NOINLINE void in_freed_memory(void)
{
	void **freed = block(600);

	lead(&freed[40], IN_FREED_MEMORY);
	free(freed);
}

static NOINLINE void below_the_stack(void)
{
	void *volatile frame[8192];

	lead(&frame[100], BELOW_A_STACK);
}

static void *live(void *key)
{
	void *volatile on_stack = block(IN_A_STACK);

	in_tls = block(IN_TLS);
	pthread_setspecific(*(pthread_key_t *)key, block(IN_SPECIFIC));
	block(LOST_BY_A_THREAD);
	wipe();
	sem_post(&ready);
	for (;;)
		pause();
	return on_stack;
}

static void *die(void *unused)
{
	void *volatile frame[1024];

	(void)unused;
	lead(&frame[100], IN_A_DEAD_STACK);
	return NULL;
}

static void run_threads(int n)
{
	static pthread_key_t key;
	pthread_t thread;

	sem_init(&ready, 0, 0);
	pthread_key_create(&key, NULL);
	for (int i = 0; i < n; i++)
		pthread_create(&thread, NULL, live, &key);
	for (int i = 0; i < n; i++)
		sem_wait(&ready);
	pthread_create(&thread, NULL, die, NULL);
	pthread_join(thread, NULL);
}

static void run_child(void)
{
	pid_t child = fork();

	if (!child) {
		block(LOST_BY_A_CHILD);
		wipe();
		_exit(42);
	}
	waitpid(child, NULL, 0);
}

/* Takes the page behind the heap, so that malloc has to get memory elsewhere, and lets the kernel
 * put pages of the program's between the pieces. */
static NOINLINE void stop_the_break(void)
{
	void *volatile *page = mmap(sbrk(0), 4096, PROT_READ | PROT_WRITE,
	                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	void **list = block(5008);

	if (page == MAP_FAILED)
		_exit(1);
	kept[9] = list;
	lead(&page[5], BEHIND_THE_BREAK);
	for (int i = 0; i < 1000; i++)
		list = list[1] = block(5008);
	lead(&list[2], IN_A_PIECE);
	for (int i = 0; i < 3; i++) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		lead(&page[7], BETWEEN_PIECES);
		for (int j = 0; j < 300; j++)
			list = list[1] = block(5008);
	}
}

/* A list of n blocks of 32 to 64 bytes. */
static void run_many(long n)
{
	for (long i = 0; i < n; i++) {
		void **one = malloc(32 + (size_t)(i * 2654435761u % 33));

		one[0] = kept[8];
		kept[8] = one;
	}
}

/* The stack that it interrupted is whole then. */
static void handle(int number)
{
	void *volatile on_stack = block(ON_THE_SIGNAL_STACK);

	(void)number;
	wipe();
	_exit(42 + !on_stack);
}

static void end_on_signal_stack(void)
{
	static char memory[65536];
	stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "many") == 0) {
		run_many(atol(argv[2]));
		_exit(42);
	}
	in_data();
	in_large_blocks();
	in_mappings();
	in_freed_memory();
	below_the_stack();
	by_each_function();
	if (argc > 1 && strcmp(argv[1], "brk") == 0)
		stop_the_break();
	if (argc > 2 && strcmp(argv[1], "threads") == 0)
		run_threads(atoi(argv[2]));
	if (argc > 1 && strcmp(argv[1], "fork") == 0)
		run_child();
	if (argc > 1 && strcmp(argv[1], "signal") == 0)
		end_on_signal_stack();
	wipe();
	_exit(42);
}
