/* The bpf backend: counts what programs in the kernel tell of the target's calls. */
#include "io/backend.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/trace/tracee.h"
#include "io/bpf/callers.h"
#include "io/bpf/meter.h"
#include "io/bpf/running.h"
#include "io/bpf/tally.h"
#include "io/bpf/wire.h"
#include "io/scope.h"
#include "io/sites.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	RECORDS_A_STEP = 65536, /* then the driver sees to other things */
	/* Of each CPU, 40 MB of copies at most: a fiftieth of what it can copy, and of our time. */
	STACKS_A_SECOND = 20000,
	/* By then a record is in the ring. */
	LATEST_RECORD_NS = 1000000000,
};

struct bpf_backend {
	struct bpf_meter *meter;
	struct io_counts *counts;
	struct io_scope scope;
	struct bpf_tally *tally;
	struct bpf_callers *callers; /* NULL: stacks are not wanted */
	bool is_attached;            /* to processes that ran before */
	size_t n_taken;              /* records, in this step */
	uint64_t ended_ns;
};

static int plan_new(void **plan, const struct trace_set *set, bool with_stacks, struct diag *diag)
{
	const struct bpf_meter_spec spec = {.set = set,
	                                    .stacks_a_second = with_stacks ? STACKS_A_SECOND : 0};
	int err = with_stacks ? bpf_callers_check(diag) : 0;

	return err ? err : bpf_meter_new((struct bpf_meter **)plan, &spec, diag);
}

static int plan_settle(void *plan, struct diag *diag)
{
	return bpf_meter_wait(plan, diag);
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

	if (backend->callers)
		bpf_callers_adopt(backend->callers, pid);
	/* The held child has what the target will find. */
	tracee_each_fd(pid, inherit_fd, &visit);
	return bpf_meter_attach(backend->meter, pid, backend->scope.begun_ns, diag);
}

static int attach_running(struct bpf_backend *backend, const struct repeat *repeat,
                          struct diag *diag)
{
	int err = bpf_meter_map(backend->meter, diag);

	if (!err)
		err = bpf_meter_attach_running(backend->meter, backend->scope.begun_ns, diag);
	if (err)
		return err;
	bpf_running_watch(backend->meter, backend->tally, repeat->pids, repeat->n_pids);
	for (size_t i = 0; backend->callers && i < repeat->n_pids; i++)
		bpf_callers_adopt(backend->callers, repeat->pids[i]);
	return 0;
}

static int attach(struct bpf_backend *backend, const struct repeat *repeat, struct diag *diag)
{
	const struct bpf_tally_spec tally = {
	    .counts = backend->counts,
	    .scope = &backend->scope,
	    .driver = getpid(),
	    .start_ns = repeat->start_ns,
	    .callers = backend->callers,
	};

	backend->tally = bpf_tally_new(&tally);
	return repeat->pid ? attach_held(backend, repeat->pid, diag)
	                   : attach_running(backend, repeat, diag);
}

static void backend_free(struct bpf_backend *backend)
{
	bpf_tally_free(backend->tally);
	bpf_callers_free(backend->callers);
	free(backend);
}

static int backend_start(void **state, const struct io_backend_spec *spec, struct diag *diag)
{
	struct bpf_backend *backend = xcalloc(1, sizeof(*backend));
	struct io_sites *sites = spec->counts->sites;
	int err;

	backend->meter = spec->plan;
	backend->counts = spec->counts;
	backend->is_attached = !spec->repeat->pid;
	io_scope_init(&backend->scope, spec->set, spec->repeat);
	if (sites)
		sites->stacks_a_second = STACKS_A_SECOND;
	err = sites ? bpf_callers_new(&backend->callers, sites, diag) : 0;
	if (!err)
		err = attach(backend, spec->repeat, diag);
	if (err)
		backend_free(backend);
	else
		*state = backend;
	return err;
}

/* The target need not wait for that. */
static int backend_started(void *state, struct diag *diag)
{
	return bpf_meter_map(((struct bpf_backend *)state)->meter, diag);
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
	struct bpf_backend *backend = context;

	bpf_tally_record(backend->tally, record, len_bytes);
	backend->n_taken++;
}

static int backend_step(void *state, struct diag *diag)
{
	struct bpf_backend *backend = state;

	(void)diag;
	backend->n_taken = 0;
	bpf_meter_read(backend->meter, RECORDS_A_STEP, take_record, backend);
	if (backend->n_taken < RECORDS_A_STEP)
		bpf_callers_keep_up(backend->callers, clock_now_ns() - LATEST_RECORD_NS);
	return 0;
}

static void look_at(void *context, pid_t tid)
{
	const struct bpf_backend *backend = context;

	bpf_tally_look(backend->tally, tid);
}

/* Where the thread is at the end: what the programs know of it, else what it sleeps in. */
static void take_last_of(void *context, pid_t tid)
{
	const struct bpf_backend *backend = context;
	struct meter_thread thread;

	if (bpf_meter_thread(backend->meter, tid, &thread))
		bpf_tally_take_last(backend->tally, tid, &thread, backend->ended_ns);
	else
		bpf_tally_still_in(backend->tally, tid, bpf_meter_reaches(tid));
}

/* Where nobody is left to be told of, nothing can come after. */
static void take_rest(struct bpf_backend *backend)
{
	bpf_meter_read(backend->meter, 0, take_record, backend);
	if (!bpf_tally_n_threads(backend->tally))
		return;
	if (!bpf_meter_settle(backend->meter))
		backend->counts->gaps.lost_events++;
	bpf_meter_read(backend->meter, 0, take_record, backend);
	bpf_tally_each(backend->tally, take_last_of, backend);
}

static void backend_stop(void *state)
{
	struct bpf_backend *backend = state;
	struct bpf_meter_losses losses;

	if (!backend)
		return;
	bpf_tally_each(backend->tally, look_at, backend);
	bpf_meter_detach(backend->meter);
	backend->ended_ns = clock_now_ns();
	take_rest(backend);
	losses = bpf_meter_losses(backend->meter);
	backend->counts->gaps.lost += losses.calls;
	backend->counts->gaps.lost_events += losses.events;
	backend->counts->gaps.lost_details += losses.details;
	if (!backend->is_attached)
		backend->counts->trace.let_go = bpf_tally_n_threads(backend->tally);
	backend_free(backend);
}

const struct io_backend io_backend_bpf = {
    .name = "bpf",
    .time_note = "Times are wall time from start to end of each call, as the kernel's tracepoints "
                 "see them.",
    .plan = plan_new,
    .settle = plan_settle,
    .plan_free = plan_free,
    .start = backend_start,
    .started = backend_started,
    .begin = backend_begin,
    .fd = backend_fd,
    .step = backend_step,
    .stop = backend_stop,
};
