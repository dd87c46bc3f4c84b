/* Ways to come to burn(), each with a known stack: stack_cases CASE MILLISECONDS. The process is
 * named after the case. tests/e2e/cpu-catalogue.sh holds what each stack has to be. */
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* A function of its own: neither inlined nor cloned nor merged. */
#ifdef __clang__
#define ALONE __attribute__((noinline, optnone))
#else
#define ALONE __attribute__((noinline, noipa))
#endif
/* After a call, keeps it from becoming a jump. */
#define NO_TAIL_CALL __asm__ volatile("" ::: "memory")

static volatile uint64_t sink;
static uint64_t wanted_ns;
static const char *self_path;

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

ALONE static void burn_for(uint64_t ns)
{
	uint64_t start = cpu_ns();

	while (cpu_ns() - start < ns)
		for (unsigned i = 0; i < 20000; i++)
			sink = sink * 6364136223846793005u + i;
}

ALONE static void burn(void)
{
	burn_for(wanted_ns);
	NO_TAIL_CALL;
}

/* So short a function that many samples are in its PLT entry. */
ALONE static void call_through_plt(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (uint64_t start = cpu_ns(); cpu_ns() - start < wanted_ns;)
		for (int i = 0; i < 20000; i++)
			sigaddset(&set, 3);
}

ALONE static void read_clocks(void)
{
	struct timespec now;

	for (uint64_t start = cpu_ns(); cpu_ns() - start < wanted_ns;)
		for (int i = 0; i < 5000; i++)
			clock_gettime(CLOCK_MONOTONIC, &now);
}

ALONE static void descend(unsigned depth)
{
	if (depth == 1)
		burn();
	else
		descend(depth - 1);
	NO_TAIL_CALL;
}

static void descend_100(void)
{
	descend(100);
	NO_TAIL_CALL;
}

static void descend_1000(void)
{
	descend(1000);
	NO_TAIL_CALL;
}

static void descend_3000(void)
{
	descend(3000);
	NO_TAIL_CALL;
}

/* Four frames of 40 KB, more than the largest copy there is. */
ALONE static void have_large_frame(unsigned depth)
{
	volatile char *room = alloca(40000);

	room[0] = room[39999] = 1;
	if (depth == 1)
		burn();
	else
		have_large_frame(depth - 1);
	NO_TAIL_CALL;
	sink += (uint64_t)room[0];
}

static void have_large_frames(void)
{
	have_large_frame(4);
	NO_TAIL_CALL;
}

/* Frames of 20 KB that come and go in microseconds, from two places: what memory holds of them says
 * nothing of a moment ago. All their pages are used: one that never was ends a copy. */
ALONE static void change_room(volatile char *room, unsigned n)
{
	for (unsigned i = 0; i < 200; i++)
		room[(n * 97 + i * 101) % 20000]++;
}

ALONE static void have_changing_frame(unsigned n)
{
	volatile char room[20000];

	room[0] = room[19999] = (char)n;
	for (unsigned i = 0; i < 20; i++)
		change_room(room, i + n);
	sink += (uint64_t)room[0];
}

ALONE static void call_from_one(unsigned n)
{
	have_changing_frame(n);
	NO_TAIL_CALL;
}

ALONE static void call_from_other(unsigned n)
{
	have_changing_frame(n);
	NO_TAIL_CALL;
}

ALONE static void have_changing_frames(void)
{
	for (uint64_t start = cpu_ns(); cpu_ns() - start < wanted_ns;)
		for (unsigned i = 0; i < 50; i++) {
			call_from_one(i);
			call_from_other(i);
		}
}

ALONE static void on_signal(int number)
{
	(void)number;
	burn();
	NO_TAIL_CALL;
}

ALONE static void be_interrupted(void)
{
	raise(SIGUSR1);
	NO_TAIL_CALL;
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void use_alternate_stack(void)
{
	enum { BYTES = 64 * 1024 };
	stack_t stack = {.ss_size = BYTES, .ss_sp = malloc(BYTES)};

	sigaltstack(&stack, NULL);
}

static void handle_signal(void)
{
	handle(SIGUSR1, on_signal, 0);
	be_interrupted();
}

static void handle_on_other_stack(void)
{
	use_alternate_stack();
	handle(SIGUSR1, on_signal, SA_ONSTACK);
	be_interrupted();
}

ALONE static void on_outer_signal(int number)
{
	(void)number;
	raise(SIGUSR2);
	NO_TAIL_CALL;
}

/* A handler that is interrupted by another one, both on the alternate stack. */
static void handle_nested_signals(void)
{
	use_alternate_stack();
	handle(SIGUSR1, on_outer_signal, SA_ONSTACK);
	handle(SIGUSR2, on_signal, SA_ONSTACK);
	be_interrupted();
}

ALONE static void on_tick(int number)
{
	(void)number;
	burn_for(500000);
	NO_TAIL_CALL;
}

/* The timer interrupts a read that waits, which the kernel starts again each time. No tick comes
 * outside: where others have the processor one may come before the read. */
ALONE static void wait_for_byte(int fd)
{
	const struct itimerval every_ms = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	char byte;

	setitimer(ITIMER_REAL, &every_ms, NULL);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	setitimer(ITIMER_REAL, &never, NULL);
	NO_TAIL_CALL;
}

static void restart_calls(void)
{
	int fds[2];
	pid_t writer;

	if (pipe(fds))
		exit(1);
	writer = fork();
	if (writer == 0) {
		struct timespec pause = {0, (long)wanted_ns * 2};

		prctl(PR_SET_NAME, "writer");
		nanosleep(&pause, NULL);
		_exit(write(fds[1], "", 1) != 1);
	}
	handle(SIGALRM, on_tick, SA_RESTART);
	wait_for_byte(fds[0]);
	waitpid(writer, NULL, 0);
}

#ifdef __GLIBC__ /* musl has no contexts */
static ucontext_t main_context, coroutine_context;

ALONE static void coroutine(void)
{
	burn();
	NO_TAIL_CALL;
}

static void run_coroutine(void *stack, size_t size)
{
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = stack;
	coroutine_context.uc_stack.ss_size = size;
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine, 0);
	swapcontext(&main_context, &coroutine_context);
}

static void switch_context(void)
{
	enum { BYTES = 64 * 1024 };

	run_coroutine(malloc(BYTES), BYTES);
}

static void run_on_growing_stack(void)
{
	enum { BYTES = 4096 };
	void *stack = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK, -1, 0);

	run_coroutine(stack, BYTES);
}
#endif

ALONE static void jump_back(jmp_buf *place)
{
	longjmp(*place, 1);
}

ALONE static void land(void)
{
	jmp_buf place;
	volatile int n = 0;

	setjmp(place);
	if (n++ < 1000)
		jump_back(&place);
	burn();
	NO_TAIL_CALL;
}

static void exec_case(const char *name)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)(wanted_ns / 1000000));
	execl(self_path, self_path, name, text, NULL);
	_exit(127);
}

/* The child of vfork runs on its parent's stack until it execs. */
static void spawn_by_vfork(void)
{
	pid_t child = vfork();

	if (child == 0)
		exec_case("vforked");
	burn();
	waitpid(child, NULL, 0);
}

ALONE static void before_exec(void)
{
	burn();
	NO_TAIL_CALL;
}

static void exec_first(void)
{
	before_exec();
	exec_case("exec-second");
}

static void exec_second(void)
{
	before_exec();
	exec_case("exec-third");
}

ALONE static void *short_thread(void *argument)
{
	burn_for(wanted_ns / 50);
	NO_TAIL_CALL;
	return argument;
}

static void start_threads(size_t stack_bytes, unsigned n_threads)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	if (stack_bytes)
		pthread_attr_setstacksize(&attributes, stack_bytes);
	for (unsigned i = 0; i < n_threads; i++)
		if (pthread_create(&thread, &attributes, short_thread, NULL) ||
		    pthread_join(thread, NULL))
			exit(1);
	pthread_attr_destroy(&attributes);
}

static void end_threads(void)
{
	start_threads(0, 50);
}

static void have_small_stacks(void)
{
	start_threads((size_t)PTHREAD_STACK_MIN, 50);
}

/* Its call is its last instruction: the return address is the next function's first. */
ALONE __attribute__((noreturn)) static void burn_and_exit(void)
{
	burn();
	exit(0);
}

ALONE static void end_in_call(void)
{
	burn_and_exit();
}

#ifndef STATIC
/* Two libraries whose functions have other frames at the same addresses, loaded by turns. */
static void reload_libraries(void)
{
	static const char *const names[] = {"stack_library_a", "stack_library_b"};
	char path[PATH_MAX];

	for (unsigned i = 0; i < 20; i++) {
		const char *name = names[i % 2];
		void (*call)(void (*inner)(uint64_t ns), uint64_t ns);
		void *library;

		snprintf(path, sizeof(path), "%s", self_path);
		strcpy(strrchr(path, '/') + 1, name);
		library = dlopen(path, RTLD_NOW);
		if (!library)
			exit(1);
		*(void **)&call = dlsym(library, name);
		call(burn_for, wanted_ns / 20);
		dlclose(library);
	}
}
#endif

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
    {"plain", burn},
    {"plt", call_through_plt},
    {"vdso", read_clocks},
    {"deep-100", descend_100},
    {"deep-1000", descend_1000},
    {"deep-3000", descend_3000},
    {"large-frames", have_large_frames},
    {"changing", have_changing_frames},
    {"signal", handle_signal},
    {"altstack", handle_on_other_stack},
    {"nested", handle_nested_signals},
    {"restart", restart_calls},
    {"longjmp", land},
    {"vfork", spawn_by_vfork},
    {"vforked", burn},
    {"exec-first", exec_first},
    {"exec-second", exec_second},
    {"exec-third", before_exec},
    {"threads", end_threads},
    {"small-stacks", have_small_stacks},
    {"noreturn", end_in_call},
#ifdef __GLIBC__
    {"coroutine", switch_context},
    {"grows-down", run_on_growing_stack},
#endif
#ifndef STATIC
    {"reload", reload_libraries},
#endif
};

int main(int argc, char **argv)
{
	self_path = argv[0];
	if (argc < 3)
		return 2;
	wanted_ns = strtoull(argv[2], NULL, 10) * 1000000u;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		prctl(PR_SET_NAME, argc > 3 ? argv[3] : argv[1]);
		cases[i].run();
		NO_TAIL_CALL;
		return 0;
	}
	fprintf(stderr, "no case %s\n", argv[1]);
	return 2;
}
