/* Reads ranges and lists, and counts through their product. */
#include "core/growth/scan_plan.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/growth/decimal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\n";

static bool is_name(const char *name)
{
	size_t len =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len && !name[len];
}

static const struct scan_variable *find_variable(const struct scan_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_variables; i++)
		if (!strcmp(plan->variables[i].name, name))
			return &plan->variables[i];
	return NULL;
}

/* Takes the name's text in any case. */
static int add_variable(struct scan_plan *plan, char *name, struct diag *diag)
{
	struct scan_variable *variable;
	int err = 0;

	if (!is_name(name))
		err = diag_fail(diag, EINVAL,
		                "'%s' is no name of a variable: letters, digits, '.', '_', '-'",
		                name);
	else if (find_variable(plan, name))
		err =
		    diag_fail(diag, EINVAL, "'%s' is scanned twice; give each variable once", name);
	if (err) {
		free(name);
		return err;
	}
	variable = ARRAY_APPEND(plan->variables, plan->n_variables, plan->capacity);
	variable->name = name;
	return 0;
}

static struct scan_variable *last_variable(struct scan_plan *plan)
{
	return &plan->variables[plan->n_variables - 1];
}

static int too_many(struct diag *diag)
{
	return diag_fail(diag, EINVAL,
	                 "a scan has %d runs at most, and this one more: a larger -D, --log or a "
	                 "shorter list makes fewer",
	                 SCAN_MAX_POINTS);
}

struct range {
	struct decimal min, max, step;
};

static int read_number(const char *text, const char *what, struct decimal *number,
                       struct diag *diag)
{
	if (decimal_read(text, number))
		return 0;
	return diag_fail(diag, EINVAL, "'%s' is no number of up to %d digits for %s", text,
	                 DECIMAL_MAX_DIGITS, what);
}

static int check_range(const struct range *range, bool doubles, struct diag *diag)
{
	struct decimal zero = {0};

	if (decimal_compare(range->min, range->max) > 0)
		return diag_fail(diag, EINVAL, "MIN %s is more than MAX %s; the smaller one first",
		                 decimal_text_of(range->min).text,
		                 decimal_text_of(range->max).text);
	if (doubles && decimal_compare(range->min, zero) <= 0)
		return diag_fail(diag, EINVAL,
		                 "--log doubles MIN, which has to be more than 0, not %s",
		                 decimal_text_of(range->min).text);
	if (!doubles && decimal_compare(range->step, zero) <= 0)
		return diag_fail(diag, EINVAL, "-D takes a step of more than 0, not %s",
		                 decimal_text_of(range->step).text);
	return 0;
}

static int read_step(struct range *range, const struct scan_words *words, struct diag *diag)
{
	range->step = (struct decimal){.units = 1};
	if (words->step && words->doubles)
		return diag_fail(diag, EINVAL,
		                 "-D and --log are two ways from MIN to MAX; give one of them");
	if (words->step)
		return read_number(words->step, "-D", &range->step, diag);
	if (!words->doubles && (range->min.n_decimals || range->max.n_decimals))
		return diag_fail(diag, EINVAL,
		                 "MIN or MAX has decimals: give the step with -D STEP, or --log");
	return 0;
}

static int add_values(struct text_list *values, const struct range *range, bool doubles,
                      struct diag *diag)
{
	struct decimal at = range->min, last = at;
	bool is_held = true;

	for (; is_held && decimal_compare(at, range->max) <= 0;
	     is_held = decimal_add(at, doubles ? at : range->step, &at)) {
		if (values->n_texts == SCAN_MAX_POINTS)
			return too_many(diag);
		text_list_add(values, decimal_text_of(at).text);
		last = at;
	}
	/* Doubling goes past most ends; a step that does is hyperfine's, too, and stops before. */
	if (doubles && decimal_compare(last, range->max) < 0)
		text_list_add(values, decimal_text_of(range->max).text);
	return 0;
}

static int add_range(struct scan_plan *plan, const struct scan_words *words, const char *text,
                     struct diag *diag)
{
	struct range range;
	char *copy = xstrdup(text), *rest = NULL;
	char *name = strtok_r(copy, blanks, &rest), *min = strtok_r(NULL, blanks, &rest);
	char *max = strtok_r(NULL, blanks, &rest);
	int err;

	if (!max || strtok_r(NULL, blanks, &rest))
		err = diag_fail(diag, EINVAL, "VAR MIN MAX are expected, not '%s'", text);
	else
		err = add_variable(plan, xstrdup(name), diag);
	if (!err)
		err = read_number(min, "MIN", &range.min, diag);
	if (!err)
		err = read_number(max, "MAX", &range.max, diag);
	if (!err)
		err = read_step(&range, words, diag);
	if (!err)
		err = check_range(&range, words->doubles, diag);
	if (!err)
		err = add_values(&last_variable(plan)->values, &range, words->doubles, diag);
	if (err)
		diag_prefix(diag, "--parameter-scan");
	free(copy);
	return err;
}

static int add_list_values(struct text_list *values, const char *text, struct diag *diag)
{
	while (true) {
		size_t len = strcspn(text, ",");
		char *value = xstrndup(text, len);

		text_list_add(values, value);
		free(value);
		if (values->n_texts > SCAN_MAX_POINTS)
			return too_many(diag);
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int add_list(struct scan_plan *plan, const char *text, struct diag *diag)
{
	size_t name_len = strcspn(text, blanks);
	const char *values = text + name_len + strspn(text + name_len, blanks);
	int err;

	if (!*values)
		err = diag_fail(diag, EINVAL, "VAR a,b,c are expected, not '%s'", text);
	else
		err = add_variable(plan, xstrndup(text, name_len), diag);
	if (!err)
		err = add_list_values(&last_variable(plan)->values, values, diag);
	if (err)
		diag_prefix(diag, "--parameter-list");
	return err;
}

static void read_numbers(struct scan_variable *variable)
{
	struct decimal number;

	variable->numbers = xcalloc(variable->values.n_texts, sizeof(*variable->numbers));
	for (size_t i = 0; i < variable->values.n_texts; i++) {
		if (!decimal_read(variable->values.texts[i], &number)) {
			free(variable->numbers);
			variable->numbers = NULL;
			return;
		}
		variable->numbers[i] = decimal_value(number);
	}
}

static int count_points(struct scan_plan *plan, struct diag *diag)
{
	plan->n_points = 1;
	for (size_t i = 0; i < plan->n_variables; i++) {
		plan->n_points *= plan->variables[i].values.n_texts;
		if (plan->n_points > SCAN_MAX_POINTS)
			return too_many(diag);
	}
	return 0;
}

int scan_plan_make(struct scan_plan *plan, const struct scan_words *words, struct diag *diag)
{
	int err = 0;

	*plan = (struct scan_plan){0};
	if (words->ranges->n_texts > 1)
		err = diag_fail(diag, EINVAL,
		                "one --parameter-scan at a time; give the other variable's values "
		                "with --parameter-list");
	else if (!words->ranges->n_texts && (words->step || words->doubles))
		err = diag_fail(diag, EINVAL, "%s belongs to --parameter-scan VAR MIN MAX",
		                words->step ? "-D" : "--log");
	for (size_t i = 0; !err && i < words->ranges->n_texts; i++)
		err = add_range(plan, words, words->ranges->texts[i], diag);
	for (size_t i = 0; !err && i < words->lists->n_texts; i++)
		err = add_list(plan, words->lists->texts[i], diag);
	if (!err)
		err = count_points(plan, diag);
	for (size_t i = 0; !err && i < plan->n_variables; i++)
		read_numbers(&plan->variables[i]);
	return err;
}

void scan_plan_fini(struct scan_plan *plan)
{
	for (size_t i = 0; i < plan->n_variables; i++) {
		free(plan->variables[i].name);
		free(plan->variables[i].numbers);
		text_list_fini(&plan->variables[i].values);
	}
	free(plan->variables);
	*plan = (struct scan_plan){0};
}

size_t scan_plan_index(const struct scan_plan *plan, size_t point, size_t variable)
{
	for (size_t i = plan->n_variables - 1; i > variable; i--)
		point /= plan->variables[i].values.n_texts;
	return point % plan->variables[variable].values.n_texts;
}

const char *scan_plan_value(const struct scan_plan *plan, size_t point, size_t variable)
{
	return plan->variables[variable].values.texts[scan_plan_index(plan, point, variable)];
}

static bool is_repeated(const struct scan_variable *variable)
{
	for (size_t i = 1; i < variable->values.n_texts; i++)
		for (size_t j = 0; j < i; j++)
			if (variable->numbers[i] == variable->numbers[j])
				return true;
	return false;
}

int scan_plan_sized_by(const struct scan_plan *plan)
{
	for (size_t i = 0; i < plan->n_variables; i++)
		if (plan->variables[i].numbers && !is_repeated(&plan->variables[i]))
			return (int)i;
	return -1;
}

char *scan_plan_label(const struct scan_plan *plan, size_t point, int but)
{
	char *text = NULL;
	size_t len_bytes;
	FILE *stream = open_memstream(&text, &len_bytes);
	const char *blank = "";

	BUG(!stream);
	for (size_t i = 0; i < plan->n_variables; i++) {
		if ((int)i == but)
			continue;
		fprintf(stream, "%s%s=%s", blank, plan->variables[i].name,
		        scan_plan_value(plan, point, i));
		blank = " ";
	}
	fclose(stream);
	return text;
}
