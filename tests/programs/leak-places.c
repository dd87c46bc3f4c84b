/* Where a start pointer may be when a program ends, each place with its known answer: the table at
 * the end. */
#include "tests/programs/leak.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static void *volatile held;

/* A pointer that is none, until it is to be one. */
#define MASK 0x5a5a5a5a5a5a5a5a
static volatile uint64_t hidden __attribute__((used));

static void hide(void *block)
{
	hidden = (uint64_t)block ^ MASK;
}

/* Ends the process as it stands, with the pointer in r12 and zeros in the other registers;
 * meanwhile SAVE, then 0 in r12 unless it is kept. */
#define STRING(x) #x
#define TEXT(x) STRING(x)
#define LOAD_R12 "movabs $" TEXT(MASK) ", %%r12\n xor hidden(%%rip), %%r12\n"
#define CLEAR                                                                                      \
	" xor %%eax, %%eax\n xor %%ebx, %%ebx\n xor %%ecx, %%ecx\n xor %%edx, %%edx\n xor %%esi, " \
	"%%esi\n"                                                                                  \
	" xor %%edi, %%edi\n xor %%ebp, %%ebp\n xor %%r8d, %%r8d\n xor %%r9d, %%r9d\n xor "        \
	"%%r10d, %%r10d\n"                                                                         \
	" xor %%r11d, %%r11d\n xor %%r13d, %%r13d\n xor %%r14d, %%r14d\n xor %%r15d, %%r15d\n"
#define EXIT_GROUP " mov $231, %%eax\n syscall\n hlt\n"
#define DROP_R12 " xor %%r12d, %%r12d\n"

static void make_hidden(void)
{
	hide(take(100));
}

LEAK_APART void hide_one(void)
{
	make_hidden();
	clear_stack();
}

/* memcheck does not take the registers of the thread that ends the process for roots. */
static void in_register(void)
{
	hide_one();
	__asm__ volatile(LOAD_R12 CLEAR EXIT_GROUP ::: "memory");
}

static void in_register_of_fault(void)
{
	hide_one();
	__asm__ volatile(LOAD_R12 CLEAR " movl $1, 8\n hlt\n" ::: "memory");
}

static void in_vector_register(void)
{
	hide_one();
	__asm__ volatile(LOAD_R12 " movq %%r12, %%xmm7\n" DROP_R12 CLEAR EXIT_GROUP ::: "memory");
}

static void below_stack(void)
{
	hide_one();
	__asm__ volatile(
	    LOAD_R12
	    " sub $4096, %%rsp\n push %%r12\n add $4104, %%rsp\n" DROP_R12 CLEAR EXIT_GROUP ::
	        : "memory");
}

/* Of main's thread when it ends the process. */
static void on_stack(void)
{
	void *volatile local = take(100);

	(void)local;
	exit(0);
}

LEAK_APART void leave_on_stack(void)
{
	void *volatile words[100];

	for (int i = 0; i < 100; i++)
		words[i] = NULL;
	words[50] = take(100);
	__asm__ volatile("" ::"r"(words) : "memory");
}

LEAK_APART void leave_deep_on_stack(int depth)
{
	char frame[256];

	__asm__ volatile("" ::"r"(frame) : "memory");
	if (depth)
		leave_deep_on_stack(depth - 1);
	else
		leave_on_stack();
	__asm__ volatile("" ::"r"(frame) : "memory");
}

/* By functions that have returned. */
static void stale_on_stack(void)
{
	leave_deep_on_stack(20);
	__asm__ volatile(CLEAR DROP_R12 EXIT_GROUP ::: "memory");
}

static __thread void *volatile local_to_thread;

static void in_tls(void)
{
	local_to_thread = take(100);
}

static const char *library_path(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	if (length < 0)
		abort();
	path[length] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash + 1, "leak-library");
	return path;
}

static void *open_library(int is_tls, void ***place)
{
	void *library = dlopen(library_path(), RTLD_NOW);
	void **(*place_of)(int);

	if (!library)
		abort();
	*(void **)&place_of = dlsym(library, "leak_library_place");
	*place = place_of(is_tls);
	return library;
}

static void library_alone(void)
{
	void **place;

	open_library(0, &place);
}

static void library_data(void)
{
	void **place;

	open_library(0, &place);
	*place = take(100);
}

static void library_closed_alone(void)
{
	void **place;

	dlclose(open_library(0, &place));
}

static void library_closed(void)
{
	void **place;
	void *library = open_library(0, &place);

	*place = take(100);
	dlclose(library);
}

static void library_tls_alone(void)
{
	void **place;

	open_library(1, &place);
}

static void library_tls(void)
{
	void **place;

	open_library(1, &place);
	*place = take(100);
}

static void specific(void)
{
	pthread_key_t key;

	pthread_key_create(&key, NULL);
	pthread_setspecific(key, take(100));
}

/* The first 32 have their place in the thread's descriptor; the next 32 in a block of 32 * 16
 * bytes. */
static void specific_many(void)
{
	for (int i = 0; i < 40; i++)
		specific();
}

static volatile int n_ready;

LEAK_APART void wait_for_ready(int n)
{
	while (__atomic_load_n(&n_ready, __ATOMIC_ACQUIRE) < n)
		sched_yield();
}

LEAK_APART void be_ready(void)
{
	__atomic_add_fetch(&n_ready, 1, __ATOMIC_RELEASE);
}

LEAK_APART void start_threads(int n, void *(*body)(void *))
{
	for (int i = 0; i < n; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, body, NULL))
			abort();
		pthread_detach(thread);
	}
	wait_for_ready(n);
}

static void *sleep_only(void *unused)
{
	be_ready();
	for (;;)
		pause();
	return unused;
}

static void *sleep_with_block(void *unused)
{
	void *volatile local = take(100);

	(void)local;
	return sleep_only(unused);
}

static void *sleep_with_tls(void *unused)
{
	local_to_thread = take(100);
	return sleep_only(unused);
}

static void *sleep_with_specific(void *unused)
{
	specific();
	clear_stack();
	return sleep_only(unused);
}

static void *sleep_without_block(void *unused)
{
	take(100);
	clear_stack();
	return sleep_only(unused);
}

/* From before it says that it is ready, the pointer is in r12 alone. */
static void *sleep_with_register(void *unused)
{
	clear_stack();
	__asm__ volatile(LOAD_R12 CLEAR " lock incl n_ready(%%rip)\n"
	                                "1: mov $34, %%eax\n syscall\n jmp 1b\n" ::
	                                    : "memory");
	return unused;
}

static void thread_alone(void)
{
	start_threads(1, sleep_only);
}

static void thread_stack(void)
{
	start_threads(1, sleep_with_block);
}

static void thread_tls(void)
{
	start_threads(1, sleep_with_tls);
}

static void thread_specific(void)
{
	start_threads(1, sleep_with_specific);
}

static void thread_lost(void)
{
	start_threads(1, sleep_without_block);
}

static void thread_register(void)
{
	hide_one();
	start_threads(1, sleep_with_register);
}

static void thread_fault_alone(void)
{
	start_threads(1, sleep_only);
	__asm__ volatile("movl $1, 8");
}

static void thread_register_fault(void)
{
	thread_register();
	clear_stack();
	__asm__ volatile("movl $1, 8");
}

static void thread_stack_fault(void)
{
	thread_stack();
	clear_stack();
	__asm__ volatile("movl $1, 8");
}

static void threads_alone(void)
{
	start_threads(20, sleep_only);
}

static void threads_alive(void)
{
	start_threads(20, sleep_with_block);
}

LEAK_APART void run_threads(int n, void *(*body)(void *))
{
	for (int i = 0; i < n; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, body, NULL) || pthread_join(thread, NULL))
			abort();
	}
}

static void *end_only(void *unused)
{
	return unused;
}

static void *end_with_block(void *unused)
{
	leave_deep_on_stack(4);
	return unused;
}

static void *end_holding_tls(void *unused)
{
	local_to_thread = take(100);
	return unused;
}

static void *end_with_specific(void *unused)
{
	specific();
	return unused;
}

static void *give(void *unused)
{
	(void)unused;
	held = take(200);
	take(100);
	clear_stack();
	return NULL;
}

static void dead_alone(void)
{
	run_threads(1, end_only);
}

static void dead_stack(void)
{
	run_threads(1, end_with_block);
}

static void dead_tls(void)
{
	run_threads(1, end_holding_tls);
}

static void dead_specific(void)
{
	run_threads(1, end_with_specific);
}

/* What a thread allocates is in another arena than main's. */
static void other_arena(void)
{
	run_threads(1, give);
}

/* With a pointer in all its frame, or with zeros. glibc gives back what is more than 16 KB below
 * the stack pointer of a thread that ends by pthread_exit(3). */
enum { DEEPEST = 12 * 1024 };

LEAK_APART void end_deep(size_t depth, void *word)
{
	void *volatile words[DEEPEST / sizeof(void *)];
	char *deep = (char *)words + DEEPEST - depth;

	for (size_t i = 0; i < DEEPEST / sizeof(void *); i++)
		words[i] = word;
	__asm__ volatile("mov %0, %%rsp\n syscall\n hlt" ::"r"(deep), "a"(SYS_exit), "D"(0)
	                 : "rcx", "r11", "memory");
}

static void *end_deep_only(void *depth)
{
	end_deep((size_t)depth, NULL);
	return NULL;
}

static void *end_deep_with_block(void *depth)
{
	end_deep((size_t)depth, take(100));
	return NULL;
}

LEAK_APART void leave_block_in_frame(void)
{
	void *volatile words[DEEPEST / sizeof(void *)];
	void *block = take(100);

	for (size_t i = 0; i < DEEPEST / sizeof(void *); i++)
		words[i] = block;
	__asm__ volatile("" ::"r"(words) : "memory");
}

static void *end_above_block(void *unused)
{
	leave_block_in_frame();
	return unused;
}

LEAK_APART void run_thread(void *(*body)(void *), size_t argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, (void *)argument) || pthread_join(thread, NULL))
		abort();
}

/* One after the other on the same stack, each with another end of it: the last one's counts. */
static void dead_deep_alone(void)
{
	for (size_t depth = 1024; depth < DEEPEST; depth += 1024)
		run_thread(end_deep_only, depth);
}

static void dead_deep_then_not(void)
{
	dead_deep_alone();
	run_thread(end_above_block, 0);
}

static void dead_deep_at_last(void)
{
	dead_deep_alone();
	run_thread(end_deep_with_block, DEEPEST);
}

static void many_dead_alone(void)
{
	run_threads(30, end_only);
}

static void many_dead(void)
{
	run_threads(30, end_with_block);
}

static void *end_detached(void *unused)
{
	leave_deep_on_stack(4);
	clear_stack();
	be_ready();
	return unused;
}

static void detached(void)
{
	char status[4096];

	start_threads(1, end_detached);
	do {
		int fd = open("/proc/self/status", O_RDONLY);
		ssize_t length = read(fd, status, sizeof(status) - 1);

		close(fd);
		status[length > 0 ? length : 0] = '\0';
	} while (!strstr(status, "Threads:\t1\n"));
}

static void *map(size_t size, int protection, int flags, int fd)
{
	void *memory = mmap(NULL, size, protection, flags, fd, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

static void **map_one(int flags)
{
	void **words = (void **)map(100000, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1);

	words[5000] = take(100);
	return words;
}

static void mapped(void)
{
	map_one(MAP_PRIVATE);
}

static void mapped_shared(void)
{
	map_one(MAP_SHARED);
}

static void mapped_file(int flags)
{
	int fd = memfd_create("leak", 0);
	void **words;

	if (fd < 0 || ftruncate(fd, 100000))
		abort();
	words = (void **)map(100000, PROT_READ | PROT_WRITE, flags, fd);
	words[5000] = take(100);
}

static void mapped_file_shared(void)
{
	mapped_file(MAP_SHARED);
}

static void mapped_file_private(void)
{
	mapped_file(MAP_PRIVATE);
}

/* Two pages are mapped of a file that has one. */
static void mapped_short_file(void)
{
	int fd = memfd_create("leak", 0);
	void **words;

	if (fd < 0 || ftruncate(fd, 4096))
		abort();
	words = (void **)map(8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	words[10] = take(100);
}

static void mapped_dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	void **words = (void **)map(100000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	words[5000] = take(100);
}

static void mapped_read_only(void)
{
	if (mprotect(map_one(MAP_PRIVATE), 100000, PROT_READ))
		abort();
}

static void mapped_no_access(void)
{
	if (mprotect(map_one(MAP_PRIVATE), 100000, PROT_NONE))
		abort();
}

static void mapped_executable(void)
{
	if (mprotect(map_one(MAP_PRIVATE), 100000, PROT_READ | PROT_WRITE | PROT_EXEC))
		abort();
}

static void unmapped(void)
{
	munmap(map_one(MAP_PRIVATE), 100000);
}

/* Two maps of one file: the pointer is written through one of them. */
static void mapped_twice(void)
{
	int fd = memfd_create("leak", 0);
	void **words, **again;

	if (fd < 0 || ftruncate(fd, 100000))
		abort();
	words = (void **)map(100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	again = (void **)map(100000, PROT_READ, MAP_SHARED, fd);
	words[5000] = take(100);
	munmap(words, 100000);
	held = &again[1];
}

static void attached(void)
{
	int id = shmget(IPC_PRIVATE, 100000, IPC_CREAT | 0600);
	void **words = id < 0 ? (void **)-1 : (void **)shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	if (words == (void **)-1)
		abort();
	words[5000] = take(100);
}

static void program_break(void)
{
	void **words = (void **)sbrk(100000);

	if (words == (void **)-1)
		abort();
	words[5000] = take(100);
}

static void in_pipe(void)
{
	int ends[2];
	void *block = take(100);

	if (pipe(ends) || write(ends[1], &block, sizeof(block)) != sizeof(block))
		abort();
}

#define STACK_BYTES ((size_t)256 * 1024)

static void end_in_handler(int number)
{
	void *volatile local = take(200);

	(void)local;
	(void)number;
	exit(0);
}

LEAK_APART void raise_on(void *memory)
{
	stack_t stack = {.ss_sp = memory, .ss_size = STACK_BYTES};
	struct sigaction action = {.sa_handler = end_in_handler, .sa_flags = SA_ONSTACK};
	void *volatile local = take(100);

	(void)local;
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

/* The program ends in a handler on a stack of its own: what is on that and what is on the
 * interrupted one counts. */
static void signal_stack(void)
{
	raise_on(map(STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
}

static ucontext_t outside, inside;

static void leave_coroutine(void)
{
	void *volatile local = take(100);

	swapcontext(&inside, &outside);
	(void)local;
}

static void end_in_coroutine(void)
{
	void *volatile local = take(100);

	(void)local;
	exit(0);
}

static void run_coroutine(void *memory, void (*body)(void))
{
	getcontext(&inside);
	inside.uc_stack.ss_sp = memory;
	inside.uc_stack.ss_size = STACK_BYTES;
	inside.uc_link = &outside;
	makecontext(&inside, body, 0);
	swapcontext(&outside, &inside);
	memset(&inside, 0, sizeof(inside));
	memset(&outside, 0, sizeof(outside));
}

static void coroutine_left(void)
{
	run_coroutine(map(STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1),
	              leave_coroutine);
}

static void coroutine_left_in_block(void)
{
	held = take(STACK_BYTES);
	run_coroutine(held, leave_coroutine);
}

static void coroutine_ends(void)
{
	run_coroutine(map(STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1),
	              end_in_coroutine);
}

static void coroutine_ends_in_block(void)
{
	held = take(STACK_BYTES);
	run_coroutine(held, end_in_coroutine);
}

static void kept_for_exit(int status, void *block)
{
	(void)status;
	free(block);
}

static void at_exit(void)
{
	on_exit(kept_for_exit, take(100));
}

static const struct leak_case cases[] = {
    LEAKS("nothing", clear_stack, ""),
    LEAKS("register", in_register, "definite 100/1"),
    LEAKS("register-fault", in_register_of_fault, "definite 100/1"),
    LEAKS("vector-register", in_vector_register, "definite 100/1"),
    LEAKS("below-stack", below_stack, "definite 100/1"),
    LEAKS("stack", on_stack, "reachable 100/1"),
    LEAKS("stale-stack", stale_on_stack, "definite 100/1"),
    LEAKS("tls", in_tls, "reachable 100/1"),
    LEAKS("library-alone", library_alone, "?"),
    LEAKS_BESIDE("library-alone", "library-data", library_data, "reachable 100/1"),
    LEAKS("library-closed-alone", library_closed_alone, "?"),
    LEAKS_BESIDE("library-closed-alone", "library-closed", library_closed, "definite 100/1"),
    LEAKS("library-tls-alone", library_tls_alone, "?"),
    LEAKS_BESIDE("library-tls-alone", "library-tls", library_tls, "reachable 100/1"),
    LEAKS("specific", specific, "reachable 100/1"),
    LEAKS("specific-many", specific_many, "reachable 4512/41"),
    LEAKS("thread-alone", thread_alone, "?"),
    LEAKS_BESIDE("thread-alone", "thread-stack", thread_stack, "reachable 100/1"),
    LEAKS_BESIDE("thread-alone", "thread-tls", thread_tls, "reachable 100/1"),
    LEAKS_BESIDE("thread-alone", "thread-specific", thread_specific, "reachable 100/1"),
    LEAKS_BESIDE("thread-alone", "thread-register", thread_register, "reachable 100/1"),
    LEAKS_BESIDE("thread-alone", "thread-lost", thread_lost, "definite 100/1"),
    LEAKS("thread-fault-alone", thread_fault_alone, "?"),
    LEAKS_BESIDE("thread-fault-alone", "thread-register-fault", thread_register_fault,
                 "definite 100/1"),
    LEAKS_BESIDE("thread-fault-alone", "thread-stack-fault", thread_stack_fault, "reachable 100/1"),
    LEAKS("threads-alone", threads_alone, "?"),
    LEAKS_BESIDE("threads-alone", "threads-alive", threads_alive, "reachable 2000/20"),
    LEAKS("dead-alone", dead_alone, "?"),
    LEAKS_BESIDE("dead-alone", "dead-stack", dead_stack, "definite 100/1"),
    LEAKS_BESIDE("dead-alone", "dead-tls", dead_tls, "reachable 100/1"),
    LEAKS_BESIDE("dead-alone", "dead-specific", dead_specific, "definite 100/1"),
    LEAKS("dead-deep-alone", dead_deep_alone, "?"),
    LEAKS_BESIDE("dead-deep-alone", "dead-deep-then-not", dead_deep_then_not, "definite 100/1"),
    LEAKS_BESIDE("dead-deep-alone", "dead-deep-at-last", dead_deep_at_last, "reachable 100/1"),
    LEAKS_BESIDE("dead-alone", "other-arena", other_arena, "definite 100/1 reachable 200/1"),
    LEAKS("many-dead-alone", many_dead_alone, "?"),
    LEAKS_BESIDE("many-dead-alone", "many-dead", many_dead, "definite 3000/30"),
    LEAKS_BESIDE("dead-alone", "detached", detached, "definite 100/1"),
    LEAKS("mapped", mapped, "reachable 100/1"),
    LEAKS("mapped-shared", mapped_shared, "reachable 100/1"),
    LEAKS("mapped-file-shared", mapped_file_shared, "reachable 100/1"),
    LEAKS("mapped-file-private", mapped_file_private, "reachable 100/1"),
    LEAKS("mapped-short-file", mapped_short_file, "reachable 100/1"),
    LEAKS("mapped-dev-zero", mapped_dev_zero, "reachable 100/1"),
    LEAKS("mapped-read-only", mapped_read_only, "definite 100/1"),
    LEAKS("mapped-no-access", mapped_no_access, "definite 100/1"),
    LEAKS("mapped-executable", mapped_executable, "reachable 100/1"),
    LEAKS("mapped-twice", mapped_twice, "definite 100/1"),
    LEAKS("unmapped", unmapped, "definite 100/1"),
    LEAKS("attached", attached, "reachable 100/1"),
    LEAKS("program-break", program_break, "reachable 100/1"),
    LEAKS("in-pipe", in_pipe, "definite 100/1"),
    LEAKS("signal-stack", signal_stack, "reachable 300/2"),
    LEAKS("coroutine-left", coroutine_left, "reachable 100/1"),
    LEAKS("coroutine-left-in-block", coroutine_left_in_block, "reachable 262244/2"),
    LEAKS("coroutine-ends", coroutine_ends, "reachable 100/1"),
    LEAKS("coroutine-ends-in-block", coroutine_ends_in_block, "reachable 262244/2"),
    LEAKS("at-exit", at_exit, ""),
};

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
