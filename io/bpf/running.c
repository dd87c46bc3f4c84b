/* Looks at /proc until it shows no new thread.
 *
 * The programs are attached before: what a watched thread makes they see, so only what was made
 * before its maker was watched is for a later look. Names and descriptors are read when all are
 * watched; what changes while they are read is told by records, in order.
 */
#include "io/bpf/running.h"

#include "core/alloc.h"
#include "core/trace/tracee.h"
#include "core/u64map.h"
#include "io/bpf/meter.h"
#include "io/bpf/tally.h"

#include <stdlib.h>

struct watching {
	struct bpf_meter *meter;
	struct u64map *seen; /* by thread id */
	pid_t pid;
	uint64_t since_ticks; /* the programs were attached before */
	pid_t *tids;          /* watched */
	size_t n_tids;
	size_t tids_capacity;
};

/* Those that were made since do not count as new, or a server that makes them faster than a look
 * takes would never be let go. */
static bool watch_thread(void *context, pid_t tid)
{
	struct watching *watching = context;
	bool is_new;

	u64map_put(watching->seen, (uint64_t)tid, &is_new);
	if (!is_new)
		return false;
	if (bpf_meter_watch(watching->meter, tid, watching->pid))
		*ARRAY_APPEND(watching->tids, watching->n_tids, watching->tids_capacity) = tid;
	return tracee_start_ticks(tid) <= watching->since_ticks;
}

static void watch_process(struct bpf_meter *meter, struct bpf_tally *tally, pid_t pid)
{
	struct watching watching = {
	    .meter = meter,
	    .seen = u64map_new(),
	    .pid = pid,
	    .since_ticks = tracee_ticks_now(),
	};

	tracee_each_thread_until_idle(pid, watch_thread, &watching);
	for (size_t i = 0; i < watching.n_tids; i++)
		bpf_tally_find(tally, watching.tids[i], pid);
	free(watching.tids);
	u64map_free(watching.seen);
}

void bpf_running_watch(struct bpf_meter *meter, struct bpf_tally *tally, const pid_t *pids,
                       size_t n_pids)
{
	for (size_t i = 0; i < n_pids; i++)
		watch_process(meter, tally, pids[i]);
}
