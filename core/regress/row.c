/* Judges how one run of a sweep came out. */
#include "core/regress/row.h"

#include "core/alloc.h"
#include "core/export/manifest_members.h"
#include "core/json_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The statuses of CONTRACT 1 that are no target's. */
enum { GATE_FAILED = 1, INCONCLUSIVE = 2, UNUSABLE = 3, TIMED_OUT = 124, NOT_FOUND = 127 };

static const struct {
	const char *word;
	enum junit_outcome outcome, strict;
} verdicts[REGRESS_N_VERDICTS] = {
    [REGRESS_OK] = {"ok", JUNIT_PASSED, JUNIT_PASSED},
    [REGRESS_INCONCLUSIVE] = {"inconclusive", JUNIT_SKIPPED, JUNIT_FAILED},
    [REGRESS_UNUSABLE] = {"unusable", JUNIT_SKIPPED, JUNIT_ERROR},
    [REGRESS_REGRESSION] = {"regression", JUNIT_FAILED, JUNIT_FAILED},
    [REGRESS_CRASH] = {"crash", JUNIT_ERROR, JUNIT_ERROR},
    [REGRESS_TIMED_OUT] = {"timed out", JUNIT_ERROR, JUNIT_ERROR},
    [REGRESS_ERROR] = {"error", JUNIT_ERROR, JUNIT_ERROR},
};

const char *regress_verdict_word(enum regress_verdict verdict)
{
	return verdicts[verdict].word;
}

static enum regress_verdict verdict_of(const struct regress_end *end)
{
	if (end->target_failed)
		return end->status == TIMED_OUT ? REGRESS_TIMED_OUT : REGRESS_CRASH;
	if (end->gate_failed)
		return REGRESS_REGRESSION;
	switch (end->status) {
	case 0:
		return !strcmp(member_text(end->manifest, "verdict"), "inconclusive")
		           ? REGRESS_INCONCLUSIVE
		           : REGRESS_OK;
	case GATE_FAILED:
		return REGRESS_REGRESSION;
	case INCONCLUSIVE:
		return REGRESS_INCONCLUSIVE;
	case UNUSABLE:
	case NOT_FOUND:
		return REGRESS_UNUSABLE;
	default:
		return REGRESS_ERROR;
	}
}

/* How far a gate's value is towards its limit, 1 being the limit. False: it has no such number. */
static bool gate_ratio(const json_t *gate, double *ratio)
{
	const json_t *value = json_object_get(gate, "value");
	const json_t *limit = json_object_get(gate, "limit");
	const char *text = member_text(gate, "text");
	bool more_is_better = strchr(text, '>') != NULL;
	double over = json_number_value(more_is_better ? limit : value);
	double under = json_number_value(more_is_better ? value : limit);

	if (!json_is_number(value) || !json_is_number(limit) || over < 0 || under < 0)
		return false;
	if (under == 0 && over == 0)
		return false;
	*ratio = under == 0 ? INFINITY : over / under;
	return true;
}

static void find_worst(struct regress_row *row)
{
	const json_t *gates = json_object_get(row->manifest, "gates");
	bool has_failed = false;
	const json_t *worst = NULL;

	for (size_t i = 0; i < json_array_size(gates); i++) {
		const json_t *gate = json_array_get(gates, i);
		bool failed = !strcmp(member_text(gate, "status"), "failed");
		double ratio;

		if (json_is_true(json_object_get(gate, "advisory")))
			continue;
		if (!gate_ratio(gate, &ratio))
			ratio = NAN;
		if ((isnan(ratio) && !failed) || (has_failed && !failed))
			continue;
		if (worst && failed == has_failed && !(ratio > row->ratio || isnan(row->ratio)))
			continue;
		worst = gate;
		has_failed = failed;
		row->ratio = ratio;
	}
	if (worst)
		row->metric = xstrdup(member_text(worst, "metric"));
}

void regress_row_init(struct regress_row *row, const char *scenario, const char *type,
                      const struct regress_end *end)
{
	const char *run_id = member_text(end->manifest, "run_id");

	*row = (struct regress_row){
	    .scenario = xstrdup(scenario),
	    .type = xstrdup(type),
	    .verdict = verdict_of(end),
	    .status = end->status,
	    .reason = end->status && *end->reason ? xstrdup(end->reason) : NULL,
	    .run_id = *run_id ? xstrdup(run_id) : NULL,
	    .manifest = json_incref(end->manifest),
	};
	find_worst(row);
}

void regress_row_fini(struct regress_row *row)
{
	free(row->scenario);
	free(row->type);
	free(row->reason);
	free(row->run_id);
	free(row->metric);
	json_decref(row->manifest);
	*row = (struct regress_row){0};
}

const struct regress_row *regress_decisive(const struct regress_row *rows, size_t n_rows,
                                           bool strict)
{
	const struct regress_row *decisive = NULL;

	for (size_t i = 0; i < n_rows; i++) {
		enum regress_verdict verdict = rows[i].verdict;

		if (verdict == REGRESS_OK || (verdict == REGRESS_INCONCLUSIVE && !strict))
			continue;
		if (!decisive || verdict > decisive->verdict)
			decisive = &rows[i];
	}
	return decisive;
}

int regress_row_status(const struct regress_row *row)
{
	switch (row->verdict) {
	case REGRESS_INCONCLUSIVE:
		return INCONCLUSIVE;
	case REGRESS_UNUSABLE:
		return UNUSABLE;
	default:
		return row->status;
	}
}

void regress_row_to_junit(const struct regress_row *row, struct junit_suite *suite, bool strict)
{
	if (row->manifest)
		junit_describe_suite(suite, row->manifest);
	/* What went wrong after the run was stored is not in its manifest. */
	if (row->manifest && row->verdict != REGRESS_ERROR)
		junit_add_run(suite, row->manifest, row->reason, strict);
	else
		junit_add_case(suite, row->type,
		               strict ? verdicts[row->verdict].strict
		                      : verdicts[row->verdict].outcome,
		               row->reason, 0);
}

json_t *regress_row_to_json(const struct regress_row *row)
{
	json_t *object = json_pack(
	    "{s:s, s:s, s:s, s:i, s:o*, s:s*, s:s*}", "scenario", row->scenario, "type", row->type,
	    "verdict", regress_verdict_word(row->verdict), "status", row->status, "reason",
	    json_text(row->reason), "run_id", row->run_id, "metric", row->metric);

	/* JSON has no number for a ratio to 0. */
	if (object && row->metric && isfinite(row->ratio))
		json_object_set_new(object, "ratio", json_real(row->ratio));
	else if (object && row->metric && isinf(row->ratio))
		json_object_set_new(object, "ratio", json_string("inf"));
	return object;
}

static int verdict_find(const char *word, enum regress_verdict *verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (!strcmp(verdicts[i].word, word)) {
			*verdict = (enum regress_verdict)i;
			return 0;
		}
	return -EINVAL;
}

/* NULL where there is no such text. */
static char *text_copy(const json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

int regress_row_from_json(struct regress_row *row, const json_t *object)
{
	const json_t *ratio = json_object_get(object, "ratio");

	row->scenario = text_copy(object, "scenario");
	row->type = text_copy(object, "type");
	row->reason = text_copy(object, "reason");
	row->run_id = text_copy(object, "run_id");
	row->metric = text_copy(object, "metric");
	row->status = (int)json_integer_value(json_object_get(object, "status"));
	row->ratio = NAN;
	if (json_is_number(ratio))
		row->ratio = json_number_value(ratio);
	else if (json_is_string(ratio))
		row->ratio = INFINITY;
	if (!row->scenario || !row->type)
		return -EINVAL;
	return verdict_find(member_text(object, "verdict"), &row->verdict);
}
