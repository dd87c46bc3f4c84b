/* Control messages whose lengths are the target's to choose. */
#include "io/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LEVEL = 7, BYTES = 3 * CMSG_SPACE(8) };

static _Alignas(struct cmsghdr) char control[BYTES];

/* Puts a header of this length at the offset. */
static void put(size_t at, size_t len, int type)
{
	struct cmsghdr header = {.cmsg_len = len, .cmsg_level = LEVEL, .cmsg_type = type};

	memcpy(control + at, &header, sizeof(header));
}

static struct control_walk walk_of(size_t len)
{
	return (struct control_walk){.around = {.msg_control = control, .msg_controllen = len}};
}

static void assert_next(struct control_walk *walk, int type, size_t data_bytes)
{
	assert_true(control_next(walk));
	assert_int_equal(walk->header->cmsg_type, type);
	assert_int_equal(walk->data_bytes, data_bytes);
}

static void each_has_its_data(void **state)
{
	struct control_walk walk = walk_of(BYTES);

	(void)state;
	put(0, CMSG_LEN(8), 1);
	put(CMSG_SPACE(8), CMSG_LEN(3), 2);
	put(2 * CMSG_SPACE(8), CMSG_LEN(0), 3);
	assert_next(&walk, 1, 8);
	assert_ptr_equal(walk.data, control + CMSG_LEN(0));
	assert_next(&walk, 2, 3);
	assert_next(&walk, 3, 0);
	assert_false(control_next(&walk));
}

static void a_length_beyond_the_copy_is_the_last(void **state)
{
	static const size_t beyond[] = {CMSG_LEN(2 * CMSG_SPACE(8)), SIZE_MAX, SIZE_MAX - 7,
	                                (size_t)1 << 63};

	(void)state;
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		struct control_walk walk = walk_of(2 * CMSG_SPACE(8));

		put(0, CMSG_LEN(8), 1);
		put(CMSG_SPACE(8), beyond[i], 2);
		assert_next(&walk, 1, 8);
		assert_next(&walk, 2, 8);
		assert_false(control_next(&walk));
		assert_false(control_next(&walk));
	}
}

static void a_length_below_a_header_is_the_last(void **state)
{
	(void)state;
	for (size_t len = 0; len < CMSG_LEN(0); len++) {
		struct control_walk walk = walk_of(BYTES);

		put(0, len, 1);
		assert_next(&walk, 1, 0);
		assert_false(control_next(&walk));
	}
}

static void no_header_fits(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(struct cmsghdr); len++) {
		struct control_walk walk = walk_of(len);

		assert_false(control_next(&walk));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_has_its_data),
	    cmocka_unit_test(a_length_beyond_the_copy_is_the_last),
	    cmocka_unit_test(a_length_below_a_header_is_the_last),
	    cmocka_unit_test(no_header_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
