/* Turns in an address space: one at a time, in order, whoever ends or is let go; and who sleeps in
 * one. */
#include "mem/pages/image.h"

#include "mem/pages/proc.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FIRST = 1001, SECOND, THIRD };

static void turns_come_in_the_order_in_which_they_were_asked_for(void **state)
{
	struct pages_image *image = pages_image_new(getpid(), "prog");

	(void)state;
	assert_true(pages_image_take_turn(image, FIRST));
	assert_true(pages_image_take_turn(image, FIRST));
	assert_false(pages_image_take_turn(image, SECOND));
	assert_false(pages_image_take_turn(image, THIRD));
	assert_int_equal(pages_image_pass_turn(image, FIRST), SECOND);
	assert_int_equal(pages_image_pass_turn(image, SECOND), THIRD);
	assert_int_equal(pages_image_pass_turn(image, THIRD), 0);
	assert_true(pages_image_take_turn(image, SECOND));
	pages_image_free(image);
}

static void who_ends_while_it_waits_gets_none(void **state)
{
	struct pages_image *image = pages_image_new(getpid(), "prog");

	(void)state;
	pages_image_take_turn(image, FIRST);
	pages_image_take_turn(image, SECOND);
	pages_image_take_turn(image, THIRD);
	assert_int_equal(pages_image_pass_turn(image, SECOND), 0);
	assert_int_equal(pages_image_pass_turn(image, FIRST), THIRD);
	pages_image_free(image);
}

static void out_of_turn_nobody_waits(void **state)
{
	struct pages_image *image = pages_image_new(getpid(), "prog");

	(void)state;
	image->n_out_of_turn = 1;
	assert_true(pages_image_take_turn(image, FIRST));
	assert_true(pages_image_take_turn(image, SECOND));
	assert_int_equal(pages_image_pass_turn(image, FIRST), 0);
	pages_image_free(image);
}

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
	struct pages_image *image = pages_image_new(getpid(), "prog");
	pid_t child = start(sleep_once);
	long n_sleeps;

	(void)state;
	pages_image_take_turn(image, child);
	while (pages_image_look_at_turn(image) < 5)
		usleep(1000);
	n_sleeps = image->turn_sleeps;
	kill(child, SIGUSR1);
	while (pages_proc_sleeps(child) <= n_sleeps)
		usleep(1000);
	assert_int_equal(pages_image_look_at_turn(image), 1);
	assert_int_equal(pages_image_look_at_turn(image), 2);
	pages_image_pass_turn(image, child);
	pages_image_take_turn(image, child);
	assert_int_equal(pages_image_look_at_turn(image), 1);
	end(child);
	assert_int_equal(pages_image_look_at_turn(image), 0);
	pages_image_free(image);
}

static void who_runs_or_waits_for_a_processor_does_not_sleep(void **state)
{
	struct pages_image *image = pages_image_new(getpid(), "prog");
	pid_t child = start(stay_awake);

	(void)state;
	pages_image_take_turn(image, child);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(pages_image_look_at_turn(image), 0);
		usleep(1000);
	}
	end(child);
	pages_image_free(image);
}

static void an_image_knows_its_program(void **state)
{
	struct pages_image *image = pages_image_new(getpid(), "prog with arguments");

	(void)state;
	assert_string_equal(image->command, "prog with arguments");
	assert_string_equal(image->comm, "pages_image_tes"); /* the kernel keeps 15 characters */
	assert_non_null(image->executable);
	pages_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(turns_come_in_the_order_in_which_they_were_asked_for),
	    cmocka_unit_test(who_ends_while_it_waits_gets_none),
	    cmocka_unit_test(out_of_turn_nobody_waits),
	    cmocka_unit_test(a_sleep_is_counted_in_looks_until_it_ends),
	    cmocka_unit_test(who_runs_or_waits_for_a_processor_does_not_sleep),
	    cmocka_unit_test(an_image_knows_its_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
