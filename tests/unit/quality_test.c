/* Quality says in one line what it knows, and judges by what was looked for. */
#include "core/quality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static json_t *stated(void)
{
	json_t *quality = json_object();

	quality_set_samples(quality, 900, 100, "lower --freq");
	quality_set_flaw(quality, QUALITY_TRUNCATED, 20, "raise --stack-size");
	quality_set_flaw(quality, QUALITY_UNRESOLVED, 5, NULL);
	return quality;
}

static void expect_text(const json_t *quality, const char *expected)
{
	char *text = quality_text(quality);

	assert_string_equal(text, expected);
	free(text);
}

static void expect_verdict(const json_t *quality, double least, const char *expected)
{
	char *why = quality_judge(quality, least);

	if (expected)
		assert_string_equal(why, expected);
	else
		assert_null(why);
	free(why);
}

static void lost_samples_are_a_share_of_all_there_should_have_been(void **state)
{
	json_t *quality = stated();

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(quality, "samples")), 900);
	assert_int_equal(json_integer_value(json_object_get(quality, "lost_samples")), 100);
	assert_true(json_number_value(json_object_get(quality, "lost_percent")) == 10);
	json_decref(quality);
}

static void a_line_holds_what_was_looked_for(void **state)
{
	json_t *quality = json_object();

	(void)state;
	expect_text(quality, "");
	quality_set_samples(quality, 1000, 0, "nothing was lost");
	expect_text(quality, "lost 0");
	quality_set_flaw(quality, QUALITY_UNRESOLVED, 1.26, NULL);
	expect_text(quality, "lost 0, unresolved 1.3 %");
	quality_set_completed(quality, 3);
	quality_set_flaw(quality, QUALITY_TRUNCATED, 0, NULL);
	expect_text(quality, "lost 0, truncated 0.0 %, unresolved 1.3 %, completed 3.0 %");
	json_object_set_new(quality, "unresolved_by_object",
	                    json_pack("{s:i, s:i, s:i}", "libx.so", 9, "a.out", 3, "[anon]", 1));
	expect_text(quality,
	            "lost 0, truncated 0.0 %, unresolved 1.3 %, completed 3.0 %; no names in "
	            "libx.so, a.out and 1 more");
	json_decref(quality);
}

static void losses_are_shown_with_their_share(void **state)
{
	json_t *quality = json_object();

	(void)state;
	quality_set_samples(quality, 7000, 3000, NULL);
	expect_text(quality, "lost 3,000 (30 %)");
	quality_set_samples(quality, 997, 3, NULL);
	expect_text(quality, "lost 3 (0.3 %)");
	quality_set_samples(quality, 3, 997, NULL);
	expect_text(quality, "lost 997 (100 %)");
	json_decref(quality);
}

static void the_largest_flaw_is_to_blame(void **state)
{
	json_t *quality = stated();

	(void)state;
	expect_verdict(quality, 65, NULL);
	expect_verdict(quality, 65.5,
	               "quality is 65.0 %, below --min-quality 65.5: 20.0 % of the samples have "
	               "truncated stacks; raise --stack-size");
	quality_set_flaw(quality, QUALITY_UNRESOLVED, 50, "install debug symbols");
	expect_verdict(quality, 90,
	               "quality is 20.0 %, below --min-quality 90: 50.0 % of the samples have no "
	               "name; install debug symbols");
	quality_set_samples(quality, 100, 900, "lower --freq");
	expect_verdict(
	    quality, 90,
	    "quality is -60.0 %, below --min-quality 90: 90.0 % of the samples were lost; "
	    "lower --freq");
	json_decref(quality);
}

static void what_was_not_looked_for_is_not_judged(void **state)
{
	json_t *quality = json_object();

	(void)state;
	expect_verdict(quality, 1,
	               "--min-quality cannot be judged: nothing that could be lost, truncated or "
	               "without a name was measured");
	quality_set_samples(quality, 10, 0, NULL);
	expect_verdict(quality, 100, NULL);
	json_decref(quality);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lost_samples_are_a_share_of_all_there_should_have_been),
	    cmocka_unit_test(a_line_holds_what_was_looked_for),
	    cmocka_unit_test(losses_are_shown_with_their_share),
	    cmocka_unit_test(the_largest_flaw_is_to_blame),
	    cmocka_unit_test(what_was_not_looked_for_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
