/* A server that leaks: each line "leak N" on stdin loses N blocks of 100 bytes, and is answered;
 * threads wait all the while in calls of all kinds, which nothing but the end of stdin ends: a
 * signal that is ignored does not. Writes "NAME RESULT" of each wait that ended, and how many
 * blocks it lost. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int pipe_ends[2];
static sem_t semaphore;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* Threads that there are to be, with the one that a wait makes. */
static _Atomic pid_t tids[20];
static atomic_int n_begun;

static int wait_read(void)
{
	char byte;

	return read(pipe_ends[0], &byte, 1) < 0 ? errno : 0;
}

static int wait_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[0], &event);
	return epoll_wait(epoll, &event, 1, -1) < 0 ? errno : 0;
}

/* Long enough not to end by itself. */
static int wait_epoll_timed(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[0], &event);
	return epoll_wait(epoll, &event, 1, 100000) < 0 ? errno : 0;
}

static int wait_poll(void)
{
	struct pollfd pollfd = {.fd = pipe_ends[0], .events = POLLIN};

	return poll(&pollfd, 1, 100000) < 0 ? errno : 0;
}

static int wait_select(void)
{
	struct timeval timeout = {.tv_sec = 100};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipe_ends[0], &set);
	return select(pipe_ends[0] + 1, &set, NULL, NULL, &timeout) < 0 ? errno : 0;
}

static int wait_futex(void)
{
	return sem_wait(&semaphore) < 0 ? errno : 0;
}

static int wait_mutex(void)
{
	int error = pthread_mutex_lock(&mutex);

	pthread_mutex_unlock(&mutex);
	return error;
}

static int wait_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigwaitinfo(&set, NULL) < 0 ? errno : 0;
}

/* Asks for 0.3 s; what is left to sleep must not grow. */
static int sleep_on(void)
{
	struct timespec begin, end, duration = {.tv_nsec = 300000000};
	int error = nanosleep(&duration, NULL) < 0 ? errno : 0;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; !error && i < 5; i++)
		error = clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return error ? error
	       : (end.tv_sec - begin.tv_sec) * 10 + (end.tv_nsec - begin.tv_nsec) / 100000000 >= 14
	           ? 0
	           : -1;
}

static int wait_semop(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf take = {.sem_op = -1};
	struct timespec timeout = {.tv_sec = 3};
	int error = semtimedop(id, &take, 1, &timeout) < 0 ? errno : 0;

	semctl(id, 0, IPC_RMID);
	return error == EAGAIN ? 0 : error;
}

/* A pair of which calls on the first one time out. */
static void make_pair(int pair[2], int option)
{
	struct timeval timeout = {.tv_sec = 2};

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	setsockopt(pair[0], SOL_SOCKET, option, &timeout, sizeof(timeout));
}

static int wait_recv(void)
{
	int pair[2];
	char byte;

	make_pair(pair, SO_RCVTIMEO);
	return recv(pair[0], &byte, 1, 0) < 0 && errno == EAGAIN ? 0 : errno;
}

static int wait_read_socket(void)
{
	int pair[2];
	char byte;

	make_pair(pair, SO_RCVTIMEO);
	return read(pair[0], &byte, 1) < 0 && errno == EAGAIN ? 0 : errno;
}

static int wait_send(void)
{
	static const char bytes[4096];
	int pair[2];

	make_pair(pair, SO_SNDTIMEO);
	while (send(pair[0], bytes, sizeof(bytes), 0) > 0)
		;
	return errno == EAGAIN ? 0 : errno;
}

/* A listener, with an address that the kernel chose. */
static int listen_unix(struct sockaddr_un *address, socklen_t *len)
{
	struct timeval timeout = {.tv_sec = 2};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	address->sun_family = AF_UNIX;
	*len = sizeof(address->sun_family);
	bind(listener, (struct sockaddr *)address, *len);
	*len = sizeof(*address);
	getsockname(listener, (struct sockaddr *)address, len);
	listen(listener, 0);
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return listener;
}

static int wait_accept(void)
{
	struct sockaddr_un address;
	socklen_t len;

	return accept(listen_unix(&address, &len), NULL, NULL) < 0 && errno == EAGAIN ? 0 : errno;
}

/* Nobody accepts: one finds room in the queue. */
static int wait_connect(void)
{
	struct timeval timeout = {.tv_sec = 2};
	struct sockaddr_un address;
	socklen_t len;
	int error = 0;

	listen_unix(&address, &len);
	while (!error) {
		int client = socket(AF_UNIX, SOCK_STREAM, 0);

		setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		error = connect(client, (struct sockaddr *)&address, len) < 0 ? errno : 0;
	}
	return error == EAGAIN ? 0 : error;
}

enum { N_BYTES = 15 };

static void say_begun(void)
{
	int nth = n_begun++;

	tids[nth] = (pid_t)syscall(SYS_gettid);
}

static void *send_bytes(void *context)
{
	const int *pair = context;

	say_begun();
	for (int i = 0; i < N_BYTES; i++) {
		usleep(200000);
		if (send(pair[1], "x", 1, 0) != 1)
			break;
	}
	return NULL;
}

/* Calls one after the other at the same place, none of which may time out before its time. */
static int wait_stream(void)
{
	struct timespec begin, end;
	pthread_t sender;
	int pair[2], error = 0;
	char byte;

	make_pair(pair, SO_RCVTIMEO);
	pthread_create(&sender, NULL, send_bytes, pair);
	for (int i = 0; i < N_BYTES && !error; i++) {
		clock_gettime(CLOCK_MONOTONIC, &begin);
		error = recv(pair[0], &byte, 1, 0) < 0 ? errno : 0;
		clock_gettime(CLOCK_MONOTONIC, &end);
		if (error == EAGAIN && end.tv_sec - begin.tv_sec >= 2)
			error = 0;
	}
	pthread_join(sender, NULL);
	return error;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A signal of the program's own, without SA_RESTART, does interrupt it. */
static int wait_alarm(void)
{
	const struct itimerval again = {.it_value.tv_sec = 1, .it_interval.tv_usec = 100000};
	struct sigaction action = {.sa_handler = on_alarm};
	sigset_t set;
	int pair[2];
	char byte;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	make_pair(pair, SO_RCVTIMEO);
	/* And again, should it not be in its call after a second. */
	setitimer(ITIMER_REAL, &again, NULL);
	return recv(pair[0], &byte, 1, 0) < 0 && errno == EINTR ? 0 : EAGAIN;
}

static const struct wait {
	const char *name;
	int (*wait)(void);
} waits[] = {
    {"read", wait_read},       {"epoll", wait_epoll},   {"epoll-timed", wait_epoll_timed},
    {"poll", wait_poll},       {"select", wait_select}, {"futex", wait_futex},
    {"mutex", wait_mutex},     {"signal", wait_signal}, {"sleep", sleep_on},
    {"semaphore", wait_semop}, {"recv", wait_recv},     {"read-socket", wait_read_socket},
    {"send", wait_send},       {"accept", wait_accept}, {"connect", wait_connect},
    {"stream", wait_stream},   {"alarm", wait_alarm},
};
enum { N_WAITS = sizeof(waits) / sizeof(waits[0]) };

static int results[N_WAITS];

static void *begin(void *context)
{
	const struct wait *wait = context;

	say_begun();
	results[wait - waits] = wait->wait();
	return NULL;
}

__attribute__((noinline)) static void leak(int n)
{
	for (int i = 0; i < n; i++) {
		volatile char *block = malloc(100);

		block[0] = 1;
	}
}

/* What the last calls left on the stack. */
__attribute__((noinline)) static void wipe_stack(void)
{
	volatile char room[16384];

	memset((char *)room, 0, sizeof(room));
}

/* Asleep: in its call. Or it has ended. */
static bool is_in_its_call(pid_t tid)
{
	char path[64], text[64] = "";
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = tid ? open(path, O_RDONLY) : -1;
	if (fd >= 0)
		len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return tid && (len <= 0 || strstr(text, ") S"));
}

static void serve(void)
{
	char line[64];
	int n;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "leak %d", &n) == 1)
			leak(n);
		wipe_stack();
		printf("%s", line);
		fflush(stdout);
	}
}

int main(void)
{
	pthread_t threads[N_WAITS];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sem_init(&semaphore, 0, 0);
	if (pipe(pipe_ends))
		return 1;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < N_WAITS; i++)
		pthread_create(&threads[i], NULL, begin, (void *)&waits[i]);
	for (int i = 0; i < N_WAITS + 1; i++)
		while (!is_in_its_call(tids[i]))
			usleep(1000);
	for (int i = 0; i < N_WAITS; i++)
		pthread_kill(threads[i], SIGWINCH);
	serve();
	kill(getpid(), SIGUSR1);
	close(pipe_ends[1]);
	sem_post(&semaphore);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < N_WAITS; i++) {
		pthread_join(threads[i], NULL);
		printf("%s %d\n", waits[i].name, results[i]);
	}
	return 0;
}
