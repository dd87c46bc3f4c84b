/* Allocates 1,000 blocks of 100 bytes, frees 400, and then ends, forks or executes as its argument
 * says. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *blocks[1000];

__attribute__((noinline)) static void fill(void)
{
	for (int i = 0; i < 1000; i++)
		blocks[i] = malloc(100);
	for (int i = 0; i < 400; i++)
		free(blocks[i]);
}

static int wait_for(pid_t pid)
{
	int status = 1;

	waitpid(pid, &status, 0);
	return status ? 1 : 0;
}

/* The child frees 100 of its parent's blocks and allocates 50 of its own. */
static void be_child(void)
{
	for (int i = 400; i < 500; i++)
		free(blocks[i]);
	for (int i = 0; i < 50; i++)
		blocks[i] = malloc(200);
	_exit(0);
}

static int fork_once(void)
{
	pid_t pid = fork();

	if (pid == 0)
		be_child();
	return wait_for(pid);
}

/* A fork that runs no handlers. */
static int fork_raw(void)
{
	pid_t pid = (pid_t)syscall(SYS_fork);

	if (pid == 0)
		be_child();
	return wait_for(pid);
}

static int vfork_true(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	return wait_for(pid);
}

static int spawn_with_empty_environment(char *self)
{
	char *const argv[] = {self, (char *)"exit", NULL}, *const none[] = {NULL};
	pid_t pid;

	if (posix_spawn(&pid, self, NULL, NULL, argv, none))
		return 1;
	return wait_for(pid);
}

static int close_all(void)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	for (int i = 0; i < 10; i++)
		blocks[i] = malloc(100);
	return 0;
}

static volatile sig_atomic_t handled;

static void allocate_in_handler(int signal)
{
	void *volatile block = malloc(10); /* not allowed by POSIX, and done all the time */

	(void)signal;
	free(block);
	handled = 1;
}

static int on_another_stack(void)
{
	static char memory[65536];
	stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};
	struct sigaction action = {.sa_handler = allocate_in_handler, .sa_flags = SA_ONSTACK};

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return handled ? 0 : 1;
}

/* Gives up root for good, and executes itself as nobody. */
static int drop_rights(char *self)
{
	enum { NOBODY = 65534 };

	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	return execl(self, self, "exit", (char *)NULL);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";

	fill();
	if (!strcmp(how, "exit"))
		_exit(0);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (!strcmp(how, "segv"))
		raise(SIGSEGV);
	if (!strcmp(how, "fork"))
		return fork_once();
	if (!strcmp(how, "raw-fork"))
		return fork_raw();
	if (!strcmp(how, "vfork"))
		return vfork_true();
	if (!strcmp(how, "exec"))
		execl(argv[0], argv[0], "exit", (char *)NULL);
	if (!strcmp(how, "spawn"))
		return spawn_with_empty_environment(argv[0]);
	if (!strcmp(how, "close"))
		return close_all();
	if (!strcmp(how, "chdir"))
		return chdir("/proc");
	if (!strcmp(how, "altstack"))
		return on_another_stack();
	if (!strcmp(how, "drop"))
		return drop_rights(argv[0]);
	if (!strcmp(how, "status"))
		return 42;
	return 0;
}
