/* One line of a release sweep: how a scenario under one type came out.
 *
 * A row is made from what measuring gave (exit status, reason, manifest), and is all that table,
 * JUnit, Markdown and the exit status are made from.
 */
#ifndef CORE_REGRESS_ROW_H
#define CORE_REGRESS_ROW_H

#include "core/export/junit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* In the order in which they decide, the last one first: what the exit status is of. */
enum regress_verdict {
	REGRESS_OK,
	REGRESS_INCONCLUSIVE,
	REGRESS_UNUSABLE,   /* not measurable here, or the program is not installed */
	REGRESS_REGRESSION, /* a gate failed */
	REGRESS_CRASH,      /* killed by a signal, or a status that is no good end */
	REGRESS_TIMED_OUT,
	REGRESS_ERROR, /* our own failure, or the scenario's */
	REGRESS_N_VERDICTS,
};

struct regress_row {
	char *scenario;
	char *type;
	enum regress_verdict verdict;
	int status;   /* that the run would have given by itself */
	char *reason; /* of a verdict that is not ok; may be NULL */
	char *run_id; /* NULL: nothing was stored */
	/* The metric whose gate has failed, of several that which is furthest over its limit; else
	 * the one that is nearest to it. NULL: there is none. */
	char *metric;
	/* Of its value to the limit, or of the limit to it where more is better, so that over 1 is
	 * worse; NAN: there is no such number (a limit of 0); infinite: to 0. */
	double ratio;
	json_t *manifest; /* NULL: nothing was stored */
};

/* What measuring told. */
struct regress_end {
	int status;
	bool target_failed;
	bool gate_failed;
	const char *reason; /* of a status that is not 0; "" where there is none */
	json_t *manifest;   /* borrowed; may be NULL */
};

/* Fills in a zeroed row; keeps a reference to the manifest. */
void regress_row_init(struct regress_row *row, const char *scenario, const char *type,
                      const struct regress_end *end);
void regress_row_fini(struct regress_row *row);

/* "regression", "timed out", as tables show it. */
const char *regress_verdict_word(enum regress_verdict verdict);

/* The row that decides the exit status, NULL: all are well. `strict`: what is inconclusive counts.
 */
const struct regress_row *regress_decisive(const struct regress_row *rows, size_t n_rows,
                                           bool strict);

/* The exit status of such a row: of a crash the target's own, of a time-out 124, else 1, 3, 2
 * (CONTRACT 1), or what the run's own gate has asked for. */
int regress_row_status(const struct regress_row *row);

/* Adds the row's cases to the suite of its scenario. */
void regress_row_to_junit(const struct regress_row *row, struct junit_suite *suite, bool strict);

/* Without its manifest, which is found again by run_id. New reference. */
json_t *regress_row_to_json(const struct regress_row *row);
/* Into a zeroed row, which is to be ended in any case. -EINVAL: that is no row; no sentence. */
int regress_row_from_json(struct regress_row *row, const json_t *object);

#endif
