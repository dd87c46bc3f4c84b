/* Reads a stopped thread's CPU from /proc, binds the tracer's thread to it, and holds the CPU that
 * was left for a while. */
#include "core/trace/follow_cpu.h"

#include "core/alloc.h"
#include "core/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	/* On one CPU most stops come within 10 us, on a slow machine within 15. A look takes 2 us,
	   so it costs a slow stop 10 % at most. */
	SLOW_NS = 20000,
	/* Where all stops are slow, looks find the thread where it was and get rarer, up to so many
	   stops apart; a move makes them as frequent as before. */
	MAX_STOPS_A_LOOK = 16,
	/* Stops between a move and the next. When moving does not help (a CPU of many is always
	   idle, or two threads run at once), the moves get rarer; when it helped, they do not. */
	STOPS_A_MOVE = 16,
	MAX_STOPS_A_MOVE = 256,
	STOPS_HELPED = 1024,
	/* Holding pays while stops are frequent: that many of one thread in a row, and no more time
	   for each. */
	BURST_STOPS = 16,
	BURST_STOP_NS = 200000,
	HOLD_NS = 5000000,
	HOLDER_NICE = 19,
	PAUSES_A_LOOK = 20, /* of the holder at the clock, about 1 us */
	/* "processor" in /proc/TID/stat, counted from 1 as in proc(5); the name, field 2, ends with
	   the last ')'. */
	PROCESSOR_FIELD = 39,
};

struct cpu_follower {
	cpu_set_t cpus; /* that we may use */
	int own_cpu;    /* where we are bound; -1: nowhere yet */
	uint64_t n_stops;
	uint64_t last_move; /* in n_stops */
	unsigned stops_a_move;
	uint64_t last_look; /* in n_stops */
	unsigned stops_a_look;

	/* Stops in a row of one thread. */
	pid_t burst_tid;
	unsigned n_burst;
	uint64_t burst_ns; /* waited for them */

	pid_t stat_tid; /* whose stat file is open; 0: none */
	int stat_fd;

	bool has_holder;
	pthread_t holder;
	sem_t call;
	atomic_bool holds; /* the holder's order: false lets go */
	atomic_bool quits;
};

static void hold_once(struct cpu_follower *follower)
{
	uint64_t start_ns = clock_now_ns();

	while (atomic_load(&follower->holds) && clock_now_ns() - start_ns < HOLD_NS)
		for (int i = 0; i < PAUSES_A_LOOK; i++)
			__builtin_ia32_pause();
	atomic_store(&follower->holds, false);
}

/* Not SCHED_IDLE: the scheduler takes a CPU that only runs such threads for an idle one. */
static void *holder_run(void *context)
{
	struct cpu_follower *follower = context;

	setpriority(PRIO_PROCESS, 0, HOLDER_NICE); /* on Linux, of the thread */
	for (;;) {
		while (sem_wait(&follower->call))
			;
		if (atomic_load(&follower->quits))
			return NULL;
		hold_once(follower);
	}
}

static cpu_set_t only(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return cpus;
}

static void hold(struct cpu_follower *follower, int cpu)
{
	cpu_set_t cpus;

	if (!follower->has_holder || cpu < 0)
		return;
	cpus = only(cpu);
	if (pthread_setaffinity_np(follower->holder, sizeof(cpus), &cpus))
		return;
	atomic_store(&follower->holds, true);
	sem_post(&follower->call);
}

static void let_go(struct cpu_follower *follower)
{
	if (atomic_load_explicit(&follower->holds, memory_order_relaxed))
		atomic_store(&follower->holds, false);
}

static void forget_file(struct cpu_follower *follower)
{
	if (follower->stat_fd >= 0)
		close(follower->stat_fd);
	follower->stat_fd = -1;
	follower->stat_tid = 0;
}

/* One file stays open: nearly always the same thread stops again. */
static bool open_file(struct cpu_follower *follower, pid_t tid)
{
	char path[64];

	if (follower->stat_tid == tid)
		return true;
	forget_file(follower);
	/* /proc/TID/stat would add up the times of all threads. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)tid, (int)tid);
	follower->stat_fd = open(path, O_RDONLY | O_CLOEXEC);
	follower->stat_tid = follower->stat_fd >= 0 ? tid : 0;
	return follower->stat_fd >= 0;
}

/* The CPU that the thread ran on last, or -1. */
static int read_cpu(struct cpu_follower *follower, pid_t tid)
{
	char text[1024], *at;
	ssize_t length;

	if (!open_file(follower, tid))
		return -1;
	length = pread(follower->stat_fd, text, sizeof(text) - 1, 0);
	if (length <= 0) {
		forget_file(follower);
		return -1;
	}
	text[length] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < PROCESSOR_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1;
}

static bool in_burst(const struct cpu_follower *follower)
{
	return follower->n_burst >= BURST_STOPS &&
	       follower->burst_ns < follower->n_burst * (uint64_t)BURST_STOP_NS;
}

/* Whether we had to move. */
static bool join(struct cpu_follower *follower, pid_t tid)
{
	int old_cpu = follower->own_cpu, cpu = read_cpu(follower, tid);
	cpu_set_t cpus;

	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == old_cpu)
		return false;
	let_go(follower);
	/* Refused when that CPU is not ours to use; slower then, but no less exact. */
	cpus = only(cpu);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return false;
	follower->own_cpu = cpu;
	if (in_burst(follower))
		hold(follower, old_cpu);
	return true;
}

/* Keeps the count of the thread's last stops in a row, and what was waited for them. */
static void note_burst(struct cpu_follower *follower, pid_t tid, uint64_t waited_ns)
{
	if (follower->burst_tid != tid) {
		let_go(follower);
		follower->burst_tid = tid;
		follower->n_burst = 0;
		follower->burst_ns = 0;
	} else if (follower->n_burst == 2 * BURST_STOPS) {
		follower->n_burst /= 2;
		follower->burst_ns /= 2;
	}
	follower->n_burst++;
	follower->burst_ns += waited_ns;
}

/* After a slow stop; whether we had to move. */
static bool look(struct cpu_follower *follower, pid_t tid)
{
	if (follower->n_stops - follower->last_look < follower->stops_a_look)
		return false;
	follower->last_look = follower->n_stops;
	if (join(follower, tid)) {
		follower->stops_a_look = 1;
		return true;
	}
	if (follower->stops_a_look < MAX_STOPS_A_LOOK)
		follower->stops_a_look *= 2;
	return false;
}

void cpu_follower_stopped(struct cpu_follower *follower, pid_t tid, uint64_t waited_ns)
{
	uint64_t n_since_move = ++follower->n_stops - follower->last_move;

	note_burst(follower, tid, waited_ns);
	if (waited_ns < SLOW_NS || n_since_move < follower->stops_a_move || !look(follower, tid))
		return;
	if (n_since_move >= STOPS_HELPED)
		follower->stops_a_move = STOPS_A_MOVE;
	else if (follower->stops_a_move < MAX_STOPS_A_MOVE)
		follower->stops_a_move *= 2;
	follower->last_move = follower->n_stops;
}

void cpu_follower_look(struct cpu_follower *follower, pid_t tid)
{
	if (!join(follower, tid))
		return;
	follower->stops_a_move = STOPS_A_MOVE;
	follower->stops_a_look = 1;
}

struct cpu_follower *cpu_follower_new(void)
{
	struct cpu_follower *follower = xcalloc(1, sizeof(*follower));

	sched_getaffinity(0, sizeof(follower->cpus), &follower->cpus);
	follower->own_cpu = follower->stat_fd = -1;
	follower->stops_a_move = STOPS_A_MOVE;
	follower->stops_a_look = 1;
	sem_init(&follower->call, 0, 0);
	follower->has_holder = !pthread_create(&follower->holder, NULL, holder_run, follower);
	return follower;
}

void cpu_follower_rest(struct cpu_follower *follower)
{
	let_go(follower);
	forget_file(follower);
	sched_setaffinity(0, sizeof(follower->cpus), &follower->cpus);
}

void cpu_follower_free(struct cpu_follower *follower)
{
	if (!follower)
		return;
	if (follower->has_holder) {
		atomic_store(&follower->quits, true);
		let_go(follower);
		sem_post(&follower->call);
		pthread_join(follower->holder, NULL);
	}
	sem_destroy(&follower->call);
	free(follower);
}
