/* A tree of processes and threads whose system calls are known: each step makes the same calls in
 * every run.
 *
 *   io_tree STEP...     a step is a name of the table below; "leaf" is what the exec steps run
 *
 * Only futex(2) may vary (pthread_join waits or need not), and what libc does before main.
 * "restarts" and "stops" take a signal in the midst of a call: where the program was held up and it
 * came at another moment they end with 75, and want to be asked again.
 */
#include "tests/programs/io_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { OTHER_MOMENT = 75 }; /* EX_TEMPFAIL of <sysexits.h> */

static char *self;

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		_exit(1);
}

/* Runs the function in a child and waits for it. */
static void in_child(void (*run)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		run();
		_exit(0);
	}
	wait_for(pid);
}

static void *thread_reads(void *context)
{
	int fd = *(int *)context;
	char buffer[10];

	for (int i = 0; i < 50; i++)
		if (read(fd, buffer, sizeof(buffer)) != sizeof(buffer))
			_exit(1);
	return NULL;
}

/* 3 threads, each 50 reads of 10 bytes. */
static void threads(void)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	pthread_t thread[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, thread_reads, &fd);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	close(fd);
}

static void *thread_calls(void *context)
{
	repeat_call(SYS_getppid, 10);
	return context;
}

/* 200 threads, 20 at a time, each 10 getppid. */
static void storm(void)
{
	pthread_t thread[20];

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 20; i++)
			pthread_create(&thread[i], NULL, thread_calls, NULL);
		for (int i = 0; i < 20; i++)
			pthread_join(thread[i], NULL);
	}
}

static void calls_getpgrp(void)
{
	repeat_call(SYS_getpgrp, 11);
}

static void forks_again(void)
{
	in_child(calls_getpgrp);
	repeat_call(SYS_getpgrp, 1);
}

static void forks(void)
{
	in_child(forks_again);
	in_child(calls_getpgrp);
}

static void execs(void)
{
	char *argv[] = {self, (char *)"leaf", NULL}, *none[] = {NULL};
	pid_t pid;

	if (posix_spawn(&pid, self, NULL, NULL, argv, none))
		_exit(1);
	wait_for(pid);
	pid = vfork();
	if (pid == 0) {
		execve(self, argv, none);
		_exit(1);
	}
	wait_for(pid);
}

/* 150 processes that live for a moment. */
static void shorts(void)
{
	char *argv[] = {self, (char *)"leaf", NULL}, *none[] = {NULL};
	pid_t pid;

	for (int i = 0; i < 150; i++) {
		if (posix_spawn(&pid, self, NULL, NULL, argv, none))
			_exit(1);
		wait_for(pid);
	}
}

static sem_t is_about_to_pause;

static void *thread_execs(void *context)
{
	char *argv[] = {self, (char *)"leaf", NULL}, *none[] = {NULL};

	while (sem_wait(&is_about_to_pause))
		;
	execve(self, argv, none);
	return context;
}

/* A thread that is not the leader execs when all calls of the leader have ended but for those that
 * do not count: a futex(2), and the pause, which never ends. */
static void exec_by_thread_in_child(void)
{
	pthread_t thread;

	sem_init(&is_about_to_pause, 0, 0);
	pthread_create(&thread, NULL, thread_execs, NULL);
	sem_post(&is_about_to_pause);
	for (;;)
		pause();
}

static void exec_by_thread(void)
{
	in_child(exec_by_thread_in_child);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static int wake_pipe[2];

/* The kernel has moved the thread back to the instruction of its read. */
static bool interrupts_read(const ucontext_t *interrupted)
{
	const greg_t *regs = interrupted->uc_mcontext.gregs;
	const uint8_t *code = (const uint8_t *)regs[REG_RIP];

	return code[0] == 0x0f && code[1] == 0x05 && regs[REG_RAX] == SYS_read;
}

static void on_alarm_write(int signal, siginfo_t *info, void *interrupted)
{
	(void)signal;
	(void)info;
	if (!interrupts_read(interrupted))
		_exit(OTHER_MOMENT);
	if (write(wake_pipe[1], "x", 1) != 1)
		_exit(1);
}

static void start_alarm(const struct sigaction *action)
{
	struct itimerval timer = {.it_value = {.tv_usec = 200000}};

	sigaction(SIGALRM, action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* A read that a signal interrupts and the kernel restarts; a wait that one ends, whether it comes
 * before or after the call. */
static void restarts(void)
{
	const struct sigaction writes = {.sa_sigaction = on_alarm_write,
	                                 .sa_flags = SA_RESTART | SA_SIGINFO},
	                       nothing = {.sa_handler = on_alarm};
	sigset_t alarm, before;
	char byte;

	if (pipe(wake_pipe))
		_exit(1);
	start_alarm(&writes);
	if (read(wake_pipe[0], &byte, 1) != 1)
		_exit(1);
	close(wake_pipe[0]);
	close(wake_pipe[1]);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, &before);
	start_alarm(&nothing);
	sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void sleeps(void)
{
	const struct timespec time = {.tv_nsec = 500000000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

/* The stopped process was in this call then. (Where the kernel does not tell, it is believed.) */
static bool is_stopped_in(pid_t pid, long number)
{
	char path[32], text[16] = "";
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len <= 0 || strtol(text, NULL, 10) == number;
}

/* A sleep that SIGSTOP and SIGCONT cut in two: the kernel goes on with restart_syscall(2). */
static void stops(void)
{
	const struct timespec time = {.tv_nsec = 200000000};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sleeps();
		_exit(0);
	}
	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid)
		_exit(1);
	if (!WIFSTOPPED(status))
		_exit(OTHER_MOMENT);
	if (!is_stopped_in(pid, SYS_clock_nanosleep)) {
		kill(pid, SIGKILL);
		_exit(OTHER_MOMENT);
	}
	kill(pid, SIGCONT);
	if (waitpid(pid, &status, WCONTINUED) != pid)
		_exit(1);
	if (!WIFCONTINUED(status))
		_exit(OTHER_MOMENT);
	wait_for(pid);
}

static void filtered_child(void)
{
	struct sock_filter rows[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rows) / sizeof(rows[0]), rows};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		_exit(1);
	repeat_call(SYS_getppid, 13);
}

/* A filter of its own answers 13 calls with an errno. */
static void filtered(void)
{
	in_child(filtered_child);
}

/* 5 getpid through int 0x80, whose number 20 is writev for the syscall instruction. */
static void int80(void)
{
	long result;

	for (int i = 0; i < 5; i++) {
		__asm__ volatile("int $0x80"
		                 : "=a"(result)
		                 : "a"(20L)
		                 : "memory", "r8", "r9", "r10", "r11");
		if (result != getpid())
			_exit(1);
	}
}

static void fails(void)
{
	for (int i = 0; i < 7; i++)
		if (open("/nonexistent", O_RDONLY) >= 0)
			_exit(1);
	close(1000);
}

static void killed_child(void)
{
	kill(getpid(), SIGKILL);
}

static void killed(void)
{
	in_child(killed_child);
}

/* Clears the tracer's hold before it starts: that child is not seen. */
static void untraced(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		repeat_call(SYS_getppid, 17);
		_exit(0);
	}
	wait_for(pid);
}

static int receive_fd(int over)
{
	char byte;
	struct iovec data = {&byte, 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = &data,
	                         .msg_iovlen = 1,
	                         .msg_control = control,
	                         .msg_controllen = sizeof(control)};
	int fd;

	if (recvmsg(over, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		_exit(1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static int shared_fd;

static int opens_for_all(void *context)
{
	(void)context;
	shared_fd = open("/dev/full", O_WRONLY);
	return 0;
}

/* Bytes to descriptors reached in every way: 100 over a socket (/dev/null), 200 through dup
 * (/dev/zero), 300 at a number that was closed and opened again (/dev/random), 400 opened by a
 * process with CLONE_FILES (/dev/full, which takes none). */
static void descriptors(void)
{
	static char stack[65536], data[400];
	int pair[2], fd, copy;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		_exit(1);
	pid = fork();
	if (pid == 0) {
		fd = receive_fd(pair[1]);
		_exit(write(fd, data, 100) != 100);
	}
	fd = open("/dev/null", O_WRONLY);
	send_descriptor(pair[0], fd);
	wait_for(pid);
	close(fd);

	fd = open("/dev/zero", O_WRONLY);
	copy = fcntl(fd, F_DUPFD, 50);
	close(fd);
	fd = open("/dev/random", O_WRONLY);
	if (write(copy, data, 200) != 200 || write(fd, data, 300) != 300)
		_exit(1);
	close(fd);

	pid = clone(opens_for_all, stack + sizeof(stack), CLONE_FILES | CLONE_VM | SIGCHLD, NULL);
	wait_for(pid);
	if (write(shared_fd, data, 400) != -1)
		_exit(1);
}

static void leaf(void)
{
	repeat_call(SYS_getppid, 3);
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
    {"threads", threads},   {"storm", storm},
    {"forks", forks},       {"execs", execs},
    {"shorts", shorts},     {"exec_by_thread", exec_by_thread},
    {"restarts", restarts}, {"stops", stops},
    {"filtered", filtered}, {"int80", int80},
    {"fails", fails},       {"killed", killed},
    {"untraced", untraced}, {"descriptors", descriptors},
    {"leaf", leaf},
};

int main(int argc, char **argv)
{
	size_t n_steps = sizeof(steps) / sizeof(steps[0]);

	sigset_t child_signal;

	/* Under a tracer SIGCHLD interrupts a wait although nobody handles it, and whether the wait
	 * has begun is chance. */
	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, NULL);
	self = argv[0];
	for (int i = 1; i < argc; i++) {
		size_t step = 0;

		while (step < n_steps && strcmp(steps[step].name, argv[i]))
			step++;
		if (step == n_steps)
			return 2;
		steps[step].run();
	}
	return 0;
}
