/* Turns in an address space: one at a time, in order, whoever ends or is let go. */
#include "mem/pages/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
	    cmocka_unit_test(an_image_knows_its_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
