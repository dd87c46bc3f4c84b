/* Protocol buffers: bytes as the encoding guide spells them
 * (protobuf.dev/programming-guides/encoding). */
#include "core/export/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_bytes(struct protobuf *message, const void *expected, size_t n_bytes)
{
	assert_int_equal(message->n_bytes, n_bytes);
	assert_memory_equal(message->bytes, expected, n_bytes);
	protobuf_fini(message);
}

static void numbers_are_varints(void **state)
{
	struct protobuf message = {0};

	(void)state;
	protobuf_add_number(&message, 1, 150);
	assert_bytes(&message, "\x08\x96\x01", 3);
	protobuf_add_number(&message, 1, UINT64_MAX);
	assert_bytes(&message, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
}

static void a_default_is_left_out(void **state)
{
	struct protobuf message = {0};

	(void)state;
	protobuf_add_number(&message, 1, 0);
	assert_int_equal(message.n_bytes, 0);
	protobuf_fini(&message);
}

static void strings_have_their_length_before_them(void **state)
{
	struct protobuf message = {0};

	(void)state;
	protobuf_add_bytes(&message, 2, "testing", 7);
	assert_bytes(&message, "\x12\x07testing", 9);
	protobuf_add_bytes(&message, 2, "", 0);
	assert_bytes(&message, "\x12\x00", 2);
}

static void repeated_numbers_are_packed(void **state)
{
	static const uint64_t values[] = {3, 270, 86942};
	struct protobuf message = {0};

	(void)state;
	protobuf_add_numbers(&message, 6, values, 3);
	assert_bytes(&message, "\x32\x06\x03\x8e\x02\x9e\xa7\x05", 8);
}

static void messages_nest(void **state)
{
	struct protobuf outer = {0};
	struct protobuf inner = {0};

	(void)state;
	protobuf_add_number(&inner, 1, 150);
	protobuf_add_message(&outer, 3, &inner);
	assert_bytes(&outer, "\x1a\x03\x08\x96\x01", 5);
	protobuf_clear(&inner);
	assert_int_equal(inner.n_bytes, 0);
	protobuf_fini(&inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_varints),
	    cmocka_unit_test(a_default_is_left_out),
	    cmocka_unit_test(strings_have_their_length_before_them),
	    cmocka_unit_test(repeated_numbers_are_packed),
	    cmocka_unit_test(messages_nest),
	};

	return cmocka_run_group_tests_name("protobuf", tests, NULL, NULL);
}
