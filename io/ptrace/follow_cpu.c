/* Reads a stopped thread's CPU from /proc and binds the tracer's thread to it.
 *
 * Moving alone does not do: the scheduler wakes a thread on the CPU that it used before when that
 * one is idle (select_idle_sibling(), p->recent_used_cpu), and the CPU that we have just left is
 * idle, so the resumed thread goes there, we follow, it comes back, and every 16th stop pays for a
 * move besides. (dd bs=1 took 0.3 s or 3 s, by chance.) So a second thread keeps the old CPU busy
 * until the tracee has been resumed once; it then stays.
 */
#include "io/ptrace/follow_cpu.h"

#include "core/alloc.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* A look costs about as much as a quarter of a stop. When moving does not help (another CPU
	 * of many is always idle), the looks get rarer. */
	STOPS_A_LOOK = 16,
	MAX_STOPS_A_LOOK = 256,
	/* "processor" in /proc/TID/stat, counted from 1 as in proc(5); the name, field 2, ends with
	   the last ')'. */
	PROCESSOR_FIELD = 39,
	/* How often to see whether the second thread runs, about 1 ms. */
	PATIENCE = 30000,
};

enum holder_state { HOLDER_IDLE, HOLDER_CALLED, HOLDER_RUNS, HOLDER_QUITS };

struct cpu_follower {
	int own_cpu; /* where we are bound; -1: nowhere yet */
	unsigned stops_a_look;
	unsigned countdown; /* stops until the next look */
	pid_t tid;          /* whose stat file is open; 0: none */
	int stat_fd;
	bool has_holder;
	pthread_t holder;
	sem_t call;
	atomic_int state;
};

static void *hold_cpu(void *context)
{
	struct cpu_follower *follower = context;
	int called;

	for (;;) {
		while (sem_wait(&follower->call))
			;
		called = HOLDER_CALLED;
		atomic_compare_exchange_strong(&follower->state, &called, HOLDER_RUNS);
		while (atomic_load(&follower->state) == HOLDER_RUNS)
			__builtin_ia32_pause();
		if (atomic_load(&follower->state) == HOLDER_QUITS)
			return NULL;
	}
}

struct cpu_follower *cpu_follower_new(void)
{
	struct cpu_follower *follower = xcalloc(1, sizeof(*follower));

	follower->own_cpu = follower->stat_fd = -1;
	follower->stops_a_look = STOPS_A_LOOK;
	sem_init(&follower->call, 0, 0);
	follower->has_holder = !pthread_create(&follower->holder, NULL, hold_cpu, follower);
	return follower;
}

static void forget_file(struct cpu_follower *follower)
{
	if (follower->stat_fd >= 0)
		close(follower->stat_fd);
	follower->stat_fd = -1;
	follower->tid = 0;
}

void cpu_follower_free(struct cpu_follower *follower)
{
	if (!follower)
		return;
	if (follower->has_holder) {
		atomic_store(&follower->state, HOLDER_QUITS);
		sem_post(&follower->call);
		pthread_join(follower->holder, NULL);
	}
	forget_file(follower);
	sem_destroy(&follower->call);
	free(follower);
}

/* One file stays open: nearly always the same thread stops again. */
static bool open_file(struct cpu_follower *follower, pid_t tid)
{
	char path[32];

	if (follower->tid == tid)
		return true;
	forget_file(follower);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
	follower->stat_fd = open(path, O_RDONLY | O_CLOEXEC);
	follower->tid = follower->stat_fd >= 0 ? tid : 0;
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

/* Keeps a CPU busy until cpu_follower_resumed(). */
static void hold(struct cpu_follower *follower, int cpu)
{
	cpu_set_t cpus;

	if (!follower->has_holder || cpu < 0)
		return;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (pthread_setaffinity_np(follower->holder, sizeof(cpus), &cpus))
		return;
	atomic_store(&follower->state, HOLDER_CALLED);
	sem_post(&follower->call);
	for (int i = 0; i < PATIENCE && atomic_load(&follower->state) == HOLDER_CALLED; i++)
		__builtin_ia32_pause();
}

static void move_to(struct cpu_follower *follower, int cpu)
{
	int old_cpu = follower->own_cpu;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	/* Refused when that CPU is not ours to use; slower then, but no less exact. */
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return;
	follower->own_cpu = cpu;
	hold(follower, old_cpu);
}

void cpu_follower_stopped(struct cpu_follower *follower, pid_t tid, bool look)
{
	int cpu;

	if (!look && follower->countdown > 0) {
		follower->countdown--;
		return;
	}
	cpu = read_cpu(follower, tid);
	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == follower->own_cpu) {
		follower->stops_a_look = STOPS_A_LOOK;
	} else {
		move_to(follower, cpu);
		if (follower->stops_a_look < MAX_STOPS_A_LOOK)
			follower->stops_a_look *= 2;
	}
	follower->countdown = follower->stops_a_look;
}

void cpu_follower_resumed(struct cpu_follower *follower)
{
	if (atomic_load(&follower->state) != HOLDER_IDLE)
		atomic_store(&follower->state, HOLDER_IDLE);
}
