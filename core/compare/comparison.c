/* Which metrics are compared, which of them gate, and what the verdict is in words. */
#include "core/compare/comparison.h"

#include "core/compare/comparison_notes.h"
#include "core/compare/differences.h"
#include "core/compare/movers.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/results/run_parameters.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So that the same sides always get the same intervals. */
static const uint64_t SEED = 0x70726f66696c65;

enum { MAX_NAMES = 5 }; /* of metrics in one sentence */

/* What says more of the record or of the moment than of the program. */
static const struct {
	const char *glob;
	const char *why;
} never_gating[] = {
    {"*.lost", "of the record, not of the program"},
    {"*.truncated_percent", "of the record, not of the program"},
    {"*.unresolved_percent", "of the record, not of the program"},
    {"*.switches", "befalls a program: it depends on what else runs"},
    {"*.context-switches", "befalls a program: it depends on what else runs"},
    {"*.cpu-migrations", "befalls a program: it depends on what else runs"},
    {"*.migrations", "befalls a program: it depends on what else runs"},
    {"*.preempted_ns", "befalls a program: it depends on what else runs"},
    {"mem.peak_rss_bytes", "of the collector's own tables too, and short runs have none"},
};

/* Parts whose sum gates where it was measured. Which of both a moment falls to is the kernel's guess
 * for programs of a few ticks, and a part that is mostly 0 is never decided. */
static const struct {
	const char *part, *sum;
} parts[] = {
    {"run.user_ns", "stat.task-clock_ns"},
    {"run.system_ns", "stat.task-clock_ns"},
};

static bool matches(const struct text_list *globs, const char *name)
{
	for (size_t i = 0; globs && i < globs->n_texts; i++)
		if (!fnmatch(globs->texts[i], name, 0))
			return true;
	return false;
}

/* It is a sum over what the program does, which the program alone decides. */
static bool is_countable(const struct side_metric *metric)
{
	static const char *const units[] = {"count", "bytes", "percent"};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(metric->unit, units[i]))
			return !side_metric_is_of_machine(metric);
	return false;
}

/* NULL: it gates. */
static const char *why_advisory(const struct side_metric *metric,
                                const struct comparison_options *options)
{
	if (metric->better == METRIC_NEUTRAL)
		return "neither more nor less of it is better";
	if (matches(options->advisory, metric->name))
		return "advisory as asked";
	if (side_metric_is_of_item(metric->name, metric->unit) && !is_countable(metric))
		return "a time of one of many: their sum gates";
	for (size_t i = 0; i < ARRAY_SIZE(never_gating); i++)
		if (!fnmatch(never_gating[i].glob, metric->name, 0))
			return never_gating[i].why;
	return NULL;
}

static const char *why_part_is_advisory(const struct comparison *comparison, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].part, name) &&
		    side_find_metric(comparison->base, parts[i].sum) &&
		    side_find_metric(comparison->new, parts[i].sum))
			return "a part of the processor time: the sum gates";
	return NULL;
}

/* CONTRACT 4: other types slow the target, or their runs are merged. */
static bool is_of_stat_alone(const struct side *side, const char *name)
{
	return !strncmp(name, "run.", 4) && strcmp(side->type, "stat") != 0;
}

static struct judged_samples samples_of(const struct side_metric *metric)
{
	return metric ? (struct judged_samples){metric->samples, metric->n_samples}
	              : (struct judged_samples){0};
}

/* One of both sides; the base may be without it. */
static void add_metric(struct comparison *comparison, const struct side_metric *metric,
                       const struct comparison_options *options, const char *other_machine)
{
	const char *name = metric->name;
	const struct side_metric *base = side_find_metric(comparison->base, name);
	const struct side_metric *new = side_find_metric(comparison->new, name);
	const struct side_metric *control =
	    comparison->control ? side_find_metric(comparison->control, name) : NULL;
	struct comparison_metric *row = &comparison->metrics[comparison->n_metrics++];

	*row = (struct comparison_metric){
	    .judged = {.name = name,
	               .better = metric->better,
	               .countable = is_countable(metric),
	               .base = samples_of(base),
	               .new = samples_of(new),
	               .control = samples_of(control)},
	    .unit = metric->unit,
	    .advisory = why_advisory(metric, options),
	};
	if (!base || !new)
		row->not_compared =
		    base ? "not measured in the new runs" : "not measured in the base";
	else if (strcmp(base->unit, new->unit) != 0)
		row->not_compared = "in another unit on either side";
	else if (other_machine && side_metric_is_of_machine(metric))
		row->not_compared = other_machine;
	if (!row->advisory)
		row->advisory = why_part_is_advisory(comparison, name);
	row->judged.gating = !row->advisory && !row->not_compared;
}

static bool is_mixed(const struct side *side, const char *what)
{
	for (size_t i = 0; i < side->mixed.n_texts; i++)
		if (!strcmp(side->mixed.texts[i], what))
			return true;
	return false;
}

/* NULL: times may be compared. Notes why not. */
static const char *why_other_machine(struct comparison *comparison)
{
	const struct side *base = comparison->base, *new = comparison->new;
	char *why, *note;

	if (is_mixed(base, "host") || is_mixed(new, "host")) {
		text_list_add(
		    &comparison->notes,
		    "the runs of one side are of several machines: only counts are compared");
		return "of several machines";
	}
	if (side_is_same_machine(base, new, &why))
		return NULL;
	note = xasprintf("two machines (%s): only counts are compared", why);
	text_list_add(&comparison->notes, note);
	free(note);
	free(why);
	return "of another machine";
}

static void add_metrics(struct comparison *comparison, const struct comparison_options *options,
                        const char *other_machine)
{
	const struct side *base = comparison->base, *new = comparison->new;

	comparison->metrics =
	    xcalloc(base->n_metrics + new->n_metrics + 1, sizeof(*comparison->metrics));
	for (size_t i = 0; i < base->n_metrics; i++)
		if (!is_of_stat_alone(base, base->metrics[i].name))
			add_metric(comparison, &base->metrics[i], options, other_machine);
	for (size_t i = 0; i < new->n_metrics; i++)
		if (!is_of_stat_alone(new, new->metrics[i].name) &&
		    !side_find_metric(base, new->metrics[i].name))
			add_metric(comparison, &new->metrics[i], options, other_machine);
}

/* A share or mean of one of many is not there when that was not used. */
static bool may_be_absent(const struct side_metric *metric)
{
	return side_metric_names_item(metric->name);
}

/* Appends a name to a sentence, and at last how many more there are. */
static void add_name(char **names, size_t *n, const char *name)
{
	char *longer;

	if ((*n)++ >= MAX_NAMES)
		return;
	longer = *names ? xasprintf("%s, %s", *names, name) : xstrdup(name);
	free(*names);
	*names = longer;
}

static void end_names(char **names, size_t n)
{
	char *whole;

	if (n <= MAX_NAMES)
		return;
	whole = xasprintf("%s and %zu more", *names, n - MAX_NAMES);
	free(*names);
	*names = whole;
}

/* What base has and new has not: the number that a regression hides behind. What does not gate
 * hides none, and some of it comes and goes, as a resident set that is only looked at now and then.
 */
static int check_vanished(const struct comparison *comparison,
                          const struct comparison_options *options, const char *other_machine,
                          struct diag *diag)
{
	const struct side *base = comparison->base, *new = comparison->new;
	char *names = NULL;
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < base->n_metrics; i++) {
		const struct side_metric *metric = &base->metrics[i];

		if (side_find_metric(new, metric->name) || may_be_absent(metric) ||
		    why_advisory(metric, options) || is_of_stat_alone(base, metric->name) ||
		    (other_machine && side_metric_is_of_machine(metric)))
			continue;
		add_name(&names, &n, metric->name);
	}
	end_names(&names, n);
	if (n)
		err = diag_fail(diag, EINVAL,
		                "%s has %s, which %s has not: measure both with the same options",
		                base->title, names, new->title);
	free(names);
	return err;
}

static int check_common(const struct comparison *comparison, struct diag *diag)
{
	for (size_t i = 0; i < comparison->n_metrics; i++)
		if (!comparison->metrics[i].not_compared)
			return 0;
	return diag_fail(diag, EINVAL, "%s and %s have no metric in common that can be compared",
	                 comparison->base->title, comparison->new->title);
}

/* compare_judge() takes them in one array. Those that are not compared go last, and stay out. */
static void judge(struct comparison *comparison)
{
	struct judged_metric *judged = xcalloc(comparison->n_metrics + 1, sizeof(*judged));
	size_t n = 0, at = 0;

	for (size_t i = 0; i < comparison->n_metrics; i++)
		if (!comparison->metrics[i].not_compared)
			judged[n++] = comparison->metrics[i].judged;
	compare_judge(judged, n, comparison->threshold_percent / 100, SEED);
	comparison->counts_needed = compare_counts_needed(judged, n);
	comparison->verdict = compare_verdict(judged, n);
	for (size_t i = 0; i < comparison->n_metrics; i++)
		if (!comparison->metrics[i].not_compared)
			comparison->metrics[i].judged = judged[at++];
	for (size_t i = 0; i < n; i++) {
		comparison->n_gating += judged[i].gating;
		comparison->n_of[judged[i].verdict] += judged[i].gating;
	}
	free(judged);
}

/* Those that gate first, each by verdict; else as the collectors have them. */
static int rank_of(const struct comparison_metric *metric)
{
	static const int ranks[] = {[VERDICT_WORSE] = 0,
	                            [VERDICT_INCONCLUSIVE] = 1,
	                            [VERDICT_BETTER] = 2,
	                            [VERDICT_SAME] = 3};

	if (metric->not_compared)
		return 100;
	return ranks[metric->judged.verdict] + (metric->judged.gating ? 0 : 10);
}

/* Insertion, since the order of equals is to stay: there are few metrics. */
static void sort_metrics(struct comparison *comparison)
{
	for (size_t i = 1; i < comparison->n_metrics; i++) {
		struct comparison_metric row = comparison->metrics[i];
		size_t at = i;

		for (; at > 0 && rank_of(&comparison->metrics[at - 1]) > rank_of(&row); at--)
			comparison->metrics[at] = comparison->metrics[at - 1];
		comparison->metrics[at] = row;
	}
}

static char *names_with(const struct comparison *comparison, enum verdict verdict)
{
	char *names = NULL;
	size_t n = 0;

	for (size_t i = 0; i < comparison->n_metrics; i++) {
		const struct judged_metric *judged = &comparison->metrics[i].judged;

		if (judged->gating && judged->verdict == verdict)
			add_name(&names, &n, judged->name);
	}
	end_names(&names, n);
	return names;
}

static const char *why_of_first_inconclusive(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_metrics; i++)
		if (comparison->metrics[i].judged.gating &&
		    comparison->metrics[i].judged.verdict == VERDICT_INCONCLUSIVE)
			return comparison->metrics[i].judged.why;
	return NULL;
}

static void find_reason(struct comparison *comparison)
{
	size_t n = comparison->n_of[comparison->verdict];
	char *raw = names_with(comparison, comparison->verdict);
	char *names = line_text(raw); /* it goes to terminals */

	if (!comparison->n_gating)
		comparison->reason = xstrdup("no metric that was compared gates");
	else if (comparison->verdict == VERDICT_SAME)
		comparison->reason =
		    xasprintf("%zu metric%s the same within %g %%", n, n == 1 ? " is" : "s are",
		              comparison->threshold_percent);
	else if (comparison->verdict == VERDICT_INCONCLUSIVE)
		comparison->reason = xasprintf("%zu of %s: %s (%s)", n,
		                               counted_text_of(comparison->n_gating, "metric").text,
		                               names, why_of_first_inconclusive(comparison));
	else
		comparison->reason =
		    xasprintf("%zu of %s: %s", n,
		              counted_text_of(comparison->n_gating, "metric").text, names);
	free(names);
	free(raw);
}

/* What one of the three has, all have. */
static void complete(struct side *base, struct side *new, struct side *control)
{
	if (control)
		side_complete(base, control);
	side_complete(base, new);
	if (control)
		side_complete(base, control);
}

int comparison_init(struct comparison *comparison, struct side *base, struct side *new,
                    struct side *control, const struct comparison_options *options,
                    struct diag *diag)
{
	const char *other_machine;
	int err;

	*comparison = (struct comparison){.base = base,
	                                  .new = new,
	                                  .control = control,
	                                  .threshold_percent = options->threshold_percent};
	err = side_check_pair(base, new, diag);
	if (err)
		return err;
	complete(base, new, control);
	other_machine = why_other_machine(comparison);
	add_metrics(comparison, options, other_machine);
	err = check_vanished(comparison, options, other_machine, diag);
	if (!err)
		err = check_common(comparison, diag);
	if (err)
		return err;
	judge(comparison);
	sort_metrics(comparison);
	find_reason(comparison);
	comparison_add_notes(comparison);
	comparison->differences = differences_find(base, new, &comparison->n_differences);
	comparison->movers =
	    movers_find(base, new, comparison->threshold_percent / 100, &comparison->n_movers);
	return 0;
}

void comparison_fini(struct comparison *comparison)
{
	free(comparison->metrics);
	free(comparison->reason);
	differences_free(comparison->differences, comparison->n_differences);
	movers_free(comparison->movers, comparison->n_movers);
	text_list_fini(&comparison->notes);
}

/* A parameter as a sentence has it. The caller frees it. */
static char *parameter_words(const struct side *side, const char *name)
{
	const json_t *value = json_object_get(side->parameters, name);
	char *json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	char *words = line_text(json_is_string(value) ? json_string_value(value)
	                        : json                ? json
	                                              : "not set");

	free(json);
	return words;
}

int comparison_check_work(const struct side *base, const struct side *new, struct diag *diag)
{
	const char *name = run_parameters_differ(base->parameters, new->parameters);
	char *base_value, *new_value;

	if (!name)
		return 0;
	base_value = parameter_words(base, name);
	new_value = parameter_words(new, name);
	diag_fail(diag, EINVAL,
	          "parameter %s is %s in %s and %s in %s: they measured different work; name runs "
	          "with the same parameters",
	          name, base_value, base->title, new_value, new->title);
	free(base_value);
	free(new_value);
	return -EINVAL;
}
