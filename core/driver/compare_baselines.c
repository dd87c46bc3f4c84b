/* Chooses among what two baselines have in common. */
#include "core/driver/compare_baselines.h"

#include "core/driver/baseline_files.h"
#include "core/driver/request.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/options.h"
#include "core/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct choice {
	const struct run_options *options;
	const char *const *names;
	bool is_there[2];        /* some scenario has this baseline */
	struct text_list common; /* SCENARIO/TYPE of both */
	size_t n_asked;          /* of those, what --scenario and --type ask for */
	struct side *sides[2];   /* of the first of them */
	char *line;              /* that chooses it */
};

static bool is_asked(const char *wanted, const char *name)
{
	return !wanted || !strcmp(wanted, name);
}

static void look_at_type(struct choice *choice, struct baseline *const baselines[2],
                         const char *type)
{
	const char *scenario = baselines[0]->scenario;
	char *run = xasprintf("%s/%s", scenario, type);

	text_list_add(&choice->common, run);
	free(run);
	if (!is_asked(choice->options->scenario, scenario) ||
	    !is_asked(choice->options->type, type) || choice->n_asked++)
		return;
	for (size_t i = 0; i < 2; i++)
		choice->sides[i] = baseline_take(baselines[i], type);
	choice->line = xasprintf("profile-scenario compare baseline:%s baseline:%s --scenario %s "
	                         "--type %s",
	                         choice->names[0], choice->names[1], scenario, type);
}

static void look_at_types(struct choice *choice, struct baseline *const baselines[2])
{
	struct text_list types = {0};

	for (size_t i = 0; i < baselines[0]->n_sides; i++)
		if (baseline_find(baselines[1], baselines[0]->sides[i]->type))
			text_list_add(&types, baselines[0]->sides[i]->type);
	for (size_t i = 0; i < types.n_texts; i++)
		look_at_type(choice, baselines, types.texts[i]);
	text_list_fini(&types);
}

/* A file that is damaged is in nobody's way where another scenario is asked for. */
static int look_at_scenario(struct choice *choice, const char *scenario, struct diag *diag)
{
	struct baseline *baselines[2] = {NULL, NULL};
	int err = 0;

	for (size_t i = 0; !err && i < 2; i++) {
		err =
		    baseline_load(choice->options, scenario, choice->names[i], &baselines[i], diag);
		choice->is_there[i] |= !err;
		if (err == -ENOENT || (err && !is_asked(choice->options->scenario, scenario)))
			err = 0;
	}
	if (!err && baselines[0] && baselines[1])
		look_at_types(choice, baselines);
	baseline_free(baselines[0]);
	baseline_free(baselines[1]);
	return err;
}

static int refuse_none(const struct choice *choice, struct diag *diag)
{
	const char *const *names = choice->names;
	char *common;

	for (size_t i = 0; i < 2; i++)
		if (!choice->is_there[i])
			return diag_fail(diag, ENOENT,
			                 "no scenario has a baseline %s; profile-scenario baseline "
			                 "list shows those there are",
			                 names[i]);
	if (!choice->common.n_texts)
		return diag_fail(diag, ENOENT,
		                 "baselines %s and %s have no scenario and type in common; "
		                 "profile-scenario baseline list shows what they have",
		                 names[0], names[1]);
	common = words_list((const char *const *)choice->common.texts);
	diag_fail(diag, ENOENT,
	          "baselines %s and %s do not both have what --scenario and --type ask for; in "
	          "common they have %s",
	          names[0], names[1], common);
	free(common);
	return -ENOENT;
}

static int refuse_several(const struct choice *choice, struct diag *diag)
{
	char *common = words_list((const char *const *)choice->common.texts);

	diag_fail(diag, EINVAL,
	          "baselines %s and %s have %s in common: compare one at a time, such as: %s",
	          choice->names[0], choice->names[1], common, choice->line);
	free(common);
	return -EINVAL;
}

int compare_baselines(const struct run_options *options, const char *const names[2],
                      struct side *sides[2], struct diag *diag)
{
	struct choice choice = {.options = options, .names = names};
	struct text_list scenarios = {0};
	int err = 0;

	for (size_t i = 0; !err && i < 2; i++)
		err = baseline_check_name(names[i], diag);
	if (!err)
		err = baseline_list_scenarios(options, &scenarios, diag);
	for (size_t i = 0; !err && i < scenarios.n_texts; i++)
		err = look_at_scenario(&choice, scenarios.texts[i], diag);
	if (!err && choice.n_asked != 1)
		err = choice.n_asked ? refuse_several(&choice, diag) : refuse_none(&choice, diag);
	for (size_t i = 0; i < 2; i++) {
		if (err)
			side_free(choice.sides[i]);
		sides[i] = err ? NULL : choice.sides[i];
	}
	free(choice.line);
	text_list_fini(&choice.common);
	text_list_fini(&scenarios);
	return err;
}
