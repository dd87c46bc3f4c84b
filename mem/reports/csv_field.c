/* Quotes a text for a CSV file. */
#include "mem/reports/csv_field.h"

#include "core/line_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void csv_field_write(FILE *out, const char *text)
{
	char *line = line_text(text);
	bool is_quoted = strpbrk(line, ",\"") != NULL;

	if (is_quoted)
		fputc('"', out);
	for (const char *c = line; *c; c++)
		fprintf(out, *c == '"' ? "\"\"" : "%c", *c);
	if (is_quoted)
		fputc('"', out);
	free(line);
}
