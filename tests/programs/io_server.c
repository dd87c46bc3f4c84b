/* A server with known calls, whose threads wait in all that a wait can be interrupted in.
 *
 * io_server serve DIRECTORY: listens at DIRECTORY/socket; DIRECTORY/pid holds its pid. For each
 * request it makes, beside what asking takes: main 100 write of 10 bytes to DIRECTORY/log and 2
 * getsockopt, of a TCP and a UDP socket; the thread "early", there from the start, 50 pwrite64 of 3
 * bytes to /dev/null; the thread "late", made then, 30 getppid and 4 writev; a child, 20 write of 1
 * byte, 2 openat of DIRECTORY/log and 2 close. A wait that ends with EINTR ends it with status 3
 * and the wait's name, but with "tolerate" in place of "serve".
 * io_server settled PID: 0 when all its threads sleep.
 * io_server ask DIRECTORY: asks, and waits until they sleep again; 3 when the server has ended.
 * io_server quit DIRECTORY: ends it with status 9. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAIN = 100, EARLY = 50, LATE = 30, VECTORS = 4, CHILD = 20, FILES = 2, STATUS = 9 };

static const char *directory;
static int log_fd, null_fd, listener, tcp, udp;
static int to_early[2], done[2];
static bool tolerates;

static void require(bool well, const char *what)
{
	if (well || (tolerates && errno == EINTR))
		return;
	printf("%s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(3);
}

static const char *path_of(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* Waits for ever, each in another call. */

static void wait_accept(void)
{
	require(accept(tcp, NULL, NULL) >= 0, "accept");
}

static void wait_receive(void)
{
	char byte;

	require(recv(udp, &byte, 1, 0) >= 0, "recv with SO_RCVTIMEO");
}

static void wait_epoll(void)
{
	struct epoll_event event;

	require(epoll_wait(epoll_create1(0), &event, 1, -1) >= 0, "epoll_wait");
}

static void wait_poll(void)
{
	require(poll(NULL, 0, -1) >= 0, "poll");
}

static void wait_sleep(void)
{
	struct timespec hour = {.tv_sec = 3600};

	require(!nanosleep(&hour, NULL), "nanosleep");
}

static void wait_futex(void)
{
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	require(!sem_wait(&semaphore), "sem_wait");
}

static void wait_signal(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigaddset(&none, SIGUSR2);
	require(sigwaitinfo(&none, NULL) >= 0, "sigwaitinfo");
}

static void (*const waits[])(void) = {wait_accept, wait_receive, wait_epoll, wait_poll,
                                      wait_sleep,  wait_futex,   wait_signal};

static void *wait_in(void *context)
{
	do
		waits[(size_t)context]();
	while (tolerates);
	return NULL;
}

static void tell_done(void)
{
	require(write(done[1], "d", 1) == 1, "write");
}

static void *early(void *context)
{
	char byte;

	pthread_setname_np(pthread_self(), "early");
	for (;;) {
		require(read(to_early[0], &byte, 1) == 1, "read");
		for (int i = 0; i < EARLY; i++)
			require(pwrite(null_fd, "abc", 3, i) == 3, "pwrite");
		tell_done();
	}
	return context;
}

static void *late(void *context)
{
	struct iovec two[2] = {{(char *)"ab", 2}, {(char *)"c", 1}};

	prctl(PR_SET_NAME, "late");
	for (int i = 0; i < LATE; i++)
		getppid();
	for (int i = 0; i < VECTORS; i++)
		require(writev(null_fd, two, 2) == 3, "writev");
	tell_done();
	return context;
}

static void child(void)
{
	prctl(PR_SET_NAME, "child");
	for (int i = 0; i < CHILD; i++)
		require(write(null_fd, "x", 1) == 1, "write");
	for (int i = 0; i < FILES; i++)
		close(open(path_of("log"), O_RDONLY));
	_exit(0);
}

static void work(void)
{
	pthread_attr_t detached;
	socklen_t len_bytes = sizeof(int);
	pthread_t thread;
	char bytes[1];
	int type;
	pid_t pid = fork();

	if (!pid)
		child();
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	require(write(to_early[1], "w", 1) == 1, "write");
	require(!pthread_create(&thread, &detached, late, NULL), "pthread_create");
	for (int i = 0; i < MAIN; i++)
		require(write(log_fd, "0123456789", 10) == 10, "write");
	getsockopt(tcp, SOL_SOCKET, SO_TYPE, &type, &len_bytes);
	getsockopt(udp, SOL_SOCKET, SO_TYPE, &type, &len_bytes);
	for (int i = 0; i < 2; i++)
		require(read(done[0], bytes, 1) == 1, "read");
	require(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void bind_inet(int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
}

static struct sockaddr_un address_of_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of("socket"));
	return address;
}

static void set_up(void)
{
	struct sockaddr_un address = address_of_socket();
	struct timeval hour = {.tv_sec = 3600};

	log_fd = open(path_of("log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	null_fd = open("/dev/null", O_WRONLY);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	bind_inet(tcp);
	require(!listen(tcp, 1), "listen");
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	bind_inet(udp);
	setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	require(!bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	require(!listen(listener, 8), "listen");
	require(!pipe(to_early) && !pipe(done), "pipe");
}

static void start_threads(void)
{
	pthread_t thread;

	require(!pthread_create(&thread, NULL, early, NULL), "pthread_create");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		require(!pthread_create(&thread, NULL, wait_in, (void *)i), "pthread_create");
}

static void write_pid(void)
{
	char part[4096];
	FILE *file;

	snprintf(part, sizeof(part), "%s/pid.part", directory);
	file = fopen(part, "w");
	require(file && fprintf(file, "%d\n", getpid()) > 0 && !fclose(file), "pid");
	require(!rename(part, path_of("pid")), "rename");
}

static int serve(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0), client;
	char byte = 0;
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigaddset(&blocked, SIGCHLD); /* or it is another try of some call under a tracer */
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	set_up();
	start_threads();
	require(!epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
	write_pid();
	while (byte != 'q') {
		while (epoll_wait(epoll, &event, 1, -1) != 1)
			require(false, "epoll_wait of main");
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		require(client >= 0 && recv(client, &byte, 1, 0) == 1, "accept4");
		if (byte == 'w')
			work();
		send(client, "k", 1, MSG_NOSIGNAL);
		close(client);
	}
	printf("served\n");
	return STATUS; /* whose threads wait on */
}

static bool sleeps(const char *pid, const char *tid)
{
	char path[300], text[512] = "";
	const char *after;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/stat", pid, tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	after = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	return after && after[2] == 'S';
}

static bool has_settled(const char *pid)
{
	char path[64];
	struct dirent *entry;
	DIR *tasks;
	bool all = true;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return false;
	while (all && (entry = readdir(tasks)))
		all = entry->d_name[0] == '.' || sleeps(pid, entry->d_name);
	closedir(tasks);
	return all;
}

static bool exists(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s", pid);
	return !access(path, F_OK);
}

static void read_pid(char pid[16])
{
	FILE *file = fopen(path_of("pid"), "r");

	require(file && fgets(pid, 16, file), "pid");
	pid[strcspn(pid, "\n")] = '\0';
	fclose(file);
}

static int ask(char what)
{
	struct sockaddr_un address = address_of_socket();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char answer, pid[16];

	require(!connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	require(write(fd, &what, 1) == 1 && read(fd, &answer, 1) == 1, "the answer");
	read_pid(pid);
	while (what == 'w' && !has_settled(pid)) {
		require(exists(pid), "the server, before it waits again");
		usleep(5000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	directory = argv[2];
	if (!strcmp(argv[1], "settled"))
		return !has_settled(argv[2]);
	tolerates = !strcmp(argv[1], "tolerate");
	return tolerates || !strcmp(argv[1], "serve") ? serve() : ask(*argv[1] == 'q' ? 'q' : 'w');
}
