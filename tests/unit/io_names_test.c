/* Names in tables. */
#include "io/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void calls_of_other_abis_have_other_names(void **state)
{
	(void)state;
	assert_string_equal(io_call_name_of(syscall_find_named(ABI_X86_64, "readv")).text, "readv");
	assert_string_equal(io_call_name_of(syscall_find_named(ABI_I386, "readv")).text,
	                    "readv (32 bit)");
	assert_string_equal(io_call_name_of(syscall_find_named(ABI_X32, "readv")).text,
	                    "readv (x32)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_of_other_abis_have_other_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
