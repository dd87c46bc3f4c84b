/* Gathers the values of ${NAME} and refuses names that a scenario does not know. */
#include "core/driver/parameters.h"

#include "core/driver/own_directory.h"
#include "core/driver/private_dir.h"
#include "core/driver/request.h"
#include "core/driver/scan.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Does any value of the file hold ${NAME}? */
static bool mentions(const struct scenario *scenario, const char *name)
{
	char *reference = xasprintf("${%s}", name);
	bool found = false;

	for (size_t i = 0; !found && i < scenario->n_settings; i++)
		found = strstr(scenario->settings[i].value, reference);
	free(reference);
	return found;
}

static int unknown_parameter(const struct scenario *scenario, const char *name, struct diag *diag)
{
	const char **known = xcalloc(scenario->n_settings + 1, sizeof(*known));
	const char *near;
	size_t n_known = 0;

	for (size_t i = 0; i < scenario->n_settings; i++)
		if (!strcmp(scenario->settings[i].section, "parameters"))
			known[n_known++] = scenario->settings[i].key;
	near = nearest_word(name, known);
	if (near)
		diag_fail(diag, EINVAL, "%s has no parameter '%s'; did you mean '%s'?",
		          scenario->file, name, near);
	else
		diag_fail(diag, EINVAL, "%s has no parameter '%s'", scenario->file, name);
	free(known);
	return -EINVAL;
}

/* Does the scenario file give or use the name? */
static bool is_known(const struct scenario *scenario, const char *name)
{
	bool known = mentions(scenario, name);

	for (size_t i = 0; !known && i < scenario->n_settings; i++)
		known = !strcmp(scenario->settings[i].section, "parameters") &&
		        !strcmp(scenario->settings[i].key, name);
	return known;
}

/* NAME=VALUE, and a name that the scenario file, where there is one, knows. */
static int check_parameter(const struct scenario *scenario, const char *text, struct diag *diag)
{
	size_t len = strcspn(text, "=");
	char *name;
	int err = 0;

	if (!len || !text[len])
		return diag_fail(diag, EINVAL, "--parameter takes NAME=VALUE, not '%s'", text);
	name = xstrndup(text, len);
	if (scenario->file && !is_known(scenario, name))
		err = unknown_parameter(scenario, name, diag);
	free(name);
	return err;
}

/* A variable of a scan stands in what was typed, or the scenario file knows it. */
static int check_scanned(const struct request *request, struct diag *diag)
{
	const struct scan_point *point = request->line->point;
	const struct scenario *scenario = &request->scenario;
	int err = 0;

	for (size_t i = 0; point && !err && i < point->plan->n_variables; i++) {
		const char *name = point->plan->variables[i].name;

		if (point->is_placed[i] || is_known(scenario, name))
			continue;
		err = scenario->file ? unknown_parameter(scenario, name, diag)
		                     : scan_refuse_unused(point->typed, name, diag);
	}
	return err;
}

static int check_parameters(const struct request *request, struct diag *diag)
{
	const struct text_list *typed = &request->line->common->parameters;
	int err = 0;

	for (size_t i = 0; !err && i < typed->n_texts; i++)
		err = check_parameter(&request->scenario, typed->texts[i], diag);
	return err ? err : check_scanned(request, diag);
}

static void add_values(struct request *request)
{
	const struct scan_point *point = request->line->point;
	const struct text_list none = {0};
	const struct text_list *lists[] = {&request->scenario.parameters,
	                                   &request->line->common->parameters,
	                                   point ? &point->values : &none};
	char *own = own_directory();
	char *workloads = xasprintf("workloads=%s/workloads", own);

	text_list_add(&request->parameters, workloads);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->n_texts; j++)
			text_list_add(&request->parameters, lists[i]->texts[j]);
	free(workloads);
	free(own);
}

/* ${scratch}: a directory of the target's, made only where the scenario asks for it. */
static int add_scratch(struct request *request, struct diag *diag)
{
	const char *typed = request->line->common->user;
	char *parameter;
	int err;

	if (!mentions(&request->scenario, "scratch"))
		return 0;
	err = private_dir_make(&request->scratch, typed ? typed : request->scenario.user, diag);
	if (err)
		return err;
	parameter = xasprintf("scratch=%s", request->scratch);
	text_list_add(&request->parameters, parameter);
	free(parameter);
	return 0;
}

int parameters_gather(struct request *request, struct diag *diag)
{
	int err = check_parameters(request, diag);

	if (err)
		return err;
	add_values(request);
	return add_scratch(request, diag);
}

/* Is it ${workloads} or ${scratch}, or is there a later value of the same name? */
static bool is_passed_over(const struct text_list *parameters, size_t i)
{
	size_t len = strcspn(parameters->texts[i], "=") + 1;

	if (!strncmp(parameters->texts[i], "workloads=", len) ||
	    !strncmp(parameters->texts[i], "scratch=", len))
		return true;
	for (size_t j = i + 1; j < parameters->n_texts; j++)
		if (!strncmp(parameters->texts[j], parameters->texts[i], len))
			return true;
	return false;
}

void parameters_of_user(const struct request *request, struct text_list *parameters)
{
	for (size_t i = 0; i < request->parameters.n_texts; i++)
		if (!is_passed_over(&request->parameters, i))
			text_list_add(parameters, request->parameters.texts[i]);
}
