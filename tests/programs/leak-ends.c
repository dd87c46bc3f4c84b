/* How processes end, and whose the leaks are then: each way with its known answer, the table at the
 * end.
 *
 * Unless a case says otherwise a block of 200 is held and one of 100 is lost when it ends. A case
 * that makes more than one process has an answer for each, between semicolons, in any order.
 */
#include "tests/programs/leak.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *volatile held;

LEAK_APART void leak_both(void)
{
	held = take(200);
	take(100);
	clear_stack();
}

static void by_return(void)
{
	leak_both();
}

static void by_exit(void)
{
	leak_both();
	exit(3);
}

static void by_exit_at_once(void)
{
	leak_both();
	_exit(3);
}

static void by_system_call(void)
{
	leak_both();
	syscall(SYS_exit_group, 3);
}

/* The only thread ends, not the process. */
static void by_thread_call(void)
{
	leak_both();
	syscall(SYS_exit, 3);
}

static void by_quick_exit(void)
{
	leak_both();
	quick_exit(3);
}

static void by_abort(void)
{
	leak_both();
	abort();
}

static void by_fault(void)
{
	leak_both();
	__asm__ volatile("movl $1, 8");
}

static void by_sigterm(void)
{
	leak_both();
	kill(getpid(), SIGTERM);
}

static void by_sigkill(void)
{
	leak_both();
	kill(getpid(), SIGKILL);
}

/* Freed by what runs last. */
static void *freed_at_exit;

__attribute__((destructor)) static void last(void)
{
	free(freed_at_exit);
}

static void by_destructor(void)
{
	freed_at_exit = take(1000);
	leak_both();
	exit(0);
}

static void *end_process(void *unused)
{
	if (unused)
		leak_both();
	exit(0);
	return unused;
}

/* While main waits, whose stack counts. */
static void by_other_thread(void)
{
	void *volatile local = take(50);
	pthread_t thread;

	pthread_create(&thread, NULL, end_process, (void *)&held);
	pthread_join(thread, NULL);
	(void)local;
}

static void by_other_thread_alone(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, end_process, NULL);
	pthread_join(thread, NULL);
}

static pthread_t first;

static void *outlive(void *leaks)
{
	pthread_join(first, NULL);
	if (leaks)
		leak_both();
	return NULL;
}

static void end_before_another(void *leaks)
{
	pthread_t thread;

	first = pthread_self();
	pthread_create(&thread, NULL, outlive, leaks);
	pthread_detach(thread);
	pthread_exit(NULL);
}

/* main's thread ends first, the process with its last thread. */
static void by_last_thread(void)
{
	end_before_another((void *)&held);
}

static void by_last_thread_alone(void)
{
	end_before_another(NULL);
}

static void wait_for(pid_t child)
{
	if (child < 0 || waitpid(child, NULL, 0) != child)
		abort();
}

/* What the child inherits is in its verdict, and what it frees is not. */
static void forks(void)
{
	void *given_up = take(1000);
	pid_t child;

	leak_both();
	child = fork();
	if (child == 0) {
		free(given_up);
		held = NULL;
		take(30);
		clear_stack();
		_exit(0);
	}
	wait_for(child);
	free(given_up);
}

static void forks_twice(void)
{
	pid_t child;

	leak_both();
	child = fork();
	if (child == 0) {
		take(30);
		child = fork();
		if (child == 0) {
			take(7);
			clear_stack();
			_exit(0);
		}
		wait_for(child);
		clear_stack();
		_exit(0);
	}
	wait_for(child);
}

/* In pthread_join(3): its stack ends somewhere then. */
static int main_sleeps(void)
{
	char path[64], text[64] = "";
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len > 0 && strstr(text, ") S");
}

static void *fork_there(void *leaks)
{
	pid_t child;

	while (!main_sleeps())
		usleep(1000);
	child = fork();
	if (child == 0) {
		if (leaks)
			leak_both();
		_exit(0);
	}
	wait_for(child);
	return NULL;
}

/* The child has only the thread that made it, but the stacks of the others. */
static void forks_in_thread(void)
{
	void *volatile local = take(50);
	pthread_t thread;

	pthread_create(&thread, NULL, fork_there, (void *)&held);
	pthread_join(thread, NULL);
	(void)local;
	_exit(0);
}

static void *end_only(void *unused)
{
	return unused;
}

static void thread_alone(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, end_only, NULL);
	pthread_join(thread, NULL);
}

static char *own_path(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		abort();
	path[length] = '\0';
	return path;
}

static char *words[] = {(char *)"leak-ends", (char *)"return", NULL};

/* What the first image leaks has gone with it. */
static void executes(void)
{
	take(5000);
	execve(own_path(), words, environ);
	abort();
}

static void spawns(void)
{
	pid_t child;

	take(5000);
	if (posix_spawn(&child, own_path(), NULL, NULL, words, environ))
		abort();
	wait_for(child);
}

#define BOTH "definite 100/1 reachable 200/1"

static const struct leak_case cases[] = {
    LEAKS("return", by_return, BOTH),
    LEAKS("exit", by_exit, BOTH),
    LEAKS("exit-at-once", by_exit_at_once, BOTH),
    LEAKS("exit-group", by_system_call, BOTH),
    LEAKS("thread-call", by_thread_call, BOTH),
    LEAKS("quick-exit", by_quick_exit, BOTH),
    LEAKS("abort", by_abort, BOTH),
    LEAKS("fault", by_fault, BOTH),
    LEAKS("sigterm", by_sigterm, BOTH),
    LEAKS("sigkill", by_sigkill, BOTH),
    LEAKS("destructor", by_destructor, BOTH),
    LEAKS("other-thread-alone", by_other_thread_alone, "?"),
    LEAKS_BESIDE("other-thread-alone", "other-thread", by_other_thread,
                 "definite 100/1 reachable 250/2"),
    LEAKS("last-thread-alone", by_last_thread_alone, "?"),
    LEAKS_BESIDE("last-thread-alone", "last-thread", by_last_thread, BOTH),
    LEAKS("forks", forks, BOTH "; definite 330/3"),
    LEAKS("forks-twice", forks_twice,
          BOTH "; definite 130/2 reachable 200/1; definite 137/3 reachable 200/1"),
    LEAKS("thread-alone", thread_alone, "?"),
    LEAKS_BESIDE("thread-alone", "forks-in-thread", forks_in_thread,
                 "reachable 50/1; definite 100/1 reachable 250/2"),
    LEAKS("executes", executes, BOTH),
    LEAKS("spawns", spawns, "definite 5000/1; " BOTH),
};

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
