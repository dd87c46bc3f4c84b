/* Stands in the midst of a fork or an exec for as long as is wanted, and makes known calls then.
 *
 * io_late fork DIRECTORY: the fork of a child that makes 20 getppid.
 * io_late exec DIRECTORY: the exec of this program, which makes them itself.
 * io_late thread DIRECTORY: the same by a thread that is not the first.
 * io_late vfork DIRECTORY: the vfork of a child that makes 20 getppid and ends, when it may.
 * io_late vexec DIRECTORY: the same of one that executes this program, which makes them.
 * DIRECTORY/waits is there as soon as it stands there, and it goes on when DIRECTORY/go is. With
 * all calls made it creates DIRECTORY/done and waits to be killed. Status 77: userfaultfd(2) is
 * refused, by which the kernel waits for us in these calls. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_CALLS = 20, PAGE_BYTES = 4096, SLOW_BYTES = 64 << 20 };

static const char *directory;
static char *page;
static int fault_fd;

static void require(int well, const char *what)
{
	if (well)
		return;
	perror(what);
	_exit(1);
}

static const char *path_of(char path[PAGE_BYTES], const char *name)
{
	snprintf(path, PAGE_BYTES, "%s/%s", directory, name);
	return path;
}

static void create(const char *name)
{
	char path[PAGE_BYTES];

	require(!close(open(path_of(path, name), O_CREAT | O_WRONLY, 0600)), name);
}

static void wait_for(const char *name)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	char path[PAGE_BYTES];

	while (access(path_of(path, name), F_OK))
		nanosleep(&moment, NULL);
}

/* Of the page, and of a fork. */
static void *answer(void *context)
{
	struct pollfd ready = {.fd = fault_fd, .events = POLLIN};
	struct uffd_msg message;
	struct uffdio_zeropage zeros = {.range = {(uintptr_t)page, PAGE_BYTES}};

	require(poll(&ready, 1, -1) == 1, "poll");
	create("waits");
	wait_for("go");
	require(read(fault_fd, &message, sizeof(message)) == sizeof(message), "read");
	if (message.event == UFFD_EVENT_PAGEFAULT)
		require(!ioctl(fault_fd, UFFDIO_ZEROPAGE, &zeros), "UFFDIO_ZEROPAGE");
	return context;
}

static void have_it_wait(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_EVENT_FORK};
	struct uffdio_register area = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	pthread_t thread;

	fault_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fault_fd < 0 || ioctl(fault_fd, UFFDIO_API, &api))
		exit(77);
	page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(page != MAP_FAILED, "mmap");
	area.range.start = (uintptr_t)page;
	area.range.len = PAGE_BYTES;
	require(!ioctl(fault_fd, UFFDIO_REGISTER, &area), "UFFDIO_REGISTER");
	require(!pthread_create(&thread, NULL, answer, NULL), "pthread_create");
}

static void make_calls(void)
{
	for (int i = 0; i < N_CALLS; i++)
		syscall(SYS_getppid);
}

static void finish(void)
{
	create("done");
	for (;;)
		pause();
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		make_calls();
		_exit(0);
	}
	require(waitpid(pid, NULL, 0) == pid, "fork");
	finish();
}

/* The third word is in the page. */
static void *do_exec(void *context)
{
	char word[] = "late";
	char *argv[] = {word, word, (char *)(uintptr_t)directory, page, NULL};

	execv("/proc/self/exe", argv);
	require(0, "exec");
	return context;
}

/* That end takes a while, in which its maker goes on already: all these pages are freed. */
static void end_slowly(void)
{
	int fd = memfd_create("slow", 0);

	require(fd >= 0 && !fallocate(fd, 0, 0, SLOW_BYTES), "memfd");
	_exit(0);
}

static void do_vfork(int executes)
{
	pid_t pid = vfork();

	if (!pid) {
		create("waits");
		wait_for("go");
		if (executes)
			execl("/proc/self/exe", "late", "late", directory, (char *)NULL);
		make_calls();
		end_slowly();
	}
	require(executes || waitpid(pid, NULL, 0) == pid, "vfork");
	if (!executes)
		finish();
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 3)
		return 2;
	directory = argv[2];
	if (!strcmp(argv[1], "late")) {
		make_calls();
		finish();
	}
	if (argv[1][0] == 'v')
		do_vfork(!strcmp(argv[1], "vexec"));
	have_it_wait();
	if (!strcmp(argv[1], "fork"))
		do_fork();
	if (!strcmp(argv[1], "exec"))
		do_exec(NULL);
	require(!pthread_create(&thread, NULL, do_exec, NULL), "pthread_create");
	for (;;)
		pause();
}
