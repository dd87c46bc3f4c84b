/* A text in a CSV file (RFC 4180): names and commands may hold anything. */
#ifndef CORE_CSV_FIELD_H
#define CORE_CSV_FIELD_H

#include <stdio.h>

/* On one line (line_text()), quoted where it must be. Leaves checking the stream to who opened it.
 */
void csv_field_write(FILE *out, const char *text);

#endif
