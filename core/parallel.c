/* Threads that each take the next thing to do, the caller's among them. */
#include "core/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* Enough to keep a disk and the memory busy. */
enum { MOST_THREADS = 8 };

struct task {
	parallel_work *work;
	void *context;
	size_t n;
	size_t next;
};

static void *work_on(void *argument)
{
	struct task *task = argument;
	size_t i;

	while ((i = __atomic_fetch_add(&task->next, 1, __ATOMIC_RELAXED)) < task->n)
		task->work(task->context, i);
	return NULL;
}

static size_t count_cpus(void)
{
	cpu_set_t cpus;
	long n_online;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		return (size_t)CPU_COUNT(&cpus);
	n_online = sysconf(_SC_NPROCESSORS_ONLN); /* a machine with more than the set can hold */
	return n_online > 1 ? (size_t)n_online : 1;
}

void parallel_do(parallel_work *work, void *context, size_t n)
{
	struct task task = {.work = work, .context = context, .n = n};
	size_t n_threads = count_cpus(), n_helpers = 0;
	pthread_t helpers[MOST_THREADS];

	if (n_threads > n)
		n_threads = n;
	if (n_threads > MOST_THREADS)
		n_threads = MOST_THREADS;
	while (n_helpers + 1 < n_threads &&
	       !pthread_create(&helpers[n_helpers], NULL, work_on, &task))
		n_helpers++;
	work_on(&task);
	while (n_helpers)
		pthread_join(helpers[--n_helpers], NULL);
}
