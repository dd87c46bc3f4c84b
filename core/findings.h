/* What a run's numbers say that somebody could act on.
 *
 * A collector owns a table of rows, one threshold each; a scenario file may set thresholds by key
 * under [findings]. Judging compares one value with its row's threshold.
 */
#ifndef CORE_FINDINGS_H
#define CORE_FINDINGS_H

#include <jansson.h>
#include <stddef.h>

struct diag;
struct findings;

enum finding_when { FINDING_ABOVE, FINDING_BELOW };

struct finding_row {
	const char *key; /* "self-percent"; NULL ends a table */
	enum finding_when when;
	double threshold;     /* default */
	const char *severity; /* "info", "warning" */
	const char *help;     /* what the threshold means, with its unit */
};

struct findings *findings_new(void);
void findings_free(struct findings *findings);

/* Overrides a row's threshold; the key must have been checked against the table. */
void findings_set_threshold(struct findings *findings, const char *key, double threshold);

/* The threshold that holds for a row: the override, or its default. */
double findings_threshold(const struct findings *findings, const struct finding_row *row);

/* Adds a finding with this sentence when the value is beyond the threshold. `metric` may be NULL.
 */
void findings_judge(struct findings *findings, const struct finding_row *rows, const char *key,
                    double value, const char *metric, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

size_t findings_count(const struct findings *findings);
const char *findings_text(const struct findings *findings, size_t i);
json_t *findings_to_json(const struct findings *findings); /* new reference */

#endif
