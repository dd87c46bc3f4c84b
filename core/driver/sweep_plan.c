/* Finds the release scenarios and checks them. */
#include "core/driver/sweep_plan.h"

#include "core/driver/baseline_files.h"
#include "core/driver/collectors.h"
#include "core/driver/judge_setting.h"
#include "core/driver/regress_options.h"
#include "core/driver/run_types.h"

#include "core/alloc.h"
#include "core/compare/judge.h"
#include "core/diag.h"
#include "core/host/host.h"
#include "core/target/program.h"
#include "core/target/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sweep that nobody watches must not hang on one program (CONTRACT 1). */
#define DEFAULT_TIMEOUT_NS (600ull * 1000 * 1000 * 1000)

static bool is_among(const struct collector *type, const struct collector *const *types)
{
	for (size_t i = 0; types[i]; i++)
		if (!strcmp(types[i]->name, type->name))
			return true;
	return false;
}

static bool names_all_types(const char *typed)
{
	return !typed || !strcmp(typed, "all");
}

/* Leaves of the scenario's types those that --type names, if any. */
static int choose_types(struct request *request, const char *typed, struct diag *diag)
{
	const struct collector **types;
	size_t n_kept = 0;

	if (names_all_types(typed))
		return 0;
	types = collectors_parse(typed, diag);
	if (!types)
		return -EINVAL;
	for (size_t i = 0; request->types[i]; i++)
		if (is_among(request->types[i], types))
			request->types[n_kept++] = request->types[i];
	request->types[n_kept] = NULL;
	free(types);
	return 0;
}

/* What is inconclusive is to be told with its reason; whether it fails is the sweep's to decide. */
static void ask_for_inconclusive(struct sweep_request *request, const struct command_line *line)
{
	size_t n_rows = 0;

	while (run_option_table.rows[n_rows].name)
		n_rows++;
	request->common_typed = xcalloc(n_rows, sizeof(*request->common_typed));
	memcpy(request->common_typed, line->common_typed, n_rows * sizeof(*request->common_typed));
	request->common_typed[options_find(&run_option_table, "inconclusive") -
	                      run_option_table.rows] = true;
	request->line.common_typed = request->common_typed;
	request->common.inconclusive = true;
}

/* What varies can be judged from so many on, and with fewer a count that does not may be left open
 * beside it: a baseline would decide little. */
enum { DEFAULT_RUNS = JUDGE_FEWEST_RUNS };

int sweep_request_init(struct sweep_request *request, const struct command_line *line,
                       const char *scenario, struct diag *diag)
{
	const struct regress_options *options = line->verb_options;
	int err;

	request->line = *line;
	request->common = *line->common;
	request->common.scenario = (char *)scenario;
	request->common.type = NULL;
	request->line.common = &request->common;
	ask_for_inconclusive(request, line);
	request->no_words[0] = NULL;
	request->line.words = request->no_words;
	request->line.n_words = 0;
	request->line.after_dashes = false;
	err = request_init(&request->request, &request->line, diag);
	request->request.is_unattended = true;
	request->request.default_runs = DEFAULT_RUNS;
	request->request.noise_threshold_percent = options->noise_threshold_percent;
	if (!request->request.scenario.timeout_ns)
		request->request.scenario.timeout_ns = DEFAULT_TIMEOUT_NS;
	if (!err)
		err = choose_types(&request->request, line->common->type, diag);
	return err;
}

void sweep_request_fini(struct sweep_request *request)
{
	request_fini(&request->request);
	free(request->common_typed);
}

/* The digest of a file, or why there is none. New reference. */
static json_t *digest_of(const char *path)
{
	FILE *in = path ? fopen(path, "re") : NULL;
	char buffer[1 << 16], hex[65];
	struct sha256 sha;
	size_t n;

	if (!in)
		return json_string("absent");
	sha256_init(&sha);
	while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0)
		sha256_add(&sha, buffer, n);
	fclose(in);
	sha256_finish(&sha, hex);
	return json_string(hex);
}

static void add_to_key(json_t *key, const char *what, const char *scenario, json_t *value)
{
	char *part = xasprintf("the %s of %s", what, scenario);

	json_object_set_new(key, part, value);
	free(part);
}

/* The scenario's file, program and baseline: a rebuilt one is another sweep. */
static void add_scenario_to_key(json_t *key, const struct request *request)
{
	const struct run_options *options = request->line->common;
	const char *name = options->baseline ? options->baseline : options->baseline_lenient;
	char *baseline = name ? baseline_path(options, request->name, name) : NULL;
	struct diag ignored;
	char *program = NULL;

	if (program_find(&program, request->command.texts[0], request->scenario.cwd, &ignored))
		program = NULL;
	add_to_key(key, "file", request->name, digest_of(request->scenario.file));
	add_to_key(key, "program", request->name, digest_of(program));
	if (baseline)
		add_to_key(key, "baseline", request->name, digest_of(baseline));
	free(baseline);
	free(program);
}

static int add_scenario(struct sweep_plan *plan, const struct command_line *line,
                        const char *scenario, struct diag *diag)
{
	struct sweep_request each;
	int err = sweep_request_init(&each, line, scenario, diag);

	if (!err && each.request.types[0])
		err = run_types_check(&each.request, diag);
	if (err)
		diag_prefix(diag, "scenario %s", scenario);
	for (size_t i = 0; !err && each.request.types[i]; i++)
		*ARRAY_APPEND(plan->steps, plan->n_steps, plan->capacity) = (struct sweep_step){
		    .scenario = xstrdup(scenario), .type = each.request.types[i]};
	if (!err && each.request.types[0])
		add_scenario_to_key(plan->key, &each.request);
	sweep_request_fini(&each);
	return err;
}

/* Adds the name when its file says `release = yes`. */
static int add_if_release(struct text_list *names, const struct text_list *directories,
                          const char *name, struct diag *diag)
{
	struct scenario scenario;
	char *file;
	int err;

	if (scenario_find(directories, name, &file))
		return diag_fail(diag, ENOENT, "scenario %s is gone", name);
	err = scenario_read(&scenario, file, judge_setting, diag);
	if (!err && scenario.release)
		text_list_add(names, name);
	scenario_fini(&scenario);
	free(file);
	return err;
}

/* The operands, each once, else the release scenarios. */
static int gather_names(struct text_list *names, const struct command_line *line, struct diag *diag)
{
	struct text_list directories = {0};
	struct text_list all = {0};
	int err = 0;

	for (size_t i = 0; i < line->n_words; i++) {
		size_t same = 0;

		while (same < names->n_texts && strcmp(names->texts[same], line->words[i]) != 0)
			same++;
		if (same == names->n_texts)
			text_list_add(names, line->words[i]);
	}
	if (line->n_words)
		return 0;
	request_scenario_dirs(line->common, &directories);
	scenario_list(&directories, &all);
	for (size_t i = 0; !err && i < all.n_texts; i++)
		err = add_if_release(names, &directories, all.texts[i], diag);
	if (!err && !names->n_texts)
		err = diag_fail(diag, ENOENT,
		                "none of the %zu scenarios has release = yes: put it into the "
		                "[scenario] section of those to gate, name some, or say where they "
		                "are with --scenarios",
		                all.n_texts);
	text_list_fini(&all);
	text_list_fini(&directories);
	return err;
}

/* What decides what is measured and how, but for files that the results go to. New reference. */
static json_t *options_of(const struct command_line *line)
{
	const struct regress_options *own = line->verb_options;
	json_t *options = options_to_json(&run_option_table, line->common);

	json_object_del(options, "quiet");
	json_object_del(options, "lock");
	json_object_set_new(options, "noise-threshold", json_real(own->noise_threshold_percent));
	return options;
}

/* So that a wrong word is no scenario's. */
static int check_types(const char *typed, struct diag *diag)
{
	const struct collector **types =
	    names_all_types(typed) ? NULL : collectors_parse(typed, diag);
	int err = !names_all_types(typed) && !types ? -EINVAL : 0;

	free(types);
	return err;
}

int sweep_plan_init(struct sweep_plan *plan, const struct command_line *line, struct diag *diag)
{
	struct text_list names = {0};
	int err;

	*plan = (struct sweep_plan){0};
	plan->key = json_pack("{s:s, s:o, s:o}", "the version of profile-scenario", VERSION,
	                      "the options", options_of(line), "the commit", git_to_json(NULL));
	err = check_types(line->common->type, diag);
	if (!err)
		err = gather_names(&names, line, diag);
	for (size_t i = 0; !err && i < names.n_texts; i++)
		err = add_scenario(plan, line, names.texts[i], diag);
	if (!err && !plan->n_steps)
		err = diag_fail(diag, EINVAL, "no scenario here has a type of --type %s",
		                line->common->type);
	text_list_fini(&names);
	return err;
}

void sweep_plan_fini(struct sweep_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		free(plan->steps[i].scenario);
	free(plan->steps);
	json_decref(plan->key);
}
