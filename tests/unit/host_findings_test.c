/* A host's findings: what makes times unsteady, with the line that mends it. */
#include "core/host/host_findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct finding_row rows[] = {HOST_FINDING_ROWS, {0}};

/* The findings of a host must be those, each by a part of its sentence. */
static void assert_findings(const char *host_text, const char *const *parts)
{
	json_t *host = json_loads(host_text, 0, NULL);
	struct findings *findings = findings_new();
	size_t n = 0;

	assert_non_null(host);
	host_findings_judge(findings, rows, host);
	for (; parts[n]; n++) {
		assert_true(n < findings_count(findings));
		if (!strstr(findings_text(findings, n), parts[n]))
			fail_msg("no '%s' in '%s'", parts[n], findings_text(findings, n));
	}
	assert_int_equal(findings_count(findings), n);
	findings_free(findings);
	json_decref(host);
}

static void a_quiet_machine_has_none(void **state)
{
	(void)state;
	assert_findings("{\"governor\": \"performance\", \"turbo\": false, \"load_1m\": 1.0,"
	                " \"cpus\": 2}",
	                (const char *const[]){NULL});
}

static void what_the_host_does_not_tell_is_not_judged(void **state)
{
	(void)state;
	assert_findings("{}", (const char *const[]){NULL});
	assert_findings("{\"load_1m\": 9.5}", (const char *const[]){NULL});
}

static void each_finding_says_what_to_do(void **state)
{
	(void)state;
	assert_findings("{\"governor\": \"powersave\"}",
	                (const char *const[]){"cpupower frequency-set -g performance", NULL});
	assert_findings(
	    "{\"turbo\": true, \"cpu_model\": \"Intel(R) Xeon(R)\"}",
	    (const char *const[]){"echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo", NULL});
	assert_findings(
	    "{\"turbo\": true, \"cpu_model\": \"AMD EPYC\"}",
	    (const char *const[]){"echo 0 >/sys/devices/system/cpu/cpufreq/boost", NULL});
	assert_findings("{\"load_1m\": 2.1, \"cpus\": 4}",
	                (const char *const[]){"(load 2.1 on 4 CPUs)", NULL});
	assert_findings(
	    "{\"governor\": \"powersave\", \"turbo\": true, \"load_1m\": 1, \"cpus\": 1}",
	    (const char *const[]){"governor", "turbo", "on 1 CPU)", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_quiet_machine_has_none),
	    cmocka_unit_test(what_the_host_does_not_tell_is_not_judged),
	    cmocka_unit_test(each_finding_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
