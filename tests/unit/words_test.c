/* Words: split as sh would, expanded from a list, joined so that sh reads them back. */
#include "core/words.h"

#include "core/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void words_split_as_sh_splits(void **state)
{
	static const struct {
		const char *text;
		const char *words[5];
	} cases[] = {
	    {"a b  c\t d", {"a", "b", "c", "d"}},
	    {"'a b' \"c d\"", {"a b", "c d"}},
	    {"a\\ b 'it'\\''s'", {"a b", "it's"}},
	    {"\"a \\\"b\\\" \\x\"", {"a \"b\" \\x"}},
	    {"'' x", {"", "x"}},
	    {"a'b'\"c\"d", {"abcd"}},
	    {"  ", {NULL}},
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text_list words = {0};
		size_t n = 0;

		assert_int_equal(words_split(cases[i].text, &words, &diag), 0);
		while (n < 5 && cases[i].words[n])
			n++;
		assert_int_equal(words.n_texts, n);
		for (size_t j = 0; j < n; j++)
			assert_string_equal(words.texts[j], cases[i].words[j]);
		text_list_fini(&words);
	}
}

static void an_open_quote_is_refused(void **state)
{
	struct text_list words = {0};
	struct diag diag;

	(void)state;
	assert_int_equal(words_split("a 'b", &words, &diag), -22);
	assert_non_null(strstr(diag.text, "quote"));
	text_list_fini(&words);
}

static void names_expand_and_the_last_value_counts(void **state)
{
	struct text_list values = {0};
	struct diag diag;
	char *text;

	(void)state;
	text_list_add(&values, "ports=1-10");
	text_list_add(&values, "portsmore=x");
	text_list_add(&values, "ports=1-1000");
	assert_int_equal(
	    words_expand("--ports=${ports} $HOME ${portsmore}$", &values, &text, &diag), 0);
	assert_string_equal(text, "--ports=1-1000 $HOME x$");
	free(text);
	assert_int_equal(words_expand("${port}", &values, &text, &diag), -22);
	assert_non_null(strstr(diag.text, "did you mean ${ports}"));
	text_list_fini(&values);
}

static void joined_words_split_into_the_same(void **state)
{
	char *words[] = {(char *)"a b", (char *)"it's", (char *)"", (char *)"plain-1",
	                 (char *)"$x;\"\\"};
	char *text = words_join(words, 5);
	struct text_list again = {0};
	struct diag diag;

	(void)state;
	assert_int_equal(words_split(text, &again, &diag), 0);
	assert_int_equal(again.n_texts, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(again.texts[i], words[i]);
	text_list_fini(&again);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_split_as_sh_splits),
	    cmocka_unit_test(an_open_quote_is_refused),
	    cmocka_unit_test(names_expand_and_the_last_value_counts),
	    cmocka_unit_test(joined_words_split_into_the_same),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
