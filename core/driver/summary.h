/* What a run prints on stderr (CONTRACT 6).
 *
 * The text is kept in run.json's "summary", so that `show` prints the same again.
 */
#ifndef CORE_DRIVER_SUMMARY_H
#define CORE_DRIVER_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

struct result;

enum { SUMMARY_LINES = 12 }; /* CONTRACT 6 */

/* {"headline", "table": [...], "page", "next"}: what summary_print() needs beside the manifest. New
 * reference. */
json_t *summary_to_json(const struct result *result);

/* "syn-1k/cpu  OK", without the end of the line. */
void summary_print_verdict(json_t *manifest, FILE *out);

/* The verdict with the headline: one line. */
void summary_print_headline(json_t *manifest, FILE *out);

/* At most `max_lines` lines, of which the table gives up what does not fit; 12 show all. `path` is
 * the run's directory as the user would type it. */
void summary_print(json_t *manifest, const char *path, unsigned max_lines, FILE *out);

#endif
