/* Manifests are read as jansson reads them, at a part of its cost; what is damaged is refused. */
#include "core/json_scan.h"

#include "tests/unit/json_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Each with its own memory, so that a sanitizer sees what is read behind its end. */
static void agrees(const char *text, size_t len, bool is_good)
{
	char *copy = malloc(len ? len : 1);
	const char *why;
	struct json_scan scan;

	memcpy(copy, text, len);
	why = peer_differs(copy, len);
	if (why)
		fail_msg("%.*s: %s", (int)len, text, why);
	json_scan_init(&scan, copy, len);
	json_scan_skip(&scan);
	if (json_scan_end(&scan) != is_good)
		fail_msg("%.*s: not %s", (int)len, text, is_good ? "taken" : "refused");
	free(copy);
}

static void what_is_json_is_taken_as_jansson_takes_it(void **state)
{
	static const char *const good[] = {
	    "{}",
	    " [ ] \n",
	    "[0, -0, 1, -17, 123456789012345, 9007199254740993, 9223372036854775807]",
	    "[1.5, -2e3, 2E+3, 1e-7, 0.1, 5e-324, 1.7976931348623157e308, 0e1]",
	    "[0.10000000000000000555111512312578270211815834045410156250000000000000000001]",
	    "[true, false, null, [], {}, [[]], {\"a\": {}}]",
	    "{\"a\": 1, \"b\": {\"c\": [1, 2, {\"d\": \"e\"}]}, \"a\": 2}",
	    "[\"\", \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u00e9\\u20ac\\ud83d\\udd25\\u0001\"]",
	    "[\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5 \x7f\"]",
	    "{\"\\u0061b\": 1, \"\": 2}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		agrees(good[i], strlen(good[i]), true);
}

static void what_is_not_json_is_refused_as_jansson_refuses_it(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "[1",
	    "[1,]",
	    "[,1]",
	    "{\"a\"}",
	    "{\"a\":}",
	    "{\"a\":1,}",
	    "{a:1}",
	    "[1] x",
	    "[1}",
	    "[01]",
	    "[1.]",
	    "[.5]",
	    "[+1]",
	    "[-]",
	    "[1e]",
	    "[0x10]",
	    "[nul]",
	    "[True]",
	    "[\"a]",
	    "[\"\\x\"]",
	    "[\"\\u12\"]",
	    "[\"\\u0000\"]",
	    "[\"\\ud800\"]",
	    "[\"\\ud800\\u0041\"]",
	    "[\"\\udc00\"]",
	    "[\"a\nb\"]",
	    "[\"\xff\"]",
	    "[\"\xc0\x80\"]",
	    "[\"\xed\xa0\x80\"]",
	    "[\"\xf4\x90\x80\x80\"]",
	    "[\"\xe2\x82\"]",
	    "\xef\xbb\xbf[]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		agrees(bad[i], strlen(bad[i]), false);
	agrees("[1\0]", 4, false);
	agrees("[1]\0", 4, false);
}

static void numbers_out_of_range_are_refused_where_they_are_read(void **state)
{
	static const char *const bad[] = {"9223372036854775808", "-9223372036854775809", "1e309"};
	struct json_scan scan;
	double number = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_scan_init(&scan, bad[i], strlen(bad[i]));
		assert_false(json_scan_number(&scan, &number));
		assert_false(json_scan_end(&scan));
		assert_true(number == 7);
	}
}

/* A manifest that a full disk or a killed copy cut is never taken for a whole one. */
static void a_text_cut_anywhere_is_refused(void **state)
{
	static const char text[] = "{\"schema\": 1, \"git\": {\"commit\": \"a\\u00e9\", \"dirty\": "
	                           "false}, \"metrics\": {\"run.wall_ns\": {\"value\": 1.5e3, "
	                           "\"samples\": [1, 2]}}}";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		agrees(text, len, false);
	agrees(text, sizeof(text) - 1, true);
}

static void nests_as_deep_as_jansson_and_no_deeper(void **state)
{
	char text[8192];

	(void)state;
	memset(text, '[', 4096);
	memset(text + 4096, ']', 4096);
	agrees(text, 8192, false);
	agrees(text + 4096 - 2000, 4000, true);
}

static void members_are_found_among_others_that_are_skipped(void **state)
{
	static const char text[] =
	    " {\"skipped\": [{\"a\": \"]}\"}, 1], \"n\\u0061me\": \"v\", \"number\": -1.5 , "
	    "\"none\": {}, \"list\": [ ], \"wrong\": \"kind\", \"yes\": true}";
	struct json_span name, value = {0};
	struct json_scan scan;
	double number = 0, none = 7;
	bool yes = false;
	size_t n_members = 0;
	char *copy;

	(void)state;
	json_scan_init(&scan, text, sizeof(text) - 1);
	assert_true(json_scan_object(&scan));
	while (json_scan_member(&scan, &name)) {
		n_members++;
		if (json_span_is(&name, "name"))
			assert_true(json_scan_string(&scan, &value));
		else if (json_span_is(&name, "number"))
			assert_true(json_scan_number(&scan, &number));
		else if (json_span_is(&name, "none")) {
			assert_true(json_scan_object(&scan));
			assert_false(json_scan_member(&scan, &name));
		} else if (json_span_is(&name, "list")) {
			assert_true(json_scan_array(&scan));
			assert_false(json_scan_item(&scan));
		} else if (json_span_is(&name, "wrong"))
			assert_false(json_scan_number(&scan, &none));
		else if (json_span_is(&name, "yes"))
			assert_true(json_scan_bool(&scan, &yes));
		else
			json_scan_skip(&scan);
	}
	assert_true(json_scan_end(&scan));
	assert_int_equal(n_members, 7);
	assert_true(number == -1.5 && none == 7 && yes);
	copy = json_span_copy(&value);
	assert_string_equal(copy, "v");
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_json_is_taken_as_jansson_takes_it),
	    cmocka_unit_test(what_is_not_json_is_refused_as_jansson_refuses_it),
	    cmocka_unit_test(numbers_out_of_range_are_refused_where_they_are_read),
	    cmocka_unit_test(a_text_cut_anywhere_is_refused),
	    cmocka_unit_test(nests_as_deep_as_jansson_and_no_deeper),
	    cmocka_unit_test(members_are_found_among_others_that_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
