/* Limits on a run's metrics, and whether they hold: run.json's "gates" (CONTRACT 4).
 *
 * Whoever has a limit requires it, the driver judges them all when the metrics are known. A limit
 * on what was not measured neither holds nor fails. An advisory one is judged and shown, but it
 * neither fails nor has to be measured: no count here has it. Not thread-safe.
 */
#ifndef CORE_GATES_H
#define CORE_GATES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct gates;
struct metrics;
struct text_list;

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

/* A limit as somebody wrote it, in a unit of `factor` times the metric's: texts are in it ("2 ms").
 * `limit` is in the metric's. */
void gates_require_in(struct gates *gates, const char *metric, enum gate_comparison comparison,
                      double limit, double factor, const char *unit, const char *source);
/* The limit that was required last is to hold in each of the repeats, if the metric is to be small:
 * the highest is judged. */
void gates_of_each(struct gates *gates);

/* A limit that comes of more than a number, so that somebody else has judged it: what a metric was
 * before. */
enum gate_judgement { GATE_HOLDS, GATE_FAILS, GATE_UNDECIDED };
struct judged_gate {
	const char *metric;
	enum gate_comparison comparison; /* with `limit`, for texts */
	double limit;
	double value;
	enum gate_judgement judgement;
	bool is_advisory; /* so it is without a glob that says it */
	/* The unit that texts are in, and what it is in the metric's; NULL: that one. */
	const char *unit;
	double factor;
	const char *source;
	const char *why; /* it is not decided; static; else NULL */
};
void gates_add_judged(struct gates *gates, const struct judged_gate *judged);

/* Limits on metrics that match the glob(7) are advisory, those that are required later too. */
void gates_advise(struct gates *gates, const char *glob);

/* The globs so far. They live as long as the gates. */
const struct text_list *gates_advisory(const struct gates *gates);

/* Why metrics that match the glob(7) were not measured, for those who set limits on them. The first
 * one told holds. */
void gates_explain(struct gates *gates, const char *glob, const char *why);

/* The metrics that limits were set on so far; NULL: there are no more. Who measures some of these
 * only when asked to looks here. Lives as long as the gates. */
const char *gates_metric(const struct gates *gates, size_t i);

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

/* Why it is no proof that all of them hold: NULL, unless there are any, none failed, and there was
 * a doubt. Lives as long as the gates. */
const char *gates_why_inconclusive(const struct gates *gates);

/* The first of these in a sentence, and how many more there are: "mem.definitely_lost_blocks is 3,
 * limit <= 0 (--error-exitcode); 2 more failed", "mem.definitely_lost_blocks was not measured,
 * ...". NULL: there is none. The caller frees it. */
char *gates_why_failed(const struct gates *gates);
char *gates_why_unmeasured(const struct gates *gates);

/* [{"text", "metric", "value", "value_text", "limit", "status": "ok"|"failed"|"advisory"|
 * "inconclusive"|"not measured", "source", "advisory", "why"}]: "advisory" is the status of an
 * advisory limit that the value is beyond; no value where it was not measured, but why; value_text
 * is the value in the limit's unit. New reference. */
json_t *gates_to_json(const struct gates *gates);

#endif
