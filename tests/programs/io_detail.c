/* Makes calls with arguments of every kind that detail.txt decodes, good and bad ones: io_detail
 * DIRECTORY, which is empty. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)1)

static char buffer[1000];
static struct iovec buffers[] = {{buffer, 3}, {buffer + 10, 4}, {buffer + 20, 50}};

/* As the numbers say: libc would check, or take another call. */
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static void texts(void)
{
	CALL(write, -1, "\0018\1a\0011\377\n\t\r\v\f\"\\\33[0m", 18);
	CALL(write, -1, "", 0);
	CALL(write, -1, BAD, 5);
	CALL(write, -1, NULL, 5);
	CALL(write, -1, "12345678901234567890123456789012", 32);
	CALL(write, -1, "12345678901234567890123456789012x", 33);
	CALL(write, -1, "1234567890123456789012345678901\0011", 33);
	CALL(open, "a \"b\"\n\\", O_RDONLY);
	CALL(open, BAD, O_RDONLY);
	CALL(open, NULL, O_RDONLY);
}

static void files(void)
{
	int fd = CALL(open, "file", O_CREAT | O_RDWR | O_TRUNC, 0644);
	struct stat status;

	for (int i = 0; i < 9; i++)
		CALL(write, fd, "0123456789abcdef\n", 17);
	CALL(openat, AT_FDCWD, "file", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	CALL(openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0600);
	CALL(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY);
	CALL(openat, fd, "below", O_RDONLY | O_DSYNC | O_EXCL | O_NOCTTY);
	CALL(openat, AT_FDCWD, "file",
	     O_ACCMODE | O_SYNC | O_DIRECT | O_NOATIME | O_CREAT | 0x40000000, 07777);
	CALL(creat, "other", 0755);
	CALL(pread64, fd, buffer, 10, 5);
	CALL(pread64, fd, BAD, 10, 5);
	CALL(read, fd, buffer, 10);
	CALL(lseek, fd, 0, SEEK_SET);
	CALL(lseek, fd, -5, SEEK_END);
	CALL(lseek, fd, 0, 9);
	CALL(lseek, fd, 0, SEEK_SET);
	CALL(read, fd, buffer, sizeof(buffer));
	CALL(read, fd, buffer, sizeof(buffer));
	CALL(read, -1, buffer, 10);
	CALL(lseek, fd, 0, SEEK_SET);
	CALL(readv, fd, buffers, 3);
	CALL(readv, fd, buffers, 0);
	CALL(readv, fd, BAD, 2);
	CALL(preadv, fd, buffers, 3, 150, 0);
	CALL(preadv2, fd, buffers, 2, -1, -1, RWF_HIPRI);
	CALL(writev, -1, buffers, 2);
	CALL(pwritev, fd, buffers, 2, 300, 0);
	CALL(pwrite64, fd, "there", 5, 400);
	CALL(ftruncate, fd, 100);
	CALL(truncate, "none", 5);
	CALL(fallocate, fd, 0, 0L, 50L);
	CALL(fallocate, -1, 3, 0L, 50L);
	CALL(fsync, fd);
	CALL(fdatasync, fd);
	CALL(sync_file_range, fd, 0L, 10L, 2);
	CALL(fadvise64, fd, 0L, 0L, POSIX_FADV_RANDOM);
	CALL(readahead, fd, 0L, 10L);
	CALL(flock, fd, LOCK_EX | LOCK_NB);
	CALL(fstat, fd, &status);
	CALL(fstat, fd, BAD);
	CALL(stat, "/dev/null", &status);
	CALL(stat, "none", &status);
	CALL(lstat, "file", &status);
	CALL(newfstatat, AT_FDCWD, "/dev/null", &status, AT_SYMLINK_NOFOLLOW);
	CALL(newfstatat, fd, "", &status, AT_EMPTY_PATH);
	CALL(copy_file_range, fd, &(long){1}, fd, &(long){200}, 5L, 0);
	CALL(close, fd);
	CALL(close, -1);
	CALL(close_range, 900, 1000, 0);
}

static void names(void)
{
	int fd;

	CALL(access, "file", R_OK | W_OK);
	CALL(access, "none", F_OK);
	CALL(faccessat, AT_FDCWD, "file", X_OK);
	CALL(faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS);
	CALL(mkdir, "sub", 0755);
	CALL(mkdirat, AT_FDCWD, "sub", 01777);
	CALL(rmdir, "sub");
	CALL(link, "file", "second");
	CALL(linkat, AT_FDCWD, "none", 7, "third", AT_SYMLINK_FOLLOW);
	CALL(symlink, "file", "soft");
	CALL(symlinkat, "file", AT_FDCWD, "soft");
	CALL(readlink, "soft", buffer, 100L);
	CALL(readlinkat, AT_FDCWD, "soft", buffer, 2L);
	CALL(readlink, "none", buffer, 100L);
	CALL(rename, "second", "third");
	CALL(renameat, AT_FDCWD, "none", 4, "fourth");
	CALL(renameat2, AT_FDCWD, "third", AT_FDCWD, "file", 1);
	CALL(chmod, "third", 04755);
	CALL(fchmod, -1, -1);
	CALL(fchmodat, AT_FDCWD, "third", 0);
	CALL(chown, "none", 1, -1);
	CALL(lchown, "none", 1, 2);
	CALL(fchown, -1, 0, 0);
	CALL(fchownat, AT_FDCWD, "none", 1, 2, AT_SYMLINK_NOFOLLOW);
	CALL(unlink, "third");
	CALL(unlinkat, AT_FDCWD, "soft", 0);
	CALL(unlinkat, AT_FDCWD, "soft", AT_REMOVEDIR);
	CALL(chdir, "none");
	CALL(fchdir, -1);
	CALL(getcwd, buffer, sizeof(buffer));
	CALL(getcwd, buffer, 1L);
	CALL(umask, 022);
	CALL(chroot, "none");
	fd = CALL(open, ".", O_DIRECTORY);
	CALL(getdents64, fd, buffer, sizeof(buffer));
	CALL(getdents64, fd, buffer, sizeof(buffer));
	CALL(getdents, -1, buffer, 5);
	CALL(memfd_create, "name", 3);
	CALL(memfd_create, BAD, 0);
}

static void descriptors(void)
{
	struct flock lock = {.l_type = F_RDLCK, .l_len = 10};
	int pair[2], fd = CALL(open, "file", O_RDWR);

	CALL(pipe, pair);
	CALL(pipe, BAD);
	CALL(pipe2, pair, O_CLOEXEC | O_NONBLOCK);
	CALL(dup, fd);
	CALL(dup2, fd, 100);
	CALL(dup3, fd, 101, O_CLOEXEC);
	CALL(fcntl, fd, F_GETFD);
	CALL(fcntl, fd, F_SETFD, FD_CLOEXEC);
	CALL(fcntl, fd, F_GETFD);
	CALL(fcntl, fd, F_GETFL);
	CALL(fcntl, fd, F_SETFL, O_NONBLOCK | O_RDWR);
	CALL(fcntl, fd, F_DUPFD, 50);
	CALL(fcntl, fd, F_DUPFD_CLOEXEC, 60);
	CALL(fcntl, fd, F_GETLK, &lock);
	CALL(fcntl, fd, F_SETLK, &lock);
	CALL(fcntl, fd, F_GETLK, BAD);
	CALL(fcntl, pair[0], F_SETPIPE_SZ, 65536);
	CALL(fcntl, pair[0], F_GETPIPE_SZ);
	CALL(fcntl, fd, F_SETOWN, 0);
	CALL(fcntl, fd, 9999, 3);
	memset(buffer, 'x', sizeof(buffer));
	CALL(write, pair[1], "0123456789", 10);
	CALL(tee, pair[0], pair[1], 5L, 2);
	CALL(splice, pair[0], NULL, fd, &(long){3}, 5L, 3);
	CALL(vmsplice, pair[1], buffers, 2L, SPLICE_F_NONBLOCK);
	CALL(sendfile, pair[1], fd, &(long){2}, 4L);
	CALL(sendfile, -1, fd, NULL, 4L);
}

/* A copy of it in a page behind which nothing can be read. */
static void *page_before_none(const void *bytes, size_t len)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE))
		_exit(1);
	return memcpy(pages, bytes, len);
}

static void waiting(void)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data = {.u64 = 77}}, events[4];
	struct timespec soon = {.tv_nsec = 1000}, none = {0};
	struct timeval at_once = {0};
	struct pollfd polled[] = {{.events = POLLIN}, {.events = POLLOUT | POLLIN}, {.fd = -1}};
	sigset_t signals;
	int pair[2], epoll, fd;
	fd_set set;
	uint64_t one = 1;

	if (pipe(pair))
		_exit(1);
	polled[0].fd = pair[0];
	polled[1].fd = pair[1];
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, 40);
	CALL(poll, polled, 3, 0);
	CALL(poll, polled, 1, 0);
	CALL(poll, NULL, 0, 1);
	CALL(poll, BAD, 1, 1);
	CALL(ppoll, polled, 2, &none, &signals, 8L);
	CALL(ppoll, polled, 1, &soon, NULL, 8L);
	sigfillset(&signals);
	sigdelset(&signals, SIGTERM);
	FD_ZERO(&set);
	FD_SET(pair[1], &set);
	CALL(select, pair[1] + 1, NULL, &set, NULL, &at_once);
	CALL(select, 0, NULL, NULL, NULL, &at_once);
	CALL(select, INT_MAX, NULL, page_before_none(&set, sizeof(set)), NULL, &at_once);
	CALL(pselect6, pair[1] + 1, NULL, &set, &set, &none, NULL);
	CALL(pselect6, pair[0] + 1, &set, NULL, NULL, &none, ((void *[]){&signals, (void *)8}));
	epoll = CALL(epoll_create1, EPOLL_CLOEXEC);
	CALL(epoll_create, 5);
	CALL(epoll_ctl, epoll, EPOLL_CTL_ADD, pair[1], &event);
	CALL(epoll_ctl, epoll, EPOLL_CTL_DEL, pair[0], &event);
	CALL(epoll_ctl, epoll, EPOLL_CTL_MOD, pair[0], BAD);
	CALL(epoll_wait, epoll, events, 4, 0);
	CALL(epoll_wait, epoll, events, 4, 0);
	CALL(epoll_wait, -1, events, 4, 0);
	CALL(epoll_pwait, epoll, events, 4, 0, &signals, 8L);
	CALL(eventfd, 3);
	fd = CALL(eventfd2, 5, EFD_CLOEXEC | EFD_NONBLOCK);
	CALL(write, fd, &one, 8);
	CALL(nanosleep, &soon, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &soon, &none);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, BAD, NULL);
}

static void memory(void)
{
	char *pages = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CALL(mprotect, pages, 4096L, PROT_NONE);
	CALL(mprotect, pages, 4096L, PROT_READ | PROT_EXEC | 0x100);
	CALL(madvise, pages, 4096L, MADV_DONTNEED);
	CALL(madvise, pages, 4096L, 99);
	CALL(msync, pages, 4096L, MS_SYNC | MS_INVALIDATE);
	CALL(mlock, pages, 0L);
	CALL(mlock2, pages, 0L, 1);
	CALL(munlock, pages, 4096L);
	CALL(mlockall, 0);
	CALL(munlockall);
	CALL(mremap, pages + 8192, 8192L, 4096L, 0);
	CALL(mremap, pages, 4096L, 4096L, MREMAP_MAYMOVE | MREMAP_FIXED, BAD);
	CALL(munmap, pages, 12288L);
	CALL(mmap, NULL, 5L, 0, 0x100000, 3, 4096L);
	CALL(mmap, NULL, 5L, 7, MAP_SHARED | MAP_FIXED | MAP_NORESERVE | MAP_POPULATE, -1, 4096L);
	CALL(mmap, NULL, 5L, 1, MAP_PRIVATE | MAP_GROWSDOWN | MAP_LOCKED | MAP_STACK | MAP_HUGETLB,
	     -1, 0L);
	CALL(brk, NULL);
}

/* Those without arguments, and what is left. */
static void others(void)
{
	struct timespec now;

	CALL(getpid);
	CALL(getppid);
	CALL(gettid);
	CALL(getuid);
	CALL(geteuid);
	CALL(getgid);
	CALL(getegid);
	CALL(getpgrp);
	CALL(setsid);
	CALL(sched_yield);
	CALL(inotify_init);
	CALL(syncfs, -1);
	CALL(pwritev2, -1, buffers, 1, 5, 0, 0);
	CALL(clock_gettime, CLOCK_BOOTTIME, BAD);
	CALL(clock_gettime, CLOCK_TAI, &now);
	syscall(700, 1, 0, 0xabc, 4, 5, 6);
}

static void addresses(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "socket"},
	                   abstract = {.sun_family = AF_UNIX};
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	int udp = CALL(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), pair[2];
	int tcp6 = CALL(socket, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
	int listener = CALL(socket, AF_UNIX, SOCK_SEQPACKET, 0),
	    peer = CALL(socket, AF_UNIX, SOCK_SEQPACKET, 0);
	int netlink = CALL(socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	socklen_t length = 100;

	CALL(socket, 99, 9, 9);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	CALL(bind, udp, &in, sizeof(in));
	CALL(bind, udp, &in, 1);
	CALL(bind, udp, &in, 5);
	CALL(bind, udp, BAD, 16);
	CALL(getsockname, udp, &in, &length);
	CALL(getsockname, udp, NULL, NULL);
	CALL(getpeername, udp, &in, &length);
	CALL(connect, tcp6, &in6, sizeof(in6));
	CALL(bind, listener, &un, sizeof(un));
	CALL(listen, listener, 5);
	CALL(connect, peer, &un, sizeof(un));
	length = sizeof(un);
	CALL(accept, listener, &un, &length);
	CALL(accept4, -1, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	memcpy(abstract.sun_path, "\0name", 5);
	CALL(connect, peer, &abstract, 7);
	CALL(bind, netlink, &nl, sizeof(nl));
	CALL(shutdown, pair[0], SHUT_WR);
	CALL(shutdown, -1, 7);
}

static void options(void)
{
	int fd = CALL(socket, AF_INET, SOCK_STREAM, IPPROTO_IP), value = 1;
	struct linger linger = {1, 2};
	struct timeval time = {1, 2};
	socklen_t length = sizeof(value);

	CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value));
	CALL(setsockopt, fd, SOL_TCP, TCP_NODELAY, &value, sizeof(value));
	CALL(setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	CALL(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, &value, &length);
	CALL(getsockopt, fd, SOL_SOCKET, SO_ERROR, &value, &length);
	CALL(getsockopt, -1, SOL_SOCKET, SO_ERROR, &value, &length);
}

static void messages(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec out[] = {{"ab", 2}, {"cde", 3}};
	struct msghdr sent = {.msg_iov = out, .msg_iovlen = 2},
	              got = {&in, sizeof(in), buffers, 2, NULL, 0, 0};
	struct mmsghdr many[] = {{sent, 0}, {sent, 0}}, room[] = {{got, 0}, {got, 0}, {got, 0}};
	struct timespec second = {1, 0};
	socklen_t length = sizeof(in);
	int fd = CALL(socket, AF_INET, SOCK_DGRAM, 0), pair[2];
	struct cmsghdr *header = (struct cmsghdr *)control;

	CALL(bind, fd, &in, sizeof(in));
	CALL(getsockname, fd, &in, &length);
	CALL(connect, fd, &in, sizeof(in));
	CALL(sendto, fd, "hello", 5L, MSG_DONTWAIT, NULL, 0);
	CALL(sendto, fd, "hello", 5L, MSG_NOSIGNAL, &in, sizeof(in));
	CALL(recvfrom, fd, buffer, 100L, 0, NULL, NULL);
	CALL(recvfrom, fd, buffer, 2L, 0, &in, &length);
	CALL(recvfrom, fd, buffer, 2L, MSG_DONTWAIT | MSG_PEEK, &in, &length);
	CALL(sendmsg, fd, &sent, 0);
	CALL(recvmsg, fd, &got, 0);
	CALL(recvmsg, fd, &got, MSG_DONTWAIT);
	CALL(sendmsg, fd, BAD, 0);
	CALL(sendmmsg, fd, many, 2, 0);
	CALL(sendmmsg, -1, many, 2, 0);
	CALL(recvmmsg, fd, room, 3, MSG_DONTWAIT, NULL);
	CALL(recvmmsg, fd, room, 3, MSG_DONTWAIT, NULL);
	CALL(sendmmsg, fd, many, 1, 0);
	CALL(recvmmsg, fd, room, 1, 0, &second);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		_exit(1);
	sent.msg_control = got.msg_control = control;
	sent.msg_controllen = got.msg_controllen = sizeof(control);
	got.msg_name = NULL;
	got.msg_namelen = 0;
	memset(control, 0, sizeof(control));
	*header = (struct cmsghdr){CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	CALL(sendmsg, pair[0], &sent, 0);
	CALL(recvmsg, pair[1], &got, MSG_CMSG_CLOEXEC);
}

static void processes(char *self)
{
	char *arguments[] = {self, "a \"b\"\n", "12345678901234567890123456789012",
	                     "123456789012345678901234567890123", NULL};
	char *variables[] = {"A=1", NULL}, *none[] = {NULL};
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(3);
	CALL(wait4, pid, &status, 0, NULL);
	CALL(wait4, -1, &status, WNOHANG | WUNTRACED, NULL);
	pid = CALL(fork);
	if (!pid)
		_exit(0);
	CALL(wait4, pid, &status, 0, NULL);
	pid = fork();
	if (!pid)
		kill(getpid(), SIGKILL);
	CALL(wait4, pid, &status, 0, NULL);
	pid = fork();
	if (!pid)
		kill(getpid(), SIGRTMAX);
	CALL(wait4, pid, &status, 0, NULL);
	CALL(execve, "./none", arguments, variables);
	CALL(execve, BAD, NULL, NULL);
	CALL(execve, self, arguments, none);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 0; /* executed by itself */
	if (chdir(argv[1]))
		return 1;
	texts();
	files();
	names();
	descriptors();
	waiting();
	memory();
	addresses();
	options();
	messages();
	others();
	processes(argv[0]);
	return 1;
}
