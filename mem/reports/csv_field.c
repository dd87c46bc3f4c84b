/* Quotes a text for a CSV file. */
#include "mem/reports/csv_field.h"

#include <string.h>

void csv_field_write(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', out);
}
