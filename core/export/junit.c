/* Writes JUnit XML, of suites and of one stored run. */
#include "core/export/junit.h"

#include "core/alloc.h"
#include "core/export/exporter.h"
#include "core/export/manifest_members.h"
#include "core/export/xml.h"
#include "core/line_text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void junit_add_case(struct junit_suite *suite, const char *name, enum junit_outcome outcome,
                    const char *message, double seconds)
{
	struct junit_case *added = ARRAY_APPEND(suite->cases, suite->n_cases, suite->capacity);

	*added = (struct junit_case){.name = xstrdup(name),
	                             .seconds = seconds,
	                             .outcome = outcome,
	                             .message = xstrdup(message)};
}

void junit_suite_fini(struct junit_suite *suite)
{
	for (size_t i = 0; i < suite->n_cases; i++) {
		free(suite->cases[i].name);
		free(suite->cases[i].message);
	}
	free(suite->cases);
	free(suite->name);
	free(suite->host);
	free(suite->started);
	free(suite->commit);
	*suite = (struct junit_suite){0};
}

/* What a manifest says of a bad end. The caller frees it. */
static char *why_of_exit(const json_t *manifest)
{
	const json_t *end = json_object_get(manifest, "exit");
	const json_t *number = json_object_get(end, "signal");

	if (json_is_true(json_object_get(end, "timed_out")))
		return xstrdup("timed out");
	if (number) {
		int sent = (int)json_integer_value(number);
		const char *name = sigabbrev_np(sent);

		return name ? xasprintf("killed by SIG%s", name)
		            : xasprintf("killed by signal %d", sent);
	}
	number = json_object_get(end, "code");
	return number ? xasprintf("exit status %lld", (long long)json_integer_value(number))
	              : xstrdup("it did not end well");
}

/* How the verdicts of run.json count. */
static const struct {
	const char *verdict;
	enum junit_outcome outcome, strict;
} verdicts[] = {
    {"ok", JUNIT_PASSED, JUNIT_PASSED},
    {"gate_failed", JUNIT_FAILED, JUNIT_FAILED},
    {"inconclusive", JUNIT_SKIPPED, JUNIT_FAILED},
    {"unusable", JUNIT_SKIPPED, JUNIT_ERROR},
    {"target_failed", JUNIT_ERROR, JUNIT_ERROR},
};

static enum junit_outcome outcome_of(const char *verdict, bool strict)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (!strcmp(verdicts[i].verdict, verdict))
			return strict ? verdicts[i].strict : verdicts[i].outcome;
	return JUNIT_ERROR;
}

static bool some_gate_failed(const json_t *gates)
{
	for (size_t i = 0; i < json_array_size(gates); i++)
		if (!strcmp(member_text(json_array_get(gates, i), "status"), "failed"))
			return true;
	return false;
}

/* The run's own case says how it ended; what its gates say stands in theirs. */
static void add_end(struct junit_suite *suite, const json_t *manifest, const char *why, bool strict)
{
	const char *verdict = member_text(manifest, "verdict");
	const char *headline = member_text(json_object_get(manifest, "summary"), "headline");
	enum junit_outcome outcome = outcome_of(verdict, strict);
	char *made = NULL;

	if (outcome == JUNIT_FAILED && some_gate_failed(json_object_get(manifest, "gates")))
		outcome = JUNIT_PASSED;
	if (!why && !strcmp(verdict, "target_failed"))
		made = why_of_exit(manifest);
	else if (!why)
		made = xasprintf("%s%s%s", verdict, *headline ? ": " : "", headline);
	junit_add_case(suite, member_text(manifest, "type"), outcome, why ? why : made,
	               json_number_value(json_object_get(manifest, "wall_ns")) / 1e9);
	free(made);
}

static void add_gate(struct junit_suite *suite, const json_t *manifest, const json_t *gate,
                     bool strict)
{
	const char *status = member_text(gate, "status");
	const char *text = member_text(gate, "text");
	const char *source = member_text(gate, "source");
	const char *why = member_text(gate, "why");
	const json_t *value = json_object_get(gate, "value");
	char *name = xasprintf("%s: %s", member_text(manifest, "type"), text);
	char *message;
	bool is_advisory = json_is_true(json_object_get(gate, "advisory"));
	enum junit_outcome outcome = strict && !is_advisory ? JUNIT_ERROR : JUNIT_SKIPPED;

	if (!strcmp(status, "failed"))
		outcome = JUNIT_FAILED;
	else if (!strcmp(status, "ok") || !strcmp(status, "advisory"))
		outcome = JUNIT_PASSED;
	if (json_is_number(value))
		message = xasprintf("%s is %.15g, limit %s%s%s%s%s%s", member_text(gate, "metric"),
		                    json_number_value(value), text, *source ? " (" : "", source,
		                    *source ? ")" : "", *why ? ": " : "", why);
	else
		message = xasprintf("%s: %s%s%s", text, status, *why ? ": " : "", why);
	junit_add_case(suite, name, outcome, message, 0);
	free(message);
	free(name);
}

/* A baseline has a limit on each metric: those that are not beyond it are the run's own case
 * together. */
static bool has_own_case(const json_t *gate)
{
	return strncmp(member_text(gate, "source"), "baseline ", strlen("baseline ")) != 0 ||
	       !strcmp(member_text(gate, "status"), "failed");
}

void junit_add_run(struct junit_suite *suite, const json_t *manifest, const char *why, bool strict)
{
	const json_t *gates = json_object_get(manifest, "gates");

	add_end(suite, manifest, why, strict);
	for (size_t i = 0; i < json_array_size(gates); i++)
		if (has_own_case(json_array_get(gates, i)))
			add_gate(suite, manifest, json_array_get(gates, i), strict);
}

static void write_attribute(FILE *out, const char *name, const char *value)
{
	char *line = line_text(value);

	if (line) {
		fprintf(out, " %s=\"", name);
		xml_write(out, line);
		putc('"', out);
	}
	free(line);
}

static const char *const elements[] = {
    [JUNIT_FAILED] = "failure",
    [JUNIT_ERROR] = "error",
    [JUNIT_SKIPPED] = "skipped",
};

static void write_case(const struct junit_suite *suite, const struct junit_case *one, FILE *out)
{
	fputs("  <testcase", out);
	write_attribute(out, "classname", suite->name);
	write_attribute(out, "name", one->name);
	fprintf(out, " time=\"%.3f\"", one->seconds);
	if (one->outcome == JUNIT_PASSED) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n   <%s", elements[one->outcome]);
	write_attribute(out, "message", one->message ? one->message : "");
	fputs(">", out);
	xml_write(out, one->message ? one->message : "");
	fprintf(out, "</%s>\n  </testcase>\n", elements[one->outcome]);
}

struct tally {
	size_t n_cases, n_of[JUNIT_SKIPPED + 1];
	double seconds;
};

static void tally_suite(const struct junit_suite *suite, struct tally *tally)
{
	for (size_t i = 0; i < suite->n_cases; i++) {
		tally->n_cases++;
		tally->n_of[suite->cases[i].outcome]++;
		tally->seconds += suite->cases[i].seconds;
	}
}

static void write_tally(const struct tally *tally, FILE *out)
{
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"",
	        tally->n_cases, tally->n_of[JUNIT_FAILED], tally->n_of[JUNIT_ERROR],
	        tally->n_of[JUNIT_SKIPPED], tally->seconds);
}

static void write_suite(const struct junit_suite *suite, FILE *out)
{
	struct tally tally = {0};

	tally_suite(suite, &tally);
	fputs(" <testsuite", out);
	write_attribute(out, "name", suite->name);
	write_tally(&tally, out);
	write_attribute(out, "hostname", suite->host);
	write_attribute(out, "timestamp", suite->started);
	fputs(">\n", out);
	if (suite->commit && *suite->commit) {
		fputs("  <properties><property name=\"commit\"", out);
		write_attribute(out, "value", suite->commit);
		fputs("/></properties>\n", out);
	}
	for (size_t i = 0; i < suite->n_cases; i++)
		write_case(suite, &suite->cases[i], out);
	fputs(" </testsuite>\n", out);
}

void junit_write(const struct junit_suite *suites, size_t n_suites, FILE *out)
{
	struct tally tally = {0};

	for (size_t i = 0; i < n_suites; i++)
		tally_suite(&suites[i], &tally);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"profile-scenario\"",
	      out);
	write_tally(&tally, out);
	fputs(">\n", out);
	for (size_t i = 0; i < n_suites; i++)
		write_suite(&suites[i], out);
	fputs("</testsuites>\n", out);
}

void junit_describe_suite(struct junit_suite *suite, const json_t *manifest)
{
	if (!suite->name)
		suite->name = xstrdup(member_text(manifest, "scenario"));
	if (suite->host)
		return;
	suite->host = xstrdup(member_text(json_object_get(manifest, "host"), "hostname"));
	suite->started = xstrdup(member_text(manifest, "started"));
	suite->commit = xstrdup(member_text(json_object_get(manifest, "git"), "commit"));
}

static int write_manifest(json_t *manifest, FILE *out, struct diag *diag)
{
	struct junit_suite suite = {0};

	(void)diag;
	junit_describe_suite(&suite, manifest);
	junit_add_run(&suite, manifest, NULL, false);
	junit_write(&suite, 1, out);
	junit_suite_fini(&suite);
	return 0;
}

const struct exporter junit_exporter = {
    .name = "junit",
    .help = "the verdict and each gate as JUnit XML, for CI servers",
    .write_manifest = write_manifest,
};
