/* The lock of measuring runs: one has it, who waits is told when it is free, and runs know of each
 * other. Other processes are forked ones. */
#include "core/lock.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* No process of ours but this test's is in its way. */
static int use_own_names(void **state)
{
	char name[32];

	(void)state;
	snprintf(name, sizeof(name), "unit-%d", (int)getpid());
	return setenv("PROFILE_SCENARIO_LOCK", name, 1);
}

struct other {
	pid_t pid;
	int go; /* closed: it may end */
};

/* A process of its own that does `what`, and then waits until it is ended. */
static struct other begin_other(void (*what)(void))
{
	struct other other;
	int ready[2], go[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	other.pid = fork();
	if (!other.pid) {
		close(go[1]);
		what();
		if (write(ready[1], "", 1) == 1)
			(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	other.go = go[1];
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return other;
}

static void end_other(struct other other)
{
	close(other.go);
	assert_int_equal(waitpid(other.pid, NULL, 0), other.pid);
}

static void take(void)
{
	if (lock_take(lock_new()))
		_exit(1);
}

static void one_process_has_it_until_it_ends(void **state)
{
	struct other other = begin_other(take);
	struct lock *lock = lock_new();
	struct pollfd readable = {.events = POLLIN};

	(void)state;
	assert_int_equal(lock_take(lock), -EAGAIN);
	assert_int_equal(lock_holder(lock), other.pid);
	readable.fd = lock_wait_fd(lock);
	assert_true(readable.fd >= 0);
	assert_int_equal(poll(&readable, 1, 0), 0);
	kill(other.pid, SIGKILL);
	assert_int_equal(poll(&readable, 1, 60000), 1);
	assert_int_equal(lock_take(lock), 0);
	lock_free(lock);
	end_other(other);
}

static void who_runs_within_it_does_not_wait_for_it(void **state)
{
	struct lock *lock = lock_new();
	struct lock *again = lock_new();
	struct other child;
	int status;

	(void)state;
	assert_int_equal(lock_take(lock), 0);
	assert_int_equal(lock_take(again), 0);
	child = begin_other(take);
	close(child.go);
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	assert_int_equal(status, 0);
	/* It was not given away meanwhile. */
	lock_free(again);
	lock_free(lock);
	lock = lock_new();
	assert_int_equal(lock_take(lock), 0);
	lock_free(lock);
}

/* Somebody's socket of the name that does not listen. */
static void squat(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
	                   "profile-scenario.%s.measures", getenv("PROFILE_SCENARIO_LOCK"));

	if (bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)))
		_exit(1);
}

static void a_name_that_nobody_listens_under_is_tried_again(void **state)
{
	struct other other = begin_other(squat);
	struct lock *lock = lock_new();

	(void)state;
	assert_int_equal(lock_take(lock), -EAGAIN);
	assert_int_equal(lock_holder(lock), 0);
	assert_int_equal(lock_wait_fd(lock), -1);
	end_other(other);
	assert_int_equal(lock_take(lock), 0);
	lock_free(lock);
}

static void be_there(void)
{
	if (!presence_begin())
		_exit(1);
}

static void runs_know_of_each_other_whoever_came_first(void **state)
{
	struct other first = begin_other(be_there), last;
	struct presence *presence = presence_begin();
	pid_t pids[4];

	(void)state;
	assert_non_null(presence);
	assert_int_equal(presence_others(presence, pids, 4), 1);
	assert_int_equal(pids[0], first.pid);
	last = begin_other(be_there);
	end_other(last);
	assert_int_equal(presence_others(presence, pids, 4), 2);
	assert_int_equal(pids[1], last.pid);
	assert_int_equal(presence_others(presence, pids, 0), 2);
	presence_end(presence);
	end_other(first);
	presence = presence_begin();
	assert_int_equal(presence_others(presence, pids, 4), 0);
	presence_end(presence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_process_has_it_until_it_ends),
	    cmocka_unit_test(who_runs_within_it_does_not_wait_for_it),
	    cmocka_unit_test(a_name_that_nobody_listens_under_is_tried_again),
	    cmocka_unit_test(runs_know_of_each_other_whoever_came_first),
	};

	return cmocka_run_group_tests(tests, use_own_names, NULL);
}
