/* The verb list: scenarios with their types and last results. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/judge_setting.h"
#include "core/driver/request.h"
#include "core/driver/verbs.h"

#include "core/diag.h"
#include "core/results/results.h"
#include "core/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_results(const char *results, const char *name, struct diag *diag)
{
	struct results_latest *types;
	size_t n_types;
	int err = results_list_types(results, name, &types, &n_types, diag);

	for (size_t i = 0; i < n_types; i++)
		if (types[i].run_id)
			printf("    %s/%s: %s\n", name, types[i].type, types[i].run_id);
	results_free_types(types, n_types);
	return err;
}

static int print_scenario(const struct text_list *directories, const char *results,
                          const char *name, struct diag *diag)
{
	struct scenario scenario;
	char *file;
	int err = scenario_find(directories, name, &file);

	if (err)
		return diag_fail(diag, -err, "scenario %s is gone", name);
	err = scenario_read(&scenario, file, judge_setting, diag);
	if (!err) {
		printf("%-20s %s [%s]\n", name, scenario.description ? scenario.description : "",
		       scenario.types ? scenario.types : "cpu");
		err = print_results(results, name, diag);
	}
	scenario_fini(&scenario);
	free(file);
	return err;
}

/* A broken file hides no other; the first one is the reason of the exit status. */
static int print_scenarios(const struct text_list *directories, const char *results,
                           const struct text_list *names, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < names->n_texts; i++) {
		struct diag why = {0};
		int broken = print_scenario(directories, results, names->texts[i], &why);

		if (!broken)
			continue;
		printf("%-20s %s\n", names->texts[i], why.text);
		if (!err)
			*diag = why;
		err = broken;
	}
	return err;
}

int list_verb(const struct command_line *line, struct diag *diag)
{
	struct text_list directories = {0};
	struct text_list names = {0};
	char *results;
	int err = 0;

	if (line->n_words) {
		diag_fail(diag, EINVAL, "list takes no operands, such as '%s'", line->words[0]);
		return STATUS_OWN_FAILURE;
	}
	results = request_results_dir(line->common);
	request_scenario_dirs(line->common, &directories);
	scenario_list(&directories, &names);
	if (!names.n_texts)
		fputs("profile-scenario: no scenario files in ./scenarios; --scenarios DIR names "
		      "another place\n",
		      stderr);
	err = print_scenarios(&directories, results, &names, diag);
	if (!err && fflush(stdout))
		err = diag_fail(diag, errno, "cannot write to stdout: %s", strerror(errno));
	text_list_fini(&names);
	text_list_fini(&directories);
	free(results);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}
