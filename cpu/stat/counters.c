/* Opens, enables and reads perf counters. */
#include "cpu/stat/counters.h"

#include "cpu/running_threads.h"
#include "cpu/stat/events.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/perf/ring.h"
#include "core/target/descriptors.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { OTHER_DESCRIPTORS = 256 }; /* ours, beside those of events */

struct counters {
	const struct event_list *list;
	int *fds; /* n_events for each thread or CPU; -1: not counted */
	size_t n_fds;
	size_t capacity;
	const struct repeat *repeat; /* while threads are attached to */
	uint64_t attach_ticks;       /* since boot, as /proc has starts of threads */
	size_t n_doubtful;
};

struct count count_scale(const struct raw_count *raw, bool idle_is_zero)
{
	if (!raw->enabled_ns)
		return (struct count){.is_known = idle_is_zero, .counted_percent = 100};
	if (!raw->running_ns)
		return (struct count){0};
	/* The exact one where there is nothing to estimate. */
	if (raw->running_ns >= raw->enabled_ns)
		return (struct count){true, (double)raw->value, 100};
	return (struct count){
	    true, (double)raw->value * ((double)raw->enabled_ns / (double)raw->running_ns),
	    100.0 * (double)raw->running_ns / (double)raw->enabled_ns};
}

struct raw_count raw_count_since(const struct raw_count *now, const struct raw_count *before)
{
	return (struct raw_count){
	    now->value - before->value,
	    now->enabled_ns - before->enabled_ns,
	    now->running_ns - before->running_ns,
	};
}

static int open_event(struct counters *counters, size_t i, size_t first, pid_t pid, int cpu,
                      bool on_exec, struct diag *diag)
{
	const struct counted_event *event = &counters->list->events[i];
	struct perf_event_attr attr = counted_event_attr(counters->list, i, on_exec);
	int leader = event->leader == i ? -1 : counters->fds[first + event->leader];
	int fd;

	if (pid < 0)
		attr.inherit = 0;
	fd = perf_event_group_fd(&attr, pid, cpu, leader, diag);
	if (fd >= 0 || leader < 0)
		return fd;
	/* A group that no PMU holds at once: counted apart. */
	attr.disabled = 1;
	attr.enable_on_exec = on_exec;
	return perf_event_group_fd(&attr, pid, cpu, -1, diag);
}

/* Opens all events for one thread, or one CPU. */
static int open_unit(struct counters *counters, pid_t pid, int cpu, bool on_exec, struct diag *diag)
{
	size_t n_events = counters->list->n_events;
	size_t first = counters->n_fds;

	counters->fds = array_reserve(counters->fds, &counters->capacity, first + n_events,
	                              sizeof(*counters->fds));
	for (size_t i = 0; i < n_events; i++)
		counters->fds[first + i] = -1;
	counters->n_fds += n_events;
	for (size_t i = 0; i < n_events; i++) {
		if (counters->list->events[i].source != SOURCE_COUNTER)
			continue;
		int fd = open_event(counters, i, first, pid, cpu, on_exec, diag);

		if (fd < 0)
			return fd;
		counters->fds[first + i] = fd;
	}
	return 0;
}

static unsigned n_counted(const struct event_list *list)
{
	unsigned n = 0;

	for (size_t i = 0; i < list->n_events; i++)
		n += list->events[i].source == SOURCE_COUNTER;
	return n;
}

static int open_all_cpus(struct counters *counters, struct diag *diag)
{
	int *cpus = NULL;
	int n_cpus = perf_online_cpus(&cpus, diag);
	int err = n_cpus < 0 ? n_cpus : 0;

	if (!err)
		descriptors_raise((uint64_t)n_cpus * n_counted(counters->list) + OTHER_DESCRIPTORS);
	for (int i = 0; i < n_cpus && !err; i++)
		err = open_unit(counters, -1, cpus[i], false, diag);
	free(cpus);
	if (err == -EACCES || err == -EPERM)
		return diag_fail(diag, EACCES,
		                 "cannot count on all CPUs: this takes root, CAP_PERFMON, or "
		                 "kernel.perf_event_paranoid 0; as root run: sysctl "
		                 "kernel.perf_event_paranoid=0");
	return err;
}

/* A process that was named was there before, if only in the same tick. */
static bool is_named(const struct repeat *repeat, pid_t tid)
{
	for (size_t i = 0; i < repeat->n_pids; i++)
		if (repeat->pids[i] == tid)
			return true;
	return false;
}

static int watch(void *context, pid_t tid, struct diag *diag)
{
	struct counters *counters = context;
	struct proc_state state;
	int err = open_unit(counters, tid, -1, false, diag);

	if (!err && !is_named(counters->repeat, tid) && proc_scan_state(tid, &state) &&
	    state.start_ticks >= counters->attach_ticks)
		counters->n_doubtful++;
	return err;
}

static uint64_t ticks_now(void)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * hz + (uint64_t)now.tv_nsec * hz / 1000000000u;
}

int counters_open(struct counters **result, const struct event_list *list,
                  const struct repeat *repeat, struct diag *diag)
{
	struct counters *counters = xcalloc(1, sizeof(*counters));
	int err;

	counters->list = list;
	if (repeat->all_cpus) {
		err = open_all_cpus(counters, diag);
	} else if (repeat->n_pids) {
		counters->repeat = repeat;
		counters->attach_ticks = ticks_now();
		err = running_threads_watch(repeat, n_counted(list), watch, counters, diag);
	} else {
		err = open_unit(counters, repeat->pid, -1, !repeat->begins_later, diag);
	}
	if (err) {
		counters_close(counters);
		counters = NULL;
	}
	*result = counters;
	return err;
}

void counters_close(struct counters *counters)
{
	if (!counters)
		return;
	for (size_t i = 0; i < counters->n_fds; i++)
		if (counters->fds[i] >= 0)
			close(counters->fds[i]);
	free(counters->fds);
	free(counters);
}

/* Each by itself: of a group that was opened apart there is no leader to ask. */
static void tell_all(struct counters *counters, unsigned long request)
{
	for (size_t i = 0; i < counters->n_fds; i++)
		if (counters->fds[i] >= 0)
			ioctl(counters->fds[i], request, 0);
}

void counters_start(struct counters *counters)
{
	tell_all(counters, PERF_EVENT_IOC_ENABLE);
}

void counters_stop(struct counters *counters)
{
	tell_all(counters, PERF_EVENT_IOC_DISABLE);
}

void counters_read(const struct counters *counters, struct raw_count *counts)
{
	size_t n_events = counters->list->n_events;

	for (size_t i = 0; i < n_events; i++)
		counts[i] = (struct raw_count){0};
	for (size_t i = 0; i < counters->n_fds; i++) {
		struct raw_count one;

		if (counters->fds[i] < 0 ||
		    read(counters->fds[i], &one, sizeof(one)) != sizeof(one))
			continue;
		counts[i % n_events].value += one.value;
		counts[i % n_events].enabled_ns += one.enabled_ns;
		counts[i % n_events].running_ns += one.running_ns;
	}
}

size_t counters_n_doubtful(const struct counters *counters)
{
	return counters->n_doubtful;
}
