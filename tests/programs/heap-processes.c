/* Processes that come about, change and end in unusual ways; the first argument says how. Each
 * process that lives to tell writes a line "A F" to stdout: the allocations and the frees that it
 * made itself. Nothing else here allocates, so these are the numbers of its row.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS = 7 };

static char *self;
static int n_allocations, n_frees;

/* 100 blocks, of which 60 are freed. */
static void allocate(void)
{
	void *blocks[100];

	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(50 + (size_t)i);
	for (int i = 0; i < 60; i++)
		free(blocks[i]);
	n_allocations += 100;
	n_frees += 60;
}

static void tell(void)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%d %d\n", n_allocations, n_frees);

	if (write(1, line, (size_t)len) != len)
		_exit(99);
}

static _Noreturn void tell_and_exit(int status)
{
	tell();
	_exit(status);
}

/* A forked child counts from here. */
static _Noreturn void be_child(int status)
{
	n_allocations = n_frees = 0;
	allocate();
	tell_and_exit(status);
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 98;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Becomes this program again, in another way. */
static int become(const char *how, const char *argument)
{
	execl(self, self, how, argument, (char *)NULL);
	return 97;
}

static int alone(const char *argument)
{
	return argument ? atoi(argument) : 0;
}

static int chain(const char *argument)
{
	char left[16];
	int n = argument ? atoi(argument) : 20;

	tell();
	snprintf(left, sizeof(left), "%d", n - 1);
	if (n == 0)
		_exit(STATUS);
	return become("chain", left);
}

/* As service managers do to take on a new version of themselves: with the state in a pipe. */
static int again(const char *argument)
{
	char state = 0, number[16];
	int ends[2];

	if (argument) {
		if (read(atoi(argument), &state, 1) != 1)
			return 1;
		return state;
	}
	state = STATUS;
	if (pipe(ends) || write(ends[1], &state, 1) != 1)
		return 1;
	snprintf(number, sizeof(number), "%d", ends[0]);
	tell();
	return become("again", number);
}

static int vfork_and_exit(const char *unused)
{
	pid_t pid = vfork();

	(void)unused;
	if (pid == 0)
		_exit(STATUS);
	return wait_for(pid);
}

static int vfork_and_exec(const char *unused)
{
	pid_t pid = vfork();

	(void)unused;
	if (pid == 0) {
		execl(self, self, "alone", "7", (char *)NULL);
		_exit(9);
	}
	return wait_for(pid);
}

/* On its parent's memory: what it allocates is its parent's. */
static int child_of_clone(void *unused)
{
	(void)unused;
	allocate();
	return STATUS;
}

static int clone_on_own_stack(const char *unused)
{
	enum { BYTES = 64 * 1024 };
	char *stack = malloc(BYTES);
	int status;

	(void)unused;
	n_allocations++;
	status =
	    wait_for(clone(child_of_clone, stack + BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	free(stack);
	n_frees++;
	return status;
}

static int exec_in_clone(void *unused)
{
	(void)unused;
	execlp("true", "true", (char *)NULL);
	return 9;
}

/* What an ordinary program takes for enough. */
static int clone_on_small_stack(const char *unused)
{
	enum { BYTES = 16 * 1024 };
	static char stack[BYTES + 4096] __attribute__((aligned(4096)));

	(void)unused;
	if (mprotect(stack, 4096, PROT_NONE))
		return 1;
	return wait_for(
	    clone(exec_in_clone, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
}

static int spawn_with_actions(const char *unused)
{
	char *const argv[] = {self, (char *)"alone", (char *)"7", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	pid_t pid;

	(void)unused;
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	/* An array of actions, and a copy of the path. */
	posix_spawn_file_actions_addclose(&actions, 0);
	n_allocations += 2;
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addclose(&actions, 2);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP |
	                                          POSIX_SPAWN_USEVFORK);
	posix_spawnattr_setsigmask(&attributes, &all);
	if (posix_spawn(&pid, self, &actions, &attributes, argv, environ))
		return 1;
	posix_spawn_file_actions_destroy(&actions);
	n_frees += 2;
	return wait_for(pid);
}

/* The end of the pipe is the daemon's. */
static int be_daemon(const char *unused)
{
	int ends[2];
	char byte;
	pid_t pid;

	(void)unused;
	if (pipe(ends))
		return 1;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		allocate();
		if (daemon(1, 1))
			_exit(1);
		be_child(0);
	}
	close(ends[1]);
	return wait_for(pid) || read(ends[0], &byte, 1) != 0;
}

static int fork_twice(const char *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			be_child(STATUS);
		n_allocations = n_frees = 0;
		allocate();
		tell_and_exit(wait_for(pid));
	}
	return wait_for(pid);
}

static int many_forks(const char *argument)
{
	int failed = 0;

	for (int i = atoi(argument); i > 0 && !failed; i--) {
		pid_t pid = fork();

		if (pid == 0)
			be_child(0);
		failed = wait_for(pid);
	}
	return failed;
}

static int rename_itself(const char *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "another, name");
	allocate();
	return STATUS;
}

static int be_undumpable(const char *unused)
{
	(void)unused;
	if (prctl(PR_SET_DUMPABLE, 0))
		return 1;
	return fork_twice(NULL);
}

static int few_descriptors(const char *unused)
{
	struct rlimit limit = {3, 3};

	(void)unused;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	return fork_twice(NULL);
}

static int by_system(const char *unused)
{
	char command[4096];
	int status;

	(void)unused;
	snprintf(command, sizeof(command), "'%s' alone 7", self);
	status = system(command);
	return WEXITSTATUS(status);
}

/* What popen takes beside is libc's affair, and not told. */
static int by_popen(const char *unused)
{
	char command[4096], line[100];
	FILE *stream;

	(void)unused;
	snprintf(command, sizeof(command), "'%s' alone 7", self);
	stream = popen(command, "r");
	if (!stream)
		return 1;
	while (fgets(line, sizeof(line), stream))
		if (write(1, line, strlen(line)) < 0)
			return 1;
	return WEXITSTATUS(pclose(stream));
}

/* system(3) and popen(3) execute without any function that a library can stand before. */
static int by_system_with_nothing(const char *unused)
{
	(void)unused;
	clearenv();
	return by_system(NULL);
}

/* As no function of libc does it. */
static int by_raw_exec(const char *unused)
{
	char *const argv[] = {self, (char *)"alone", (char *)"7", NULL}, *const none[] = {NULL};
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		syscall(SYS_execve, self, argv, none);
		_exit(9);
	}
	return wait_for(pid);
}

/* Likewise, with another library before those that are preloaded already. */
static int preload_before(const char *other)
{
	static char list[8192], *environment[1000];
	char *const argv[] = {self, (char *)"alone", (char *)"7", NULL};
	const char *others = getenv("LD_PRELOAD");
	int n = 0;

	for (char **variable = environ; *variable && n < 998; variable++)
		if (strncmp(*variable, "LD_PRELOAD=", 11) != 0)
			environment[n++] = *variable;
	snprintf(list, sizeof(list), "LD_PRELOAD=%s%s%s", other, others ? ":" : "",
	         others ? others : "");
	environment[n] = list;
	tell();
	syscall(SYS_execve, self, argv, environment);
	return 97;
}

static int in_chroot(const char *directory)
{
	if (chroot(directory) || chdir("/"))
		return 1;
	return fork_twice(NULL);
}

/* The program again, as the file of a directory that has libc and nothing of ours. */
static int exec_in_chroot(const char *directory)
{
	if (chroot(directory) || chdir("/"))
		return 1;
	tell();
	execl("/program", "/program", "alone", "7", (char *)NULL);
	return 97;
}

static int unshare_and_run(int flags)
{
	pid_t pid;

	if (unshare(flags))
		return 1;
	pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			be_child(0);
		wait_for(pid);
		n_allocations = n_frees = 0;
		allocate();
		tell();
		_exit(become("alone", "7"));
	}
	return wait_for(pid);
}

static int in_user_namespace(const char *unused)
{
	(void)unused;
	return unshare_and_run(CLONE_NEWUSER);
}

static int in_mount_namespace(const char *unused)
{
	(void)unused;
	return unshare_and_run(CLONE_NEWUSER | CLONE_NEWNS);
}

static int in_pid_namespace(const char *unused)
{
	(void)unused;
	return unshare_and_run(CLONE_NEWUSER | CLONE_NEWPID);
}

static int in_net_namespace(const char *unused)
{
	(void)unused;
	return unshare_and_run(CLONE_NEWUSER | CLONE_NEWNET);
}

/* All but reading, writing and ending kills (seccomp(2)). glibc has what it needs from before. */
static int in_strict_mode(const char *unused)
{
	void *volatile large = malloc(100000);

	(void)unused;
	free(large);
	n_allocations++;
	n_frees++;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 1;
	allocate();
	tell();
	syscall(SYS_exit, STATUS);
	return 1;
}

static int without_clock(const char *unused)
{
	(void)unused;
	if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV))
		return 1;
	allocate();
	return STATUS;
}

/* Kills who makes the call, also what is executed from here on. */
static int forbid(const int *calls, int n)
{
	struct sock_filter filter[16] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	struct sock_fprog program = {.len = (unsigned short)(n + 3), .filter = filter};

	for (int i = 0; i < n; i++)
		filter[i + 1] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], (unsigned char)(n - i), 0);
	filter[n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[n + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int exec_without_sockets(const char *unused)
{
	static const int calls[] = {SYS_socket, SYS_connect, SYS_recvmsg, SYS_sendto,
	                            SYS_setsockopt};

	(void)unused;
	if (forbid(calls, 5))
		return 1;
	tell();
	return become("alone", "7");
}

/* fork(3) itself asks for nothing. */
static int fork_without_asking(const char *unused)
{
	static const int calls[] = {SYS_getpid, SYS_gettid, SYS_clock_gettime, SYS_socket};

	(void)unused;
	if (forbid(calls, 4))
		return 1;
	return fork_twice(NULL);
}

static const struct {
	const char *name;
	int (*run)(const char *argument);
} cases[] = {
    {"alone", alone},
    {"chain", chain},
    {"again", again},
    {"vfork-exit", vfork_and_exit},
    {"vfork-exec", vfork_and_exec},
    {"clone", clone_on_own_stack},
    {"small-clone", clone_on_small_stack},
    {"spawn-actions", spawn_with_actions},
    {"daemon", be_daemon},
    {"double-fork", fork_twice},
    {"many-forks", many_forks},
    {"rename", rename_itself},
    {"undumpable", be_undumpable},
    {"few-descriptors", few_descriptors},
    {"system", by_system},
    {"popen", by_popen},
    {"system-emptied", by_system_with_nothing},
    {"raw-exec", by_raw_exec},
    {"preload-before", preload_before},
    {"chroot", in_chroot},
    {"chroot-exec", exec_in_chroot},
    {"user-namespace", in_user_namespace},
    {"mount-namespace", in_mount_namespace},
    {"pid-namespace", in_pid_namespace},
    {"net-namespace", in_net_namespace},
    {"strict", in_strict_mode},
    {"no-clock", without_clock},
    {"no-sockets-exec", exec_without_sockets},
    {"no-asking-fork", fork_without_asking},
};

int main(int argc, char **argv)
{
	int status;

	self = argv[0];
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name) != 0)
			continue;
		allocate();
		status = cases[i].run(argv[2]);
		tell_and_exit(status);
	}
	return 96;
}
