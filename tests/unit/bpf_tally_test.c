/* The bpf backend's tally: what records of the kernel's side become, whole, lost and damaged ones.
 */
#include "io/bpf/tally.h"

#include "core/diag.h"
#include "io/bpf/wire.h"
#include "io/counts.h"
#include "io/fd_table.h"
#include "io/latency.h"
#include "io/scope.h"
#include "io/trace_set.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

/* Above any id of a thread, so that /proc knows none of them. */
enum { FIRST = 1 << 30, CHILD, OTHER, DRIVER = 7, START_NS = 1000 };

static struct io_counts *counts;
static struct trace_set *set;
static struct io_scope scope; /* from the start */
static struct bpf_tally *tally;
static uint64_t now_ns;

/* Of exactly its size, so that memcheck and the sanitizers see what is read beyond. */
static void tell_bytes(const void *record, size_t len_bytes)
{
	void *copy = malloc(len_bytes ? len_bytes : 1);

	memcpy(copy, record, len_bytes);
	bpf_tally_record(tally, copy, len_bytes);
	free(copy);
}

static struct meter_head head_of(enum meter_kind kind, uint32_t tid)
{
	return (struct meter_head){kind, tid, now_ns += 10};
}

static void tell_exec(uint32_t tid, uint32_t former_tid, bool is_first, const char *comm)
{
	struct meter_exec exec = {
	    .head = head_of(METER_EXEC, tid),
	    .pid = tid,
	    .former_tid = former_tid,
	    .is_first = is_first,
	    .len_bytes = sizeof("prog\0-x"),
	    .command = "prog\0-x",
	};

	strncpy(exec.comm, comm, sizeof(exec.comm) - 1);
	tell_bytes(&exec, offsetof(struct meter_exec, command) + exec.len_bytes);
}

static void tell_fork(uint32_t tid, uint32_t child_tid, uint32_t child_pid, bool shares_files)
{
	const struct meter_fork fork = {
	    .head = head_of(METER_FORK, tid),
	    .pid = FIRST,
	    .child_tid = child_tid,
	    .child_pid = child_pid,
	    .shares_files = shares_files,
	};

	tell_bytes(&fork, sizeof(fork));
}

static void tell_exit(uint32_t tid, uint32_t flags, int wait_status)
{
	const struct meter_exit end = {
	    .head = head_of(METER_EXIT, tid),
	    .flags = flags,
	    .wait_status = wait_status,
	    .number = SYS_exit_group,
	};

	tell_bytes(&end, sizeof(end));
}

static struct meter_call call_of(uint32_t tid, long number, int64_t result)
{
	const struct meter_head head = head_of(METER_CALL, tid);

	return (struct meter_call){
	    .head = head,
	    .entered_ns = head.now_ns - 4,
	    .result = result,
	    .number = (uint32_t)number,
	};
}

static void tell_call(uint32_t tid, long number, int64_t result)
{
	const struct meter_call call = call_of(tid, number, result);

	tell_bytes(&call, sizeof(call));
}

/* All calls took 3 ns but the first, which took 2, and the last, which took 5. */
static struct meter_run run_of(uint32_t tid, long number, int fd, uint32_t n_calls, int64_t result)
{
	struct meter_run run = {
	    .head = head_of(METER_RUN, tid),
	    .n_calls = n_calls,
	    .size_bytes = (uint64_t)result,
	    .fd = (uint32_t)fd,
	    .number = (uint32_t)number,
	};

	for (uint32_t i = 0; i < n_calls; i++)
		run.times_ns[i] = i == 0 ? 2 : i == n_calls - 1 ? 5 : 3;
	return run;
}

static size_t run_bytes(const struct meter_run *run)
{
	return offsetof(struct meter_run, times_ns) + run->n_calls * sizeof(run->times_ns[0]);
}

static void tell_memory(uint32_t tid, uint64_t call_ns, uint64_t addr, const void *bytes,
                        uint32_t len_bytes)
{
	struct meter_memory memory = {
	    .head = {METER_MEMORY, tid, call_ns},
	    .addr = addr,
	    .len_bytes = len_bytes,
	};

	memcpy(memory.data, bytes, len_bytes);
	tell_bytes(&memory, offsetof(struct meter_memory, data) + len_bytes);
}

static void tell_name(uint32_t tid, uint64_t call_ns, int fd, const char *component)
{
	struct meter_name name = {
	    .head = {METER_NAME, tid, call_ns},
	    .fd = fd,
	    .len_bytes = (uint32_t)strlen(component) + 1,
	};

	strncpy(name.text, component, sizeof(name.text) - 1);
	tell_bytes(&name, offsetof(struct meter_name, text) + name.len_bytes);
}

static int set_up_set(void **state, const char *words)
{
	struct diag diag;
	struct bpf_tally_spec spec = {.driver = DRIVER, .start_ns = START_NS};

	(void)state;
	now_ns = START_NS;
	counts = spec.counts = io_counts_new(512);
	if (trace_set_new(&set, words, &diag))
		return 1;
	scope.set = set;
	spec.scope = &scope;
	tally = bpf_tally_new(&spec);
	bpf_tally_inherit(tally, 1, "/log");
	tell_exec(FIRST, FIRST, true, "prog");
	return 0;
}

static int set_up(void **state)
{
	return set_up_set(state, NULL);
}

static int set_up_reads(void **state)
{
	return set_up_set(state, "read");
}

static int tear_down(void **state)
{
	(void)state;
	bpf_tally_free(tally);
	trace_set_free(set);
	io_counts_free(counts);
	return 0;
}

static const struct call_row *row_of(long number)
{
	for (size_t i = 0; i < counts->n_calls; i++)
		if (counts->calls[i].info->number == (uint32_t)number &&
		    counts->calls[i].info->abi == ABI_X86_64)
			return &counts->calls[i];
	fail_msg("no row of call %ld", number);
	return NULL;
}

static void the_target_begins_with_its_command_and_descriptors(void **state)
{
	(void)state;
	assert_int_equal(counts->n_processes, 1);
	assert_int_equal(counts->processes[0].pid, FIRST);
	assert_int_equal(counts->processes[0].parent_pid, DRIVER);
	assert_string_equal(counts->processes[0].command, "prog -x");
	assert_string_equal(counts->threads[0].comm, "prog");
	assert_string_equal(fd_table_name(counts->fds, fd_table_description(counts->fds, 1, 1)),
	                    "/log");
	/* Whatever the time of its exec, it was open before. */
	assert_int_equal(
	    fd_table_descriptor(counts->fds, fd_table_use(counts->fds, 1, 1))->opened_ns, 0);
}

static void calls_are_counted_by_thread_with_their_times(void **state)
{
	(void)state;
	tell_fork(FIRST, CHILD, FIRST, true);
	tell_call(FIRST, SYS_getppid, 1);
	tell_call(CHILD, SYS_getppid, 1);
	tell_call(CHILD, SYS_close, -EBADF);
	assert_int_equal(counts->totals.calls, 3);
	assert_int_equal(counts->totals.errors, 1);
	assert_int_equal(counts->totals.time_ns, 3 * 4);
	assert_int_equal(row_of(SYS_getppid)->calls, 2);
	assert_int_equal(counts->threads[0].calls, 1);
	assert_int_equal(counts->threads[1].calls, 2);
	assert_int_equal(counts->threads[1].tid, CHILD);
	assert_int_equal(counts->threads[1].pid, FIRST);
}

static void forks_execs_and_ends_make_rows(void **state)
{
	(void)state;
	tell_fork(FIRST, CHILD, CHILD, false);
	assert_int_equal(bpf_tally_n_threads(tally), 2);
	tell_exec(CHILD, CHILD, false, "other");
	tell_exit(CHILD, METER_EXIT_OF_PROCESS, 3 << 8);
	assert_int_equal(bpf_tally_n_threads(tally), 1);
	assert_int_equal(counts->n_processes, 3);
	assert_int_equal(counts->processes[2].exec_number, 1);
	assert_int_equal(counts->processes[2].parent_pid, FIRST);
	assert_true(counts->processes[2].has_exit);
	assert_int_equal(counts->processes[2].wait_status, 3 << 8);
	assert_string_equal(counts->threads[1].comm, "other");
}

static void an_end_in_a_call_is_an_unfinished_call(void **state)
{
	(void)state;
	tell_exit(FIRST, METER_EXIT_IN_CALL | METER_EXIT_OF_PROCESS, 0);
	assert_int_equal(counts->gaps.unfinished, 1);
	assert_int_equal(counts->totals.calls, 0);
}

static void only_the_chosen_calls_count_but_all_descriptors_are_known(void **state)
{
	struct meter_call call = call_of(FIRST, SYS_openat, 5);

	(void)state;
	tell_name(FIRST, call.head.now_ns, 5, "data");
	tell_bytes(&call, sizeof(call));
	call = call_of(FIRST, SYS_read, 10);
	call.args[0] = 5;
	tell_bytes(&call, sizeof(call));
	tell_exit(FIRST, METER_EXIT_IN_CALL | METER_EXIT_OF_PROCESS, 0);
	assert_int_equal(counts->totals.calls, 1);
	assert_int_equal(counts->gaps.unfinished, 0);
	assert_int_equal(counts->gaps.guessed_fds, 0);
	assert_int_equal(row_of(SYS_read)->bytes, 10);
}

static void a_call_that_a_filter_kept_off_did_nothing(void **state)
{
	struct meter_call call = call_of(FIRST, SYS_write, SYS_write);

	(void)state;
	call.was_kept_off = true;
	tell_bytes(&call, sizeof(call));
	call = call_of(FIRST, SYS_socket, SYS_socket);
	call.was_kept_off = true;
	tell_bytes(&call, sizeof(call));
	assert_int_equal(counts->totals.calls, 2);
	assert_int_equal(counts->totals.errors, 0);
	assert_int_equal(row_of(SYS_write)->calls, 1);
	assert_int_equal(row_of(SYS_write)->bytes, 0);
	assert_int_equal(fd_table_description(counts->fds, 1, SYS_socket), 0);
}

static const char *name_of_opened(uint32_t tid, int fd, const char *name)
{
	struct meter_call call = call_of(tid, SYS_openat, fd);

	if (name)
		tell_name(tid, call.head.now_ns, fd, name);
	tell_bytes(&call, sizeof(call));
	return fd_table_name(counts->fds, fd_table_description(counts->fds, 2, fd));
}

/* Of a process that is still there: ourselves. */
static void a_name_that_did_not_come_is_a_guess(void **state)
{
	uint32_t tid = (uint32_t)getpid();
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	tell_fork(FIRST, tid, tid, false);
	assert_string_equal(name_of_opened(tid, fd, "zero"), "/zero");
	assert_int_equal(counts->gaps.guessed_fds, 0);
	assert_string_equal(name_of_opened(tid, fd, NULL), "/dev/null");
	assert_int_equal(counts->gaps.guessed_fds, 1);
	close(fd);
}

static void a_thread_that_execs_takes_the_first_ones_place(void **state)
{
	(void)state;
	tell_fork(FIRST, CHILD, FIRST, true);
	tell_exit(FIRST, 0, 0);
	tell_exec(FIRST, CHILD, false, "next");
	tell_call(FIRST, SYS_getppid, 1);
	assert_int_equal(bpf_tally_n_threads(tally), 1);
	assert_int_equal(counts->threads[1].calls, 1);
	assert_string_equal(counts->threads[1].comm, "next");
}

static void also_when_the_first_ones_end_was_lost(void **state)
{
	(void)state;
	tell_fork(FIRST, CHILD, FIRST, true);
	tell_exec(FIRST, CHILD, false, "next");
	assert_int_equal(bpf_tally_n_threads(tally), 1);
	tell_exit(FIRST, METER_EXIT_OF_PROCESS, 0);
	assert_int_equal(bpf_tally_n_threads(tally), 0);
}

static void an_id_that_comes_again_is_another_thread(void **state)
{
	(void)state;
	tell_fork(FIRST, CHILD, CHILD, false);
	tell_call(CHILD, SYS_getppid, 1);
	tell_fork(FIRST, CHILD, CHILD, false);
	tell_call(CHILD, SYS_getppid, 1);
	assert_int_equal(bpf_tally_n_threads(tally), 2);
	assert_int_equal(counts->n_threads, 3);
	assert_int_equal(counts->threads[2].calls, 1);
}

static void a_thread_whose_fork_was_lost_is_counted_all_the_same(void **state)
{
	(void)state;
	tell_call(OTHER, SYS_getppid, 1);
	tell_exit(OTHER, 0, 0);
	assert_int_equal(counts->totals.calls, 1);
	assert_int_equal(counts->threads[1].tid, OTHER);
	assert_int_equal(counts->threads[1].calls, 1);
	assert_int_equal(bpf_tally_n_threads(tally), 1);
}

static void a_target_whose_exec_was_lost_is_counted_all_the_same(void **state)
{
	(void)state;
	tell_exit(FIRST, 0, 0);
	tell_call(FIRST, SYS_getppid, 1);
	assert_int_equal(counts->totals.calls, 1);
	assert_int_equal(bpf_tally_n_threads(tally), 1);
}

static void a_run_is_as_many_calls(void **state)
{
	const struct meter_run run = run_of(FIRST, SYS_write, 1, METER_RUN_CALLS, 8);
	const struct meter_run failed = run_of(FIRST, SYS_getpgid, 0, 7, -ESRCH);

	(void)state;
	for (int i = 0; i < 10000; i++)
		tell_bytes(&run, run_bytes(&run));
	tell_bytes(&failed, run_bytes(&failed));
	assert_int_equal(row_of(SYS_write)->calls, 640000);
	assert_int_equal(row_of(SYS_write)->bytes, 8 * 640000);
	assert_int_equal(row_of(SYS_write)->time_ns, 3 * 640000 + 10000);
	assert_int_equal(row_of(SYS_write)->latency->n_calls, 640000);
	assert_int_equal(row_of(SYS_write)->latency->min_ns, 2);
	assert_int_equal(row_of(SYS_write)->latency->max_ns, 5);
	assert_int_equal(latency_percentile(row_of(SYS_write)->latency, 1), 2);
	assert_int_equal(latency_percentile(row_of(SYS_write)->latency, 50), 3);
	assert_int_equal(latency_percentile(row_of(SYS_write)->latency, 99), 5);
	assert_int_equal(row_of(SYS_getpgid)->errors, 7);
	assert_int_equal(counts->totals.calls, 640007);
	assert_int_equal(counts->totals.small_calls[IO_WRITE], 640000);
}

static void runs_and_the_call_of_a_living_thread_are_taken(void **state)
{
	struct meter_thread thread = {
	    .epoch = 1, .in_call = 1, .number = SYS_read, .entered_ns = 1000};

	(void)state;
	thread.runs[1] = run_of(FIRST, SYS_write, 1, 5, 8);
	thread.runs[METER_FD_RUNS] = run_of(FIRST, SYS_getpid, 0, 6, 0);
	bpf_tally_take_last(tally, FIRST, &thread, 3500);
	assert_int_equal(counts->totals.calls, 11);
	assert_int_equal(counts->gaps.still_in, 1);
	assert_int_equal(counts->n_pending, 1);
	assert_int_equal(counts->pending[0].since, PENDING_SEEN);
	assert_int_equal(counts->pending[0].lasted_ns, 2500);
	assert_int_equal(counts->pending[0].fd, -1); /* nobody has looked on what */
}

static void buffers_are_read_from_the_memory_that_came_before(void **state)
{
	const struct iovec buffers[] = {{NULL, 10}, {NULL, 20}, {NULL, 30}};
	struct meter_call call = call_of(FIRST, SYS_writev, 15);

	(void)state;
	call.args[0] = 1;
	call.args[1] = 0x1000;
	call.args[2] = 3;
	/* In two records. */
	tell_memory(FIRST, call.head.now_ns, 0x1000, buffers, 20);
	tell_memory(FIRST, call.head.now_ns, 0x1000 + 20, (const char *)buffers + 20,
	            sizeof(buffers) - 20);
	tell_bytes(&call, sizeof(call));
	assert_int_equal(row_of(SYS_writev)->messages, 3);
	assert_int_equal(row_of(SYS_writev)->used_slots, 2);
	assert_int_equal(counts->gaps.unreadable, 0);
}

static void memory_that_did_not_come_is_unreadable(void **state)
{
	struct meter_call call = call_of(FIRST, SYS_writev, 15);

	(void)state;
	call.args[1] = 0x1000;
	call.args[2] = 3;
	tell_bytes(&call, sizeof(call));
	assert_int_equal(row_of(SYS_writev)->calls, 1);
	assert_int_equal(counts->gaps.unreadable, 1);
}

static void what_came_with_a_lost_call_is_not_the_next_ones(void **state)
{
	const struct iovec buffers[] = {{NULL, 10}, {NULL, 20}};
	struct meter_call call;

	(void)state;
	tell_memory(FIRST, now_ns + 5, 0x1000, buffers, sizeof(buffers));
	tell_name(FIRST, now_ns + 5, 5, "wrong");
	call = call_of(FIRST, SYS_writev, 30);
	call.args[0] = 5;
	call.args[1] = 0x1000;
	call.args[2] = 2;
	tell_bytes(&call, sizeof(call));
	assert_int_equal(counts->gaps.unreadable, 1);
	assert_int_equal(counts->gaps.guessed_fds, 0);
}

/* One of each kind, as long as can be. */
static size_t whole_record(enum meter_kind kind, void *place)
{
	struct meter_memory memory = {.head = {METER_MEMORY, FIRST, now_ns}, .len_bytes = 64};
	struct meter_name name = {.head = {METER_NAME, FIRST, now_ns}, .len_bytes = 64};
	struct meter_exec exec = {.head = {METER_EXEC, FIRST, now_ns},
	                          .former_tid = FIRST,
	                          .len_bytes = METER_COMMAND_BYTES};
	struct meter_call call = call_of(FIRST, SYS_getppid, 1);
	struct meter_run run = run_of(FIRST, SYS_write, 1, 3, 8);
	struct meter_fork fork = {.head = {METER_FORK, FIRST, now_ns}, .child_tid = CHILD};
	struct meter_comm comm = {.head = {METER_COMM, FIRST, now_ns}};
	struct meter_exit end = {.head = {METER_EXIT, FIRST, now_ns}};
	static struct meter_stack stack = {.head = {METER_STACK, FIRST, 0}, .len_bytes = 64};
	const struct {
		const void *record;
		size_t len_bytes;
	} records[] = {
	    [METER_CALL] = {&call, sizeof(call)},
	    [METER_RUN] = {&run, run_bytes(&run)},
	    [METER_MEMORY] = {&memory, offsetof(struct meter_memory, data) + 64},
	    [METER_NAME] = {&name, offsetof(struct meter_name, text) + 64},
	    [METER_FORK] = {&fork, sizeof(fork)},
	    [METER_EXEC] = {&exec, offsetof(struct meter_exec, command) + METER_COMMAND_BYTES},
	    [METER_COMM] = {&comm, sizeof(comm)},
	    [METER_EXIT] = {&end, sizeof(end)},
	    [METER_STACK] = {&stack, offsetof(struct meter_stack, data) + 64},
	};

	memcpy(place, records[kind].record, records[kind].len_bytes);
	return records[kind].len_bytes;
}

static _Alignas(8) char whole[sizeof(struct meter_stack)]; /* the largest */

static void a_record_that_is_cut_short_counts_as_lost(void **state)
{
	uint64_t n_cut = 0;

	(void)state;
	for (unsigned kind = METER_CALL; kind <= METER_STACK; kind++) {
		size_t len_bytes = whole_record((enum meter_kind)kind, whole);

		for (size_t len = 0; len < len_bytes; len++, n_cut++)
			tell_bytes(whole, len);
		assert_int_equal(counts->gaps.lost_events, n_cut);
		assert_int_equal(counts->totals.calls, 0);
		assert_int_equal(bpf_tally_n_threads(tally), 1);
	}
}

static void a_whole_record_does_not(void **state)
{
	(void)state;
	for (unsigned kind = METER_CALL; kind <= METER_STACK; kind++)
		tell_bytes(whole, whole_record((enum meter_kind)kind, whole));
	assert_int_equal(counts->gaps.lost_events, 0);
	assert_int_equal(counts->totals.calls, 4);
}

static void lengths_and_names_that_lead_out_of_a_record_count_as_lost(void **state)
{
	struct meter_memory *memory = (void *)whole;
	struct meter_name *name = (void *)whole;
	struct meter_exec *exec = (void *)whole;
	struct meter_stack *stack = (void *)whole;
	struct meter_call *call = (void *)whole;
	size_t len_bytes = whole_record(METER_MEMORY, whole);

	(void)state;
	memory->len_bytes = 65;
	tell_bytes(whole, len_bytes);
	memory->len_bytes = UINT32_MAX;
	tell_bytes(whole, len_bytes);
	len_bytes = whole_record(METER_NAME, whole);
	name->len_bytes = UINT32_MAX;
	tell_bytes(whole, len_bytes);
	name->len_bytes = 64;
	name->text[63] = 'x'; /* which no NUL ends */
	tell_bytes(whole, len_bytes);
	len_bytes = whole_record(METER_EXEC, whole);
	exec->len_bytes = METER_COMMAND_BYTES + 1;
	tell_bytes(whole, len_bytes);
	exec->len_bytes = 0;
	memset(exec->comm, 'x', sizeof(exec->comm));
	tell_bytes(whole, len_bytes);
	len_bytes = whole_record(METER_STACK, whole);
	stack->len_bytes = 65;
	tell_bytes(whole, len_bytes);
	len_bytes = whole_record(METER_CALL, whole);
	call->stack = METER_STACK_LOST + 1;
	tell_bytes(whole, len_bytes);
	assert_int_equal(counts->gaps.lost_events, 8);
}

static void what_makes_no_sense_counts_as_lost(void **state)
{
	struct meter_call *call = (void *)whole;
	struct meter_run *run = (void *)whole;
	struct meter_fork *fork = (void *)whole;
	size_t len_bytes = whole_record(METER_CALL, whole);

	(void)state;
	call->head.kind = METER_EXIT + 1;
	tell_bytes(whole, len_bytes);
	call->head.kind = UINT32_MAX;
	tell_bytes(whole, len_bytes);
	call->head.kind = METER_CALL;
	call->abi = METER_ABIS;
	tell_bytes(whole, len_bytes);
	/* Its messages would be counted one by one. */
	len_bytes = whole_record(METER_RUN, whole);
	run->number = SYS_sendmmsg;
	tell_bytes(whole, len_bytes);
	len_bytes = whole_record(METER_RUN, whole);
	run->n_calls = 4; /* one more than it has times for */
	tell_bytes(whole, len_bytes);
	run->n_calls = UINT32_MAX;
	tell_bytes(whole, len_bytes);
	len_bytes = whole_record(METER_FORK, whole);
	fork->child_tid = FIRST;
	tell_bytes(whole, len_bytes);
	assert_int_equal(counts->gaps.lost_events, 7);
	assert_int_equal(counts->totals.calls, 0);
}

/* Whole records with bytes changed: nothing is promised but that it comes to an end, and that all
 * that is counted is there to be freed. */
static void any_bytes_are_survived(void **state)
{
	uint32_t chance = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		size_t len_bytes = whole_record((enum meter_kind)(round % (METER_EXIT + 1)), whole);

		for (unsigned change = 0; change < 1 + round % 4; change++) {
			chance = chance * 1664525 + 1013904223;
			whole[(chance >> 8) % len_bytes] = (char)(chance >> 24);
		}
		tell_bytes(whole, len_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	    TEST(the_target_begins_with_its_command_and_descriptors),
	    TEST(calls_are_counted_by_thread_with_their_times),
	    TEST(forks_execs_and_ends_make_rows),
	    TEST(an_end_in_a_call_is_an_unfinished_call),
	    cmocka_unit_test_setup_teardown(
	        only_the_chosen_calls_count_but_all_descriptors_are_known, set_up_reads, tear_down),
	    TEST(a_call_that_a_filter_kept_off_did_nothing),
	    TEST(a_name_that_did_not_come_is_a_guess),
	    TEST(a_thread_that_execs_takes_the_first_ones_place),
	    TEST(also_when_the_first_ones_end_was_lost),
	    TEST(an_id_that_comes_again_is_another_thread),
	    TEST(a_thread_whose_fork_was_lost_is_counted_all_the_same),
	    TEST(a_target_whose_exec_was_lost_is_counted_all_the_same),
	    TEST(a_run_is_as_many_calls),
	    TEST(runs_and_the_call_of_a_living_thread_are_taken),
	    TEST(buffers_are_read_from_the_memory_that_came_before),
	    TEST(memory_that_did_not_come_is_unreadable),
	    TEST(what_came_with_a_lost_call_is_not_the_next_ones),
	    TEST(a_record_that_is_cut_short_counts_as_lost),
	    TEST(a_whole_record_does_not),
	    TEST(lengths_and_names_that_lead_out_of_a_record_count_as_lost),
	    TEST(what_makes_no_sense_counts_as_lost),
	    TEST(any_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
