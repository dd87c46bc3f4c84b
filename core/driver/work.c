/* Judges whether the work that a scenario file states is still that of the run. */
#include "core/driver/work.h"

#include "core/driver/repeat.h"
#include "core/driver/request.h"
#include "core/driver/scan.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/growth/scaling_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* As it stands in the file, with its ${NAME}. */
static const char *written_work(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->n_settings; i++)
		if (!strcmp(scenario->settings[i].section, "scenario") &&
		    !strcmp(scenario->settings[i].key, "work"))
			return scenario->settings[i].value;
	return "";
}

/* Is NAME=VALUE what the file says too, or is the name used in the work? */
static bool is_accounted_for(const struct scenario *scenario, const char *parameter)
{
	char *reference = xasprintf("${%.*s}", (int)strcspn(parameter, "="), parameter);
	bool known = strstr(written_work(scenario), reference);

	for (size_t i = 0; !known && i < scenario->parameters.n_texts; i++)
		known = !strcmp(scenario->parameters.texts[i], parameter);
	free(reference);
	return known;
}

/* A scanned value that changes what is done, or NULL. The number of workers does not: where each
 * has work of its own, the file says so. */
static const char *find_scanned_change(const struct request *request)
{
	const struct scan_point *point = request->line->point;

	for (size_t i = 0; point && i < point->values.n_texts; i++)
		if (!scaling_counts_workers(point->plan->variables[i].name) &&
		    !is_accounted_for(&request->scenario, point->values.texts[i]))
			return point->values.texts[i];
	return NULL;
}

/* What was typed that the file's number cannot know of, or NULL. The caller frees it. */
static char *find_change(const struct request *request)
{
	const struct command_line *line = request->line;
	const struct text_list *typed = &line->common->parameters;

	if (line->n_words)
		return xstrdup("the command line gives a command or arguments of its own");
	if (line->common->prepare)
		return xstrdup("the command line gives a --prepare of its own");
	for (size_t i = 0; i < typed->n_texts; i++)
		if (!is_accounted_for(&request->scenario, typed->texts[i]))
			return xasprintf("--parameter %s changes what work does not use",
			                 typed->texts[i]);
	if (find_scanned_change(request))
		return xasprintf("the scanned %s changes what work does not use",
		                 find_scanned_change(request));
	return NULL;
}

int work_gather(struct request *request, struct diag *diag)
{
	struct scenario *scenario = &request->scenario;
	int err = request_expand(request, &scenario->work, diag);
	char *change;

	if (err || !scenario->work)
		return err;
	request->work = strtod(scenario->work, NULL);
	if (!(request->work > 0))
		return diag_fail(diag, EINVAL, "work begins with a number above 0, not '%s'",
		                 scenario->work);
	change = find_change(request);
	if (change) {
		request->work = 0;
		request->work_unknown =
		    xasprintf("run.work_per_s is absent: %s, and the scenario's work is '%s'",
		              change, written_work(scenario));
	}
	free(change);
	return 0;
}

double work_done(const struct request *request, const struct repeat_result *end)
{
	int status = end->end.wait_status;
	bool is_whole = end->by == ENDED_BY_TARGET && !end->timed_out && WIFEXITED(status) &&
	                WEXITSTATUS(status) == (int)request->scenario.exit_code;

	return is_whole ? request->work : 0;
}
