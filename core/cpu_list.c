/* Reads lists of CPU numbers and ranges. */
#include "core/cpu_list.h"

#include "core/alloc.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char **text, int *number)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)**text)) /* strtol would take a sign and blanks */
		return false;
	value = strtol(*text, &end, 10);
	if (value >= CPU_NUMBER_LIMIT)
		return false;
	*number = (int)value;
	*text = end;
	return true;
}

/* "5" or "0-3" */
static bool parse_range(const char **text, int *first, int *last)
{
	if (!parse_number(text, first))
		return false;
	*last = *first;
	if (**text != '-')
		return true;
	++*text;
	return parse_number(text, last) && *first <= *last;
}

int cpu_list_parse(const char *text, int **cpus)
{
	size_t capacity = 0;
	int n_cpus = 0;
	int first, last;

	*cpus = NULL;
	do {
		if (!parse_range(&text, &first, &last) || n_cpus >= CPU_NUMBER_LIMIT)
			goto malformed;
		*cpus = array_reserve(*cpus, &capacity, (size_t)(n_cpus + last - first + 1),
		                      sizeof(**cpus));
		while (first <= last)
			(*cpus)[n_cpus++] = first++;
	} while (*text == ',' && text++);
	if (*text == '\n')
		text++;
	if (!*text)
		return n_cpus;
malformed:
	free(*cpus);
	*cpus = NULL;
	return -EINVAL;
}

char *cpu_list_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t line_bytes = 0;

	if (!file)
		return NULL;
	if (getline(&line, &line_bytes, file) < 0) {
		free(line);
		line = NULL;
	} else {
		line[strcspn(line, "\n")] = 0;
	}
	fclose(file);
	return line;
}
