/* What is made of waits: samples of a recording, the table of who waits, and where a thread stands.
 */
#include "cpu/blocked_thread.h"
#include "cpu/offcpu_window.h"
#include "cpu/waiters.h"

#include "core/walk/stackwalk.h"
#include "tests/unit/folded_fixture.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct value_type types[OFFCPU_N_TYPES] = {
    [OFFCPU_BLOCKED_NS] = {"blocked", "nanoseconds"},
    [OFFCPU_WAITS] = {"waits", "count"},
    [OFFCPU_PREEMPTED_NS] = {"preempted", "nanoseconds"},
    [OFFCPU_PREEMPTIONS] = {"preemptions", "count"},
    [OFFCPU_RUNNING_NS] = {"cpu", "nanoseconds"},
};

static void add_wait(struct offcpu_window *window, uint64_t time_ns, uint32_t thread,
                     uint32_t stack, uint64_t ns)
{
	offcpu_window_add(window, (struct sample){time_ns, thread, stack}, OFFCPU_BLOCKED_NS, ns,
	                  OFFCPU_WAITS);
}

static void waits_that_are_alike_are_one_sample_a_millisecond(void **state)
{
	struct recording *recording = recording_new(types, OFFCPU_N_TYPES);
	struct offcpu_window *window = offcpu_window_new(recording);
	struct object object = {.kind = OBJECT_FILE, .path = "/bin/x", .fd = -1};
	struct recorded_frame frame = {.object = recording_add_object(recording, &object)};
	uint32_t stack = recording_add_stack(recording, &frame, 1);
	uint32_t one = recording_add_thread(recording, 1, 1, "one");
	uint32_t two = recording_add_thread(recording, 1, 2, "two");
	const uint64_t *values;

	(void)state;
	add_wait(window, 5000000, one, stack, 10);
	add_wait(window, 5000100, two, stack, 20);
	add_wait(window, 5000200, one, stack, 30);
	offcpu_window_add(window, (struct sample){5000300, one, stack}, OFFCPU_PREEMPTED_NS, 7,
	                  OFFCPU_PREEMPTIONS);
	offcpu_window_add(window, (struct sample){5000400, one, 0}, OFFCPU_RUNNING_NS, 9,
	                  OFFCPU_N_TYPES);
	add_wait(window, 6000000, one, stack, 40);
	offcpu_window_flush(window);
	assert_int_equal(recording_n_samples(recording), 4);
	assert_int_equal(recording_sample(recording, 0, &values).time_ns, 5000000);
	assert_int_equal(values[OFFCPU_BLOCKED_NS], 40);
	assert_int_equal(values[OFFCPU_WAITS], 2);
	assert_int_equal(values[OFFCPU_PREEMPTED_NS], 7);
	assert_int_equal(values[OFFCPU_PREEMPTIONS], 1);
	assert_int_equal(recording_sample(recording, 1, &values).thread, two);
	assert_int_equal(values[OFFCPU_BLOCKED_NS], 20);
	assert_int_equal(recording_sample(recording, 2, &values).stack, 0);
	assert_int_equal(values[OFFCPU_RUNNING_NS], 9);
	assert_int_equal(values[OFFCPU_WAITS], 0);
	assert_int_equal(recording_sample(recording, 3, &values).time_ns, 6000000);
	assert_int_equal(values[OFFCPU_BLOCKED_NS], 40);
	offcpu_window_free(window);
	recording_free(recording);
}

static void nothing_is_lost_where_many_stacks_meet_in_one_slot(void **state)
{
	enum { N_STACKS = 5000 };
	struct recording *recording = recording_new(types, OFFCPU_N_TYPES);
	struct offcpu_window *window = offcpu_window_new(recording);
	struct object object = {.kind = OBJECT_FILE, .path = "/bin/x", .fd = -1};
	uint32_t id = recording_add_object(recording, &object);
	uint32_t thread = recording_add_thread(recording, 1, 1, "one");
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < 2 * N_STACKS; i++) {
		struct recorded_frame frame = {.object = id, .vaddr = i % N_STACKS};

		add_wait(window, 1000 + i, thread, recording_add_stack(recording, &frame, 1), 3);
	}
	offcpu_window_flush(window);
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;

		recording_sample(recording, i, &values);
		sum += values[OFFCPU_BLOCKED_NS];
	}
	assert_int_equal(sum, 2 * N_STACKS * 3);
	offcpu_window_free(window);
	recording_free(recording);
}

static void add_stack(struct fixture *fixture, const char *comm, const char *stack,
                      uint64_t blocked_ns, uint64_t n_waits)
{
	const uint64_t values[OFFCPU_N_TYPES] = {
	    [OFFCPU_BLOCKED_NS] = blocked_ns, [OFFCPU_WAITS] = n_waits};

	fixture_add(fixture, 1, comm, stack, values);
}

static void expect(const struct profile *profile, const struct waiter *waiter, const char *comm,
                   const char *site, const char *call, uint64_t blocked_ns)
{
	assert_string_equal(waiter->comm, comm);
	assert_string_equal(profile_folded_name(profile, waiter->site), site);
	assert_string_equal(profile_folded_name(profile, waiter->call), call);
	assert_int_equal(waiter->blocked_ns, blocked_ns);
}

static void who_waits_is_the_function_that_the_system_waits_for(void **state)
{
	struct fixture fixture;
	struct profile *profile;
	struct waiter *waiters;
	size_t n_waiters;

	(void)state;
	fixture_init(&fixture, types, OFFCPU_N_TYPES);
	add_stack(&fixture, "io",
	          "main;serve;read!libc.so.6;__libc_read_[i]!libc.so.6;schedule_[k]", 500, 3);
	add_stack(&fixture, "io", "main;again;serve;poll!libc.so.6;schedule_[k]", 100, 1);
	add_stack(&fixture, "job", "main;serve;read!libc.so.6", 300, 1);
	/* Nobody learns anything from a function without a name. */
	add_stack(&fixture, "job", "main;run;[prog];nanosleep!libc.so.6", 200, 1);
	/* Its own code is all there is. */
	add_stack(&fixture, "raw", "start_thread!libc.so.6;clock_nanosleep!libc.so.6", 50, 1);
	add_stack(&fixture, "raw", "[unwind failed: x]", 40, 2);
	add_stack(&fixture, "raw", "do_exit_[k]", 30, 1);
	add_stack(&fixture, "cpu", "main;compute", 0, 0); /* it ran */
	profile = fixture_profile(&fixture);
	waiters = waiters_of(profile, &n_waiters);
	assert_int_equal(n_waiters, 6);
	expect(profile, &waiters[0], "io", "serve", "read", 600);
	assert_int_equal(waiters[0].n_waits, 4);
	expect(profile, &waiters[1], "job", "serve", "read", 300);
	expect(profile, &waiters[2], "job", "run", "nanosleep", 200);
	expect(profile, &waiters[3], "raw", "clock_nanosleep", "clock_nanosleep", 50);
	assert_int_equal(waiters[4].n_waits, 2);
	expect(profile, &waiters[5], "raw", "do_exit_[k]", "do_exit_[k]", 30);
	free(waiters);
	profile_free(profile);
	fixture_fini(&fixture);
}

static void a_thread_in_a_system_call_tells_where_it_stands(void **state)
{
	uint64_t registers[WALK_N_REGISTERS];
	int err = -EAGAIN;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	for (int tries = 0; err == -EAGAIN && tries < 100000; tries++) {
		err = blocked_thread_registers(child, child, registers);
		poll(NULL, 0, 2);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (err == -EPERM || err == -EACCES) {
		print_message("ptrace is not allowed here\n");
		skip();
	}
	assert_int_equal(err, 0);
	/* A fork has our stack and our libc where we have them. */
	assert_in_range(registers[WALK_RSP], (uintptr_t)registers - (64 << 20),
	                (uintptr_t)registers + (64 << 20));
	assert_in_range(registers[WALK_RIP], (uintptr_t)pause - (4 << 20),
	                (uintptr_t)pause + (4 << 20));
	assert_int_equal(registers[WALK_RBP], 0);
	assert_true(blocked_thread_registers(child, child, registers) < 0); /* it has gone */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_that_are_alike_are_one_sample_a_millisecond),
	    cmocka_unit_test(nothing_is_lost_where_many_stacks_meet_in_one_slot),
	    cmocka_unit_test(who_waits_is_the_function_that_the_system_waits_for),
	    cmocka_unit_test(a_thread_in_a_system_call_tells_where_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
