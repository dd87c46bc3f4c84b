/* Forms, recognises and orders the names of runs. */
#include "core/results/run_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0 stands for any digit. */
static const char template[] = "00000000T000000.000Z";

void run_id_format(char id[RUN_ID_SIZE], struct timespec started, unsigned number)
{
	char seconds[24] = "";
	char suffix[12] = "";
	struct tm utc;

	if (gmtime_r(&started.tv_sec, &utc))
		strftime(seconds, sizeof(seconds), "%Y%m%dT%H%M%S", &utc);
	if (number > 1)
		snprintf(suffix, sizeof(suffix), "-%u", number);
	snprintf(id, RUN_ID_SIZE, "%s.%03dZ%s", seconds, (int)(started.tv_nsec / 1000000 % 1000),
	         suffix);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "-2" and up, without leading zeros, as run_id_format() writes it. */
static bool is_suffix(const char *text)
{
	size_t digits;

	if (*text != '-' || text[1] == '0' || strcmp(text, "-1") == 0)
		return false;
	digits = strspn(text + 1, "0123456789");
	return digits >= 1 && digits <= 9 && !text[1 + digits];
}

bool run_id_is_valid(const char *text)
{
	for (size_t i = 0; i < sizeof(template) - 1; i++) {
		if (template[i] == '0' ? !is_digit(text[i]) : text[i] != template[i])
			return false;
	}
	return !text[sizeof(template) - 1] || is_suffix(text + sizeof(template) - 1);
}

static unsigned long number_of(const char *id)
{
	return id[sizeof(template) - 1] ? strtoul(id + sizeof(template), NULL, 10) : 1;
}

int run_id_compare(const char *a, const char *b)
{
	int order = memcmp(a, b, sizeof(template) - 1);

	if (order)
		return order;
	return (number_of(a) > number_of(b)) - (number_of(a) < number_of(b));
}
