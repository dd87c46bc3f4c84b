/* What a process does that lives on is told up to one moment, and all of it once: each call whose
 * end came before is there, none that began before anybody looked, none twice. As root alone, and
 * where BPF may load.
 */
#include "io/bpf/meter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "io/bpf/tally.h"
#include "io/bpf/wire.h"
#include "io/counts.h"
#include "io/scope.h"
#include "io/trace_set.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/held.h"

enum {
	N_ENDS = 5,
	CALLS_BEFORE = 1000, /* an end comes after so many */
	SHARED_FD = 100,     /* the target's, with an _Atomic uint64_t: its calls */
};

/* Makes calls of each way to be told of, by itself and in a run, until it is killed. */
static int be_the_target(void)
{
	_Atomic uint64_t *n_made =
	    mmap(NULL, sizeof(*n_made), PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);

	if (n_made == MAP_FAILED)
		return 1;
	for (;;) {
		syscall(SYS_getppid);
		atomic_fetch_add(n_made, 1);
		syscall(SYS_getppid);
		atomic_fetch_add(n_made, 1);
		syscall(SYS_pwrite64, -1, NULL, 0, 0);
		atomic_fetch_add(n_made, 1);
	}
}

struct watching {
	struct bpf_meter *meter;
	struct bpf_tally *tally;
	size_t n_timeless; /* calls without a time: their beginning was not seen */
};

static size_t n_timeless(const struct meter_run *run)
{
	size_t n_found = 0;

	for (uint32_t i = 0; i < run->n_calls; i++)
		n_found += !run->times_ns[i];
	return n_found;
}

static void take(void *context, const void *record, size_t len_bytes)
{
	struct watching *watching = context;
	const struct meter_head *head = record;
	const struct meter_call *call = record;

	if (head->kind == METER_CALL)
		watching->n_timeless += call->entered_ns == head->now_ns;
	else if (head->kind == METER_RUN)
		watching->n_timeless += n_timeless(record);
	bpf_tally_record(watching->tally, record, len_bytes);
}

static void take_last(void *context, pid_t tid)
{
	struct watching *watching = context;
	struct meter_thread thread;

	if (!bpf_meter_thread(watching->meter, tid, &thread))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(thread.runs); i++)
		watching->n_timeless += n_timeless(&thread.runs[i]);
	bpf_tally_take_last(watching->tally, tid, &thread, 0);
}

/* All calls that were made are so many, at least and at most. */
static void watch(struct watching *watching, struct held held, const _Atomic uint64_t *n_made,
                  uint64_t *least, uint64_t *most)
{
	struct diag diag;

	if (bpf_meter_attach(watching->meter, held.pid, 0, &diag))
		fail_msg("%s", diag.text);
	let_go(held);
	while (*n_made < CALLS_BEFORE)
		bpf_meter_read(watching->meter, 7, take, watching);
	*least = *n_made;
	bpf_meter_detach(watching->meter);
	*most = *n_made + 1; /* one may have returned that is not yet noted */
	bpf_meter_read(watching->meter, 0, take, watching);
	assert_true(bpf_meter_settle(watching->meter));
	bpf_meter_read(watching->meter, 0, take, watching);
	bpf_tally_each(watching->tally, take_last, watching);
}

static void end_once(struct bpf_meter *meter, const struct io_scope *scope)
{
	const struct bpf_tally_spec spec = {
	    .counts = io_counts_new(512), .scope = scope, .driver = getpid()};
	struct watching watching = {.meter = meter, .tally = bpf_tally_new(&spec)};
	int shared_fd = memfd_create("calls", 0);
	const _Atomic uint64_t *n_made;
	uint64_t least, most;
	struct held held;

	assert_int_equal(ftruncate(shared_fd, sizeof(*n_made)), 0);
	assert_int_equal(dup2(shared_fd, SHARED_FD), SHARED_FD);
	n_made = mmap(NULL, sizeof(*n_made), PROT_READ, MAP_SHARED, shared_fd, 0);
	assert_true(n_made != MAP_FAILED);
	held = hold_for(become_this_program, "calls");
	watch(&watching, held, n_made, &least, &most);
	assert_in_range(spec.counts->totals.calls, least, most);
	assert_int_equal(watching.n_timeless, 0);
	assert_int_equal(bpf_meter_losses(meter).calls, 0);
	assert_int_equal(bpf_meter_losses(meter).events, 0);
	kill(held.pid, SIGKILL);
	waitpid(held.pid, NULL, 0);
	munmap((void *)(uintptr_t)n_made, sizeof(*n_made));
	close(shared_fd);
	bpf_tally_free(watching.tally);
	io_counts_free(spec.counts);
}

static void all_is_over_at_once(void **state)
{
	struct io_scope scope = {.begun_ns = IO_FROM_START};
	struct bpf_meter_spec spec = {.ring_bytes = 0};
	struct bpf_meter *meter;
	struct trace_set *set;
	struct diag diag;

	(void)state;
	if (bpf_meter_check(&diag)) {
		print_message("%s\n", diag.text);
		skip();
	}
	assert_int_equal(trace_set_new(&set, "getppid,pwrite64", &diag), 0);
	spec.set = scope.set = set;
	if (bpf_meter_new(&meter, &spec, &diag) || bpf_meter_wait(meter, &diag) ||
	    bpf_meter_map(meter, &diag))
		fail_msg("%s", diag.text);
	for (int i = 0; i < N_ENDS; i++)
		end_once(meter, &scope);
	bpf_meter_free(meter);
	trace_set_free(set);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_over_at_once)};

	(void)argv;
	return argc > 1 ? be_the_target() : cmocka_run_group_tests(tests, NULL, NULL);
}
