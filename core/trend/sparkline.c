/* Draws a series in one line. */
#include "core/trend/sparkline.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/stats/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <string.h>

#define HEIGHTS 8

static const char *const blocks[HEIGHTS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const ascii[HEIGHTS] = {"_", ".", ":", "-", "=", "+", "*", "#"};

size_t sparkline_group(size_t i, size_t n_groups, size_t n)
{
	return i * n / n_groups;
}

static size_t height_of(double value, double lowest, double highest)
{
	double part = (value - lowest) / (highest - lowest);
	size_t height;

	if (!(highest > lowest))
		return HEIGHTS / 2 - 1;
	height = (size_t)(part * HEIGHTS);
	return height < HEIGHTS ? height : HEIGHTS - 1;
}

char *sparkline_text(const double *values, size_t n, size_t width, bool utf8)
{
	size_t n_bars = n < width ? n : width, size;
	double *bars = xcalloc(n_bars + 1, sizeof(*bars)), lowest, highest;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	BUG(!out);
	for (size_t i = 0; i < n_bars; i++) {
		size_t from = sparkline_group(i, n_bars, n);

		bars[i] = describe_median(values + from, sparkline_group(i + 1, n_bars, n) - from);
	}
	lowest = highest = bars[0];
	for (size_t i = 1; i < n_bars; i++) {
		lowest = bars[i] < lowest ? bars[i] : lowest;
		highest = bars[i] > highest ? bars[i] : highest;
	}
	for (size_t i = 0; i < n_bars; i++)
		fputs((utf8 ? blocks : ascii)[height_of(bars[i], lowest, highest)], out);
	fclose(out);
	free(bars);
	return text;
}

bool sparkline_locale_is_utf8(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *locale = getenv(variables[i]);

		if (locale && *locale)
			return strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8");
	}
	return false;
}
