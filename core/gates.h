/* Limits on a run's metrics, and whether they hold: run.json's "gates" (CONTRACT 4).
 *
 * Whoever has a limit requires it, the driver judges them all when the metrics are known. A limit
 * on what was not measured neither holds nor fails. Not thread-safe.
 */
#ifndef CORE_GATES_H
#define CORE_GATES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct gates;
struct metrics;

enum gate_comparison {
	GATE_AT_MOST,
	GATE_AT_LEAST,
	GATE_BELOW,
	GATE_ABOVE,
	GATE_EQUAL,
};

struct gates *gates_new(void);
void gates_free(struct gates *gates); /* NULL is fine */

/* `source` is where the limit comes from, as a user would type it: "--errors-for-leak-kinds". */
void gates_require(struct gates *gates, const char *metric, enum gate_comparison comparison,
                   double limit, const char *source);
/* The metric is to be at most this in each of the repeats, whatever their median is: an error that
 * one run in three has is one. */
void gates_require_of_each(struct gates *gates, const char *metric, double limit,
                           const char *source);

/* The exit status of a failed gate instead of 1 (--error-exitcode). */
void gates_set_exit_status(struct gates *gates, int status);
int gates_exit_status(const struct gates *gates);

/* The metrics are of less than the run: gates that hold, hold for the rest alone. `what` is told of
 * it in a sentence; the first one stays. */
void gates_doubt(struct gates *gates, const char *what);

/* Compares each with the metrics' values as they are now. */
void gates_judge(struct gates *gates, const struct metrics *metrics);

/* How many have failed, and how many could not be judged; after gates_judge(). */
size_t gates_n_failed(const struct gates *gates);
size_t gates_n_unmeasured(const struct gates *gates);

/* Why it is no proof that all of them hold: NULL, unless there are any, all do, and there was a
 * doubt. Lives as long as the gates. */
const char *gates_why_inconclusive(const struct gates *gates);

/* The first of these in a sentence: "mem.definitely_lost_blocks is 3, limit <= 0
 * (--error-exitcode)", "mem.definitely_lost_blocks was not measured, ...". NULL: there is none. The
 * caller frees it. */
char *gates_why_failed(const struct gates *gates);
char *gates_why_unmeasured(const struct gates *gates);

/* [{"text", "metric", "value", "limit", "status": "ok"|"failed"|"not measured", "source"}]; no
 * value where it was not measured. New reference. */
json_t *gates_to_json(const struct gates *gates);

#endif
