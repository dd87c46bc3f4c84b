/* Programs that use seccomp themselves, or clone past a tracer: each step prints what came of it,
 * which has to be the same with a filter of ours below.
 *
 *   io_filters STEP...     a step is a name of the table below
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *error_of(long result)
{
	return result < 0 ? strerrorname_np(errno) : "well";
}

/* Puts the calling thread under a filter that answers one call so; 0, a descriptor, or -1. */
static long answer(int number, uint32_t with, unsigned flags)
{
	struct sock_filter rows[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, with),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rows) / sizeof(rows[0]), rows};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void in_child(void (*run)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run();
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		_exit(1);
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
}

/* 13 calls that a filter of its own refuses. */
static void refuses(void)
{
	answer(SYS_getppid, SECCOMP_RET_ERRNO | EPERM, 0);
	for (int i = 0; i < 13; i++)
		if (syscall(SYS_getppid) != -1)
			_exit(1);
	printf("getppid: %s\n", error_of(syscall(SYS_getpgrp)));
}

/* A filter that wants a tracer, and has none. */
static void wants_tracer(void)
{
	answer(SYS_getppid, SECCOMP_RET_TRACE | 5, 0);
	printf("getppid: %s\n", error_of(syscall(SYS_getppid)));
	printf("getpgrp: %s\n", error_of(syscall(SYS_getpgrp)));
}

static void is_killed(void)
{
	answer(SYS_getppid, SECCOMP_RET_KILL_PROCESS, 0);
	syscall(SYS_getppid);
	printf("still here\n");
}

static sem_t filtered;

static void *waits_and_calls(void *context)
{
	sem_wait(&filtered);
	for (int i = 0; i < 7; i++)
		*(long *)context += syscall(SYS_getppid) == -1;
	return NULL;
}

/* One thread puts another one under its filter. */
static void for_all_threads(void)
{
	pthread_t thread;
	long refused = 0;

	sem_init(&filtered, 0, 0);
	pthread_create(&thread, NULL, waits_and_calls, &refused);
	printf("filter: %s\n",
	       error_of(answer(SYS_getppid, SECCOMP_RET_ERRNO | EPERM, SECCOMP_FILTER_FLAG_TSYNC)));
	sem_post(&filtered);
	pthread_join(thread, NULL);
	printf("refused to the other: %ld\n", refused);
}

static int listener;

static void *answers_one(void *context)
{
	struct seccomp_notif ask = {0};
	struct seccomp_notif_resp answer_it = {0};

	if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask)) {
		answer_it.id = ask.id;
		answer_it.val = 4711;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer_it);
	}
	return context;
}

/* One thread answers a call of another. */
static void asks_another(void)
{
	pthread_t thread;

	listener =
	    (int)answer(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (listener < 0) {
		printf("listener: %s\n", error_of(-1));
		return;
	}
	pthread_create(&thread, NULL, answers_one, NULL);
	printf("getppid: %ld\n", syscall(SYS_getppid));
	pthread_join(thread, NULL);
}

static void strict(void)
{
	/* Then only read, write, _exit and sigreturn are left. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		_exit(3);
	syscall(SYS_exit, 0);
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) == pid && WIFEXITED(status))
		printf("child ended with %d\n", WEXITSTATUS(status));
}

static void child_calls(void)
{
	for (int i = 0; i < 17; i++)
		if (syscall(SYS_getppid) < 0)
			_exit(1);
	_exit(0);
}

/* A child that is to have no tracer. */
static void untraced(void)
{
	uint64_t args[8] = {CLONE_UNTRACED, 0, 0, 0, SIGCHLD};
	pid_t pid;

	fflush(stdout);
	pid = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		child_calls();
	reap(pid);
	pid = (pid_t)syscall(SYS_clone3, args, sizeof(args));
	if (pid == 0)
		child_calls();
	reap(pid);
}

/* The other numbering; a kernel may not have it. */
static void x32(void)
{
	long pid = syscall(0x40000000 | SYS_getppid);

	printf("x32: %s\n", pid == getppid() ? "well" : error_of(pid));
}

/* 32-bit calls: getpid, and writev under its 64-bit number, 20. */
static void int80(void)
{
	long result;

	for (int i = 0; i < 5; i++)
		__asm__ volatile("int $0x80"
		                 : "=a"(result)
		                 : "a"(20L)
		                 : "memory", "r8", "r9", "r10", "r11");
	printf("int80: %s\n", result == getpid() ? "well" : "wrong");
}

/* Registers that a call leaves as they were. */
static void registers(void)
{
	long result, first = 1, second = 2, third = 3;

	__asm__ volatile("syscall"
	                 : "=a"(result), "+D"(first), "+S"(second), "+d"(third)
	                 : "a"((long)SYS_getppid)
	                 : "rcx", "r11", "memory");
	printf("registers: %ld %ld %ld\n", first, second, third);
}

static const struct {
	const char *name;
	void (*run)(void);
	bool apart;
} steps[] = {
    {"refuses", refuses, true},
    {"wants_tracer", wants_tracer, true},
    {"is_killed", is_killed, true},
    {"for_all_threads", for_all_threads, true},
    {"asks_another", asks_another, true},
    {"strict", strict, true},
    {"untraced", untraced, false},
    {"x32", x32, false},
    {"int80", int80, false},
    {"registers", registers, false},
};

int main(int argc, char **argv)
{
	size_t n_steps = sizeof(steps) / sizeof(steps[0]);

	for (int i = 1; i < argc; i++) {
		size_t step = 0;

		while (step < n_steps && strcmp(steps[step].name, argv[i]))
			step++;
		if (step == n_steps)
			return 2;
		printf("%s\n", argv[i]);
		if (steps[step].apart)
			in_child(steps[step].run);
		else
			steps[step].run();
	}
	return 0;
}
