/* Writes leaks.txt: memcheck's text, line for line, of one process after the other. */
#ifndef MEM_LEAKS_LEAKS_TEXT_H
#define MEM_LEAKS_LEAKS_TEXT_H

#include <stdio.h>

struct leak_document;
struct leaks_text;

/* Chooses what has room in the file. The document, which is copied, may go; what it points to must
 * outlive the text. */
struct leaks_text *leaks_text_new(const struct leak_document *document);
void leaks_text_free(struct leaks_text *text); /* NULL is fine */

/* What has no room is counted in the last lines: loss records that are no errors before those that
 * are, the smaller first, and processes with the least lost. */
void leaks_text_write(const struct leaks_text *text, FILE *out);

/* The loss records without room, as a sentence; NULL: all have room. The caller frees it. */
char *leaks_text_left_out(const struct leaks_text *text);

#endif
