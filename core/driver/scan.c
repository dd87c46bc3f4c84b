/* Fills scanned variables into copies of the command line. */
#include "core/driver/scan.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/growth/placeholder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Options whose texts may hold placeholders, beside the words of the command. */
static const size_t filled_options[] = {
    offsetof(struct run_options, prepare), offsetof(struct run_options, cleanup),
    offsetof(struct run_options, ready),   offsetof(struct run_options, load),
    offsetof(struct run_options, cpus),    offsetof(struct run_options, repeat_output),
};

static char **option_text(struct run_options *options, size_t i)
{
	return (char **)((char *)options + filled_options[i]);
}

bool scan_is_asked(const struct command_line *line)
{
	const struct run_options *common = line->common;

	return common->parameter_scans.n_texts || common->parameter_lists.n_texts ||
	       common->parameter_step || common->parameter_doubles;
}

int scan_plan_of(struct scan_plan *plan, const struct command_line *line, struct diag *diag)
{
	const struct run_options *common = line->common;

	return scan_plan_make(plan,
	                      &(struct scan_words){.ranges = &common->parameter_scans,
	                                           .step = common->parameter_step,
	                                           .doubles = common->parameter_doubles,
	                                           .lists = &common->parameter_lists},
	                      diag);
}

/* The values as NAME=VALUE, and as --parameter gives them: what is typed counts last. */
static void add_values(struct scan_point *point, const struct command_line *line)
{
	const struct text_list *typed = &line->common->parameters;
	const struct scan_plan *plan = point->plan;

	point->common.parameters = (struct text_list){0};
	for (size_t i = 0; i < typed->n_texts; i++)
		text_list_add(&point->common.parameters, typed->texts[i]);
	for (size_t i = 0; i < plan->n_variables; i++) {
		char *text = xasprintf("%s=%s", plan->variables[i].name,
		                       scan_plan_value(plan, point->number, i));

		text_list_add(&point->values, text);
		free(text);
	}
}

static void fill(struct scan_point *point, const struct command_line *line)
{
	point->words = xcalloc(line->n_words + 1, sizeof(*point->words));
	for (size_t i = 0; i < line->n_words; i++)
		point->words[i] =
		    placeholders_fill(line->words[i], &point->values, point->is_placed);
	for (size_t i = 0; i < ARRAY_SIZE(filled_options); i++)
		*option_text(&point->common, i) = placeholders_fill(
		    *option_text(line->common, i), &point->values, point->is_placed);
}

static int check_variables(const struct scan_point *point, const struct command_line *line,
                           struct diag *diag)
{
	const struct text_list *typed = &line->common->parameters;
	int err = 0;

	for (size_t i = 0; !err && i < point->plan->n_variables; i++) {
		const char *name = point->plan->variables[i].name;
		size_t len = strlen(name);

		for (size_t j = 0; !err && j < typed->n_texts; j++)
			if (!strncmp(typed->texts[j], name, len) && typed->texts[j][len] == '=')
				err = diag_fail(diag, EINVAL,
				                "'%s' is scanned and given by --parameter, too; "
				                "leave one of the two out",
				                name);
	}
	return err;
}

int scan_point_init(struct scan_point *point, const struct command_line *line,
                    const struct scan_plan *plan, size_t number, struct diag *diag)
{
	*point = (struct scan_point){
	    .number = number, .plan = plan, .typed = line, .line = *line, .common = *line->common};
	point->is_placed = xcalloc(plan->n_variables + 1, sizeof(*point->is_placed));
	add_values(point, line);
	fill(point, line);
	point->line.common = &point->common;
	point->line.words = point->words;
	point->line.point = point;
	return check_variables(point, line, diag);
}

void scan_point_fini(struct scan_point *point)
{
	for (size_t i = 0; point->words && i < point->line.n_words; i++)
		free(point->words[i]);
	free(point->words);
	for (size_t i = 0; i < ARRAY_SIZE(filled_options); i++)
		free(*option_text(&point->common, i));
	text_list_fini(&point->common.parameters);
	text_list_fini(&point->values);
	free(point->is_placed);
}

int scan_refuse_unused(const struct command_line *line, const char *name, struct diag *diag)
{
	struct text_list names = {0};
	const char *near;
	int err;

	for (size_t i = 0; i < line->n_words; i++)
		placeholders_list(line->words[i], &names);
	near = names.n_texts ? nearest_word(name, (const char *const *)names.texts) : NULL;
	if (near)
		err = diag_fail(diag, EINVAL,
		                "'%s' is scanned, but the command has no {%s}; did you mean '%s'?",
		                name, name, near);
	else
		err = diag_fail(diag, EINVAL,
		                "'%s' is scanned, but used nowhere: write {%s} in the command",
		                name, name);
	text_list_fini(&names);
	return err;
}
