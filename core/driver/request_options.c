/* Brings the options of one type together: defaults, scenario file, command line. */
#include "core/driver/request_options.h"

#include "core/driver/abilities.h"
#include "core/driver/collectors.h"
#include "core/driver/ending.h"
#include "core/driver/judge_setting.h"
#include "core/driver/request.h"

#include "core/alloc.h"

#include <string.h>

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
		err = set_text("ready", scenario->ready, common, diag);
	if (!err)
		err = set_text("load", scenario->load, common, diag);
	if (!err)
		err = set_text("user", scenario->user, common, diag);
	if (!err)
		err = set_text("ambient-cap", scenario->caps, common, diag);
	if (scenario->timeout_ns)
		common->timeout_ns = scenario->timeout_ns;
	if (scenario->delay_ns)
		common->delay_ns = scenario->delay_ns;
	return err;
}

/* How often a scenario is run, for the type whose numbers are of runs: others have it in a section
 * of their own. */
static void apply_repeats(const struct scenario *scenario, const struct collector *collector,
                          struct run_options *common)
{
	if (!collector->repeats_by_scenario)
		return;
	if (scenario->runs)
		common->runs = scenario->runs;
	common->warmup = scenario->warmup;
}

static int apply_output_dir(const struct collector *collector, const struct run_options *typed,
                            void *own, struct diag *diag)
{
	int err = 0;

	for (const struct option_row *row = collector->options.rows; !err && row->name; row++)
		if (typed->output_dir && row->with_output_dir)
			err = options_set(row, own, "yes", diag);
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
		row = type_setting_row(collector, setting->key, &is_common);
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

/* Shell commands may use ${NAME}, wherever they come from. */
static int expand_commands(const struct request *request, struct run_options *common,
                           struct diag *diag)
{
	char **commands[] = {&common->prepare, &common->cleanup, &common->ready, &common->load};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(commands); i++)
		err = request_expand(request, commands[i], diag);
	return err;
}

static int check_together(const struct request *request, const struct collector *collector,
                          const void *own, struct diag *diag)
{
	void *typed;
	int err;

	if (!collector->check_options)
		return 0;
	typed = options_new(&collector->options);
	err = command_line_apply(request->line, collector, typed, diag);
	if (!err)
		err = collector->check_options(own, typed, diag);
	options_free(&collector->options, typed);
	return err;
}

int request_options(const struct request *request, const struct collector *collector,
                    struct run_options **common, void **own, struct diag *diag)
{
	int err;

	*common = options_new(&run_option_table);
	if (request->default_runs)
		(*common)->runs = request->default_runs;
	*own = options_new(&collector->options);
	err = apply_scenario_keys(&request->scenario, *common, diag);
	apply_repeats(&request->scenario, collector, *common);
	if (!err)
		err = apply_output_dir(collector, request->line->common, *own, diag);
	if (!err)
		err = apply_type_section(&request->scenario, collector, *common, *own, diag);
	apply_typed(request->line, *common);
	if (!err)
		err = command_line_apply(request->line, collector, *own, diag);
	if (!err)
		err = expand_commands(request, *common, diag);
	if (!err)
		err = ending_check_ignored((*common)->ignore_failure, diag);
	if (!err)
		err = abilities_check(collector, *common, diag);
	if (!err)
		err = check_together(request, collector, *own, diag);
	return err;
}
