/* Who sleeps, and who is only slow; how commands are shown. */
#include "core/trace/tracee.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void on_signal(int signal)
{
	(void)signal;
}

/* Runs until it is killed. */
static pid_t start(void (*run)(void))
{
	pid_t child = fork();

	if (child)
		return child;
	signal(SIGUSR1, on_signal);
	for (;;)
		run();
}

static void sleep_once(void)
{
	pause();
}

static void stay_awake(void)
{
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void a_sleep_is_counted_in_looks_until_it_ends(void **state)
{
	struct tracee_sleep sleep = {0};
	pid_t child = start(sleep_once);
	long n_sleeps;

	(void)state;
	while (tracee_look_at_sleep(&sleep, child) < 5)
		usleep(1000);
	n_sleeps = sleep.n_sleeps;
	kill(child, SIGUSR1);
	while (tracee_count_sleeps(child) <= n_sleeps)
		usleep(1000);
	assert_int_equal(tracee_look_at_sleep(&sleep, child), 1);
	assert_int_equal(tracee_look_at_sleep(&sleep, child), 2);
	end(child);
	assert_int_equal(tracee_look_at_sleep(&sleep, child), 0);
}

static void who_runs_or_waits_for_a_processor_does_not_sleep(void **state)
{
	struct tracee_sleep sleep = {0};
	pid_t child = start(stay_awake);

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(tracee_look_at_sleep(&sleep, child), 0);
		usleep(1000);
	}
	end(child);
}

static bool is_new_thrice(void *context, pid_t tid)
{
	unsigned *n_visits = context;

	(void)tid;
	return ++*n_visits <= 3;
}

static void looks_for_threads_end_when_two_show_no_new_one(void **state)
{
	unsigned n_visits = 0;

	(void)state;
	assert_int_equal(tracee_n_threads(getpid()), 1);
	tracee_each_thread_until_idle(getpid(), is_new_thrice, &n_visits);
	assert_int_equal(n_visits, 3 + 2);
}

static void a_thread_has_the_time_when_it_was_made(void **state)
{
	uint64_t before = tracee_ticks_now(), made;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		pause();
		_exit(0);
	}
	made = tracee_start_ticks(pid);
	assert_true(made >= before && made <= tracee_ticks_now());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(tracee_start_ticks(pid) == UINT64_MAX);
}

static void expect_command(const char *words, size_t len, const char *shown)
{
	char command[TRACEE_TEXT_BYTES];

	tracee_format_command(words, len, "comm", command);
	assert_string_equal(command, shown);
}

static void a_command_that_is_cut_says_so(void **state)
{
	char words[TRACEE_COMMAND_BYTES], whole[TRACEE_TEXT_BYTES], cut[TRACEE_TEXT_BYTES];

	(void)state;
	expect_command("a\0b c\0", 6, "a b c");
	expect_command("a\0\0\0", 4, "a");
	expect_command("", 0, "[comm]");
	expect_command("\0\0", 2, "[comm]");
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 2] = '\0';
	snprintf(whole, sizeof(whole), "%.*s", (int)sizeof(words) - 2, words);
	expect_command(words, sizeof(words) - 1, whole);
	/* One byte more, and nobody knows of how many there are. */
	snprintf(cut, sizeof(cut), "%.*s...", (int)sizeof(cut) - 4, words);
	expect_command(words, sizeof(words), cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(looks_for_threads_end_when_two_show_no_new_one),
	    cmocka_unit_test(a_thread_has_the_time_when_it_was_made),
	    cmocka_unit_test(a_sleep_is_counted_in_looks_until_it_ends),
	    cmocka_unit_test(who_runs_or_waits_for_a_processor_does_not_sleep),
	    cmocka_unit_test(a_command_that_is_cut_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
