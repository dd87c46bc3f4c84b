/* Turns the comparison of a run with its baseline into gates. */
#include "core/driver/baseline_gate.h"

#include "core/driver/baseline_files.h"
#include "core/driver/request.h"
#include "core/driver/stored_side.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/collector.h"
#include "core/compare/comparison.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/gates.h"
#include "core/quality.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* criterion's, and what compare and regress have as their default. */
static const double THRESHOLD_PERCENT = 2;

static const char *name_asked(const struct run_options *options)
{
	return options->baseline ? options->baseline : options->baseline_lenient;
}

static int check_saved(const struct request *request, struct diag *diag)
{
	const char *name = request->line->common->save_baseline;
	int err = 0;

	for (size_t i = 0; name && !err && request->types[i]; i++)
		err = baseline_check_save(request->line->common, request->name, name,
		                          &request->types[i]->name, 1, diag);
	return err;
}

int baseline_gate_check(const struct request *request, struct diag *diag)
{
	const struct run_options *options = request->line->common;
	const char *name = name_asked(options);
	int err;

	if (options->baseline && options->baseline_lenient)
		return diag_fail(diag, EINVAL,
		                 "--baseline and --baseline-lenient exclude each other");
	if (request->line->point && (name || options->save_baseline))
		return diag_fail(diag, EINVAL,
		                 "a baseline is of one size: a scan has several; leave out %s",
		                 name ? "--baseline" : "--save-baseline");
	err = name ? baseline_check_name(name, diag) : 0;
	return err ? err : check_saved(request, diag);
}

int baseline_gate_open(struct baseline_gate *gate, const struct request *request,
                       const struct collector *collector, struct diag *diag)
{
	const struct run_options *options = request->line->common;
	struct diag why;
	int err;

	*gate = (struct baseline_gate){.name = name_asked(options),
	                               .threshold_percent = request->noise_threshold_percent > 0
	                                                        ? request->noise_threshold_percent
	                                                        : THRESHOLD_PERCENT};
	if (!gate->name)
		return 0;
	err = baseline_load_side(options, request->name, collector->name, gate->name, &gate->side,
	                         &why);
	if (err == -ENOENT && options->baseline_lenient) {
		gate->why_not = xstrdup(why.text);
		return 0;
	}
	if (err)
		*diag = why;
	return err;
}

void baseline_gate_fini(struct baseline_gate *gate)
{
	side_free(gate->side);
	free(gate->why_not);
}

static enum gate_judgement judgement_of(const struct judged_metric *judged)
{
	if (judged->verdict == VERDICT_INCONCLUSIVE)
		return GATE_UNDECIDED;
	return judged->verdict == VERDICT_WORSE ? GATE_FAILS : GATE_HOLDS;
}

/* How far the value may go: not at all where every difference counts. */
static double limit_of(const struct judged_metric *judged, double threshold_percent)
{
	double factor = 1 + threshold_percent / 100;
	char text[32];

	if (judged->exact)
		return judged->base_value;
	/* Who reads it is not to take a share of a nanosecond for a promise. */
	snprintf(text, sizeof(text), "%.4g",
	         judged->better == METRIC_HIGHER ? judged->base_value / factor
	                                         : judged->base_value * factor);
	return strtod(text, NULL);
}

/* The unit of a time that people read. */
static const char *unit_of_time(double ns, double *factor)
{
	static const struct {
		double ns;
		const char *unit;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
	size_t i = 0;

	while (units[i].ns > ns && units[i].ns > 1)
		i++;
	*factor = units[i].ns;
	return units[i].unit;
}

/* What gates, and what would fail if it did. */
static void add_gates(const struct comparison *comparison, double threshold_percent,
                      const char *source, struct gates *gates)
{
	for (size_t i = 0; i < comparison->n_metrics; i++) {
		const struct judged_metric *judged = &comparison->metrics[i].judged;
		bool is_shown = judged->gating || judged->verdict == VERDICT_WORSE;

		if (comparison->metrics[i].not_compared || !is_shown ||
		    judged->better == METRIC_NEUTRAL)
			continue;
		struct judged_gate gate = {
		    .metric = judged->name,
		    .comparison = judged->better == METRIC_HIGHER ? GATE_AT_LEAST : GATE_AT_MOST,
		    .limit = limit_of(judged, threshold_percent),
		    .value = judged->new_value,
		    .judgement = judgement_of(judged),
		    .is_advisory = !judged->gating,
		    .source = source,
		    .why = judged->why,
		};

		if (!strcmp(comparison->metrics[i].unit, "ns"))
			gate.unit = unit_of_time(gate.value, &gate.factor);
		gates_add_judged(gates, &gate);
	}
}

/* The program and its commit are to differ; what the machine is like is noted by itself. */
static bool explains_a_difference(const char *what)
{
	static const char *const groups[] = {"command", "environment.", "collector."};

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strncmp(what, groups[i], strlen(groups[i])))
			return true;
	return false;
}

/* Numbers of something else are no regression. */
static void note_differences(const struct comparison *comparison, const char *source,
                             json_t *quality)
{
	for (size_t i = 0; i < comparison->n_differences; i++) {
		const struct comparison_difference *difference = &comparison->differences[i];

		if (explains_a_difference(difference->what))
			quality_add_note(quality, "%s: another %s: %s, now %s", source,
			                 difference->what, difference->base, difference->new);
	}
}

static void add_notes(const struct comparison *comparison, const char *source, json_t *quality)
{
	note_differences(comparison, source, quality);
	for (size_t i = 0; i < comparison->notes.n_texts; i++)
		quality_add_note(quality, "%s: %s", source, comparison->notes.texts[i]);
	/* What is worse or inconclusive is told by the gates. */
	if (comparison->n_gating &&
	    (comparison->verdict == VERDICT_SAME || comparison->verdict == VERDICT_BETTER))
		quality_add_note(quality, "%s: %s: %s", source, verdict_word(comparison->verdict),
		                 comparison->reason);
	if (!comparison->n_gating)
		quality_add_note(quality,
		                 "%s: nothing of this type gates; what it measures is of the "
		                 "moment, and is shown only: profile-scenario compare has more",
		                 source);
}

/* Globs of what does not gate against what was stored. */
static void gather_advisory(const struct gates *gates, struct text_list *globs)
{
	const struct text_list *asked = gates_advisory(gates);

	for (size_t i = 0; i < asked->n_texts; i++)
		text_list_add(globs, asked->texts[i]);
	for (size_t i = 0; side_globs_of_machine[i]; i++)
		text_list_add(globs, side_globs_of_machine[i]);
}

static int compare(const struct baseline_gate *gate, struct side *new, struct gates *gates,
                   json_t *quality, struct diag *diag)
{
	char *source = xasprintf("baseline %s", gate->name);
	struct text_list advisory = {0};
	struct comparison comparison;
	struct comparison_options options = {.threshold_percent = gate->threshold_percent,
	                                     .advisory = &advisory};
	int err;

	gather_advisory(gates, &advisory);
	err = comparison_init(&comparison, gate->side, new, NULL, &options, diag);
	if (!err) {
		add_gates(&comparison, gate->threshold_percent, source, gates);
		add_notes(&comparison, source, quality);
		if (comparison.n_gating && comparison.verdict == VERDICT_INCONCLUSIVE) {
			char *doubt = xasprintf("%s: %s", source, comparison.reason);

			gates_doubt(gates, doubt);
			free(doubt);
		}
	}
	comparison_fini(&comparison);
	text_list_fini(&advisory);
	free(source);
	return err;
}

char *baseline_gate_judge(const struct baseline_gate *gate, const json_t *manifest,
                          struct gates *gates, json_t *quality)
{
	struct diag diag;
	struct side *new;
	int err;

	if (gate->why_not)
		quality_add_note(quality, BASELINE_NONE "%s", gate->why_not);
	if (!gate->side)
		return NULL;
	new = side_new();
	err = side_add_manifest(new, manifest, "this run", &diag);
	if (!err)
		err = side_finish(new, &diag);
	if (!err)
		err = comparison_check_work(gate->side, new, &diag);
	if (!err)
		err = compare(gate, new, gates, quality, &diag);
	side_free(new);
	return err ? xstrdup(diag.text) : NULL;
}

int baseline_gate_save(const struct request *request, const char *directory, char **path,
                       struct diag *diag)
{
	const struct run_options *options = request->line->common;
	char *const directories[] = {(char *)directory};
	struct side *side;
	int err = stored_side_read(directories, 1, true, &side, diag);

	*path = NULL;
	if (err)
		return err;
	err = baseline_store(options, options->save_baseline, &side, 1, BASELINE_SAVE, diag);
	if (!err)
		*path = baseline_path(options, request->name, options->save_baseline);
	return err;
}
