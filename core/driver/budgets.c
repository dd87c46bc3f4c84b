/* Gathers limits from the scenario file and the command line, by the metrics that types have. */
#include "core/driver/budgets.h"

#include "core/driver/collectors.h"
#include "core/driver/request.h"
#include "core/driver/user_metrics.h"

#include "core/alloc.h"
#include "core/budget.h"
#include "core/diag.h"
#include "core/words.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define USER_PREFIX "user."

static bool is_user_metric(const char *metric)
{
	return !strncmp(metric, USER_PREFIX, strlen(USER_PREFIX));
}

/* NULL: the type does not measure it. What a type that slows the target says of run.* is not the
 * target's. */
static const struct metric_row *find_row(const struct collector *collector, const char *metric)
{
	const struct metric_row *row = metric_find(collector->metrics, metric);

	if (!row && (!collector->slows_target || is_user_metric(metric)))
		row = metric_find(run_metrics, metric);
	return row;
}

/* A row's name for this metric: with what the metric has in place of the row's `*`. The caller
 * frees it. */
static char *likely_name(const char *row, const char *metric)
{
	const char *star = strchr(row, '*');
	size_t before = star ? (size_t)(star - row) : 0;
	const char *component = metric;
	size_t len;

	if (!star)
		return xstrdup(row);
	/* As many components stand before it there. */
	for (size_t i = 0; i < before && component; i++)
		if (row[i] == '.' || row[i] == '(') {
			component = strchr(component, row[i]);
			component += !!component;
		}
	if (!component)
		return xasprintf("%.*sF%s", (int)before, row, star + 1);
	len = star[1] == ')' ? strcspn(component, ")") : strcspn(component, ".");
	return xasprintf("%.*s%.*s%s", (int)before, row, (int)len, component, star + 1);
}

static void add_names(const struct metric_row *rows, const char *metric, struct text_list *names)
{
	for (; rows->name; rows++) {
		char *name = likely_name(rows->name, metric);

		text_list_add(names, name);
		free(name);
	}
}

static int unknown_metric(const char *metric, struct diag *diag)
{
	struct text_list names = {0};
	const char *near;

	add_names(run_metrics, metric, &names);
	for (size_t i = 0; collectors[i]; i++)
		add_names(collectors[i]->metrics, metric, &names);
	near = nearest_word(metric, (const char *const *)names.texts);
	if (near)
		diag_fail(diag, EINVAL, "there is no metric '%s'; did you mean '%s'?", metric,
		          near);
	else
		diag_fail(
		    diag, EINVAL,
		    "there is no metric '%s'; \"metrics\" of a run's run.json has those there "
		    "are",
		    metric);
	text_list_fini(&names);
	return -EINVAL;
}

/* The metric's row in any type; -EINVAL: none has it. */
static int check_metric(const char *metric, const struct metric_row **row, struct diag *diag)
{
	*row = metric_find(run_metrics, metric);
	for (size_t i = 0; collectors[i] && !*row; i++) {
		*row = metric_find(collectors[i]->metrics, metric);
		if (*row && collectors[i]->check_metric)
			return collectors[i]->check_metric(metric, diag);
	}
	return *row ? 0 : unknown_metric(metric, diag);
}

/* A budget and what it multiplies its number by. It is to be ended when this succeeds. */
static int read_budget(const char *text, struct budget *budget, double *factor, struct diag *diag)
{
	const struct metric_row *row;
	int err = budget_parse(budget, text, diag);

	if (err)
		return err;
	err = check_metric(budget->metric, &row, diag);
	if (!err)
		err = budget_factor(budget, row, factor, diag);
	if (err)
		budget_fini(budget);
	return err;
}

static bool is_limit(const struct setting *setting)
{
	return !strcmp(setting->section, "budget");
}

static bool is_advice(const struct setting *setting)
{
	return !strcmp(setting->section, "gate") && !strcmp(setting->key, "advisory");
}

int budgets_judge_setting(const struct setting *setting, struct diag *diag)
{
	struct budget budget;
	double factor;

	if (read_budget(setting->value, &budget, &factor, diag))
		return -EINVAL;
	budget_fini(&budget);
	return 0;
}

/* [metrics] names them. */
static int check_user_metric(const struct scenario *scenario, const char *metric, struct diag *diag)
{
	const char *name = metric + strlen(USER_PREFIX), *near;
	struct text_list names = {0};

	for (size_t i = 0; i < scenario->n_settings; i++)
		if (!strcmp(scenario->settings[i].section, "metrics"))
			text_list_add(&names, scenario->settings[i].key);
	near = names.n_texts ? nearest_word(name, (const char *const *)names.texts) : NULL;
	if (near && !strcmp(near, name))
		diag->text[0] = '\0';
	else if (near)
		diag_fail(diag, EINVAL, "[metrics] has no '%s'; did you mean 'user.%s'?", name,
		          near);
	else
		diag_fail(diag, EINVAL, "[metrics] has no '%s'", name);
	text_list_fini(&names);
	return diag->text[0] ? -EINVAL : 0;
}

static bool is_asked(const struct request *request, const char *metric)
{
	for (size_t i = 0; request->types[i]; i++)
		if (find_row(request->types[i], metric))
			return true;
	return false;
}

/* None of the types asked for has the metric: which one does? */
static int refuse_metric(const struct request *request, const char *metric, struct diag *diag)
{
	const char *asked[16] = {0}, *owner = NULL;
	char *all;

	for (size_t i = 0; request->types[i] && i < ARRAY_SIZE(asked) - 1; i++)
		asked[i] = request->types[i]->name;
	for (size_t i = 0; collectors[i] && !owner; i++)
		if (find_row(collectors[i], metric))
			owner = collectors[i]->name;
	all = words_list(asked);
	if (owner)
		diag_fail(diag, EINVAL, "type %s does not measure %s; --type %s does", all, metric,
		          owner);
	else
		diag_fail(diag, EINVAL, "type %s slows what %s measures, so that it is no budget",
		          all, metric);
	free(all);
	return -EINVAL;
}

static int check_typed(const struct request *request, const char *text, struct diag *diag)
{
	struct budget budget;
	double factor;
	int err = read_budget(text, &budget, &factor, diag);

	if (!err && !is_asked(request, budget.metric))
		err = refuse_metric(request, budget.metric, diag);
	if (!err && is_user_metric(budget.metric))
		err = check_user_metric(&request->scenario, budget.metric, diag);
	if (err)
		diag_prefix(diag, "--budget");
	budget_fini(&budget);
	return err;
}

static int check_limit(const struct request *request, const struct setting *setting,
                       struct diag *diag)
{
	struct budget budget;
	double factor;
	int err = read_budget(setting->value, &budget, &factor, diag);

	if (!err && is_user_metric(budget.metric))
		err = check_user_metric(&request->scenario, budget.metric, diag);
	if (err)
		diag_prefix(diag, "%s:%u", request->scenario.file, setting->line);
	budget_fini(&budget);
	return err;
}

int budgets_check(const struct request *request, struct diag *diag)
{
	const struct scenario *scenario = &request->scenario;
	const struct text_list *typed = &request->line->common->budgets;
	int err = 0;

	for (size_t i = 0; !err && i < scenario->n_settings; i++)
		if (is_limit(&scenario->settings[i]))
			err = check_limit(request, &scenario->settings[i], diag);
	for (size_t i = 0; !err && i < typed->n_texts; i++)
		err = check_typed(request, typed->texts[i], diag);
	return err;
}

static bool is_error(const struct collector *collector, const char *metric)
{
	for (const char *const *glob = collector->errors; glob && *glob; glob++)
		if (!fnmatch(*glob, metric, 0))
			return true;
	return false;
}

static void require(const struct collector *collector, const char *text, const char *source,
                    struct gates *gates)
{
	struct budget budget;
	struct diag ignored;
	double factor;

	BUG(read_budget(text, &budget, &factor, &ignored) != 0);
	if (find_row(collector, budget.metric)) {
		gates_require_in(gates, budget.metric, budget.comparison, budget.number * factor,
		                 factor, budget.unit, source);
		if (is_error(collector, budget.metric))
			gates_of_each(gates);
	}
	budget_fini(&budget);
}

/* Several globs may stand in one line. */
static void advise(const char *globs, struct gates *gates)
{
	char *copy = xstrdup(globs);
	char *rest = NULL;

	for (char *glob = strtok_r(copy, " \t", &rest); glob; glob = strtok_r(NULL, " \t", &rest))
		gates_advise(gates, glob);
	free(copy);
}

void budgets_require(const struct request *request, const struct collector *collector,
                     struct gates *gates)
{
	const struct scenario *scenario = &request->scenario;
	const struct run_options *typed = request->line->common;

	for (size_t i = 0; i < scenario->n_settings; i++) {
		const struct setting *setting = &scenario->settings[i];
		char *source = xasprintf("%s:%u", scenario->file, setting->line);

		if (is_limit(setting))
			require(collector, setting->value, source, gates);
		else if (is_advice(setting))
			advise(setting->value, gates);
		free(source);
	}
	for (size_t i = 0; i < typed->budgets.n_texts; i++)
		require(collector, typed->budgets.texts[i], "--budget", gates);
	for (size_t i = 0; i < typed->advisory.n_texts; i++)
		gates_advise(gates, typed->advisory.texts[i]);
}
