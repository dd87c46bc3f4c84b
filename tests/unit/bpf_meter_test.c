/* What the programs in the kernel lose when their ring is too small is counted, to the call: lost
 * and told are together what the target made. As root alone, and where BPF may load.
 */
#include "io/bpf/meter.h"

#include "core/diag.h"
#include "io/bpf/tally.h"
#include "io/bpf/wire.h"
#include "io/counts.h"
#include "io/scope.h"
#include "io/trace_set.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/descriptors.h"
#include "tests/unit/held.h"

enum {
	TINY_BYTES = 4096,
	N_ROUNDS = 300,
	N_CHILDREN = 4,
	N_THREADS = 4,
	CALLS_A_ROUND = 1 + 2 + 1 + 1 + 1 + 3
};

/* Which nothing but the rounds below makes. */
static const char chosen[] = "getpgid,pwrite64,dup2,pwritev,write,getppid";

/* What the target does: this program, called with a word. */

/* Calls of each way to be told of: by themselves, with memory, in runs, in runs without a
 * descriptor. */
static void make_round(int number)
{
	const char data[8] = "";
	struct iovec buffers[2] = {{(void *)(uintptr_t)data, 1}, {(void *)(uintptr_t)data, 2}};

	syscall(SYS_getpgid, number % 2 ? 0 : -1);
	for (int i = 0; i < 2; i++)
		syscall(SYS_pwrite64, -1, data, 1, 0);
	syscall(SYS_dup2, -1, 100);
	syscall(SYS_pwritev, STDOUT_FILENO, buffers, 2, 0, 0);
	syscall(SYS_getppid);
	for (int i = 0; i < 3; i++)
		syscall(SYS_write, STDOUT_FILENO, data, 1 + number % 3);
	/* Told for what they do to descriptors, and not chosen. */
	close(dup(STDOUT_FILENO));
}

static void make_rounds(void)
{
	if (!freopen("/dev/null", "w", stdout))
		_exit(1);
	for (int i = 0; i < N_ROUNDS; i++)
		make_round(i);
}

static void *make_rounds_too(void *context)
{
	for (int i = 0; i < N_ROUNDS; i++)
		make_round(i);
	return context;
}

/* Children that end, or execute this program again. */
static void make_child(bool execs)
{
	char *argv[] = {(char *)"test", (char *)"rounds", NULL};
	pid_t pid = fork();

	if (!pid && execs)
		execv("/proc/self/exe", argv);
	if (!pid)
		make_rounds();
	if (!pid)
		_exit(0);
	if (waitpid(pid, NULL, 0) != pid)
		_exit(1);
}

static int make_processes(void)
{
	make_rounds();
	for (int i = 0; i < N_CHILDREN; i++)
		make_child(i % 2);
	return 0;
}

static int make_family(void)
{
	pthread_t threads[N_THREADS];

	make_processes();
	for (int i = 0; i < N_THREADS; i++)
		if (pthread_create(&threads[i], NULL, make_rounds_too, NULL))
			return 1;
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int be_the_target(const char *word)
{
	if (!strcmp(word, "family"))
		return make_family();
	if (!strcmp(word, "processes"))
		return make_processes();
	if (!strcmp(word, "rounds"))
		make_rounds();
	return 0;
}

/* What is seen of it. */

struct seen {
	uint64_t calls;
	struct bpf_meter_losses losses;
};

static void take(void *context, const void *record, size_t len_bytes)
{
	bpf_tally_record(context, record, len_bytes);
}

/* `reads`: the ring is read while the target runs, else once it has ended. */
static struct seen watch(const char *word, const char *words, uint32_t ring_bytes, bool reads)
{
	struct bpf_meter_spec spec = {.ring_bytes = ring_bytes};
	struct bpf_tally_spec tally_spec = {.counts = io_counts_new(512), .driver = getpid()};
	struct io_scope scope = {.begun_ns = IO_FROM_START};
	struct bpf_tally *tally;
	struct bpf_meter *meter;
	struct trace_set *set;
	struct held held;
	struct diag diag;
	struct seen seen;
	int status = -1;

	assert_int_equal(trace_set_new(&set, words, &diag), 0);
	spec.set = scope.set = set;
	if (bpf_meter_new(&meter, &spec, &diag) || bpf_meter_wait(meter, &diag) ||
	    bpf_meter_map(meter, &diag))
		fail_msg("%s", diag.text);
	tally_spec.scope = &scope;
	tally = bpf_tally_new(&tally_spec);
	held = hold_for(become_this_program, word);
	if (bpf_meter_attach(meter, held.pid, 0, &diag))
		fail_msg("%s", diag.text);
	let_go(held);
	while (reads && waitpid(held.pid, &status, WNOHANG) == 0)
		bpf_meter_read(meter, 7, take, tally);
	if (!reads)
		waitpid(held.pid, &status, 0);
	assert_int_equal(status, 0);
	bpf_meter_detach(meter);
	bpf_meter_read(meter, 0, take, tally);
	seen = (struct seen){tally_spec.counts->totals.calls, bpf_meter_losses(meter)};
	assert_int_equal(tally_spec.counts->gaps.lost_events, 0); /* no damaged record */
	bpf_tally_free(tally);
	bpf_meter_free(meter);
	trace_set_free(set);
	io_counts_free(tally_spec.counts);
	return seen;
}

static const uint64_t made = (uint64_t)CALLS_A_ROUND * N_ROUNDS * (1 + N_CHILDREN + N_THREADS);

static void need_bpf(void)
{
	struct diag diag;

	if (!bpf_meter_check(&diag))
		return;
	print_message("%s\n", diag.text);
	skip();
}

static void a_large_ring_loses_nothing(void **state)
{
	struct seen seen;

	(void)state;
	need_bpf();
	seen = watch("family", chosen, 0, false);
	assert_int_equal(seen.calls, made);
	assert_int_equal(seen.losses.calls, 0);
	assert_int_equal(seen.losses.details, 0);
	assert_int_equal(seen.losses.events, 0);
}

/* What of the smallest one goes to calls hangs on what came before these: a libc's start. */
static void what_a_tiny_ring_has_no_room_for_is_counted_to_the_call(void **state)
{
	uint64_t n_seen = 0;

	(void)state;
	need_bpf();
	for (uint32_t pages = 1; pages <= 16; pages *= 4) {
		struct seen seen = watch("family", chosen, pages * TINY_BYTES, false);

		assert_int_equal(seen.calls + seen.losses.calls, made);
		assert_true(seen.losses.calls > 0);
		assert_true(seen.losses.details > 0);
		n_seen += seen.calls;
	}
	assert_true(n_seen > 0);
}

static void also_when_it_is_read_meanwhile(void **state)
{
	struct seen seen;

	(void)state;
	need_bpf();
	seen = watch("family", chosen, TINY_BYTES, true);
	assert_int_equal(seen.calls + seen.losses.calls, made);
}

/* Those of libc's start too, of which nobody knows how many they are but that they are always as
 * many. Without threads, whose calls for their stacks depend on who ends first. */
static void also_of_all_calls(void **state)
{
	struct seen large, tiny;

	(void)state;
	need_bpf();
	large = watch("processes", NULL, 0, false);
	assert_int_equal(large.losses.calls, 0);
	tiny = watch("processes", NULL, TINY_BYTES, false);
	assert_true(tiny.losses.calls > 0);
	assert_int_equal(tiny.calls + tiny.losses.calls, large.calls);
}

static void another_repeat_begins_with_no_losses(void **state)
{
	const struct bpf_meter_spec spec = {.ring_bytes = TINY_BYTES};
	struct bpf_meter_spec with_set = spec;
	struct bpf_meter *meter;
	struct trace_set *set;
	struct diag diag;

	(void)state;
	need_bpf();
	assert_int_equal(trace_set_new(&set, NULL, &diag), 0);
	with_set.set = set;
	if (bpf_meter_new(&meter, &with_set, &diag) || bpf_meter_wait(meter, &diag) ||
	    bpf_meter_map(meter, &diag))
		fail_msg("%s", diag.text);
	for (int repeat = 0; repeat < 2; repeat++) {
		struct held held = hold_for(become_this_program, repeat ? "nothing" : "family");

		if (bpf_meter_attach(meter, held.pid, 0, &diag))
			fail_msg("%s", diag.text);
		if (repeat)
			assert_int_equal(bpf_meter_losses(meter).calls, 0);
		let_go(held);
		waitpid(held.pid, NULL, 0);
		bpf_meter_detach(meter);
		if (!repeat)
			assert_true(bpf_meter_losses(meter).calls > 0);
	}
	bpf_meter_free(meter);
	trace_set_free(set);
}

/* What becomes of the stacks of the calls that are told. */
struct stacks_seen {
	uint64_t n_records; /* of stacks */
	uint64_t n_calls[METER_STACK_LOST + 1];
	struct bpf_meter_losses losses;
};

static void take_states(void *context, const void *record, size_t len_bytes)
{
	struct stacks_seen *seen = context;
	const struct meter_head *head = record;
	const struct meter_call *call = record;
	const struct meter_stack *stack = record;

	if (head->kind == METER_RUN)
		seen->n_calls[METER_STACK_NOT_TAKEN] += ((const struct meter_run *)record)->n_calls;
	if (head->kind == METER_STACK) {
		seen->n_records++;
		assert_int_equal(stack->len_bytes + offsetof(struct meter_stack, data), len_bytes);
		assert_true(stack->len_bytes > 0);
	}
	/* Those that are told for what they do to descriptors are not chosen. */
	if (head->kind == METER_CALL && call->number != SYS_dup && call->number != SYS_close)
		seen->n_calls[call->stack]++;
}

static struct stacks_seen watch_stacks(uint32_t stacks_a_second, uint32_t ring_bytes)
{
	struct bpf_meter_spec spec = {.ring_bytes = ring_bytes, .stacks_a_second = stacks_a_second};
	struct stacks_seen seen = {0};
	struct bpf_meter *meter;
	struct trace_set *set;
	struct held held;
	struct diag diag;

	assert_int_equal(trace_set_new(&set, "getpgid,pwrite64,pwritev,getppid", &diag), 0);
	spec.set = set;
	if (bpf_meter_new(&meter, &spec, &diag) || bpf_meter_wait(meter, &diag) ||
	    bpf_meter_map(meter, &diag))
		fail_msg("%s", diag.text);
	held = hold_for(become_this_program, "rounds");
	if (bpf_meter_attach(meter, held.pid, 0, &diag))
		fail_msg("%s", diag.text);
	let_go(held);
	waitpid(held.pid, NULL, 0);
	bpf_meter_detach(meter);
	bpf_meter_read(meter, 0, take_states, &seen);
	seen.losses = bpf_meter_losses(meter);
	bpf_meter_free(meter);
	trace_set_free(set);
	return seen;
}

enum { STACKS_A_ROUND = 1 + 2 + 1 + 1 };

static void each_calls_stack_is_told_up_to_the_rate(void **state)
{
	struct stacks_seen seen;

	(void)state;
	need_bpf();
	seen = watch_stacks(1000000, 0);
	assert_int_equal(seen.n_calls[METER_STACK_TOLD], STACKS_A_ROUND * N_ROUNDS);
	assert_int_equal(seen.n_records, STACKS_A_ROUND * N_ROUNDS);
	assert_int_equal(seen.n_calls[METER_STACK_NOT_TAKEN], 0);
	assert_int_equal(seen.n_calls[METER_STACK_LOST], 0);
}

/* Two a second and CPU: it would take minutes to take all. */
static void above_it_calls_say_that_theirs_was_not_taken(void **state)
{
	struct stacks_seen seen;

	(void)state;
	need_bpf();
	seen = watch_stacks(2, 0);
	assert_true(seen.n_calls[METER_STACK_TOLD] > 0);
	assert_int_equal(seen.n_records, seen.n_calls[METER_STACK_TOLD]);
	assert_int_equal(seen.n_calls[METER_STACK_TOLD] + seen.n_calls[METER_STACK_NOT_TAKEN],
	                 STACKS_A_ROUND * N_ROUNDS);
	assert_true(seen.n_calls[METER_STACK_NOT_TAKEN] > 0);
}

static void what_finds_no_room_is_lost_and_its_call_is_counted(void **state)
{
	struct stacks_seen seen;

	(void)state;
	need_bpf();
	/* Half of it is less than the stacks, and the other half more than the calls. */
	seen = watch_stacks(1000000, 1 << 19);
	assert_int_equal(seen.losses.calls, 0);
	assert_true(seen.n_calls[METER_STACK_LOST] > 0);
	assert_int_equal(seen.n_records, seen.n_calls[METER_STACK_TOLD]);
	assert_int_equal(seen.n_calls[METER_STACK_TOLD] + seen.n_calls[METER_STACK_LOST],
	                 STACKS_A_ROUND * N_ROUNDS);
}

static void a_ring_that_the_kernel_refuses_is_named(void **state)
{
	struct bpf_meter_spec spec = {.ring_bytes = 12345};
	struct bpf_meter *meter;
	struct trace_set *set;
	struct diag diag = {0};
	int n_before;

	(void)state;
	need_bpf();
	assert_int_equal(trace_set_new(&set, NULL, &diag), 0);
	spec.set = set;
	n_before = count_descriptors();
	assert_int_equal(bpf_meter_new(&meter, &spec, &diag), 0);
	assert_int_equal(bpf_meter_wait(meter, &diag), -EOPNOTSUPP);
	bpf_meter_free(meter);
	assert_string_equal(diag.text,
	                    "the kernel refused the BPF programs: Invalid argument (their ring)");
	assert_int_equal(count_descriptors(), n_before);
	trace_set_free(set);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_large_ring_loses_nothing),
	    cmocka_unit_test(what_a_tiny_ring_has_no_room_for_is_counted_to_the_call),
	    cmocka_unit_test(also_when_it_is_read_meanwhile),
	    cmocka_unit_test(also_of_all_calls),
	    cmocka_unit_test(another_repeat_begins_with_no_losses),
	    cmocka_unit_test(each_calls_stack_is_told_up_to_the_rate),
	    cmocka_unit_test(above_it_calls_say_that_theirs_was_not_taken),
	    cmocka_unit_test(what_finds_no_room_is_lost_and_its_call_is_counted),
	    cmocka_unit_test(a_ring_that_the_kernel_refuses_is_named),
	};

	if (argc > 1)
		return be_the_target(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
