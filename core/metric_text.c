/* Gives a number its unit. */
#include "core/metric_text.h"

#include "core/alloc.h"
#include "core/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Three digits, and more before the point. */
static struct metric_text digits(double value, const char *unit)
{
	double size = fabs(value);
	struct metric_text text;

	snprintf(text.text, sizeof(text.text), "%.*f%s%s",
	         size >= 99.95 || !size ? 0
	         : size >= 9.995        ? 1
	                                : 2,
	         value, *unit ? " " : "", unit);
	return text;
}

static struct metric_text time_text(double ns)
{
	static const struct {
		double ns;
		const char *name;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (fabs(ns) >= units[i].ns)
			return digits(ns / units[i].ns, units[i].name);
	return digits(ns, "ns");
}

static bool is_count(double value)
{
	return value >= 0 && value < 1e15 && (value >= 1000 || value == floor(value));
}

struct metric_text metric_text_of(double value, const char *unit)
{
	struct metric_text text = {"-"};

	if (isnan(value))
		return text;
	if (!strcmp(unit, "ns"))
		return time_text(value);
	if (!strcmp(unit, "percent"))
		return digits(value, "%");
	if (!is_count(value))
		return digits(value, !strcmp(unit, "1/s") ? "/s" : "");
	if (!strcmp(unit, "bytes"))
		snprintf(text.text, sizeof(text.text), "%s", size_text_of((uint64_t)value).text);
	else
		snprintf(text.text, sizeof(text.text), "%.26s%s",
		         count_text_of((uint64_t)llround(value)).text,
		         !strcmp(unit, "1/s") ? " /s" : "");
	return text;
}
