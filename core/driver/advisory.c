/* Reads what is advisory from where users say it. */
#include "core/driver/advisory.h"

#include "core/driver/judge_setting.h"
#include "core/driver/request.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/scenario.h"

#include <stdlib.h>
#include <string.h>

/* Several globs may stand in one line. */
static void add_globs(const char *value, struct text_list *globs)
{
	char *copy = xstrdup(value);
	char *rest = NULL;

	for (char *glob = strtok_r(copy, " \t", &rest); glob; glob = strtok_r(NULL, " \t", &rest))
		text_list_add(globs, glob);
	free(copy);
}

static int read_file(const char *file, struct text_list *globs, struct diag *diag)
{
	struct scenario scenario = {0};
	int err = scenario_read(&scenario, file, judge_setting, diag);

	for (size_t i = 0; !err && i < scenario.n_settings; i++) {
		const struct setting *setting = &scenario.settings[i];

		if (!strcmp(setting->section, "gate") && !strcmp(setting->key, "advisory"))
			add_globs(setting->value, globs);
	}
	scenario_fini(&scenario);
	return err;
}

int advisory_gather(const struct run_options *options, const char *scenario,
                    struct text_list *globs, struct diag *diag)
{
	struct text_list directories = {0};
	char *file = NULL;
	int err = 0;

	for (size_t i = 0; i < options->advisory.n_texts; i++)
		text_list_add(globs, options->advisory.texts[i]);
	request_scenario_dirs(options, &directories);
	if (!scenario_find(&directories, scenario, &file))
		err = read_file(file, globs, diag);
	free(file);
	text_list_fini(&directories);
	return err;
}
