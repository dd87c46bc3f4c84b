/* System calls of known places: so many from each function.
 *
 *   io_sites STEP...     a step is a name of the table below
 *
 * Functions marked `here` are frames of their own.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __clang__
#define here __attribute__((noinline))
#else
#define here __attribute__((noinline, noclone)) /* GCC has copies for constant arguments */
#endif

static char *self;
static int sink, source;
static char buffer[100];

/* At the end of a function: no tail call, and not the same code as another one's. */
#define keep_frame() __asm__ volatile("# %0" ::"i"(__LINE__) : "memory")

static here void write_tens(void)
{
	for (int i = 0; i < 300; i++)
		if (write(sink, buffer, 10) != 10)
			_exit(1);
}

static here void read_hundreds(void)
{
	for (int i = 0; i < 70; i++)
		if (read(source, buffer, 100) != 100)
			_exit(1);
}

/* One call site reached from two: by turns, so that stacks of equal depth follow each other. */
static here void write_one(void)
{
	if (write(sink, buffer, 1) != 1)
		_exit(1);
}

static here void by_left(void)
{
	write_one();
	keep_frame();
}

static here void by_right(void)
{
	write_one();
	keep_frame();
}

static here void turns(void)
{
	for (int i = 0; i < 90; i++) {
		by_left();
		if (i % 3 == 0)
			by_right();
	}
}

/* depth frames, the innermost of which calls. */
static here int descend(int depth)
{
	int result;

	if (depth == 0) {
		write_one();
		return 0;
	}
	result = descend(depth - 1);
	keep_frame();
	return result + 1;
}

static here void depths(void)
{
	for (int i = 0; i < 20; i++)
		descend(i % 2 ? 50 : 5);
	keep_frame();
}

static here void *thread_writes(void *name)
{
	prctl(PR_SET_NAME, name);
	write_tens();
	keep_frame();
	return NULL;
}

static here void threads(void)
{
	static char *const names[] = {"first", "second", "third"};
	pthread_t ids[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&ids[i], NULL, thread_writes, names[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(ids[i], NULL);
}

static here void child_reads(void)
{
	read_hundreds();
	keep_frame();
}

static here void forks(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		child_reads();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	keep_frame();
}

static here void vforked_exec(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(self, "io_sites", "tens", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	keep_frame();
}

static here void on_signal(int number)
{
	(void)number;
	for (int i = 0; i < 5; i++)
		write_one();
	keep_frame();
}

static here void signals(void)
{
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < 4; i++)
		raise(SIGUSR1);
	keep_frame();
}

/* getpid by i386's table. */
static here void calls_int80(void)
{
	for (int i = 0; i < 6; i++) {
		long number = 20;

		__asm__ volatile("int $0x80" : "+a"(number)::"memory");
	}
}

/* 12 writes below code that is made at run time, with a frame pointer and no tables, and named in
 * /tmp/perf-PID.map. */
static here void jit(void)
{
	/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret */
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*made)(void (*inner)(void)) = (void (*)(void (*)(void)))(uintptr_t)page;
	char path[64];
	FILE *map;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path); /* of a process that had this number before */
	map = fopen(path, "wx");
	if (page == MAP_FAILED || !map)
		_exit(1);
	memcpy(page, code, sizeof(code));
	fprintf(map, "%lx %zx made_at_run_time\n", (unsigned long)page, sizeof(code));
	fclose(map);
	for (int i = 0; i < 12; i++)
		made(write_one);
	keep_frame();
}

/* Says so, and waits for a byte or the end of its input. */
static here void awaits(void)
{
	char byte;

	if (write(1, "waits\n", 6) != 6 || read(0, &byte, 1) < 0)
		_exit(1);
	keep_frame();
}

static here void executes(void)
{
	execl(self, "io_sites", "hundreds", (char *)NULL);
	_exit(1);
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
    {"tens", write_tens},
    {"hundreds", read_hundreds},
    {"turns", turns},
    {"depths", depths},
    {"threads", threads},
    {"forks", forks},
    {"vfork", vforked_exec},
    {"signals", signals},
    {"int80", calls_int80},
    {"exec", executes},
    {"jit", jit},
    {"awaits", awaits},
};

int main(int argc, char **argv)
{
	self = realpath("/proc/self/exe", NULL);
	sink = open("/dev/null", O_WRONLY);
	source = open("/dev/zero", O_RDONLY);
	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++)
			if (!strcmp(argv[i], steps[j].name))
				steps[j].run();
	return 0;
}
