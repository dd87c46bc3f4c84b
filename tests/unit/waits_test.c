/* What became of threads' time, from switches that are told, lost, late or missing; and its table.
 */
#include "cpu/thread_table.h"
#include "cpu/waits.h"

#include "core/alloc.h"
#include "core/recording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PID = 7, MAX_DONE = 16 };

struct done {
	struct waits *waits;
	struct wait waited[MAX_DONE];
	size_t n_waited;
};

static void note(void *context, const struct wait *wait)
{
	struct done *done = context;

	assert_true(done->n_waited < MAX_DONE);
	done->waited[done->n_waited++] = *wait;
}

static int begin(void **state)
{
	struct done *done = xcalloc(1, sizeof(*done));

	done->waits = waits_new(note, done);
	*state = done;
	return 0;
}

static const struct thread_time *thread_of(const struct waits *waits, pid_t tid)
{
	const struct thread_time *found = NULL;

	for (size_t i = 0; i < waits_n_threads(waits); i++)
		if (waits_thread(waits, i)->tid == tid)
			found = waits_thread(waits, i);
	assert_non_null(found);
	return found;
}

/* Whatever was told: no thread has a moment twice, or none. */
static int end(void **state)
{
	struct done *done = *state;

	for (size_t i = 0; i < waits_n_threads(done->waits); i++) {
		const struct thread_time *time = waits_thread(done->waits, i);

		assert_int_equal(time->last_ns - time->first_ns,
		                 time->running_ns + time->wait_ns[WAIT_BLOCKED] +
		                     time->wait_ns[WAIT_PREEMPTED] + time->starting_ns +
		                     time->unknown_ns);
	}
	waits_free(done->waits);
	free(done);
	return 0;
}

static void a_wait_lasts_from_switch_to_switch(void **state)
{
	struct done *done = *state;
	const struct thread_time *time;

	waits_exec(done->waits, PID, 100);
	waits_stack(done->waits, PID, 5);
	waits_switch_out(done->waits, PID, PID, false, 110);
	waits_switch_in(done->waits, PID, PID, 150);
	waits_stack(done->waits, PID, 6);
	waits_switch_out(done->waits, PID, PID, true, 160);
	waits_switch_in(done->waits, PID, PID, 163);
	waits_exit(done->waits, PID, 170);
	waits_end(done->waits, 1000);
	assert_int_equal(done->n_waited, 2);
	assert_int_equal(done->waited[0].kind, WAIT_BLOCKED);
	assert_true(done->waited[0].has_stack);
	assert_int_equal(done->waited[0].stack, 5);
	assert_int_equal(done->waited[0].start_ns, 110);
	assert_int_equal(done->waited[0].end_ns, 150);
	assert_int_equal(done->waited[1].kind, WAIT_PREEMPTED);
	assert_int_equal(done->waited[1].stack, 6);
	time = thread_of(done->waits, PID);
	assert_int_equal(time->running_ns, 10 + 10 + 7);
	assert_int_equal(time->wait_ns[WAIT_BLOCKED], 40);
	assert_int_equal(time->wait_ns[WAIT_PREEMPTED], 3);
	assert_int_equal(time->last_ns, 170);
}

static void who_still_waits_is_counted_to_the_end(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	waits_stack(done->waits, PID, 9);
	waits_switch_out(done->waits, PID, PID, false, 20);
	waits_end(done->waits, 100);
	assert_int_equal(done->n_waited, 1);
	assert_int_equal(done->waited[0].end_ns, 100);
	assert_int_equal(done->waited[0].stack, 9);
	assert_int_equal(waits_sum(done->waits).wait_ns[WAIT_BLOCKED], 80);
	/* The next repeat may have the same pid. */
	waits_exec(done->waits, PID, 200);
	waits_end(done->waits, 210);
	assert_int_equal(waits_n_threads(done->waits), 2);
	assert_int_equal(waits_sum(done->waits).running_ns, 20 + 10);
}

static void a_new_thread_does_not_wait_before_it_has_run(void **state)
{
	struct done *done = *state;

	waits_fork(done->waits, PID, 8, 50);
	waits_switch_in(done->waits, PID, 8, 80);
	waits_exit(done->waits, 8, 90);
	assert_int_equal(done->n_waited, 0);
	assert_int_equal(thread_of(done->waits, 8)->starting_ns, 30);
	assert_int_equal(thread_of(done->waits, 8)->running_ns, 10);
}

static void a_wait_without_a_stack_keeps_its_time(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	waits_stack(done->waits, PID, 4);
	waits_switch_out(done->waits, PID, PID, false, 10);
	waits_switch_in(done->waits, PID, PID, 20);
	waits_switch_out(done->waits, PID, PID, false, 30); /* its stack found the ring full */
	waits_switch_in(done->waits, PID, PID, 45);
	waits_end(done->waits, 50);
	assert_true(done->waited[0].has_stack);
	assert_false(done->waited[1].has_stack);
	assert_int_equal(done->waited[1].end_ns - done->waited[1].start_ns, 15);
}

static void lost_switches_leave_time_that_nobody_knows(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	/* the switch-out at some moment was lost */
	waits_switch_in(done->waits, PID, PID, 40);
	assert_int_equal(thread_of(done->waits, PID)->unknown_ns, 40);
	waits_switch_out(done->waits, PID, PID, false, 50);
	/* the switch-in was lost */
	waits_stack(done->waits, PID, 3);
	waits_switch_out(done->waits, PID, PID, false, 70);
	assert_int_equal(thread_of(done->waits, PID)->unknown_ns, 60);
	waits_switch_in(done->waits, PID, PID, 80);
	/* a pair was lost: the thread seems to have run on */
	waits_stack(done->waits, PID, 2);
	waits_lost(done->waits);
	waits_switch_out(done->waits, PID, PID, false, 100);
	waits_switch_in(done->waits, PID, PID, 110);
	waits_end(done->waits, 120);
	assert_int_equal(thread_of(done->waits, PID)->unknown_ns, 80);
	assert_int_equal(thread_of(done->waits, PID)->running_ns, 10 + 10);
	assert_int_equal(thread_of(done->waits, PID)->wait_ns[WAIT_BLOCKED], 10 + 10);
	assert_int_equal(done->n_waited, 2);
	assert_false(done->waited[0].has_stack); /* of which wait, after a loss? */
	assert_false(done->waited[1].has_stack);
}

static void a_record_that_comes_late_takes_no_time_back(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 100);
	waits_switch_out(done->waits, PID, PID, false, 90);
	waits_switch_in(done->waits, PID, PID, 120);
	waits_end(done->waits, 130);
	assert_int_equal(waits_sum(done->waits).running_ns, 10);
	assert_int_equal(waits_sum(done->waits).wait_ns[WAIT_BLOCKED], 20);
}

static void exec_by_another_thread_ends_all_others(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	waits_fork(done->waits, PID, 8, 10);
	waits_switch_in(done->waits, PID, 8, 20);
	waits_exit(done->waits, PID, 30);
	waits_exec(done->waits, PID, 40); /* thread 8 has the pid now */
	waits_switch_out(done->waits, PID, PID, false, 60);
	waits_end(done->waits, 70);
	assert_int_equal(waits_n_threads(done->waits), 3);
	assert_int_equal(thread_of(done->waits, 8)->last_ns, 40);
	assert_int_equal(thread_of(done->waits, PID)->running_ns, 20);
	assert_int_equal(thread_of(done->waits, PID)->wait_ns[WAIT_BLOCKED], 10);
}

static void exec_by_the_first_thread_goes_on(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	waits_exec(done->waits, PID, 40);
	waits_end(done->waits, 70);
	assert_int_equal(waits_n_threads(done->waits), 1);
	assert_int_equal(waits_sum(done->waits).running_ns, 70);
}

static void a_stack_read_from_outside_counts_only_within_its_wait(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	waits_switch_out(done->waits, PID, PID, false, 10);
	waits_read_stack(done->waits, PID, 3, 20, 25); /* it waited all the while */
	waits_switch_in(done->waits, PID, PID, 30);
	waits_switch_out(done->waits, PID, PID, false, 40);
	waits_read_stack(done->waits, PID, 4, 49, 51); /* it was woken in between */
	waits_switch_in(done->waits, PID, PID, 50);
	waits_switch_out(done->waits, PID, PID, false, 60);
	waits_read_stack(done->waits, PID, 5, 75, 78); /* in a later wait than the one known */
	waits_switch_in(done->waits, PID, PID, 70);
	waits_switch_out(done->waits, PID, PID, false, 72);
	waits_switch_in(done->waits, PID, PID, 80);
	waits_end(done->waits, 90);
	assert_int_equal(done->n_waited, 4);
	assert_true(done->waited[0].has_stack);
	assert_int_equal(done->waited[0].stack, 3);
	assert_false(done->waited[1].has_stack);
	assert_false(done->waited[2].has_stack);
	assert_false(done->waited[3].has_stack);
}

static void count(void *context, pid_t pid, pid_t tid)
{
	assert_int_equal(pid, PID);
	*(pid_t *)context = *(pid_t *)context * 100 + tid;
}

static void only_blocked_threads_without_a_stack_are_to_be_read(void **state)
{
	struct done *done = *state;
	pid_t visited = 0;

	for (pid_t tid = 11; tid <= 15; tid++) {
		waits_fork(done->waits, PID, tid, 0);
		waits_switch_in(done->waits, PID, tid, 1);
	}
	waits_switch_out(done->waits, PID, 11, false, 10);
	waits_switch_out(done->waits, PID, 12, true, 10);
	waits_stack(done->waits, 13, 1);
	waits_switch_out(done->waits, PID, 13, false, 10);
	waits_switch_out(done->waits, PID, 14, false, 10);
	waits_read_stack(done->waits, 14, 1, 11, 12);
	waits_visit_unread(done->waits, count, &visited);
	assert_int_equal(visited, 11);
	waits_end(done->waits, 20);
}

static void threads_that_nobody_announced_count_from_their_first_switch(void **state)
{
	struct done *done = *state;

	waits_switch_in(done->waits, PID, 21, 100);
	waits_switch_out(done->waits, PID, 22, false, 100);
	waits_end(done->waits, 130);
	assert_int_equal(thread_of(done->waits, 21)->running_ns, 30);
	assert_int_equal(thread_of(done->waits, 22)->wait_ns[WAIT_BLOCKED], 30);
}

static void threads_that_were_found_tell_by_their_first_switch_what_they_did(void **state)
{
	struct done *done = *state;

	for (pid_t tid = 31; tid <= 36; tid++)
		waits_found(done->waits, PID, tid,
		            tid == 32 || tid == 34 ? WAIT_PREEMPTED : WAIT_BLOCKED, 100, 120);
	waits_read_stack(done->waits, 31, 5, 121, 122);
	waits_switch_in(done->waits, PID, 31, 150);         /* had waited, as was seen */
	waits_switch_in(done->waits, PID, 32, 150);         /* had wanted to run, as was seen */
	waits_switch_in(done->waits, PID, 33, 110);         /* seen later, in another wait */
	waits_switch_out(done->waits, PID, 34, false, 150); /* had run */
	waits_switch_out(done->waits, PID, 35, false,
	                 110);       /* had run, and waited when it was seen */
	waits_end(done->waits, 200); /* 36 waited all the while */
	assert_int_equal(done->waited[0].start_ns, 100);
	assert_int_equal(done->waited[0].stack, 5);
	assert_int_equal(thread_of(done->waits, 31)->wait_ns[WAIT_BLOCKED], 50);
	assert_int_equal(thread_of(done->waits, 32)->wait_ns[WAIT_PREEMPTED], 50);
	assert_int_equal(thread_of(done->waits, 33)->wait_ns[WAIT_BLOCKED], 10);
	assert_int_equal(thread_of(done->waits, 33)->running_ns, 90);
	assert_int_equal(thread_of(done->waits, 34)->running_ns, 50);
	assert_int_equal(thread_of(done->waits, 34)->n_waits[WAIT_BLOCKED], 1);
	assert_int_equal(thread_of(done->waits, 35)->running_ns, 10);
	assert_int_equal(thread_of(done->waits, 36)->wait_ns[WAIT_BLOCKED], 100);
	assert_int_equal(thread_of(done->waits, 36)->n_waits[WAIT_BLOCKED], 1);
}

static void a_stack_read_before_a_restart_is_that_of_the_wait_that_goes_on(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 100);
	waits_switch_out(done->waits, PID, PID, false, 130);
	waits_read_stack(done->waits, PID, 4, 135, 140);
	waits_restart(done->waits, 150);
	waits_end(done->waits, 200);
	assert_int_equal(done->waited[0].start_ns, 150);
	assert_true(done->waited[0].has_stack);
	assert_int_equal(done->waited[0].stack, 4);
}

static void what_was_before_a_restart_does_not_count(void **state)
{
	struct done *done = *state;

	waits_exec(done->waits, PID, 0);
	waits_end(done->waits, 50); /* a repeat before: stays */
	waits_exec(done->waits, PID, 100);
	waits_fork(done->waits, PID, 8, 110);
	waits_switch_in(done->waits, PID, 8, 111);
	waits_exit(done->waits, 8, 120);
	waits_stack(done->waits, PID, 3);
	waits_switch_out(done->waits, PID, PID, false, 130);
	waits_restart(done->waits, 150);
	assert_int_equal(done->n_waited, 0);
	waits_fork(done->waits, PID, 8, 155);
	waits_switch_in(done->waits, PID, PID, 160);
	waits_end(done->waits, 170);
	assert_int_equal(waits_n_threads(done->waits), 3);
	assert_int_equal(waits_thread(done->waits, 0)->running_ns, 50);
	assert_int_equal(done->n_waited, 1);
	assert_int_equal(done->waited[0].start_ns, 150);
	assert_true(done->waited[0].has_stack);
	assert_int_equal(thread_of(done->waits, PID)->n_waits[WAIT_BLOCKED], 1);
	assert_int_equal(thread_of(done->waits, PID)->wait_ns[WAIT_BLOCKED], 10);
	assert_int_equal(thread_of(done->waits, PID)->running_ns, 10);
	assert_int_equal(thread_of(done->waits, 8)->starting_ns, 15);
}

static void ignore(void *context, const struct wait *wait)
{
	(void)context;
	(void)wait;
}

static void
the_table_of_threads_has_the_longest_waits_first_and_says_what_it_leaves_out(void **state)
{
	static const struct value_type blocked = {"blocked", "nanoseconds"};
	enum { N_THREADS = 103 };
	struct recording *recording = recording_new(&blocked, 1);
	struct waits *waits = waits_new(ignore, NULL);
	char *text = NULL;
	const char *row;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	for (pid_t tid = 1; tid <= N_THREADS; tid++) {
		waits_switch_in(waits, 7, tid, 0);
		waits_switch_out(waits, 7, tid, false, 1000000000);
		waits_switch_in(waits, 7, tid, 1000000000 + (uint64_t)tid * 1000000);
	}
	recording_add_thread(recording, 7, N_THREADS, "before");
	recording_add_thread(recording, 7, N_THREADS, "after");
	waits_end(waits, 2000000000);
	thread_table_write(waits, recording, NULL, out);
	fclose(out);
	row = strstr(text, "# after ");
	assert_non_null(row);
	assert_memory_equal(
	    row, "# after                  7      103     1.897000    0.103000         1 ", 70);
	assert_null(strstr(text, "# before"));
	assert_non_null(strstr(text, "# and 3 threads more"));
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(*line, '#');
	free(text);
	waits_free(waits);
	recording_free(recording);
}

#define WAITS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WAITS_TEST(a_wait_lasts_from_switch_to_switch),
	    WAITS_TEST(who_still_waits_is_counted_to_the_end),
	    WAITS_TEST(a_new_thread_does_not_wait_before_it_has_run),
	    WAITS_TEST(a_wait_without_a_stack_keeps_its_time),
	    WAITS_TEST(lost_switches_leave_time_that_nobody_knows),
	    WAITS_TEST(a_record_that_comes_late_takes_no_time_back),
	    WAITS_TEST(exec_by_another_thread_ends_all_others),
	    WAITS_TEST(exec_by_the_first_thread_goes_on),
	    WAITS_TEST(a_stack_read_from_outside_counts_only_within_its_wait),
	    WAITS_TEST(only_blocked_threads_without_a_stack_are_to_be_read),
	    WAITS_TEST(threads_that_were_found_tell_by_their_first_switch_what_they_did),
	    cmocka_unit_test(
	        the_table_of_threads_has_the_longest_waits_first_and_says_what_it_leaves_out),
	    WAITS_TEST(what_was_before_a_restart_does_not_count),
	    WAITS_TEST(a_stack_read_before_a_restart_is_that_of_the_wait_that_goes_on),
	    WAITS_TEST(threads_that_nobody_announced_count_from_their_first_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
