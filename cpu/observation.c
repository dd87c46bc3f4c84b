/* Opens the sampling event for commands, running processes and all CPUs. */
#include "cpu/observation.h"

#include "cpu/event.h"
#include "cpu/running_threads.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/ring.h"
#include "core/perf/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	/* More than a thousand records of mappings, and what an ordinary user may lock has room for
	 * it. */
	TRACKING_RING_BYTES = 1 << 16,
	/* The same of all processes of a machine that compiles: 64 KB lost some. */
	TRACKING_ALL_RING_BYTES = 1 << 20,
	MANY_THREADS = 1000,
};

/* What is needed of processes while they are not sampled. */
static struct perf_event_attr tracking_attr(const struct perf_event_attr *sampling, bool on_exec)
{
	struct perf_event_attr attr = perf_tracking_attr();

	attr.read_format = sampling->read_format;
	attr.inherit = sampling->inherit;
	attr.disabled = 1;
	attr.enable_on_exec = on_exec;
	return attr;
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

/* What is opened for each thread. */
struct attaching {
	struct observation *observation;
	const struct cpu_event *event;
};

static int watch(void *context, pid_t tid, struct diag *diag)
{
	struct attaching *attaching = context;
	int err = perf_stream_watch(attaching->observation->stream, OBSERVE_SAMPLES, tid, diag);

	return err ? err : add_clock(attaching->observation, attaching->event, tid, false, diag);
}

static int attach(struct observation *observation, const struct cpu_event *event,
                  struct perf_event_attr *attr, const struct repeat *repeat, size_t ring_bytes,
                  struct diag *diag)
{
	struct attaching attaching = {.observation = observation, .event = event};
	unsigned n_cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	int err;

	attr->enable_on_exec = 0;
	attr->sample_type |= PERF_SAMPLE_ID; /* perf_stream_watch() says why */
	observation->n_events = 1;
	err = perf_stream_open(&observation->stream, attr, PERF_NOBODY, ring_bytes, diag);
	return err ? err
	           : running_threads_watch(repeat, n_cpus + !event->periods_are_ns, watch,
	                                   &attaching, diag);
}

/* Whoever may observe all CPUs need not open an event for each thread, and should not where there
 * are many: 18,000 events for 9,000 threads made 0.5 s of the target's work 0.9 to 1.2 s, by what
 * the kernel has to clear up for them, and the run 9 to 13 s long instead of 3. */
static bool attach_through_all(struct observation *observation, const struct perf_event_attr *attr,
                               const struct repeat *repeat, size_t ring_bytes)
{
	struct perf_event_attr own = *attr;
	struct diag ignored;

	if (running_threads_count(repeat) < MANY_THREADS)
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

/* Of all CPUs since boot, by the first line of /proc/stat (proc(5)): all but idle and waiting.
 * False: it cannot be read. */
static bool read_busy(uint64_t *busy_ns)
{
	FILE *file = fopen("/proc/stat", "re");
	uint64_t user, nice, system, irq, softirq;
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	int n_read;

	if (!file)
		return false;
	n_read =
	    fscanf(file, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64,
	           &user, &nice, &system, &irq, &softirq);
	fclose(file);
	if (n_read != 5)
		return false;
	*busy_ns = (user + nice + system + irq + softirq) * tick_ns;
	return true;
}

void observation_start(struct observation *observation)
{
	perf_stream_start(observation->stream, OBSERVE_SAMPLES);
	for (size_t i = 0; i < observation->n_clocks; i++)
		ioctl(observation->clocks[i], PERF_EVENT_IOC_ENABLE, 0);
	observation->knows_busy = read_busy(&observation->busy_ns);
}

bool observation_time(const struct observation *observation, uint64_t *time_ns)
{
	uint64_t now_ns, clock_ns;

	*time_ns = 0;
	if (observation->all_cpus) {
		if (!observation->knows_busy || !read_busy(&now_ns) ||
		    now_ns < observation->busy_ns)
			return false;
		*time_ns = now_ns - observation->busy_ns;
		return true;
	}
	if (observation->n_clocks && perf_stream_saw_twice(observation->stream))
		return false;
	for (size_t i = 0; i < observation->n_clocks; i++) {
		if (read(observation->clocks[i], &clock_ns, sizeof(clock_ns)) != sizeof(clock_ns))
			return false;
		*time_ns += clock_ns;
	}
	return true;
}
