/* The process tree: a held child's forks, execs, names and ends are seen, with and without perf. */
#include "core/perf/process_tree.h"

#include "core/diag.h"
#include "core/perf/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/held.h"

static void become(const char *script)
{
	execl("/bin/sh", "sh", "-c", script, "a b", NULL);
}

/* What a shell reads from that stays until we have seen it. */
static int stay[2] = {-1, -1};

static void become_and_stay(const char *script)
{
	dup2(stay[0], STDIN_FILENO);
	become(script);
}

static struct held hold(const char *script)
{
	return hold_for(become, script);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

enum { N_SEEN = 5 };

static const struct process_image *find_comm(const struct process_tree *tree, const char *comm)
{
	for (size_t i = 0; i < process_tree_n_images(tree); i++)
		if (strcmp(process_tree_image(tree, i)->comm, comm) == 0)
			return process_tree_image(tree, i);
	return NULL;
}

/* Then who stays may go. */
static bool (*all_is_seen)(const struct process_tree *tree);

static bool all_images_are_seen(const struct process_tree *tree)
{
	return process_tree_n_images(tree) == N_SEEN;
}

static bool head_is_seen(const struct process_tree *tree)
{
	return find_comm(tree, "head");
}

/* Follows the child and lets it run to its end, stepping as a driver does. The caller frees the
 * tree. */
static struct process_tree *run_held(struct held held)
{
	struct process_tree *tree;
	struct diag diag = {0};
	int status;

	assert_int_equal(process_tree_new(&tree, held.pid, now_ns(), &diag), 0);
	let_go(held);
	while (waitpid(held.pid, &status, WNOHANG) == 0) {
		struct pollfd wait = {.fd = process_tree_fd(tree), .events = POLLIN};

		if (poll(&wait, 1, 20) > 0)
			process_tree_step(tree);
		if (stay[1] >= 0 && all_is_seen(tree)) {
			close(stay[1]);
			stay[1] = -1;
		}
	}
	assert_int_equal(status, 0);
	process_tree_step(tree);
	return tree;
}

static bool perf_works(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
	                               .size = sizeof(attr),
	                               .config = PERF_COUNT_SW_DUMMY,
	                               .exclude_kernel = 1};
	struct diag diag;
	int fd = perf_event_fd(&attr, 0, -1, &diag);

	if (fd >= 0)
		close(fd);
	else
		print_message("%s\n", diag.text);
	return fd >= 0;
}

static void forks_and_execs_are_rows_in_time_order(void **state)
{
	struct process_tree *tree;
	const struct process_image *image;
	struct held held;

	(void)state;
	/* It is there for its arguments to be read, however late we are woken up. */
	assert_int_equal(pipe2(stay, O_CLOEXEC), 0);
	all_is_seen = all_images_are_seen;
	held = hold_for(become_and_stay, "sleep 0.2 & (exec true); wait; read line; exit 0");
	close(stay[0]);
	if (!perf_works())
		skip();
	tree = run_held(held);
	assert_int_equal(process_tree_n_alive(tree), 0);
	assert_true(process_tree_is_complete(tree));
	/* sh, two forks of it, and the exec of each. */
	assert_int_equal(process_tree_n_images(tree), N_SEEN);
	image = process_tree_image(tree, 0);
	assert_int_equal(image->pid, held.pid);
	assert_int_equal(image->exec_number, 0);
	assert_string_equal(image->comm, "sh");
	assert_non_null(image->command);
	assert_string_equal(image->command,
	                    "sh -c sleep 0.2 & (exec true); wait; read line; exit 0 a b");
	image = find_comm(tree, "sleep");
	assert_non_null(image);
	assert_int_equal(image->parent_pid, held.pid);
	assert_int_equal(image->exec_number, 1);
	assert_true(image->ended);
	assert_true(image->end_ns - image->start_ns >= 190000000);
	assert_non_null(find_comm(tree, "true"));
	for (size_t i = 0; i < process_tree_n_images(tree); i++) {
		image = process_tree_image(tree, i);
		assert_true(image->ended);
		assert_true(image->start_ns <= image->end_ns);
		if (i)
			assert_true(image->start_ns >= process_tree_image(tree, i - 1)->start_ns);
	}
	process_tree_free(tree);
}

static void a_child_that_outlives_the_target_is_alive(void **state)
{
	struct held held = hold("sleep 30 >/dev/null & exit 0");
	struct process_tree *tree;
	const struct process_image *sleeper;

	(void)state;
	if (!perf_works())
		skip();
	tree = run_held(held);
	assert_int_equal(process_tree_n_alive(tree), 1);
	sleeper = process_tree_image(tree, process_tree_n_images(tree) - 1);
	assert_false(sleeper->ended);
	assert_int_equal(kill(sleeper->pid, SIGKILL), 0);
	for (unsigned tries = 0; tries < 20000 && process_tree_n_alive(tree); tries++)
		usleep(10000);
	assert_int_equal(process_tree_n_alive(tree), 0);
	process_tree_free(tree);
}

/* _exit, so that no sanitizer's work at exit() is seen as a process. */
static void *idle_and_exit(void *argument)
{
	(void)argument;
	usleep(30000);
	_exit(0);
}

/* The first thread ends 30 ms before the other. */
static void leave_a_thread(const char *unused)
{
	pthread_t thread;

	(void)unused;
	if (pthread_create(&thread, NULL, idle_and_exit, NULL))
		_exit(1);
	pthread_exit(NULL);
}

static void threads_are_no_processes_and_the_last_one_ends_it(void **state)
{
	struct held held = hold_for(leave_a_thread, "");
	struct process_tree *tree;

	(void)state;
	if (!perf_works())
		skip();
	tree = run_held(held);
	assert_int_equal(process_tree_n_images(tree), 1);
	assert_true(process_tree_image(tree, 0)->ended);
	assert_true(process_tree_image(tree, 0)->end_ns >= 30000000);
	process_tree_free(tree);
}

static pid_t *shared_tids; /* of the two threads below, in memory that a child shares */

static void *report_tid(void *argument)
{
	*(pid_t *)argument = gettid();
	return NULL;
}

static void *name_itself_and_make_another(void *argument)
{
	pthread_t thread;

	report_tid(argument);
	prctl(PR_SET_NAME, "first");
	prctl(PR_SET_NAME, "renamed");
	pthread_create(&thread, NULL, report_tid, &shared_tids[1]);
	pthread_join(thread, NULL);
	return NULL;
}

static void make_named_threads(const char *name)
{
	pthread_t thread;

	if (prctl(PR_SET_NAME, name) ||
	    pthread_create(&thread, NULL, name_itself_and_make_another, shared_tids))
		_exit(1);
	pthread_join(thread, NULL);
	_exit(0);
}

static void a_thread_has_its_last_name_or_that_of_who_made_it(void **state)
{
	struct process_tree *tree;
	struct held held;

	(void)state;
	if (!perf_works())
		skip();
	shared_tids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared_tids != MAP_FAILED);
	held = hold_for(make_named_threads, "leader");
	tree = run_held(held);
	assert_string_equal(process_tree_thread_comm(tree, held.pid), "leader");
	assert_string_equal(process_tree_thread_comm(tree, shared_tids[0]), "renamed");
	assert_string_equal(process_tree_thread_comm(tree, shared_tids[1]), "renamed");
	assert_null(process_tree_thread_comm(tree, getpid()));
	process_tree_free(tree);
	munmap(shared_tids, 4096);
}

/* As in a container. The filter cannot be taken off again: this test must be the last one. */
static void refuse_perf(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	assert_int_equal(
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(perf_event_open), 0), 0);
	assert_int_equal(seccomp_load(filter), 0);
	seccomp_release(filter);
}

static void without_perf_proc_shows_what_lives_long_enough(void **state)
{
	struct process_tree *tree;
	struct held held;

	(void)state;
	assert_int_equal(pipe2(stay, O_CLOEXEC), 0);
	all_is_seen = head_is_seen;
	held = hold_for(become_and_stay, "head -n 1; exit 0");
	close(stay[0]);
	refuse_perf();
	tree = run_held(held);
	assert_false(process_tree_is_complete(tree));
	assert_non_null(find_comm(tree, "head"));
	assert_int_equal(find_comm(tree, "head")->parent_pid, held.pid);
	assert_int_equal(process_tree_n_alive(tree), 0);
	assert_null(process_tree_thread_comm(tree, held.pid));
	process_tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forks_and_execs_are_rows_in_time_order),
	    cmocka_unit_test(a_child_that_outlives_the_target_is_alive),
	    cmocka_unit_test(threads_are_no_processes_and_the_last_one_ends_it),
	    cmocka_unit_test(a_thread_has_its_last_name_or_that_of_who_made_it),
	    cmocka_unit_test(without_perf_proc_shows_what_lives_long_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
