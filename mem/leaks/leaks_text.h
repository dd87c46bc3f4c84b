/* Writes leaks.txt: memcheck's text, line for line, of one process after the other. */
#ifndef MEM_LEAKS_LEAKS_TEXT_H
#define MEM_LEAKS_LEAKS_TEXT_H

#include <stdio.h>

struct leak_document;

/* What has no room is counted in the last lines: smaller loss records, then processes with the
 * least lost. */
void leaks_text_write(const struct leak_document *document, FILE *out);

#endif
