/* Brings scenario file, command line and defaults together. */
#include "core/driver/request.h"

#include "core/driver/collectors.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/findings.h"
#include "core/results.h"
#include "core/words.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directory of our own executable: workloads and scenarios are found from there. */
static char *own_directory(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0)
		return xstrdup(".");
	path[len] = 0;
	return xstrdup(dirname(path));
}

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

char *request_results_dir(const struct run_options *options)
{
	const char *from_environment = getenv("PROFILE_SCENARIO_RESULTS");

	if (options->output_dir)
		return xstrdup(options->output_dir);
	if (options->results)
		return xstrdup(options->results);
	return xstrdup(from_environment && *from_environment ? from_environment : "./results");
}

static const struct option_row *setting_row(const struct collector *collector, const char *key,
                                            bool *is_common)
{
	const struct option_row *row = options_find(&collector->options, key);

	*is_common = !row;
	if (!row)
		row = options_find(&run_option_table, key);
	return row && !row->command_line_only ? row : NULL;
}

static int unknown_key(const struct setting *setting, const char *const *known, struct diag *diag)
{
	const char *near = nearest_word(setting->key, known);

	if (near)
		return diag_fail(diag, EINVAL, "unknown key '%s' in [%s]; did you mean '%s'?",
		                 setting->key, setting->section, near);
	return diag_fail(diag, EINVAL, "unknown key '%s' in [%s]", setting->key, setting->section);
}

enum { MAX_KEYS = 128 };

static void add_keys(const struct option_table *table, const char *keys[MAX_KEYS], size_t *n_keys)
{
	for (const struct option_row *row = table->rows; row && row->name && *n_keys < MAX_KEYS - 1;
	     row++)
		if (!row->command_line_only)
			keys[(*n_keys)++] = row->name;
}

static int judge_type_setting(const struct collector *collector, const struct setting *setting,
                              struct diag *diag)
{
	const char *keys[MAX_KEYS] = {0};
	size_t n_keys = 0;
	bool is_common;
	const struct option_row *row = setting_row(collector, setting->key, &is_common);
	const struct option_table *table = is_common ? &run_option_table : &collector->options;
	void *scratch;
	int err;

	if (!row) {
		add_keys(&collector->options, keys, &n_keys);
		add_keys(&run_option_table, keys, &n_keys);
		return unknown_key(setting, keys, diag);
	}
	scratch = options_new(table);
	err = options_set(row, scratch, setting->value, diag);
	options_free(table, scratch);
	return err;
}

static int judge_finding(const struct setting *setting, struct diag *diag)
{
	const char *keys[MAX_KEYS] = {0};
	size_t n_keys = 0;
	char *end;

	for (size_t i = 0; collectors[i]; i++) {
		for (const struct finding_row *row = collectors[i]->findings; row && row->key;
		     row++) {
			if (n_keys < MAX_KEYS - 1)
				keys[n_keys++] = row->key;
			if (strcmp(row->key, setting->key) != 0)
				continue;
			strtod(setting->value, &end);
			if (end == setting->value || *end)
				return diag_fail(diag, EINVAL, "'%s' takes a number, not '%s'",
				                 setting->key, setting->value);
			return 0;
		}
	}
	return unknown_key(setting, keys, diag);
}

/* [metrics] NAME = /REGEX/ with one group. */
static int judge_metric(const struct setting *setting, struct diag *diag)
{
	size_t len = strlen(setting->value);
	char *pattern;
	regex_t regex;
	int err;

	if (len < 3 || setting->value[0] != '/' || setting->value[len - 1] != '/')
		return diag_fail(diag, EINVAL,
		                 "'%s' takes a regular expression between slashes, not '%s'",
		                 setting->key, setting->value);
	pattern = xstrndup(setting->value + 1, len - 2);
	err = regcomp(&regex, pattern, REG_EXTENDED);
	free(pattern);
	if (err)
		return diag_fail(diag, EINVAL, "the regular expression of '%s' is malformed: %s",
		                 setting->key, setting->value);
	len = regex.re_nsub;
	regfree(&regex);
	if (len != 1)
		return diag_fail(
		    diag, EINVAL,
		    "the regular expression of '%s' needs one group ( ) around the number",
		    setting->key);
	return 0;
}

int request_judge_setting(const struct setting *setting, void *context, struct diag *diag)
{
	static const char *const own_sections[] = {"scenario", "environment", "parameters",
	                                           "metrics", "findings"};
	const char *sections[MAX_KEYS] = {0};
	const struct collector *collector = collector_find(setting->section);
	size_t n_sections = 0;
	const char *near;

	(void)context;
	if (collector && !strcmp(collector->name, setting->section))
		return judge_type_setting(collector, setting, diag);
	if (!strcmp(setting->section, "findings"))
		return judge_finding(setting, diag);
	if (!strcmp(setting->section, "metrics"))
		return judge_metric(setting, diag);
	if (!*setting->section)
		return diag_fail(diag, EINVAL, "key '%s' stands before any [section]",
		                 setting->key);
	for (size_t i = 0; i < ARRAY_SIZE(own_sections); i++)
		sections[n_sections++] = own_sections[i];
	for (size_t i = 0; collectors[i]; i++)
		sections[n_sections++] = collectors[i]->name;
	near = nearest_word(setting->section, sections);
	if (near)
		return diag_fail(diag, EINVAL, "unknown section [%s]; did you mean [%s]?",
		                 setting->section, near);
	return diag_fail(diag, EINVAL, "unknown section [%s]", setting->section);
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
		err = scenario_read(&request->scenario, file, request_judge_setting, NULL, diag);
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

static void gather_parameters(struct request *request)
{
	const struct text_list *lists[] = {&request->scenario.parameters,
	                                   &request->line->common->parameters};
	char *own = own_directory();
	char *workloads = xasprintf("workloads=%s/workloads", own);

	text_list_add(&request->parameters, workloads);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->n_texts; j++)
			text_list_add(&request->parameters, lists[i]->texts[j]);
	free(workloads);
	free(own);
}

static int check_parameters(const struct text_list *parameters, struct diag *diag)
{
	for (size_t i = 0; i < parameters->n_texts; i++)
		if (!strchr(parameters->texts[i], '=') || *parameters->texts[i] == '=')
			return diag_fail(diag, EINVAL, "--parameter takes NAME=VALUE, not '%s'",
			                 parameters->texts[i]);
	return 0;
}

static int add_expanded(struct text_list *list, const struct request *request, const char *text,
                        struct diag *diag)
{
	char *expanded;
	int err = words_expand(text, &request->parameters, &expanded, diag);

	if (err)
		return err;
	text_list_add(list, expanded);
	free(expanded);
	return 0;
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
		err = diag_fail(diag, EINVAL, "%s: the command is empty", scenario->file);
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

	if (!line->n_words && !scenario->command)
		return diag_fail(diag, EINVAL, "%s has no command; name one behind --",
		                 scenario->file);
	if (only_arguments && scenario->shell)
		return diag_fail(diag, EINVAL,
		                 "%s runs under a shell: give the whole command behind --",
		                 scenario->file);
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
	const char *typed = request->line->common->type;
	const char *words = typed;

	if (!typed || !strcmp(typed, "all"))
		words = request->scenario.types ? request->scenario.types : "cpu";
	request->types = collectors_parse(words, diag);
	if (!request->types && words == request->scenario.types)
		diag_prefix(diag, "%s: types", request->scenario.file);
	if (!request->types)
		return -EINVAL;
	return command_line_check_types(request->line, request->types, diag);
}

int request_init(struct request *request, const struct command_line *line, struct diag *diag)
{
	int err;

	*request = (struct request){.line = line};
	request->results = request_results_dir(line->common);
	err = load_scenario(request, diag);
	if (!err)
		err = check_parameters(&line->common->parameters, diag);
	if (err)
		return err;
	gather_parameters(request);
	for (size_t i = 0; !err && i < request->scenario.environment.n_texts; i++)
		err = add_expanded(&request->variables, request,
		                   request->scenario.environment.texts[i], diag);
	if (!err)
		err = choose_command(request, diag);
	if (!err)
		err = choose_types(request, diag);
	if (!err)
		request->name = line->common->scenario ? xstrdup(line->common->scenario)
		                                       : name_of_command(request->command.texts[0]);
	return err;
}

void request_fini(struct request *request)
{
	scenario_fini(&request->scenario);
	text_list_fini(&request->command);
	text_list_fini(&request->variables);
	text_list_fini(&request->parameters);
	free(request->types);
	free(request->name);
	free(request->results);
}

static int set_text(const char *name, const char *value, struct run_options *common,
                    struct diag *diag)
{
	return value ? options_set(options_find(&run_option_table, name), common, value, diag) : 0;
}

/* The keys of [scenario] that are options, too. */
static int apply_scenario_keys(const struct scenario *scenario, struct run_options *common,
                               struct diag *diag)
{
	int err = set_text("prepare", scenario->prepare, common, diag);

	if (!err)
		err = set_text("cleanup", scenario->cleanup, common, diag);
	if (!err)
		err = set_text("user", scenario->user, common, diag);
	if (!err)
		err = set_text("ambient-cap", scenario->caps, common, diag);
	if (scenario->timeout_ns)
		common->timeout_ns = scenario->timeout_ns;
	return err;
}

static int apply_type_section(const struct scenario *scenario, const struct collector *collector,
                              struct run_options *common, void *own, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < scenario->n_settings; i++) {
		const struct setting *setting = &scenario->settings[i];
		const struct option_row *row;
		bool is_common;

		if (strcmp(setting->section, collector->name) != 0)
			continue;
		row = setting_row(collector, setting->key, &is_common);
		err = options_set(row, is_common ? (void *)common : own, setting->value, diag);
	}
	return err;
}

/* Sets what was typed over what is there; the values are those that parsing has already read. */
static void apply_typed(const struct command_line *line, struct run_options *common)
{
	for (size_t i = 0; run_option_table.rows[i].name; i++)
		if (line->common_typed[i])
			options_copy(&run_option_table.rows[i], common, line->common);
}

static int expand_in_place(char **text, const struct request *request, struct diag *diag)
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

int request_options(const struct request *request, const struct collector *collector,
                    struct run_options **common, void **own, struct diag *diag)
{
	int err;

	*common = options_new(&run_option_table);
	*own = options_new(&collector->options);
	err = apply_scenario_keys(&request->scenario, *common, diag);
	if (!err)
		err = apply_type_section(&request->scenario, collector, *common, *own, diag);
	apply_typed(request->line, *common);
	if (!err)
		err = command_line_apply(request->line, collector, *own, diag);
	if (!err)
		err = expand_in_place(&(*common)->prepare, request, diag);
	if (!err)
		err = expand_in_place(&(*common)->cleanup, request, diag);
	return err;
}
