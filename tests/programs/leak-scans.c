/* A server that leaks: each line "leak N" on stdin loses N blocks of 100 bytes, and is answered;
 * threads wait all the while in calls of all kinds, which nothing but the end of stdin ends: a
 * signal that is ignored does not. Writes "NAME RESULT" of each wait that ended, and how many
 * blocks it lost. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

static int pipe_ends[2];
static sem_t semaphore;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_waiting;

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

static const struct wait {
	const char *name;
	int (*wait)(void);
} waits[] = {
    {"read", wait_read},       {"epoll", wait_epoll},   {"epoll-timed", wait_epoll_timed},
    {"poll", wait_poll},       {"select", wait_select}, {"futex", wait_futex},
    {"mutex", wait_mutex},     {"signal", wait_signal}, {"sleep", sleep_on},
    {"semaphore", wait_semop},
};
enum { N_WAITS = sizeof(waits) / sizeof(waits[0]) };

static int results[N_WAITS];

static void *begin(void *context)
{
	const struct wait *wait = context;

	n_waiting++;
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
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sem_init(&semaphore, 0, 0);
	if (pipe(pipe_ends))
		return 1;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < N_WAITS; i++)
		pthread_create(&threads[i], NULL, begin, (void *)&waits[i]);
	while (n_waiting < N_WAITS)
		usleep(1000);
	usleep(50000); /* until they are in their calls */
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
