/* A comparison as a document. The stream is the caller's to check for errors.
 */
#ifndef CORE_COMPARE_COMPARISON_WRITE_H
#define CORE_COMPARE_COMPARISON_WRITE_H

#include "core/compare/comparison.h"

#include <stdio.h>

/* `picture` is the path of the differential flame graph, or NULL. */

/* For a terminal: what moved, whole; of what stayed the same the names. */
void comparison_write_text(const struct comparison *comparison, const char *picture, FILE *out);
/* For a merge request (GitHub, GitLab): the same, the long parts folded away. */
void comparison_write_markdown(const struct comparison *comparison, const char *picture, FILE *out);
/* docs/formats.md, "compare --json". New reference. */
json_t *comparison_to_json(const struct comparison *comparison, const char *picture);

#endif
