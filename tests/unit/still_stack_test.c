/* Which bytes before an address are a call. */
#include "core/walk/still_stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CODE_BYTES = 8 };

struct sample_code {
	const char *assembly;
	uint8_t bytes[CODE_BYTES]; /* the last ones count */
	size_t len;
};

static bool is_call(const struct sample_code *code, int64_t *target)
{
	uint8_t before[CODE_BYTES];

	memset(before, 0x90, sizeof(before)); /* nop */
	memcpy(before + CODE_BYTES - code->len, code->bytes, code->len);
	return still_stack_is_call(before, target);
}

/* As GNU as encodes them. */
static void calls_through_registers_and_memory_are_told(void **state)
{
	static const struct sample_code calls[] = {
	    {"call *%rax", {0xff, 0xd0}, 2},
	    {"call *%r11", {0x41, 0xff, 0xd3}, 3},
	    {"call *(%rax)", {0xff, 0x10}, 2},
	    {"call *(%rsp)", {0xff, 0x14, 0x24}, 3},
	    {"call *8(%rbx)", {0xff, 0x53, 0x08}, 3},
	    {"call *8(%rsp)", {0xff, 0x54, 0x24, 0x08}, 4},
	    {"call *0x1234(%rip)", {0xff, 0x15, 0x34, 0x12, 0x00, 0x00}, 6},
	    {"call *0x80(%rax)", {0xff, 0x90, 0x80, 0x00, 0x00, 0x00}, 6},
	    {"call *0x80(%rsp)", {0xff, 0x94, 0x24, 0x80, 0x00, 0x00, 0x00}, 7},
	    {"call *0x1000(,%rax,8)", {0xff, 0x14, 0xc5, 0x00, 0x10, 0x00, 0x00}, 7},
	    {"call *(%r13)", {0x41, 0xff, 0x55, 0x00}, 4},
	};
	int64_t target;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (!is_call(&calls[i], &target))
			fail_msg("%s is no call", calls[i].assembly);
		assert_int_equal(target, 0);
	}
}

static void a_direct_call_tells_where_to(void **state)
{
	static const struct sample_code back = {"call .-0x100", {0xe8, 0x00, 0xff, 0xff, 0xff}, 5};
	static const struct sample_code on = {"call .+0x1005", {0xe8, 0x00, 0x10, 0x00, 0x00}, 5};
	int64_t target;

	(void)state;
	assert_true(is_call(&back, &target));
	assert_int_equal(target, -0x100);
	assert_true(is_call(&on, &target));
	assert_int_equal(target, 0x1000);
}

static void other_code_is_no_call(void **state)
{
	static const struct sample_code others[] = {
	    {"nop", {0x90}, 1},
	    {"jmp *%rax", {0xff, 0xe0}, 2},
	    {"push (%rax)", {0xff, 0x30}, 2},
	    {"inc %eax", {0xff, 0xc0}, 2},
	    {"syscall", {0x0f, 0x05}, 2},
	    {"jmp .+0x1005", {0xe9, 0x00, 0x10, 0x00, 0x00}, 5},
	};
	int64_t target;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (is_call(&others[i], &target))
			fail_msg("%s is a call", others[i].assembly);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_through_registers_and_memory_are_told),
	    cmocka_unit_test(a_direct_call_tells_where_to),
	    cmocka_unit_test(other_code_is_no_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
