/* Calls that a seccomp filter of the program's own answers with a signal or an end: a step fails
 * the program when it does not go as alone.
 *
 *   io_answers STEP      a step is a name of the table below
 */
#include "tests/programs/io_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two calls of the thread, and of what it makes, are answered so. */
static void answer(long one, long other, uint32_t with)
{
	struct sock_filter rows[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)one, 1, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)other, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, with),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rows) / sizeof(rows[0]), rows};

	need(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	     !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static volatile sig_atomic_t n_signals;

static void on_signal(int signal)
{
	(void)signal;
	n_signals++;
}

/* 3 writes, a dup and a socket that were never made, and a recv of what is no descriptor. */
static void traps(void)
{
	int null = open("/dev/null", O_WRONLY);
	char byte = 0;

	need(null >= 0 && signal(SIGSYS, on_signal) != SIG_ERR);
	answer(SYS_write, SYS_write, SECCOMP_RET_TRAP);
	answer(SYS_dup, SYS_socket, SECCOMP_RET_TRAP);
	for (int i = 0; i < 3; i++)
		need(syscall(SYS_write, null, &byte, 1) == SYS_write);
	need(syscall(SYS_dup, null) == SYS_dup);
	need(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) == SYS_socket);
	need(n_signals == 5);
	need(recv(SYS_socket, &byte, 1, 0) == -1 && errno == EBADF);
}

/* A write that ends the process, after 2 getppid. */
static void kills_process(void)
{
	const struct rlimit none = {0, 0};
	int status, null = open("/dev/null", O_WRONLY);
	pid_t pid = fork();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		repeat_call(SYS_getppid, 2);
		answer(SYS_write, SYS_write, SECCOMP_RET_KILL_PROCESS);
		syscall(SYS_write, null, "", 1);
		_exit(0);
	}
	need(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void *ends_in_call(void *context)
{
	repeat_call(SYS_getppid, 3);
	if (context)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	else
		answer(SYS_getpgrp, SYS_getpgrp, SECCOMP_RET_KILL_THREAD);
	syscall(SYS_getpgrp);
	_exit(1);
}

/* Two threads, each ended by a call, after 3 getppid each; the first one makes 2. */
static void kills_threads(void)
{
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		need(!pthread_create(&threads[i], NULL, ends_in_call, (void *)i));
	for (int i = 0; i < 2; i++)
		need(!pthread_join(threads[i], NULL));
	repeat_call(SYS_getppid, 2);
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
    {"traps", traps},
    {"kills_process", kills_process},
    {"kills_threads", kills_threads},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].name, argv[1])) {
			steps[i].run();
			return 0;
		}
	return 2;
}
