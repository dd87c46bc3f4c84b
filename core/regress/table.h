/* The result of a sweep for people: a table of text, and the same in Markdown.
 */
#ifndef CORE_REGRESS_TABLE_H
#define CORE_REGRESS_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct regress_row;

/* A line a row, then why for each that is not well, then the counts. */
void regress_table_write(const struct regress_row *rows, size_t n_rows, FILE *out);

/* For a merge request: `title` is its heading. GitHub's and GitLab's tables. */
void regress_markdown_write(const char *title, const struct regress_row *rows, size_t n_rows,
                            FILE *out);

#endif
