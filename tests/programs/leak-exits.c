/* Loses 10 blocks of 100 bytes, and keeps one, in each process that it makes; then ends as its
 * argument says. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_LOST = 10, N_BYTES = 100, N_THREADS = 200, N_CHILDREN = 4, STATUS = 5 };

static void *volatile kept;

__attribute__((noinline)) static void lose(void)
{
	for (int i = 0; i < N_LOST; i++) {
		volatile char *block = malloc(N_BYTES);

		block[0] = 1;
	}
	kept = malloc(N_BYTES);
}

/* What the last calls left on the stack. */
__attribute__((noinline)) static void wipe_stack(void)
{
	volatile char room[16384];

	memset((char *)room, 0, sizeof(room));
}

static void *wait_for_ever(void *context)
{
	for (;;)
		pause();
	return context;
}

static void *exit_soon(void *context)
{
	usleep(50000);
	exit(STATUS);
	return context;
}

static void *end_soon(void *context)
{
	usleep(50000);
	return context;
}

static void *execute(void *context)
{
	execl("/proc/self/exe", "leak-exits", "return", NULL);
	return context;
}

static void *fault(void *context)
{
	usleep(20000);
	*(volatile int *)context = 1;
	return NULL;
}

static void start(int n, void *(*work)(void *))
{
	pthread_t thread;

	while (n--)
		if (pthread_create(&thread, NULL, work, NULL))
			abort();
}

static void by_return(void)
{
}

static void by_exit(void)
{
	exit(STATUS);
}

static void by_underscore_exit(void)
{
	_exit(STATUS);
}

static void by_exit_group(void)
{
	syscall(SYS_exit_group, STATUS);
}

static void by_quick_exit(void)
{
	quick_exit(STATUS);
}

static void by_abort(void)
{
	abort();
}

static void by_fault(void)
{
	raise(SIGSEGV);
}

static void by_kill(void)
{
	raise(SIGKILL);
}

static void by_waiting(void)
{
	puts("waits");
	fflush(stdout);
	wait_for_ever(NULL);
}

/* A second signal while the first one ends it. */
static void by_two_kills(void)
{
	pid_t pid = getpid();

	start(N_THREADS, wait_for_ever);
	if (!vfork()) {
		kill(pid, SIGKILL);
		kill(pid, SIGKILL);
		_exit(0);
	}
}

static void among_threads(void)
{
	start(N_THREADS, wait_for_ever);
}

static void by_thread_fault(void)
{
	start(N_CHILDREN, wait_for_ever);
	start(1, fault);
	wait_for_ever(NULL);
}

static void by_thread(void)
{
	start(1, exit_soon);
	pthread_exit(NULL);
}

static void by_last_thread(void)
{
	start(3, end_soon);
	pthread_exit(NULL);
}

static void by_exec_of_thread(void)
{
	start(N_CHILDREN, wait_for_ever);
	start(1, execute);
	wait_for_ever(NULL);
}

/* Each child loses blocks of its own, and has one too. */
static void with_children(void)
{
	for (int i = 0; i < N_CHILDREN; i++)
		if (!fork()) {
			lose();
			if (i % 2 && !fork()) {
				lose();
				wipe_stack();
				_exit(0);
			}
			while (wait(NULL) > 0)
				;
			wipe_stack();
			_exit(i);
		}
	while (wait(NULL) > 0)
		;
}

static void with_vfork(void)
{
	char *argv[] = {(char *)"true", NULL};
	pid_t pid = vfork();

	if (!pid)
		_exit(3);
	waitpid(pid, NULL, 0);
	posix_spawnp(&pid, "true", NULL, NULL, argv, argv + 1);
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *word;
	void (*end)(void);
} ends[] = {
    {"return", by_return},
    {"exit", by_exit},
    {"_exit", by_underscore_exit},
    {"exit_group", by_exit_group},
    {"quick_exit", by_quick_exit},
    {"abort", by_abort},
    {"fault", by_fault},
    {"kill", by_kill},
    {"wait", by_waiting},
    {"two-kills", by_two_kills},
    {"threads", among_threads},
    {"thread-fault", by_thread_fault},
    {"thread", by_thread},
    {"last-thread", by_last_thread},
    {"exec-of-thread", by_exec_of_thread},
    {"children", with_children},
    {"vfork", with_vfork},
};

int main(int argc, char **argv)
{
	const struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; argc > 1 && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(argv[1], ends[i].word)) {
			lose();
			wipe_stack();
			ends[i].end();
		}
	return STATUS;
}
