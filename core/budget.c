/* Reads budgets, and what their units stand for. */
#include "core/budget.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/metrics.h"
#include "core/words.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A sign goes before those that it begins with. */
static const struct {
	const char *sign;
	enum gate_comparison comparison;
} signs[] = {
    {"<=", GATE_AT_MOST}, {">=", GATE_AT_LEAST}, {"==", GATE_EQUAL},
    {"<", GATE_BELOW},    {">", GATE_ABOVE},
};

/* One row a unit: the metrics' unit that it is of ("": of those that have no other), and what it
 * multiplies by. */
static const struct {
	const char *of;
	const char *unit;
	double factor;
} units[] = {
    {"ns", "ns", 1},
    {"ns", "us", 1e3},
    {"ns", "ms", 1e6},
    {"ns", "s", 1e9},
    {"bytes", "B", 1},
    {"bytes", "KiB", 1024},
    {"bytes", "MiB", 1024 * 1024},
    {"bytes", "GiB", 1024.0 * 1024 * 1024},
    {"bytes", "kB", 1e3},
    {"bytes", "MB", 1e6},
    {"bytes", "GB", 1e9},
    {"percent", "%", 1},
    {"", "k", 1e3},
    {"", "M", 1e6},
    {"", "G", 1e9},
};

/* Where the last sign outside brackets begins, and which it is; NULL: there is none. `*depth` is
 * that of the brackets at the end. */
static const char *find_sign(const char *text, size_t *sign, int *depth)
{
	const char *found = NULL;

	*depth = 0;
	for (const char *at = text; *at; at++) {
		*depth += (*at == '(') - (*at == ')');
		for (size_t i = 0; *depth == 0 && i < ARRAY_SIZE(signs); i++) {
			size_t len = strlen(signs[i].sign);

			if (strncmp(at, signs[i].sign, len) != 0)
				continue;
			found = at;
			*sign = i;
			at += len - 1;
			break;
		}
	}
	return found;
}

static char *trimmed(const char *text, size_t len)
{
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return xstrndup(text, len);
}

/* "1.5e3 ms" as a number and a unit. strtod(3) alone would take words and hexadecimal digits. */
static int read_value(struct budget *budget, const char *text, struct diag *diag)
{
	char *value = trimmed(text, strlen(text));
	char *end;
	int err = 0;

	budget->number = strtod(value, &end);
	if (end == value || !isfinite(budget->number) ||
	    strspn(value, "0123456789.eE+-") < (size_t)(end - value))
		err = diag_fail(diag, EINVAL,
		                "'%s' is no number; a limit is one such as 20 or 1.5 ms", value);
	else
		budget->unit = trimmed(end, strlen(end));
	free(value);
	return err;
}

static int no_sign(const char *text, int depth, struct diag *diag)
{
	if (depth)
		return diag_fail(diag, EINVAL, "a bracket of '%s' is not closed, or closed twice",
		                 text);
	return diag_fail(diag, EINVAL,
	                 "'%s' is no budget: METRIC OP VALUE is expected, such as io.calls <= 20; "
	                 "OP is one of <= >= < > ==",
	                 text);
}

int budget_parse(struct budget *budget, const char *text, struct diag *diag)
{
	size_t sign, len;
	int depth, err;
	const char *at = find_sign(text, &sign, &depth);

	*budget = (struct budget){0};
	if (!at || depth)
		return no_sign(text, depth, diag);
	budget->metric = trimmed(text, (size_t)(at - text));
	budget->comparison = signs[sign].comparison;
	len = strlen(budget->metric);
	/* "=<" is none. */
	if (!len || strchr("=<>", budget->metric[len - 1]))
		err = no_sign(text, depth, diag);
	else
		err = read_value(budget, at + strlen(signs[sign].sign), diag);
	if (err)
		budget_fini(budget);
	return err;
}

void budget_fini(struct budget *budget)
{
	free(budget->metric);
	free(budget->unit);
	*budget = (struct budget){0};
}

/* The key of a metric's unit in the table. */
static const char *unit_class(const char *unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].of, unit))
			return units[i].of;
	return "";
}

static int refuse_unit(const struct budget *budget, const char *class, struct diag *diag)
{
	const char *known[ARRAY_SIZE(units) + 1] = {0};
	size_t n = 0;
	char *all;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].of, class))
			known[n++] = units[i].unit;
	all = words_list(known);
	err = diag_fail(diag, EINVAL, "'%s' is no unit of %s, which takes %s", budget->unit,
	                budget->metric, all);
	free(all);
	return err;
}

int budget_factor(const struct budget *budget, const struct metric_row *row, double *factor,
                  struct diag *diag)
{
	const char *class = unit_class(row->unit);

	*factor = 1;
	if (!*budget->unit)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].of, class) && !strcmp(units[i].unit, budget->unit)) {
			*factor = units[i].factor;
			return 0;
		}
	return refuse_unit(budget, class, diag);
}

char *budget_function(const char *metric)
{
	const char *open = strchr(metric, '(');
	size_t len = open ? strlen(open) : 0;

	return len >= 2 && open[len - 1] == ')' ? trimmed(open + 1, len - 2) : NULL;
}
