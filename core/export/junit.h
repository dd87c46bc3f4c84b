/* Verdicts as JUnit XML, which CI servers show: a suite a scenario, a case for each run's end and
 * for each of its gates.
 *
 * There is no standard of it; the elements and attributes are those that Jenkins' junit plugin and
 * GitLab read (testsuites, testsuite, properties, testcase with failure, error or skipped).
 */
#ifndef CORE_EXPORT_JUNIT_H
#define CORE_EXPORT_JUNIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum junit_outcome {
	JUNIT_PASSED,
	JUNIT_FAILED,  /* a limit was not kept */
	JUNIT_ERROR,   /* the run itself went wrong: crash, time-out, our failure */
	JUNIT_SKIPPED, /* nothing can be said */
};

struct junit_case {
	char *name;     /* "cpu", "cpu: mem.peak_bytes <= 5 MB" */
	double seconds; /* of the run; 0 for what took none of its own */
	enum junit_outcome outcome;
	char *message; /* why, unless it has passed */
};

/* Texts are owned; a zeroed struct is an empty suite. */
struct junit_suite {
	char *name; /* of the scenario */
	char *host;
	char *started; /* RFC 3339 */
	char *commit;
	struct junit_case *cases;
	size_t n_cases;
	size_t capacity;
};

/* A new case to fill in: its name is copied, the message (may be NULL) too. */
void junit_add_case(struct junit_suite *suite, const char *name, enum junit_outcome outcome,
                    const char *message, double seconds);
void junit_suite_fini(struct junit_suite *suite);

/* Adds the cases of a run: one called as its type that says how it ended, then each gate (of a
 * baseline's those that failed). `why` is
 * the sentence for an end that was not good (NULL: the manifest's own words). `strict`: what could
 * not be told or measured counts as failure and error, not as skipped. */
void junit_add_run(struct junit_suite *suite, const json_t *manifest, const char *why, bool strict);

/* Fills in what a suite says of its runs, where it has not been said: names, host, commit. */
void junit_describe_suite(struct junit_suite *suite, const json_t *manifest);

/* The whole document. */
void junit_write(const struct junit_suite *suites, size_t n_suites, FILE *out);

#endif
