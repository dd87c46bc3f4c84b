/* Brings scenario file, command line and defaults together. */
#include "core/driver/request.h"

#include "core/driver/collectors.h"
#include "core/driver/judge_setting.h"
#include "core/driver/own_directory.h"
#include "core/driver/parameters.h"
#include "core/driver/private_dir.h"
#include "core/driver/without_command.h"
#include "core/driver/work.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/results.h"
#include "core/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void request_scenario_dirs(const struct run_options *options, struct text_list *directories)
{
	char *own = own_directory();
	char *built = xasprintf("%s/../scenarios", own);

	for (size_t i = 0; i < options->scenario_dirs.n_texts; i++)
		text_list_add(directories, options->scenario_dirs.texts[i]);
	if (!options->scenario_dirs.n_texts) {
		text_list_add(directories, "./scenarios");
		text_list_add(directories, built);
	}
	free(built);
	free(own);
}

void request_results_dirs(const struct run_options *options, struct text_list *trees)
{
	const char *from_environment = getenv("PROFILE_SCENARIO_RESULTS");

	if (options->output_dir)
		text_list_add(trees, options->output_dir);
	for (size_t i = 0; !options->output_dir && i < options->results.n_texts; i++)
		text_list_add(trees, options->results.texts[i]);
	if (!trees->n_texts)
		text_list_add(trees, from_environment && *from_environment ? from_environment
		                                                           : "./results");
}

char *request_results_dir(const struct run_options *options)
{
	struct text_list trees = {0};
	char *first;

	request_results_dirs(options, &trees);
	first = xstrdup(trees.texts[0]);
	text_list_fini(&trees);
	return first;
}

/* Bare commands are called by their base name, without the hash that cargo appends. */
static char *name_of_command(const char *command)
{
	const char *slash = strrchr(command, '/');
	char *name = xstrdup(slash ? slash + 1 : command);
	size_t len = strlen(name);

	if (len > 17 && name[len - 17] == '-' && strspn(name + len - 16, "0123456789abcdef") == 16)
		name[len - 17] = 0;
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
	if (*name == '.' || !*name)
		*name = '_';
	return name;
}

static int unknown_scenario(const struct text_list *directories, const char *name,
                            struct diag *diag)
{
	struct text_list names = {0};
	const char *near;

	scenario_list(directories, &names);
	near = names.n_texts ? nearest_word(name, (const char *const *)names.texts) : NULL;
	if (near)
		diag_fail(diag, ENOENT, "unknown scenario '%s'; did you mean '%s'?", name, near);
	else
		diag_fail(diag, ENOENT, "unknown scenario '%s'; profile-scenario list shows them",
		          name);
	text_list_fini(&names);
	return -ENOENT;
}

static int load_scenario(struct request *request, struct diag *diag)
{
	const struct command_line *line = request->line;
	struct text_list directories = {0};
	const char *name = line->common->scenario;
	char *file = NULL;
	int err = 0;

	if (name && !results_name_is_valid(name))
		return diag_fail(diag, EINVAL,
		                 "'%s' is no scenario name: letters, digits, '.', '_', '-', not "
		                 "starting with a dot",
		                 name);
	request_scenario_dirs(line->common, &directories);
	if (name && !scenario_find(&directories, name, &file))
		err = scenario_read(&request->scenario, file, judge_setting, diag);
	else if (without_command_is_asked(line))
		err = 0;
	else if (!line->n_words && name)
		err = unknown_scenario(&directories, name, diag);
	else if (!line->n_words)
		err = diag_fail(
		    diag, EINVAL,
		    "no scenario and no command; profile-scenario --help shows the usage");
	free(file);
	text_list_fini(&directories);
	return err;
}

int request_expand(const struct request *request, char **text, struct diag *diag)
{
	char *expanded;
	int err;

	if (!*text)
		return 0;
	err = words_expand(*text, &request->parameters, &expanded, diag);
	if (err)
		return err;
	free(*text);
	*text = expanded;
	return 0;
}

static int add_expanded(struct text_list *list, const struct request *request, const char *text,
                        struct diag *diag)
{
	char *expanded = xstrdup(text);
	int err = request_expand(request, &expanded, diag);

	if (!err)
		text_list_add(list, expanded);
	free(expanded);
	return err;
}

/* Relative paths of a scenario are from its cwd, which is from the caller's directory. */
static void put_below_cwd(const struct scenario *scenario, char **path)
{
	char *below;

	if (!*path || **path == '/' || !scenario->cwd)
		return;
	below = xasprintf("%s/%s", scenario->cwd, *path);
	free(*path);
	*path = below;
}

/* The scenario's texts, but for the command and those that become options. */
static int expand_scenario(struct request *request, struct diag *diag)
{
	struct scenario *scenario = &request->scenario;
	char **texts[] = {&scenario->cwd, &scenario->stdin_path, &scenario->user, &scenario->caps};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(texts); i++)
		err = request_expand(request, texts[i], diag);
	for (size_t i = 0; !err && i < scenario->environment.n_texts; i++)
		err = add_expanded(&request->variables, request, scenario->environment.texts[i],
		                   diag);
	if (!err)
		err = work_gather(request, diag);
	put_below_cwd(scenario, &scenario->stdin_path);
	return err;
}

/* The scenario's own command, as argv. */
static int split_scenario_command(struct request *request, struct diag *diag)
{
	const struct scenario *scenario = &request->scenario;
	struct text_list words = {0};
	int err = 0;

	if (scenario->shell) {
		text_list_add(&request->command, "/bin/sh");
		text_list_add(&request->command, "-c");
		return add_expanded(&request->command, request, scenario->command, diag);
	}
	err = words_split(scenario->command, &words, diag);
	/* Values are put in after splitting, so that a blank in one does not make two words. */
	for (size_t i = 0; !err && i < words.n_texts; i++)
		err = add_expanded(&request->command, request, words.texts[i], diag);
	text_list_fini(&words);
	if (!err && !request->command.n_texts)
		err = diag_fail(diag, EINVAL, "the command is empty");
	return err;
}

/* Drops all words but the first. */
static void keep_program(struct text_list *command)
{
	char *program = xstrdup(command->texts[0]);

	text_list_fini(command);
	text_list_add(command, program);
	free(program);
}

static int choose_command(struct request *request, struct diag *diag)
{
	const struct command_line *line = request->line;
	const struct scenario *scenario = &request->scenario;
	bool only_arguments =
	    line->n_words && scenario->command && line->after_dashes && line->words[0][0] == '-';
	int err = 0;

	request->runs_command = !line->common->pid && (line->n_words || scenario->command);
	if (!request->runs_command && without_command_is_asked(line))
		return without_command_resolve(request, diag);
	if (!request->runs_command)
		return diag_fail(diag, EINVAL, "there is no command; name one behind --");
	if (only_arguments && scenario->shell)
		return diag_fail(diag, EINVAL,
		                 "the command runs under a shell: give the whole one behind --");
	if (!line->n_words || only_arguments)
		err = split_scenario_command(request, diag);
	if (err)
		return err;
	if (only_arguments)
		keep_program(&request->command);
	for (size_t i = 0; i < line->n_words; i++)
		text_list_add(&request->command, line->words[i]);
	return 0;
}

static int choose_types(struct request *request, struct diag *diag)
{
	const struct run_options *common = request->line->common;
	const char *typed = common->type;
	const char *own = request->scenario.types;
	bool all = typed && !strcmp(typed, "all");

	if (typed && !all)
		request->types = collectors_parse(typed, diag);
	else if (all && !own)
		request->types = collectors_all();
	else
		request->types = collectors_parse(own && request->runs_command ? own : "cpu", diag);
	if (!request->types)
		return -EINVAL;
	if (request->types[1] && (common->copy_to || (common->json && *common->json)))
		return diag_fail(diag, EINVAL,
		                 "-o and --json=FILE copy one run: ask for one type, not several");
	if (request->line->point && (common->copy_to || (common->json && *common->json)))
		return diag_fail(diag, EINVAL,
		                 "-o and --json=FILE copy one run: a scan makes several");
	return command_line_check_types(request->line, request->types, diag);
}

/* What the words and the file come to together. */
static int resolve(struct request *request, struct diag *diag)
{
	const struct scenario *scenario = &request->scenario;
	int err = expand_scenario(request, diag);

	if (!err)
		err = choose_command(request, diag);
	if (err && scenario->file)
		diag_prefix(diag, "%s", scenario->file);
	return err ? err : choose_types(request, diag);
}

/* The whole machine's samples are no command's, even while one runs. */
static char *name_of_results(const struct request *request)
{
	char *program, *name;

	if (request->runs_command && !request->line->common->all_cpus)
		return name_of_command(request->command.texts[0]);
	program = without_command_name(request);
	name = name_of_command(program);
	free(program);
	return name;
}

int request_init(struct request *request, const struct command_line *line, struct diag *diag)
{
	const char *name = line->common->scenario;
	int err;

	*request = (struct request){.line = line};
	request->results = request_results_dir(line->common);
	err = load_scenario(request, diag);
	if (!err)
		err = parameters_gather(request, diag);
	if (!err)
		err = resolve(request, diag);
	if (!err)
		request->name = name ? xstrdup(name) : name_of_results(request);
	return err;
}

void request_fini(struct request *request)
{
	private_dir_remove(request->scratch);
	free(request->scratch);
	free(request->work_unknown);
	scenario_fini(&request->scenario);
	text_list_fini(&request->command);
	text_list_fini(&request->variables);
	text_list_fini(&request->parameters);
	free(request->pids);
	free(request->types);
	free(request->name);
	free(request->results);
}
