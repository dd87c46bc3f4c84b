/* The bpf backend: counts what programs in the kernel tell of the target's calls. */
#include "io/backend.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/trace/tracee.h"
#include "io/bpf/meter.h"
#include "io/bpf/running.h"
#include "io/bpf/tally.h"
#include "io/bpf/wire.h"
#include "io/scope.h"

#include <stdlib.h>
#include <unistd.h>

enum { RECORDS_A_STEP = 65536 }; /* then the driver sees to other things */

struct bpf_backend {
	struct bpf_meter *meter;
	struct io_counts *counts;
	struct io_scope scope;
	struct bpf_tally *tally;
	bool is_attached; /* to processes that ran before */
};

static int plan_new(void **plan, const struct trace_set *set, bool with_stacks, struct diag *diag)
{
	const struct bpf_meter_spec spec = {.set = set};

	BUG(with_stacks); /* the collector asks the other one for them */
	return bpf_meter_new((struct bpf_meter **)plan, &spec, diag);
}

static void plan_free(void *plan)
{
	bpf_meter_free(plan);
}

struct visit {
	struct bpf_tally *tally;
	pid_t pid;
};

static void inherit_fd(void *context, int fd, bool cloexec)
{
	const struct visit *visit = context;
	char name[TRACEE_NAME_BYTES];

	if (!cloexec && tracee_describe_fd(visit->pid, fd, name, sizeof(name)))
		bpf_tally_inherit(visit->tally, fd, name);
}

static int attach_held(struct bpf_backend *backend, pid_t pid, struct diag *diag)
{
	struct visit visit = {backend->tally, pid};

	/* The held child has what the target will find. */
	tracee_each_fd(pid, inherit_fd, &visit);
	return bpf_meter_attach(backend->meter, pid, backend->scope.begun_ns, diag);
}

static int attach_running(struct bpf_backend *backend, const struct repeat *repeat,
                          struct diag *diag)
{
	int err = bpf_meter_attach_running(backend->meter, backend->scope.begun_ns, diag);

	if (!err)
		bpf_running_watch(backend->meter, backend->tally, repeat->pids, repeat->n_pids);
	return err;
}

static int backend_start(void **state, const struct io_backend_spec *spec, struct diag *diag)
{
	struct bpf_backend *backend = xcalloc(1, sizeof(*backend));
	const struct repeat *repeat = spec->repeat;
	const struct bpf_tally_spec tally = {
	    .counts = spec->counts,
	    .scope = &backend->scope,
	    .driver = getpid(),
	    .start_ns = repeat->start_ns,
	};
	int err;

	backend->meter = spec->plan;
	backend->counts = spec->counts;
	backend->is_attached = !repeat->pid;
	io_scope_init(&backend->scope, spec->set, repeat);
	backend->tally = bpf_tally_new(&tally);
	err = repeat->pid ? attach_held(backend, repeat->pid, diag)
	                  : attach_running(backend, repeat, diag);
	if (err) {
		bpf_tally_free(backend->tally);
		free(backend);
		return err;
	}
	*state = backend;
	return 0;
}

static void backend_begin(void *state)
{
	struct bpf_backend *backend = state;

	bpf_meter_begin(backend->meter, io_scope_begin(&backend->scope));
}

static int backend_fd(void *state)
{
	return bpf_meter_fd(((struct bpf_backend *)state)->meter);
}

static void take_record(void *context, const void *record, size_t len_bytes)
{
	bpf_tally_record(context, record, len_bytes);
}

static int backend_step(void *state, struct diag *diag)
{
	struct bpf_backend *backend = state;

	(void)diag;
	bpf_meter_read(backend->meter, RECORDS_A_STEP, take_record, backend->tally);
	return 0;
}

/* Where the thread is at the end: what the programs know of it, else what it sleeps in. */
static void take_last_of(void *context, pid_t tid)
{
	const struct bpf_backend *backend = context;
	struct meter_thread thread;
	uint64_t number, sp;

	if (bpf_meter_thread(backend->meter, tid, &thread))
		bpf_tally_take_last(backend->tally, tid, &thread);
	else if (tracee_read_sleep(tid, &number, &sp))
		bpf_tally_still_in(backend->tally, tid, (uint32_t)number);
}

/* Where nobody is left to be told of, nothing can come after. */
static void take_rest(struct bpf_backend *backend)
{
	bpf_meter_read(backend->meter, 0, take_record, backend->tally);
	if (!bpf_tally_n_threads(backend->tally))
		return;
	if (!bpf_meter_settle(backend->meter))
		backend->counts->gaps.lost_events++;
	bpf_meter_read(backend->meter, 0, take_record, backend->tally);
	bpf_tally_each(backend->tally, take_last_of, backend);
}

static void backend_stop(void *state)
{
	struct bpf_backend *backend = state;
	struct bpf_meter_losses losses;

	if (!backend)
		return;
	bpf_meter_detach(backend->meter);
	take_rest(backend);
	losses = bpf_meter_losses(backend->meter);
	backend->counts->gaps.lost += losses.calls;
	backend->counts->gaps.lost_events += losses.events;
	backend->counts->gaps.lost_details += losses.details;
	if (!backend->is_attached)
		backend->counts->trace.let_go = bpf_tally_n_threads(backend->tally);
	bpf_tally_free(backend->tally);
	free(backend);
}

const struct io_backend io_backend_bpf = {
    .name = "bpf",
    .time_note = "Times are wall time from start to end of each call, as the kernel's tracepoints "
                 "see them.",
    .plan = plan_new,
    .plan_free = plan_free,
    .start = backend_start,
    .begin = backend_begin,
    .fd = backend_fd,
    .step = backend_step,
    .stop = backend_stop,
};
