/* Writes counts and sizes for people. */
#include "core/number_text.h"

#include "core/alloc.h"

#include <inttypes.h>
#include <stdio.h>

struct size_text size_text_of(uint64_t bytes)
{
	static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
	struct size_text size;
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(size.text, sizeof(size.text), "%.*f %s",
	         !unit || value >= 100 ? 0
	         : value >= 10         ? 1
	                               : 2,
	         value, units[unit]);
	return size;
}

struct count_text count_text_of(uint64_t count)
{
	struct count_text result = {""};
	char digits[24];
	size_t n = 0;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			result.text[n++] = ',';
		result.text[n++] = digits[i];
	}
	return result;
}

struct counted_text counted_text_of(uint64_t count, const char *noun)
{
	struct counted_text result;

	snprintf(result.text, sizeof(result.text), "%s %s%s", count_text_of(count).text, noun,
	         count == 1 ? "" : "s");
	return result;
}

double share_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}
