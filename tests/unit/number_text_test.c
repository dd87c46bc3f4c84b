/* Counts, sizes and counted nouns are written as people read them. */
#include "core/number_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void sizes_have_three_digits_and_a_unit(void **state)
{
	(void)state;
	assert_string_equal(size_text_of(0).text, "0 B");
	assert_string_equal(size_text_of(999).text, "999 B");
	assert_string_equal(size_text_of(1000).text, "0.98 KB");
	assert_string_equal(size_text_of(15 * 1024 * 1024 + 512 * 1024).text, "15.5 MB");
	assert_string_equal(size_text_of(UINT64_MAX).text, "16384 PB");
}

static void counts_have_commas(void **state)
{
	(void)state;
	assert_string_equal(count_text_of(0).text, "0");
	assert_string_equal(count_text_of(999).text, "999");
	assert_string_equal(count_text_of(1234567).text, "1,234,567");
	assert_string_equal(count_text_of(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void one_is_singular(void **state)
{
	(void)state;
	assert_string_equal(counted_text_of(0, "call").text, "0 calls");
	assert_string_equal(counted_text_of(1, "call").text, "1 call");
	assert_string_equal(counted_text_of(1000, "call").text, "1,000 calls");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sizes_have_three_digits_and_a_unit),
	    cmocka_unit_test(counts_have_commas),
	    cmocka_unit_test(one_is_singular),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
