/* Threads that wait in six ways, each in a function of its own, and know for how long.
 *
 * Prints at its end a line for each: NAME LEAST_NS MOST_NS WAITS, the time that the function was
 * off the CPU by its own clocks (CLOCK_MONOTONIC less CLOCK_THREAD_CPUTIME_ID, which is read before
 * and after the other, whatever comes in between) and the thread's voluntary switches in it
 * (getrusage(2)); and for each thread: thread COMM TID WALL_NS CPU_NS.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 4, STEP_MS = 40, DEEP_MS = 200, DEPTH = 300, MAX_LINES = 16 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static unsigned n_signals;
static int pipe_fds[2];
static int quiet_fds[2];
/* Printed when nobody waits any more: a lock on stdout would be one more wait. */
static char lines[MAX_LINES][128];
static atomic_uint n_lines;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A moment on a thread's clocks. */
struct moment {
	uint64_t cpu_ns;
	uint64_t wall_ns;
	uint64_t cpu_after_ns;
	long n_waits;
};

static struct moment now(void)
{
	struct rusage usage;

	struct moment moment;

	getrusage(RUSAGE_THREAD, &usage);
	moment.n_waits = usage.ru_nvcsw;
	moment.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	moment.wall_ns = clock_ns(CLOCK_MONOTONIC);
	moment.cpu_after_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	return moment;
}

static void tell(const char *name, struct moment start)
{
	struct moment end = now();
	uint64_t wall_ns = end.wall_ns - start.wall_ns;

	snprintf(lines[n_lines++], sizeof(*lines), "%s %lld %lld %ld", name,
	         (long long)(wall_ns - (end.cpu_after_ns - start.cpu_ns)),
	         (long long)(wall_ns - (end.cpu_ns - start.cpu_after_ns)),
	         end.n_waits - start.n_waits);
}

static void check(int failed)
{
	if (failed)
		abort();
}

#define ALONE __attribute__((noinline))

ALONE static void wait_nanosleep(void)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	struct moment start = now();

	for (int i = 0; i < ROUNDS; i++)
		nanosleep(&step, NULL);
	tell("wait_nanosleep", start);
}

ALONE static void wait_condvar(void)
{
	struct moment start = now();

	pthread_mutex_lock(&mutex);
	while (n_signals < ROUNDS)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	tell("wait_condvar", start);
}

ALONE static void wait_pipe(void)
{
	struct moment start = now();
	char byte;

	for (int i = 0; i < ROUNDS; i++)
		check(read(pipe_fds[0], &byte, 1) != 1);
	tell("wait_pipe", start);
}

ALONE static void wait_poll(void)
{
	struct pollfd quiet = {.fd = quiet_fds[0], .events = POLLIN};
	struct moment start = now();

	for (int i = 0; i < ROUNDS; i++)
		check(poll(&quiet, 1, STEP_MS + 5) != 0);
	tell("wait_poll", start);
}

/* As long as the disk takes: perhaps not at all. */
ALONE static void wait_disk(void)
{
	static char data[1 << 16];
	char path[] = "offcpu-waits.XXXXXX";
	struct moment start = now();
	int fd = mkstemp(path);

	check(fd < 0);
	for (int i = 0; i < ROUNDS; i++)
		check(write(fd, data, sizeof(data)) != sizeof(data) || fsync(fd));
	close(fd);
	unlink(path);
	tell("wait_disk", start);
}

/* Under 300 frames, of 16 bytes at the least: no copy of 1 KB holds them. */
ALONE static void wait_deep(void)
{
	const struct timespec step = {.tv_nsec = DEEP_MS * 1000000};
	struct moment start = now();

	nanosleep(&step, NULL);
	tell("wait_deep", start);
}

/* A function of its own: neither inlined nor cloned nor a loop. */
#ifdef __clang__
__attribute__((noinline, optnone))
#else
__attribute__((noinline, noipa))
#endif
static void
descend(unsigned depth)
{
	if (depth == 1)
		wait_deep();
	else
		descend(depth - 1);
	__asm__ volatile("" ::: "memory");
}

struct waiter {
	const char *comm;
	void (*wait)(void);
};

static void *run(void *argument)
{
	const struct waiter *waiter = argument;
	struct moment start = now();
	struct moment end;

	pthread_setname_np(pthread_self(), waiter->comm);
	waiter->wait();
	end = now();
	snprintf(lines[n_lines++], sizeof(*lines), "thread %s %d %llu %llu", waiter->comm, gettid(),
	         (unsigned long long)(end.wall_ns - start.wall_ns), (unsigned long long)end.cpu_ns);
	return NULL;
}

int main(void)
{
	static struct waiter waiters[] = {{"condvar", wait_condvar},
	                                  {"pipe", wait_pipe},
	                                  {"poll", wait_poll},
	                                  {"disk", wait_disk}};
	enum { N_WAITERS = sizeof(waiters) / sizeof(*waiters) };
	pthread_t threads[N_WAITERS];

	check(pipe(pipe_fds) || pipe(quiet_fds));
	for (int i = 0; i < N_WAITERS; i++)
		check(pthread_create(&threads[i], NULL, run, &waiters[i]));
	for (int i = 0; i < ROUNDS; i++) {
		usleep(STEP_MS * 1000);
		pthread_mutex_lock(&mutex);
		n_signals++;
		pthread_cond_signal(&cond);
		pthread_mutex_unlock(&mutex);
		check(write(pipe_fds[1], "x", 1) != 1);
	}
	wait_nanosleep();
	descend(DEPTH);
	for (int i = 0; i < N_WAITERS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < n_lines; i++)
		puts(lines[i]);
	return 0;
}
