/* URLs of a Pushgateway: what is taken, what people see of it, the groups' paths. */
#include "core/push/pushgateway.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void http_and_https_are_taken(void **state)
{
	static const char *const good[] = {"http://gateway:9091", "HTTPS://user:secret@[::1]:9091/",
	                                   "http://10.0.0.1/behind/a/proxy"};
	static const char *const bad[] = {"",
	                                  "gateway:9091",
	                                  "ftp://user:secret@gateway",
	                                  "http://",
	                                  "http:///path",
	                                  "http://user:secret@/",
	                                  "http://user:secret@gateway/?a=b",
	                                  "http://user:secret@gateway/#a",
	                                  "http://user:secret@gate way/",
	                                  "http://user:secret@gateway/\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct diag diag;

		assert_int_equal(pushgateway_check(good[i], &diag), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct diag diag = {0};

		assert_int_equal(pushgateway_check(bad[i], &diag), -EINVAL);
		assert_true(*diag.text);
		assert_null(strstr(diag.text, "secret"));
	}
}

static void credentials_are_not_shown(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
	    {"http://gateway:9091/a@b", "http://gateway:9091/a@b"},
	    {"https://user:secret@gateway/x", "https://gateway/x"},
	    {"http://user:sec@ret@gateway", "http://gateway"},
	    {"http://token@gateway", "http://gateway"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *shown = pushgateway_shown(cases[i].url);

		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
}

/* The base64 of "/var/tmp" is that of the gateway's README, with the padding that it allows. */
static void a_group_is_a_path_of_labels(void **state)
{
	static const struct {
		const char *url, *host, *group;
	} cases[] = {
	    {"http://g:9091", "box",
	     "http://g:9091/metrics/job/profile-scenario/instance/box/scenario/syn-1k/type/io"},
	    {"http://u:p@g/x//", "box",
	     "http://u:p@g/x/metrics/job/profile-scenario/instance/box/scenario/syn-1k/type/io"},
	    {"http://g", "/var/tmp",
	     "http://g/metrics/job/profile-scenario/instance@base64/L3Zhci90bXA=/scenario/syn-1k/"
	     "type/io"},
	    {"http://g", "",
	     "http://g/metrics/job/profile-scenario/instance@base64/=/scenario/syn-1k/type/io"},
	    {"http://g", "..",
	     "http://g/metrics/job/profile-scenario/instance@base64/Li4=/scenario/syn-1k/type/io"},
	    {"http://g", "a b%",
	     "http://g/metrics/job/profile-scenario/instance/a%20b%25/scenario/syn-1k/type/io"},
	    {"http://g", "/\xc3\xbf\xc3\xbf",
	     "http://g/metrics/job/profile-scenario/instance@base64/L8O_w78=/scenario/syn-1k/type/"
	     "io"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *manifest = json_pack("{s:s, s:s, s:{s:s}}", "scenario", "syn-1k", "type",
		                             "io", "host", "hostname", cases[i].host);
		char *group = pushgateway_group(cases[i].url, manifest);

		assert_string_equal(group, cases[i].group);
		free(group);
		json_decref(manifest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(http_and_https_are_taken),
	    cmocka_unit_test(credentials_are_not_shown),
	    cmocka_unit_test(a_group_is_a_path_of_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
