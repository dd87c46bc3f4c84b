/* What is hard to follow in a process tree, each with calls that are counted here: a step prints
 * nothing and fails the program when it does not go as alone.
 *
 *   io_traps STEP [DIRECTORY]      a step is a name of the table below
 *
 * Of each step it is known how often it calls getppid(2) and getpgrp(2), which nothing else here
 * does.
 */
#include "tests/programs/io_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { N_THREADS = 1000, N_PROCESSES = 10000, N_WAITING = 20, N_PASSED = 6 };
enum { N_FULL = 5, N_IN_FULL = 250 }; /* messages, and descriptors in each */

static void wait_well(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, 0) == pid && status == 0);
}

static pthread_barrier_t all_there;

static void *meets_and_calls(void *context)
{
	pthread_barrier_wait(&all_there);
	repeat_call(SYS_getppid, 5);
	return context;
}

/* 1,000 threads at a time, each 5 getppid. */
static void many_threads(void)
{
	static pthread_t threads[N_THREADS];
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&all_there, NULL, N_THREADS);
	for (int i = 0; i < N_THREADS; i++)
		need(!pthread_create(&threads[i], &small, meets_and_calls, NULL));
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* 10,000 processes, one after the other, each one getppid. */
static void many_processes(void)
{
	for (int i = 0; i < N_PROCESSES; i++) {
		pid_t pid = fork();

		if (!pid) {
			syscall(SYS_getppid);
			_exit(0);
		}
		wait_well(pid);
	}
}

static volatile pid_t waiting[N_WAITING];

static void *waits_for_ever(void *context)
{
	waiting[(long)context] = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

/* Asleep in pause(2), and not held by a tracer on the way there. */
static int is_waiting(pid_t tid)
{
	char path[64], text[64] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY);
	n = tid && fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return strstr(text, ") S") != NULL;
}

/* exit_group(2) while 20 threads are in a call, which never returns: 20 and the exit itself. */
static void ends_in_calls(void)
{
	pthread_t thread;

	for (long i = 0; i < N_WAITING; i++)
		need(!pthread_create(&thread, NULL, waits_for_ever, (void *)i));
	for (int i = 0; i < N_WAITING; i++)
		while (!is_waiting(waiting[i]))
			usleep(1000);
	repeat_call(SYS_getppid, 3);
	syscall(SYS_exit_group, 0);
}

/* A tracer of a child that stops at its calls: 7 getppid, and a ptrace(2) that fails with EPERM,
 * since it has a tracer. */
static void traces(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		need(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		need(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 && errno == EPERM);
		raise(SIGSTOP);
		repeat_call(SYS_getppid, 7);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		need(!ptrace(PTRACE_SYSCALL, pid, NULL, NULL));
	need(status == 0);
}

static void send_file(int over, int number)
{
	char name[] = "passed-0";
	int fd;

	name[7] = (char)('0' + number);
	fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	need(fd >= 0);
	send_descriptor(over, fd);
	close(fd);
}

static int received_fd(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header))
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* 6 files in the messages of one call, each behind credentials and a time; 10 times so many bytes
 * are written to each as its number is. They are closed at once. */
static void receive_files(int over)
{
	static _Alignas(struct cmsghdr) char controls[N_PASSED][512];
	static char bytes[N_PASSED], data[100];
	struct iovec buffers[N_PASSED];
	struct mmsghdr messages[N_PASSED] = {{{0}, 0}};

	for (int i = 0; i < N_PASSED; i++) {
		buffers[i] = (struct iovec){&bytes[i], 1};
		messages[i].msg_hdr.msg_iov = &buffers[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_control = controls[i];
		messages[i].msg_hdr.msg_controllen = sizeof(controls[i]);
	}
	need(recvmmsg(over, messages, N_PASSED, 0, NULL) == N_PASSED);
	for (int i = 0; i < N_PASSED; i++) {
		int fd = received_fd(&messages[i].msg_hdr);

		need(write(fd, data, (size_t)(i + 1) * 10) == (i + 1) * 10);
		close(fd);
	}
}

static void receives(void)
{
	int pair[2], yes = 1;
	pid_t pid;

	need(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	need(!setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) &&
	     !setsockopt(pair[1], SOL_SOCKET, SO_TIMESTAMP, &yes, sizeof(yes)));
	for (int i = 0; i < N_PASSED; i++)
		send_file(pair[0], i);
	pid = fork();
	if (!pid) {
		receive_files(pair[1]);
		_exit(0);
	}
	wait_well(pid);
}

#ifndef SO_PASSPIDFD /* Linux 6.5 */
#define SO_PASSPIDFD 76
#endif

/* A message that brings a file and its sender's pidfd, both used. 3: the kernel has no such. */
static void receives_pidfd(void)
{
	static _Alignas(struct cmsghdr) char control[512];
	char byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
	                         .msg_iovlen = 1,
	                         .msg_control = control,
	                         .msg_controllen = sizeof(control)};
	struct statfs ignored;
	int pair[2], yes = 1, n_used = 0;

	need(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	if (setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &yes, sizeof(yes)))
		_exit(3);
	send_file(pair[0], 0);
	need(recvmsg(pair[1], &message, 0) == 1);
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		int fd;

		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
		need(!syscall(SYS_fstatfs, fd, &ignored));
		close(fd);
		n_used++;
	}
	need(n_used == 2);
}

/* 5 messages with 250 descriptors of /dev/null each, in one call; a byte is written to each. */
static void receives_many(void)
{
	static _Alignas(struct cmsghdr) char controls[N_FULL][CMSG_SPACE(N_IN_FULL * sizeof(int))];
	struct rlimit limit = {2048, 2048};
	struct mmsghdr messages[N_FULL] = {{{0}, 0}};
	char byte = 0;
	struct iovec data = {&byte, 1};
	int pair[2], null = open("/dev/null", O_WRONLY);

	need(!setrlimit(RLIMIT_NOFILE, &limit) && !socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	for (int i = 0; i < N_FULL; i++) {
		struct cmsghdr *header = (struct cmsghdr *)controls[i];

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(N_IN_FULL * sizeof(int));
		for (int at = 0; at < N_IN_FULL; at++)
			memcpy(CMSG_DATA(header) + (size_t)at * sizeof(int), &null, sizeof(null));
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &data,
		                                      .msg_iovlen = 1,
		                                      .msg_control = controls[i],
		                                      .msg_controllen = sizeof(controls[i])};
	}
	need(sendmmsg(pair[0], messages, N_FULL, 0) == N_FULL);
	need(recvmmsg(pair[1], messages, N_FULL, 0, NULL) == N_FULL);
	for (int i = 0; i < N_FULL * N_IN_FULL; i++) {
		const struct cmsghdr *header = (struct cmsghdr *)controls[i / N_IN_FULL];
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i % N_IN_FULL * sizeof(fd), sizeof(fd));
		need(write(fd, &byte, 1) == 1);
	}
}

/* After the exec: 3 is open on "kept", 4 was closed by it and is opened anew. */
static void after_exec(void)
{
	char data[20] = "";

	need(write(3, data, 10) == 10 && write(4, data, 10) < 0);
	need(open("new", O_CREAT | O_WRONLY | O_TRUNC, 0600) == 4 && write(4, data, 20) == 20);
}

static void execs_with_files(void)
{
	char *argv[] = {(char *)"io_traps", (char *)"after_exec", NULL};
	int kept = open("kept", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	int closed = open("closed", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	need(kept == 3 && closed == 4);
	execv("/proc/self/exe", argv);
	_exit(1);
}

/* 5 bytes to a file below another root: it is named from ours. */
static void changes_root(void)
{
	int fd;

	need(!mkdir("root", 0700) || errno == EEXIST);
	need(!chroot("root") && !chdir("/"));
	fd = open("/inside", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	need(write(fd, "12345", 5) == 5);
}

/* A descriptor of a namespace, and its end right after. */
static void opens_namespace(void)
{
	struct statfs ignored;
	int fd = open("/proc/self/ns/net", O_RDONLY);

	need(fd >= 0 && !syscall(SYS_fstatfs, fd, &ignored));
}

static void changes_user(void)
{
	repeat_call(SYS_getppid, 2);
	need(!setgid(65534) && !setuid(65534));
	repeat_call(SYS_getppid, 3);
}

/* Reads from a terminal in the background: stopped with its group until it is in the foreground. */
static void reads_when_let(void)
{
	char byte;

	setpgid(0, 0);
	need(read(STDIN_FILENO, &byte, 1) == 1 && byte == 'x');
	repeat_call(SYS_getppid, 5);
	_exit(0);
}

static void controls_terminal(const char *name)
{
	int status;
	pid_t pid;

	setsid();
	close(STDIN_FILENO);
	need(open(name, O_RDWR) == STDIN_FILENO);
	ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (!pid)
		reads_when_let();
	need(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	     WSTOPSIG(status) == SIGTTIN);
	need(!tcsetpgrp(STDIN_FILENO, pid) && !kill(-pid, SIGCONT));
	wait_well(pid);
	_exit(0);
}

static void stops_on_terminal(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	pid_t pid;

	need(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	pid = fork();
	if (!pid)
		controls_terminal(ptsname(terminal));
	need(write(terminal, "x\n", 2) == 2);
	wait_well(pid);
}

enum { INSTRUCTION_BYTES = 2 /* of ud2 */ };

static void goes_behind(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += INSTRUCTION_BYTES;
}

/* Traps with the value in the register that the end of the handler, rt_sigreturn(2), returns. */
static void returns_to(int64_t value)
{
	int64_t after = value;

	__asm__ volatile("ud2" : "+a"(after) : : "memory");
	need(after == value);
}

/* 4 calls of rt_sigreturn(2), of which 1 is an error by its result: -4095. */
static void returns_to_values(void)
{
	struct sigaction action = {.sa_sigaction = goes_behind, .sa_flags = SA_SIGINFO};

	need(!sigaction(SIGILL, &action, NULL));
	returns_to(INT64_MIN);
	returns_to(-4096);
	returns_to(-4095);
	returns_to(INT64_MIN + INT32_MAX);
}

/* As a 32-bit program has them. */
struct buffer32 {
	uint32_t base, len;
};
struct message32 {
	uint32_t name, name_len, buffers, n_buffers, control, control_len, flags, len;
};

static int call32(long number, long a, long b, long c, long d)
{
	int result;

	__asm__ volatile("int $0x80"
	                 : "=a"(result)
	                 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
	                 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* By int 0x80, on a pair of sockets: writev of 2 buffers (6 bytes), sendmsg of 2 (6 bytes),
 * sendmmsg of 3 messages (18 bytes), socketcall(SYS_SENDTO) of 3 bytes, sendfile64 of 4 from a
 * file. */
static void calls_of_32_bits(void)
{
	enum { WRITEV = 146, SENDMSG = 370, SENDMMSG = 345, SOCKETCALL = 102, SENDFILE64 = 239 };
	struct {
		char text[4];
		struct buffer32 buffers[2];
		struct message32 messages[3];
		uint32_t words[6];
	} *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
	              -1, 0);
	int pair[2], file = open("calls-32", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint32_t text;

	need(low != MAP_FAILED && file >= 0 && write(file, "abcd", 4) == 4 &&
	     !lseek(file, 0, SEEK_SET));
	need(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	text = (uint32_t)(uintptr_t)low->text;
	low->buffers[0] = low->buffers[1] = (struct buffer32){text, 3};
	for (int i = 0; i < 3; i++)
		low->messages[i] = (struct message32){.buffers = (uint32_t)(uintptr_t)low->buffers,
		                                      .n_buffers = 2};
	need(call32(WRITEV, pair[0], (long)low->buffers, 2, 0) == 6);
	need(call32(SENDMSG, pair[0], (long)low->messages, 0, 0) == 6);
	need(call32(SENDMMSG, pair[0], (long)low->messages, 3, 0) == 3);
	memcpy(low->words, (uint32_t[]){(uint32_t)pair[0], text, 3, 0, 0, 0}, sizeof(low->words));
	need(call32(SOCKETCALL, 11, (long)low->words, 0, 0) == 3);
	need(call32(SENDFILE64, pair[0], file, 0, 4) == 4);
}

/* Uses a descriptor, if there is one, and adds the name of its file to those in a file. */
static void use(int fd, FILE *names)
{
	char path[64], name[128] = "";
	struct stat status;

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	need(readlink(path, name, sizeof(name) - 1) > 0 && !syscall(SYS_fstat, fd, &status));
	fprintf(names, "%s\n", name);
	close(fd);
}

/* Descriptors by calls that may be refused; the names of those that were made are in the file
 * "made".
 */
static void makes_descriptors(void)
{
	enum { MASK_BYTES = 8, ARRAY = 2 /* BPF_MAP_TYPE_ARRAY */, RULESET_BYTES = 8 };
	uint64_t mask = 1 << (SIGUSR1 - 1), handled = 1;
	uint32_t map[16] = {ARRAY, sizeof(int), sizeof(int), 1};
	FILE *names = fopen("made", "w");
	int fd = (int)syscall(SYS_signalfd4, -1, &mask, MASK_BYTES, 0);

	need(names && syscall(SYS_signalfd4, fd, &mask, MASK_BYTES, 0) == fd);
	use(fd, names);
	use((int)syscall(SYS_fsopen, "tmpfs", 0), names);
	syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	use((int)syscall(SYS_landlock_create_ruleset, &handled, RULESET_BYTES, 0), names);
	use((int)syscall(SYS_bpf, 0, map, sizeof(map)), names);
	fclose(names);
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
    {"many_threads", many_threads},
    {"many_processes", many_processes},
    {"ends_in_calls", ends_in_calls},
    {"traces", traces},
    {"receives", receives},
    {"receives_many", receives_many},
    {"receives_pidfd", receives_pidfd},
    {"execs_with_files", execs_with_files},
    {"after_exec", after_exec},
    {"changes_root", changes_root},
    {"opens_namespace", opens_namespace},
    {"changes_user", changes_user},
    {"stops_on_terminal", stops_on_terminal},
    {"returns_to_values", returns_to_values},
    {"calls_of_32_bits", calls_of_32_bits},
    {"makes_descriptors", makes_descriptors},
};

int main(int argc, char **argv)
{
	if (argc > 2 && chdir(argv[2]))
		return 2;
	for (size_t i = 0; argc > 1 && i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].name, argv[1])) {
			steps[i].run();
			return 0;
		}
	return 2;
}
