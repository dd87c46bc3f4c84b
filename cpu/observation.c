/* Opens the sampling event for commands, running processes and all CPUs. */
#include "cpu/observation.h"

#include "cpu/event.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/perf/ring.h"
#include "core/perf/stream.h"
#include "core/u64map.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* More than a thousand records of mappings, and what an ordinary user may lock has room for
	 * it. */
	TRACKING_RING_BYTES = 1 << 16,
	/* The same of all processes of a machine that compiles: 64 KB lost some. */
	TRACKING_ALL_RING_BYTES = 1 << 20,
	/* A thread that an attached one makes has the event from the start. Only those that others
	 * made while the list was read are new in the next, so a few readings find all; a process
	 * that makes threads all the time shows new ones for ever. */
	MAX_SCANS = 10,
	MANY_THREADS = 1000,
	OTHER_DESCRIPTORS = 256, /* ours, and what symbols and mapped files need */
};

/* What is needed of processes while they are not sampled. */
static struct perf_event_attr tracking_attr(const struct perf_event_attr *sampling, bool on_exec)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_DUMMY,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
	    .sample_id_all = 1,
	    .read_format = sampling->read_format,
	    .inherit = sampling->inherit,
	    .mmap = 1,
	    .mmap2 = 1,
	    .comm = 1,
	    .comm_exec = 1,
	    .task = 1,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	    .disabled = 1,
	    .enable_on_exec = on_exec,
	};
}

/* The sampling event and the tracking one, both for `who`. */
static int open_both(struct observation *observation, struct perf_event_attr *attr, pid_t who,
                     size_t ring_bytes, struct diag *diag)
{
	struct perf_event_attr tracking = tracking_attr(attr, who > 0);
	int err;

	attr->enable_on_exec = 0;
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = attr->task = 0;
	err = perf_stream_open(&observation->stream, attr, who, ring_bytes, diag);
	if (!err)
		err = perf_stream_add(
		    observation->stream, &tracking, who,
		    who == PERF_EVERYBODY ? TRACKING_ALL_RING_BYTES : TRACKING_RING_BYTES, diag);
	observation->n_events = 2;
	return err;
}

static int add_clock(struct observation *observation, const struct cpu_event *event, pid_t tid,
                     bool on_exec, struct diag *diag)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_SW_TASK_CLOCK,
	    .inherit = event->attr.inherit,
	    .exclude_kernel = event->attr.exclude_kernel,
	    .disabled = 1,
	    .enable_on_exec = on_exec,
	};
	int fd;

	if (event->periods_are_ns)
		return 0;
	fd = perf_event_fd(&attr, tid, -1, diag);
	if (fd < 0)
		return fd;
	*ARRAY_APPEND(observation->clocks, observation->n_clocks, observation->clocks_capacity) =
	    fd;
	return 0;
}

static int open_command(struct observation *observation, const struct cpu_event *event,
                        struct perf_event_attr *attr, const struct repeat *repeat,
                        size_t ring_bytes, struct diag *diag)
{
	int err;

	observation->n_events = 1;
	err = repeat->begins_later
	          ? open_both(observation, attr, repeat->pid, ring_bytes, diag)
	          : perf_stream_open(&observation->stream, attr, repeat->pid, ring_bytes, diag);
	return err ? err : add_clock(observation, event, repeat->pid, !repeat->begins_later, diag);
}

static int open_all_cpus(struct observation *observation, struct perf_event_attr *attr,
                         size_t ring_bytes, struct diag *diag)
{
	int err;

	observation->all_cpus = true;
	attr->inherit = 0;
	/* Else the clock samples CPUs that do nothing; cycles hardly count there. */
	attr->exclude_idle = 1;
	err = open_both(observation, attr, PERF_EVERYBODY, ring_bytes, diag);
	if (err == -EACCES || err == -EPERM)
		return diag_fail(diag, EACCES,
		                 "cannot measure all CPUs: this takes root, CAP_PERFMON, or "
		                 "kernel.perf_event_paranoid 0; as root run: sysctl "
		                 "kernel.perf_event_paranoid=0");
	return err;
}

/* Reading the list of threads of running processes, and opening the event for the new ones. */
struct scan {
	struct observation *observation;
	const struct cpu_event *event;
	pid_t pid;
	struct u64map *seen; /* tid -> 1 */
	size_t n_new;
	size_t n_threads;
	int err;
	struct diag *diag;
};

/* As far as we may. Returns the limit. */
static uint64_t raise_descriptor_limit(uint64_t wanted)
{
	struct rlimit limit, beyond;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	beyond.rlim_cur = wanted;
	beyond.rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted;
	if (!setrlimit(RLIMIT_NOFILE, &beyond)) /* beyond the hard limit only as root */
		return wanted;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

static const char *owner_of(pid_t pid)
{
	char path[32];
	struct stat status;
	const struct passwd *user = NULL;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (!stat(path, &status))
		user = getpwuid(status.st_uid);
	return user ? user->pw_name : "somebody else";
}

/* In the words of what was asked for. */
static int explain(const struct scan *scan, int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return diag_fail(scan->diag, EACCES,
		                 "cannot measure process %d of %s: the kernel lets only root and "
		                 "who may ptrace it; use sudo",
		                 scan->pid, owner_of(scan->pid));
	case EMFILE:
		return diag_fail(scan->diag, EMFILE,
		                 "cannot measure process %d: its threads have become more than the "
		                 "limit of descriptors allows; raise it (ulimit -n), or use sudo",
		                 scan->pid);
	default:
		return err;
	}
}

static void watch_thread(void *context, pid_t tid)
{
	struct scan *scan = context;
	bool is_new;
	int err;

	u64map_put(scan->seen, (uint32_t)tid, &is_new);
	if (!is_new || scan->err)
		return;
	scan->n_new++;
	err = perf_stream_watch(scan->observation->stream, OBSERVE_SAMPLES, tid, scan->diag);
	if (!err)
		err = add_clock(scan->observation, scan->event, tid, false, scan->diag);
	if (!err)
		scan->n_threads++;
	else if (err != -ESRCH) /* it has ended meanwhile */
		scan->err = explain(scan, err);
}

static int watch_process(struct scan *scan)
{
	size_t n_before = scan->n_threads;
	int n_listed;

	for (unsigned i = 0; i < MAX_SCANS; i++) {
		scan->n_new = 0;
		n_listed = proc_scan_threads(scan->pid, watch_thread, scan);
		if (n_listed < 0 || !scan->n_new || scan->err)
			break;
	}
	if (!scan->err && scan->n_threads == n_before)
		scan->err = diag_fail(scan->diag, ESRCH, "process %d has ended", scan->pid);
	return scan->err;
}

static void count_thread(void *context, pid_t tid)
{
	(void)tid;
	++*(uint64_t *)context;
}

/* -EMFILE: not for all threads, and what is opened beside. */
static int make_room(const struct repeat *repeat, const struct cpu_event *event, struct diag *diag)
{
	uint64_t n_each = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) + !event->periods_are_ns;
	uint64_t n_threads = 0;
	uint64_t n_needed, limit;

	for (size_t i = 0; i < repeat->n_pids; i++)
		proc_scan_threads(repeat->pids[i], count_thread, &n_threads);
	n_needed = n_threads * n_each + OTHER_DESCRIPTORS;
	/* A quarter more for threads that are made meanwhile. */
	limit = raise_descriptor_limit(n_needed + n_threads / 4 * n_each);
	if (limit >= n_needed)
		return 0;
	return diag_fail(diag, EMFILE,
	                 "cannot measure process %d: %" PRIu64 " threads take %" PRIu64
	                 " descriptors here, and the limit is %" PRIu64
	                 "; raise it (ulimit -n), or use sudo",
	                 repeat->pids[0], n_threads, n_needed, limit);
}

static int attach(struct observation *observation, const struct cpu_event *event,
                  struct perf_event_attr *attr, const struct repeat *repeat, size_t ring_bytes,
                  struct diag *diag)
{
	struct scan scan = {
	    .observation = observation, .event = event, .seen = u64map_new(), .diag = diag};
	int err;

	attr->enable_on_exec = 0;
	attr->sample_type |= PERF_SAMPLE_ID; /* perf_stream_watch() says why */
	observation->n_events = 1;
	err = make_room(repeat, event, diag);
	if (!err)
		err = perf_stream_open(&observation->stream, attr, PERF_NOBODY, ring_bytes, diag);
	for (size_t i = 0; i < repeat->n_pids && !err; i++) {
		scan.pid = repeat->pids[i];
		err = watch_process(&scan);
	}
	u64map_free(scan.seen);
	return err;
}

/* Whoever may observe all CPUs need not open an event for each thread, and should not where there
 * are many: 18,000 events for 9,000 threads made 0.5 s of the target's work 0.9 to 1.2 s, by what
 * the kernel has to clear up for them, and the run 9 to 13 s long instead of 3. */
static bool attach_through_all(struct observation *observation, const struct perf_event_attr *attr,
                               const struct repeat *repeat, size_t ring_bytes)
{
	struct perf_event_attr own = *attr;
	uint64_t n_threads = 0;
	struct diag ignored;

	for (size_t i = 0; i < repeat->n_pids; i++)
		proc_scan_threads(repeat->pids[i], count_thread, &n_threads);
	if (n_threads < MANY_THREADS)
		return false;
	if (!open_all_cpus(observation, &own, ring_bytes, &ignored))
		return true;
	observation_close(observation);
	return false;
}

int observation_open(struct observation *observation, const struct cpu_event *event,
                     const struct repeat *repeat, size_t ring_bytes, uint32_t wakeup_bytes,
                     struct diag *diag)
{
	struct perf_event_attr attr = event->attr;
	*observation = (struct observation){0};
	attr.wakeup_watermark = wakeup_bytes;
	if (repeat->all_cpus)
		return open_all_cpus(observation, &attr, ring_bytes, diag);
	if (!repeat->n_pids)
		return open_command(observation, event, &attr, repeat, ring_bytes, diag);
	if (attach_through_all(observation, &attr, repeat, ring_bytes))
		return 0;
	return attach(observation, event, &attr, repeat, ring_bytes, diag);
}

void observation_close(struct observation *observation)
{
	perf_stream_close(observation->stream);
	for (size_t i = 0; i < observation->n_clocks; i++)
		close(observation->clocks[i]);
	free(observation->clocks);
	*observation = (struct observation){0};
}

/* Of all CPUs since boot, by the first line of /proc/stat (proc(5)): all but idle and waiting. */
static uint64_t busy_ns(void)
{
	FILE *file = fopen("/proc/stat", "re");
	uint64_t user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
	long ticks = sysconf(_SC_CLK_TCK);

	if (!file)
		return 0;
	if (fscanf(file, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64,
	           &user, &nice, &system, &irq, &softirq) != 5)
		user = nice = system = irq = softirq = 0;
	fclose(file);
	return (user + nice + system + irq + softirq) * (1000000000u / (uint64_t)ticks);
}

void observation_start(struct observation *observation)
{
	perf_stream_start(observation->stream, OBSERVE_SAMPLES);
	for (size_t i = 0; i < observation->n_clocks; i++)
		ioctl(observation->clocks[i], PERF_EVENT_IOC_ENABLE, 0);
	observation->busy_ns = busy_ns();
}

uint64_t observation_time_ns(const struct observation *observation)
{
	uint64_t sum_ns = 0, time_ns;

	if (observation->all_cpus)
		return busy_ns() - observation->busy_ns;
	for (size_t i = 0; i < observation->n_clocks; i++)
		if (read(observation->clocks[i], &time_ns, sizeof(time_ns)) == sizeof(time_ns))
			sum_ns += time_ns;
	return sum_ns;
}
