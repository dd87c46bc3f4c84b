/* Names of functions as users type them. */
#include "core/function_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_plain(const char *name, const char *expected)
{
	char *plain = function_without_templates(name);

	assert_string_equal(plain, expected);
	free(plain);
}

static void template_arguments_are_left_out(void **state)
{
	(void)state;
	assert_plain("ns::f<int>::g<std::pair<int, char> >", "ns::f::g");
	assert_plain("apply<void (*)(int) noexcept, fn() -> u32>::run", "apply::run");
	assert_plain("f", "f");
	assert_plain("f<int", "f"); /* cut short by somebody */
}

static void operators_and_rust_paths_keep_their_angles(void **state)
{
	(void)state;
	assert_plain("ns::operator<", "ns::operator<");
	assert_plain("ns::operator<< <int>", "ns::operator<< ");
	assert_plain("ns::A<int>::operator->", "ns::A::operator->");
	assert_plain("ns::operator<=>", "ns::operator<=>");
	assert_plain("my_operator<int>", "my_operator");
	assert_plain("<alloc::vec::Vec<T> as core::ops::Drop>::drop",
	             "<alloc::vec::Vec<T> as core::ops::Drop>::drop");
}

static void the_last_component_stands_outside_of_brackets(void **state)
{
	(void)state;
	assert_string_equal(function_last_component("ns::f::g"), "g");
	assert_string_equal(function_last_component("main"), "main");
	assert_string_equal(function_last_component("<a::B as c::D>::drop"), "drop");
	assert_string_equal(function_last_component("f::{lambda(ns::T)#1}::operator()"),
	                    "operator()");
	assert_string_equal(function_last_component("ns::operator->"), "operator->");
	assert_string_equal(function_last_component("(anonymous namespace)::g"), "g");
}

static void a_pattern_is_a_name_a_glob_or_a_last_component(void **state)
{
	(void)state;
	assert_true(function_matches("ns::f<int>::g", "ns::f<int>::g"));
	assert_true(function_matches("ns::f::g", "ns::f<int>::g"));
	assert_true(function_matches("g", "ns::f<int>::g"));
	assert_true(function_matches("ns::*", "ns::f<int>::g"));
	assert_true(function_matches("burn_*", "burn_seventy"));
	assert_true(function_matches("operator()", "f::{lambda(int)#1}::operator()"));
	assert_true(function_matches("operator[]", "ns::A<int>::operator[]"));
	assert_false(function_matches("f", "ns::f<int>::g"));
	assert_false(function_matches("f::g", "ns::f<int>::g"));
	assert_false(function_matches("burn", "burn_seventy"));
	assert_false(function_matches("", "main"));
}

static void a_symbol_may_have_a_version_or_a_suffix(void **state)
{
	(void)state;
	assert_true(function_has_symbol("clone3", "clone3"));
	assert_true(function_has_symbol("clone3", "clone3@@GLIBC_2.34"));
	assert_true(function_has_symbol("main", "main.cold"));
	assert_false(function_has_symbol("main", "main_loop"));
	assert_false(function_has_symbol("main", "mai"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(template_arguments_are_left_out),
	    cmocka_unit_test(operators_and_rust_paths_keep_their_angles),
	    cmocka_unit_test(the_last_component_stands_outside_of_brackets),
	    cmocka_unit_test(a_pattern_is_a_name_a_glob_or_a_last_component),
	    cmocka_unit_test(a_symbol_may_have_a_version_or_a_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
