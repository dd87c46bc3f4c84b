/* Makes each call of io/batching.def in a way whose numbers are known: 10 calls on one descriptor
 * that a batch could have joined, then one that is short, empty or finds nothing.
 *
 *   io_batches WAY...   a way is called as its system call; "answers": events that each follow a
 *                       write; "apart": reads that no larger one could have joined;
 *                       "turns": requests over one pipe, of which each waits for its answer over
 *                       another one
 *
 * Linked statically: the loader's own reads would be among the calls.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CALLS = 10,
	PIECE_BYTES = 10,
	BUFFERS = 4,
	MESSAGES = 8,
	EVENTS = 3,
	FILE_BYTES = CALLS * BUFFERS * PIECE_BYTES + PIECE_BYTES / 2, /* the last read is short */
};

static char data[MESSAGES][PIECE_BYTES];
static struct iovec buffers[MESSAGES];
static struct mmsghdr messages[MESSAGES];

static void set_messages(void)
{
	for (int i = 0; i < MESSAGES; i++) {
		buffers[i] = (struct iovec){data[i], PIECE_BYTES};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &buffers[i], .msg_iovlen = 1};
	}
}

/* Of a file; -1: there is none. */
static int open_file(void)
{
	int fd = memfd_create("pieces", 0);

	return fd < 0 || ftruncate(fd, FILE_BYTES) ? -1 : fd;
}

/* Both ends of a way that keeps messages apart. */
static bool open_sockets(int fds[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fds[0] = socket(AF_INET, SOCK_DGRAM, 0);
	fds[1] = socket(AF_INET, SOCK_DGRAM, 0);
	return !bind(fds[1], (struct sockaddr *)&address, length) &&
	       !getsockname(fds[1], (struct sockaddr *)&address, &length) &&
	       !connect(fds[0], (struct sockaddr *)&address, length);
}

static ssize_t move_by_file_call(const char *call, int fd, int at)
{
	off_t place = (off_t)at * BUFFERS * PIECE_BYTES;

	if (!strcmp(call, "read"))
		return read(fd, data, BUFFERS * PIECE_BYTES);
	if (!strcmp(call, "write"))
		return write(fd, data, BUFFERS * PIECE_BYTES);
	if (!strcmp(call, "pread64"))
		return pread(fd, data, BUFFERS * PIECE_BYTES, place);
	if (!strcmp(call, "pwrite64"))
		return pwrite(fd, data, BUFFERS * PIECE_BYTES, place);
	if (!strcmp(call, "readv"))
		return readv(fd, buffers, BUFFERS);
	if (!strcmp(call, "writev"))
		return writev(fd, buffers, BUFFERS);
	if (!strcmp(call, "preadv"))
		return preadv(fd, buffers, BUFFERS, place);
	if (!strcmp(call, "pwritev"))
		return pwritev(fd, buffers, BUFFERS, place);
	if (!strcmp(call, "preadv2"))
		return preadv2(fd, buffers, BUFFERS, place, RWF_HIPRI);
	return pwritev2(fd, buffers, BUFFERS, place, RWF_HIPRI);
}

/* Ten full calls; of a reading one an eleventh that meets the end of the file. */
static bool use_file(const char *call)
{
	int fd = open_file();
	bool reads = strstr(call, "read") != NULL, well = fd >= 0;

	for (int i = 0; i < CALLS; i++)
		well = well && move_by_file_call(call, fd, i) == BUFFERS * PIECE_BYTES;
	return well && (!reads || move_by_file_call(call, fd, CALLS) == PIECE_BYTES / 2);
}

/* Ten pieces from back to front, then the file's last one, which is short, and its end. */
static bool use_apart(const char *call)
{
	int fd = open_file();
	bool well = fd >= 0;

	(void)call;
	for (int i = CALLS; i > 0; i--)
		well = well && lseek(fd, (i - 1) * PIECE_BYTES, SEEK_SET) >= 0 &&
		       read(fd, data, PIECE_BYTES) == PIECE_BYTES;
	return well && lseek(fd, FILE_BYTES - PIECE_BYTES / 2, SEEK_SET) >= 0 &&
	       read(fd, data, PIECE_BYTES) == PIECE_BYTES / 2 && read(fd, data, PIECE_BYTES) == 0;
}

/* flags: of those that receive. */
static ssize_t move_message(const char *call, int fd, int flags)
{
	if (!strcmp(call, "sendto"))
		return sendto(fd, data, PIECE_BYTES, 0, NULL, 0);
	if (!strcmp(call, "recvfrom"))
		return recvfrom(fd, data, PIECE_BYTES, flags, NULL, NULL);
	if (!strcmp(call, "sendmsg"))
		return sendmsg(fd, &messages[0].msg_hdr, 0);
	if (!strcmp(call, "recvmsg"))
		return recvmsg(fd, &messages[0].msg_hdr, flags);
	if (!strcmp(call, "sendmmsg"))
		return sendmmsg(fd, messages, MESSAGES, 0);
	return recvmmsg(fd, messages, MESSAGES, (unsigned)flags, NULL);
}

/* Ten messages, or ten times eight, sent by another call when they are to be received; the eleventh
 * finds none. The others wait: a busy kernel may deliver a message later than it was sent. */
static bool use_sockets(const char *call)
{
	static const char *const senders[][2] = {
	    {"recvfrom", "sendto"}, {"recvmsg", "sendmsg"}, {"recvmmsg", "sendmmsg"}};
	int fds[2];
	bool receives = false, well = open_sockets(fds);

	set_messages();
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		if (!strcmp(call, senders[i][0])) {
			receives = true;
			for (int j = 0; j < CALLS; j++)
				well = well && move_message(senders[i][1], fds[0], 0) > 0;
		}
	for (int i = 0; i < CALLS; i++)
		well = well && move_message(call, fds[receives], 0) > 0;
	return well &&
	       (!receives || (move_message(call, fds[1], MSG_DONTWAIT) == -1 && errno == EAGAIN));
}

static int wait_for_events(const char *call, int epoll_fd)
{
	static const struct timespec none;
	struct epoll_event events[EVENTS];

	/* glibc may take another one of the three. */
	if (!strcmp(call, "epoll_pwait"))
		return (int)syscall(SYS_epoll_pwait, epoll_fd, events, EVENTS, 0, NULL, 0);
	if (!strcmp(call, "epoll_pwait2"))
		return (int)syscall(SYS_epoll_pwait2, epoll_fd, events, EVENTS, &none, NULL, 0);
	return (int)syscall(SYS_epoll_wait, epoll_fd, events, EVENTS, 0);
}

/* Ready descriptors, of which each is told once: ten times three, then two, then none. */
static bool use_epoll(const char *call)
{
	int epoll_fd = epoll_create1(0);
	bool well = epoll_fd >= 0;

	for (int i = 0; i < CALLS * EVENTS + 2; i++) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLET};
		int fd = eventfd(1, 0);

		well = well && fd >= 0 && !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
	}
	for (int i = 0; i < CALLS; i++)
		well = well && wait_for_events(call, epoll_fd) == EVENTS;
	return well && wait_for_events(call, epoll_fd) == 2 && wait_for_events(call, epoll_fd) == 0;
}

/* As many events as are asked for, each time, but of a write that came first. */
static bool use_answers(const char *call)
{
	int epoll_fd = epoll_create1(0), fd = eventfd(0, 0);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	uint64_t one = 1;
	bool well = !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);

	(void)call;
	for (int i = 0; i < CALLS; i++)
		well = well && write(fd, &one, sizeof(one)) == sizeof(one) &&
		       epoll_wait(epoll_fd, &event, 1, 0) == 1;
	return well;
}

/* Entries that do nothing: ten times two, then a call that only looks. */
static bool use_ring(const char *call)
{
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 64, &params);
	size_t ring_bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	uint8_t *ring;
	uint32_t *array, *tail;
	bool well = true;

	(void)call;
	if (fd < 0)
		return false;
	ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	if (ring == MAP_FAILED)
		return false;
	/* Zeroed entries are IORING_OP_NOP. */
	array = (uint32_t *)(ring + params.sq_off.array);
	tail = (uint32_t *)(ring + params.sq_off.tail);
	for (uint32_t i = 0; i < params.sq_entries; i++)
		array[i] = i;
	for (int i = 0; i < CALLS; i++) {
		__atomic_add_fetch(tail, 2, __ATOMIC_RELEASE);
		well = well && syscall(SYS_io_uring_enter, fd, 2, 0, 0, NULL, 0) == 2;
	}
	return well && syscall(SYS_io_uring_enter, fd, 0, 0, 0, NULL, 0) == 0;
}

/* A child answers each. */
static bool use_turns(const char *call)
{
	char byte = 0;
	int there[2], back[2], n_done = 0;
	bool well = !pipe(there) && !pipe(back);
	pid_t child = well ? fork() : -1;

	(void)call;
	while (child >= 0 && n_done < 100 &&
	       (child == 0 ? read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1
	                   : write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1))
		n_done++;
	if (child == 0)
		_exit(n_done < 100);
	return child > 0 && n_done == 100 && waitpid(child, NULL, 0) == child;
}

static const struct way {
	const char *call;
	bool (*use)(const char *call);
} ways[] = {
    {"sendmmsg", use_sockets},   {"recvmmsg", use_sockets},    {"sendmsg", use_sockets},
    {"recvmsg", use_sockets},    {"sendto", use_sockets},      {"recvfrom", use_sockets},
    {"readv", use_file},         {"preadv", use_file},         {"preadv2", use_file},
    {"writev", use_file},        {"pwritev", use_file},        {"pwritev2", use_file},
    {"read", use_file},          {"pread64", use_file},        {"write", use_file},
    {"pwrite64", use_file},      {"epoll_wait", use_epoll},    {"epoll_pwait", use_epoll},
    {"epoll_pwait2", use_epoll}, {"io_uring_enter", use_ring}, {"answers", use_answers},
    {"apart", use_apart},        {"turns", use_turns},
};

static bool go(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].call, name))
			return ways[i].use(name);
	return false;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		set_messages();
		if (!go(argv[i])) {
			fprintf(stderr, "io_batches: %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	}
	return 0;
}
