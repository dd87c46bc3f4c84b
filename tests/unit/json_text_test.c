/* Text as JSON: what is UTF-8 stays as it is, each other byte becomes U+FFFD, nothing is dropped.
 */
#include "core/json_text.h"

#include "core/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void bad_bytes_are_replaced_and_all_else_is_kept(void **state)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"plain \t\x01", "plain \t\x01"},
	    {"caf\xc3\xa9 \xf0\x9f\x94\xa5", "caf\xc3\xa9 \xf0\x9f\x94\xa5"},
	    {"caf\xe9", "caf\xef\xbf\xbd"},
	    {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
	    {"cut \xf0\x9f", "cut \xef\xbf\xbd\xef\xbf\xbd"},
	    {"\xc3\xa9 and \xe9\x01", "\xc3\xa9 and \xef\xbf\xbd\x01"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *text = json_text(cases[i][0]);

		assert_non_null(text);
		assert_string_equal(json_string_value(text), cases[i][1]);
		json_decref(text);
	}
	assert_null(json_text(NULL));
}

static void a_list_keeps_its_length(void **state)
{
	struct text_list list = {0};
	json_t *array;

	(void)state;
	text_list_add(&list, "a");
	text_list_add(&list, "\xff");
	array = json_texts(&list);
	assert_int_equal(json_array_size(array), 2);
	json_decref(array);
	text_list_fini(&list);
}

static void a_member_of_any_name_is_set(void **state)
{
	json_t *object = json_object();

	(void)state;
	json_set_named(object, "lib\xe9.so", json_integer(7));
	assert_int_equal(json_integer_value(json_object_get(object, "lib\xef\xbf\xbd.so")), 7);
	json_decref(object);
}

static void text_of_a_member_or_none(void **state)
{
	json_t *object = json_pack("{s:s, s:i}", "text", "here", "number", 1);

	(void)state;
	assert_string_equal(json_text_at(object, "text"), "here");
	assert_string_equal(json_text_or_empty(object, "text"), "here");
	assert_null(json_text_at(object, "number"));
	assert_null(json_text_at(object, "absent"));
	assert_null(json_text_at(NULL, "text"));
	assert_string_equal(json_text_or_empty(object, "number"), "");
	assert_string_equal(json_text_or_empty(NULL, "text"), "");
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_bytes_are_replaced_and_all_else_is_kept),
	    cmocka_unit_test(a_list_keeps_its_length),
	    cmocka_unit_test(a_member_of_any_name_is_set),
	    cmocka_unit_test(text_of_a_member_or_none),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
