/* The verb baseline: sets of good runs by name. */
#include "core/driver/baseline_files.h"
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"
#include "core/driver/request.h"
#include "core/driver/stored_side.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/compare/judge.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/results/results.h"
#include "core/results/run_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one word behind `baseline` does. */
struct action {
	const char *word;
	size_t min_words, max_words; /* behind it; SIZE_MAX: any number */
	int (*run)(const struct command_line *line, struct diag *diag); /* 0 or -errno */
};

static const char *name_of(const struct command_line *line)
{
	return line->words[1];
}

/* --scenario, or all that have results or baselines. */
static int list_scenarios(const struct command_line *line, struct text_list *scenarios,
                          struct diag *diag)
{
	if (!line->common->scenario)
		return baseline_list_scenarios(line->common, scenarios, diag);
	text_list_add(scenarios, line->common->scenario);
	return 0;
}

static int add_operand(const struct command_line *line, const char *operand,
                       struct text_list *directories, struct diag *diag)
{
	struct text_list trees = {0};
	struct run_set set = {0};
	int err;

	request_results_dirs(line->common, &trees);
	err = results_find_set(&set, &trees, operand, RUN_SET_USABLE, diag);
	for (size_t i = 0; !err && i < set.n_runs; i++)
		text_list_add(directories, set.runs[i].directory);
	run_set_fini(&set);
	text_list_fini(&trees);
	return err;
}

/* The latest run of each type of a scenario, or of those that a baseline has. */
static int add_latest(const struct command_line *line, const char *scenario,
                      const struct baseline *of, struct text_list *directories, struct diag *diag)
{
	char *results = request_results_dir(line->common);
	struct results_latest *types;
	size_t n_types;
	int err = results_list_types(results, scenario, &types, &n_types, diag);

	for (size_t i = 0; !err && i < n_types; i++)
		if (types[i].directory && (!of || baseline_find(of, types[i].type)))
			text_list_add(directories, types[i].directory);
	results_free_types(types, n_types);
	free(results);
	return err;
}

/* The runs to save: those named, else the latest. */
static int find_runs(const struct command_line *line, struct text_list *directories,
                     struct diag *diag)
{
	struct text_list scenarios = {0};
	int err = 0;

	for (size_t i = 2; !err && i < line->n_words; i++)
		err = add_operand(line, line->words[i], directories, diag);
	if (line->n_words == 2 && line->common->scenario)
		text_list_add(&scenarios, line->common->scenario);
	else if (line->n_words == 2)
		err = baseline_list_run_scenarios(line->common, &scenarios, diag);
	for (size_t i = 0; !err && i < scenarios.n_texts; i++)
		err = add_latest(line, scenarios.texts[i], NULL, directories, diag);
	text_list_fini(&scenarios);
	if (!err && !directories->n_texts)
		err = diag_fail(diag, ENOENT,
		                "there are no usable runs to save; run something, or name the "
		                "directory with --results");
	return err;
}

/* Without operands, the latest of the types that the baseline has in each scenario. */
static int find_runs_to_bless(const struct command_line *line, struct text_list *directories,
                              struct diag *diag)
{
	struct text_list scenarios = {0};
	bool found = false;
	int err = 0;

	if (line->n_words > 2)
		return find_runs(line, directories, diag);
	err = list_scenarios(line, &scenarios, diag);
	for (size_t i = 0; !err && i < scenarios.n_texts; i++) {
		struct baseline *baseline;

		err =
		    baseline_load(line->common, scenarios.texts[i], name_of(line), &baseline, diag);
		if (!err) {
			found = true;
			err = add_latest(line, scenarios.texts[i], baseline, directories, diag);
		} else if (err == -ENOENT && !line->common->scenario) {
			err = 0;
		}
		baseline_free(baseline);
	}
	text_list_fini(&scenarios);
	if (!err && !found)
		err = diag_fail(diag, ENOENT, "no scenario has a baseline %s", name_of(line));
	if (!err && !directories->n_texts)
		err = diag_fail(diag, ENOENT, "there are no usable runs to bless %s with",
		                name_of(line));
	return err;
}

/* A baseline is of good runs. */
static int check_sides(struct side *const *sides, size_t n_sides, struct diag *diag)
{
	for (size_t i = 0; i < n_sides; i++)
		for (size_t j = 0; j < sides[i]->n_runs; j++)
			if (sides[i]->runs[j].failed)
				return diag_fail(diag, EINVAL,
				                 "the target failed in run %s/%s/%s: a baseline is "
				                 "of good runs",
				                 sides[i]->scenario, sides[i]->type,
				                 sides[i]->runs[j].run_id);
	return 0;
}

static int check_save(const struct command_line *line, struct side *const *sides, size_t n_sides,
                      struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < n_sides; i++) {
		const char *type = sides[i]->type;

		err = baseline_check_save(line->common, sides[i]->scenario, name_of(line), &type, 1,
		                          diag);
	}
	return err;
}

static void print_side(const struct side *side, FILE *out)
{
	fprintf(out, "%s (%zu %s", side->type, (size_t)side->n_repeats,
	        side->n_repeats == 1 ? "run" : "runs");
	if (side->n_repeats < JUDGE_FEWEST_COUNTS)
		fprintf(out, "; its counts gate from %d on", JUDGE_FEWEST_COUNTS);
	fputs(")", out);
}

/* Stores the sides of the first scenario that is left in the list, and takes them out of it. */
static int store_scenario(const struct command_line *line, struct side **sides, size_t n_sides,
                          enum baseline_change change, struct diag *diag)
{
	struct side **own = xcalloc(n_sides, sizeof(*own));
	char *path = NULL, *text = NULL;
	size_t n_own = 0, len;
	FILE *out = open_memstream(&text, &len);
	int err;

	for (size_t i = 0; i < n_sides; i++) {
		if (!sides[i] || (n_own && strcmp(sides[i]->scenario, own[0]->scenario) != 0))
			continue;
		fputs(n_own ? ", " : "", out);
		print_side(sides[i], out);
		own[n_own++] = sides[i];
		sides[i] = NULL;
	}
	fclose(out);
	path = baseline_path(line->common, own[0]->scenario, name_of(line));
	err = baseline_store(line->common, name_of(line), own, n_own, change, diag);
	if (!err)
		printf("%s: %s\n", path, text);
	free(path);
	free(text);
	free(own);
	return err;
}

static int store_all(const struct command_line *line, const struct text_list *directories,
                     enum baseline_change change, struct diag *diag)
{
	struct side **sides;
	size_t n_sides;
	int err = stored_sides_read(directories->texts, directories->n_texts, true, &sides,
	                            &n_sides, diag);

	if (err)
		return err;
	err = check_sides(sides, n_sides, diag);
	if (!err && change == BASELINE_SAVE)
		err = check_save(line, sides, n_sides, diag);
	for (size_t i = 0; !err && i < n_sides; i++)
		if (sides[i])
			err = store_scenario(line, sides, n_sides, change, diag);
	for (size_t i = 0; i < n_sides; i++)
		side_free(sides[i]);
	free(sides);
	return err;
}

static int save(const struct command_line *line, struct diag *diag)
{
	struct text_list directories = {0};
	int err = find_runs(line, &directories, diag);

	if (!err)
		err = store_all(line, &directories, BASELINE_SAVE, diag);
	text_list_fini(&directories);
	return err;
}

static int bless(const struct command_line *line, struct diag *diag)
{
	struct text_list directories = {0};
	int err = find_runs_to_bless(line, &directories, diag);

	if (!err)
		err = store_all(line, &directories, BASELINE_BLESS, diag);
	text_list_fini(&directories);
	return err;
}

static void print_baseline(const struct baseline *baseline)
{
	size_t n = json_array_size(baseline->history);
	const json_t *last = n ? json_array_get(baseline->history, n - 1) : NULL;
	const char *at = json_string_value(json_object_get(last, "at"));
	const char *by = json_string_value(json_object_get(last, "by"));
	const char *commit = json_string_value(json_object_get(last, "commit"));

	printf("%-12s %-20s ", baseline->name, baseline->scenario);
	for (size_t i = 0; i < baseline->n_sides; i++)
		printf("%s%s (%zu)", i ? ", " : "", baseline->sides[i]->type,
		       (size_t)baseline->sides[i]->n_repeats);
	if (at && by)
		printf("  %s %s", by, at);
	if (commit)
		printf("  %.12s", commit);
	putchar('\n');
}

/* The baselines of a scenario. A broken file hides no other; the first one is the error. */
static int list_of(const struct command_line *line, const char *scenario, struct diag *diag)
{
	struct text_list names = {0};
	int err = baseline_list(line->common, scenario, &names, diag);

	if (err)
		printf("%-12s %-20s %s\n", "-", scenario, diag->text);
	for (size_t i = 0; i < names.n_texts; i++) {
		struct baseline *baseline;
		struct diag why = {0};
		int broken =
		    baseline_load(line->common, scenario, names.texts[i], &baseline, &why);

		if (broken)
			printf("%-12s %-20s %s\n", names.texts[i], scenario, why.text);
		else
			print_baseline(baseline);
		if (broken && !err) {
			*diag = why;
			err = broken;
		}
		baseline_free(baseline);
	}
	text_list_fini(&names);
	return err;
}

static int list(const struct command_line *line, struct diag *diag)
{
	struct text_list scenarios = {0};
	int err = list_scenarios(line, &scenarios, diag);

	for (size_t i = 0; i < scenarios.n_texts; i++) {
		struct diag why = {0};
		int broken = list_of(line, scenarios.texts[i], &why);

		if (broken && !err) {
			*diag = why;
			err = broken;
		}
	}
	text_list_fini(&scenarios);
	return err;
}

static int rm(const struct command_line *line, struct diag *diag)
{
	struct text_list scenarios = {0};
	size_t n_removed = 0;
	int err = list_scenarios(line, &scenarios, diag);

	for (size_t i = 0; !err && i < scenarios.n_texts; i++) {
		err = baseline_remove(line->common, scenarios.texts[i], name_of(line), diag);
		if (!err) {
			n_removed++;
			printf("removed %s of %s\n", name_of(line), scenarios.texts[i]);
		} else if (err == -ENOENT && !line->common->scenario) {
			err = 0;
		}
	}
	text_list_fini(&scenarios);
	if (!err && !n_removed)
		err = diag_fail(diag, ENOENT,
		                "no scenario has a baseline %s; profile-scenario baseline list "
		                "shows those there are",
		                name_of(line));
	return err;
}

static const struct action actions[] = {
    {"save", 1, SIZE_MAX, save},
    {"list", 0, 0, list},
    {"rm", 1, 1, rm},
    {"bless", 1, SIZE_MAX, bless},
};

/* NULL with a sentence: wrong usage. */
static const struct action *find_action(const struct command_line *line, struct diag *diag)
{
	const char *word = line->n_words ? line->words[0] : "";

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		const struct action *action = &actions[i];

		if (strcmp(action->word, word) != 0)
			continue;
		if (line->n_words - 1 < action->min_words)
			diag_fail(diag, EINVAL, "baseline %s takes a NAME, such as v1.2", word);
		else if (line->n_words - 1 > action->max_words)
			diag_fail(diag, EINVAL, "baseline %s takes no '%s'", word,
			          line->words[action->max_words + 1]);
		else if (!action->min_words || !baseline_check_name(name_of(line), diag))
			return action;
		return NULL;
	}
	diag_fail(diag, EINVAL,
	          "baseline takes save, list, rm or bless, such as: profile-scenario baseline save "
	          "v1.2%s%s",
	          *word ? "; not " : "", word);
	return NULL;
}

/* What is not there, or not to be used, is unusable. */
static int status_of(int err)
{
	if (!err)
		return STATUS_WELL;
	return err == -ENOENT || err == -EINVAL ? STATUS_UNUSABLE : STATUS_OWN_FAILURE;
}

int baseline_verb(const struct command_line *line, struct diag *diag)
{
	const char *scenario = line->common->scenario;
	const struct action *action = find_action(line, diag);
	int err;

	if (!action)
		return STATUS_OWN_FAILURE;
	if (scenario && !results_name_is_valid(scenario)) {
		diag_fail(diag, EINVAL, "'%s' is no scenario name", scenario);
		return STATUS_OWN_FAILURE;
	}
	err = action->run(line, diag);
	return status_of(output_flush(err, diag));
}
