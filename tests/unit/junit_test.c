/* Verdicts as JUnit XML: outcomes, sums, text that XML cannot hold. */
#include "core/export/junit.h"

#include "core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text_of(const struct junit_suite *suites, size_t n_suites)
{
	char *text = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);

	junit_write(suites, n_suites, out);
	fclose(out);
	return text;
}

static struct junit_suite suite_of(const char *manifest_text, bool strict)
{
	json_t *manifest = json_loads(manifest_text, 0, NULL);
	struct junit_suite suite = {0};

	assert_non_null(manifest);
	junit_describe_suite(&suite, manifest);
	junit_add_run(&suite, manifest, NULL, strict);
	json_decref(manifest);
	return suite;
}

static void the_document_holds_suites_and_sums(void **state)
{
	struct junit_suite suites[2] = {{.name = xstrdup("a"), .commit = xstrdup("abc")},
	                                {.name = xstrdup("b")}};
	char *text;

	(void)state;
	junit_add_case(&suites[0], "cpu", JUNIT_PASSED, NULL, 1.5);
	junit_add_case(&suites[0], "io", JUNIT_FAILED, "3 > 2", 0.25);
	junit_add_case(&suites[1], "io", JUNIT_ERROR, "crash", 0);
	junit_add_case(&suites[1], "cpu", JUNIT_SKIPPED, "no", 0);
	text = text_of(suites, 2);
	assert_string_equal(
	    text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	          "<testsuites name=\"profile-scenario\" tests=\"4\" failures=\"1\" errors=\"1\" "
	          "skipped=\"1\" time=\"1.750\">\n"
	          " <testsuite name=\"a\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
	          "time=\"1.750\">\n"
	          "  <properties><property name=\"commit\" value=\"abc\"/></properties>\n"
	          "  <testcase classname=\"a\" name=\"cpu\" time=\"1.500\"/>\n"
	          "  <testcase classname=\"a\" name=\"io\" time=\"0.250\">\n"
	          "   <failure message=\"3 &gt; 2\">3 &gt; 2</failure>\n"
	          "  </testcase>\n"
	          " </testsuite>\n"
	          " <testsuite name=\"b\" tests=\"2\" failures=\"0\" errors=\"1\" skipped=\"1\" "
	          "time=\"0.000\">\n"
	          "  <testcase classname=\"b\" name=\"io\" time=\"0.000\">\n"
	          "   <error message=\"crash\">crash</error>\n"
	          "  </testcase>\n"
	          "  <testcase classname=\"b\" name=\"cpu\" time=\"0.000\">\n"
	          "   <skipped message=\"no\">no</skipped>\n"
	          "  </testcase>\n"
	          " </testsuite>\n"
	          "</testsuites>\n");
	free(text);
	junit_suite_fini(&suites[0]);
	junit_suite_fini(&suites[1]);
}

static void control_characters_and_marks_are_made_safe(void **state)
{
	struct junit_suite suite = {.name = xstrdup("a<\"\x1b&'")};
	char *text;

	(void)state;
	junit_add_case(&suite, "two\nlines", JUNIT_FAILED, "]]> \x01 \xff", 0);
	text = text_of(&suite, 1);
	assert_non_null(strstr(text, "classname=\"a&lt;&quot;?&amp;&#39;\" name=\"two lines\""));
	assert_non_null(strstr(text, ">]]&gt; \xef\xbf\xbd \xef\xbf\xbd</failure>"));
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	free(text);
	junit_suite_fini(&suite);
}

static void each_verdict_has_its_outcome(void **state)
{
	static const struct {
		const char *verdict;
		enum junit_outcome outcome, strict;
	} cases[] = {
	    {"ok", JUNIT_PASSED, JUNIT_PASSED},
	    {"gate_failed", JUNIT_FAILED, JUNIT_FAILED},
	    {"inconclusive", JUNIT_SKIPPED, JUNIT_FAILED},
	    {"unusable", JUNIT_SKIPPED, JUNIT_ERROR},
	    {"target_failed", JUNIT_ERROR, JUNIT_ERROR},
	    {"of a later version", JUNIT_ERROR, JUNIT_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *manifest =
		    xasprintf("{\"type\": \"io\", \"verdict\": \"%s\"}", cases[i].verdict);
		struct junit_suite loose = suite_of(manifest, false);
		struct junit_suite strict = suite_of(manifest, true);

		assert_int_equal(loose.n_cases, 1);
		assert_int_equal(loose.cases[0].outcome, cases[i].outcome);
		assert_int_equal(strict.cases[0].outcome, cases[i].strict);
		junit_suite_fini(&loose);
		junit_suite_fini(&strict);
		free(manifest);
	}
}

/* A gate that failed is one failure, not two. */
static void a_gate_has_a_case_of_its_own(void **state)
{
	struct junit_suite suite = suite_of(
	    "{\"type\": \"io\", \"verdict\": \"gate_failed\", \"wall_ns\": 2500000000,"
	    " \"gates\": [{\"text\": \"io.calls <= 5\", \"metric\": \"io.calls\", \"value\": 6,"
	    " \"limit\": 5, \"status\": \"failed\", \"source\": \"--budget\"},"
	    " {\"text\": \"io.lost <= 0\", \"status\": \"ok\", \"value\": 0},"
	    " {\"text\": \"io.x <= 0\", \"status\": \"not measured\"}]}",
	    false);

	(void)state;
	assert_int_equal(suite.n_cases, 4);
	assert_int_equal(suite.cases[0].outcome, JUNIT_PASSED);
	assert_true(suite.cases[0].seconds == 2.5);
	assert_string_equal(suite.cases[1].name, "io: io.calls <= 5");
	assert_int_equal(suite.cases[1].outcome, JUNIT_FAILED);
	assert_string_equal(suite.cases[1].message,
	                    "io.calls is 6, limit io.calls <= 5 (--budget)");
	assert_int_equal(suite.cases[2].outcome, JUNIT_PASSED);
	assert_int_equal(suite.cases[3].outcome, JUNIT_SKIPPED);
	assert_string_equal(suite.cases[3].message, "io.x <= 0: not measured");
	junit_suite_fini(&suite);
}

static void of_a_baseline_only_what_failed_has_a_case(void **state)
{
	struct junit_suite suite = suite_of(
	    "{\"type\": \"io\", \"verdict\": \"gate_failed\", \"gates\": ["
	    "{\"text\": \"io.calls <= 5\", \"metric\": \"io.calls\", \"value\": 6, \"limit\": 5,"
	    " \"status\": \"failed\", \"source\": \"baseline v1\"},"
	    " {\"text\": \"a <= 0\", \"value\": 0, \"status\": \"ok\", \"source\": \"baseline "
	    "v1\"},"
	    " {\"text\": \"b <= 0\", \"value\": 1, \"status\": \"inconclusive\", \"source\": "
	    "\"baseline v1\"}]}",
	    false);

	(void)state;
	assert_int_equal(suite.n_cases, 2);
	assert_string_equal(suite.cases[1].name, "io: io.calls <= 5");
	assert_int_equal(suite.cases[1].outcome, JUNIT_FAILED);
	junit_suite_fini(&suite);
}

static void a_bad_end_is_said(void **state)
{
	static const struct {
		const char *end, *message;
	} cases[] = {
	    {"{\"signal\": 11, \"timed_out\": false}", "killed by SIGSEGV"},
	    {"{\"signal\": 15, \"timed_out\": true}", "timed out"},
	    {"{\"code\": 3}", "exit status 3"},
	    {"{}", "it did not end well"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *manifest =
		    xasprintf("{\"type\": \"io\", \"verdict\": \"target_failed\", \"exit\": %s}",
		              cases[i].end);
		struct junit_suite suite = suite_of(manifest, false);

		assert_string_equal(suite.cases[0].message, cases[i].message);
		junit_suite_fini(&suite);
		free(manifest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_document_holds_suites_and_sums),
	    cmocka_unit_test(control_characters_and_marks_are_made_safe),
	    cmocka_unit_test(each_verdict_has_its_outcome),
	    cmocka_unit_test(a_gate_has_a_case_of_its_own),
	    cmocka_unit_test(of_a_baseline_only_what_failed_has_a_case),
	    cmocka_unit_test(a_bad_end_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
