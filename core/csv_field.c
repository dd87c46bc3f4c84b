/* Quotes a text for a CSV file. */
#include "core/csv_field.h"

#include "core/line_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* As most are. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f || *text == ',' || *text == '"')
			return false;
	return true;
}

void csv_field_write(FILE *out, const char *text)
{
	char *line;
	bool is_quoted;

	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	line = line_text(text);
	is_quoted = strpbrk(line, ",\"") != NULL;
	if (is_quoted)
		fputc('"', out);
	for (const char *c = line; *c; c++)
		fprintf(out, *c == '"' ? "\"\"" : "%c", *c);
	if (is_quoted)
		fputc('"', out);
	free(line);
}
