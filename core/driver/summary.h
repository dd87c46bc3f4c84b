/* What a run prints on stderr (CONTRACT 6).
 *
 * The text is kept in run.json's "summary", so that `show` prints the same again.
 */
#ifndef CORE_DRIVER_SUMMARY_H
#define CORE_DRIVER_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

struct result;

/* {"headline", "table": [...], "page", "next"}: what summary_print() needs beside the manifest. New
 * reference. */
json_t *summary_to_json(const struct result *result);

/* At most 12 lines. `path` is the run's directory as the user would type it. */
void summary_print(json_t *manifest, const char *path, FILE *out);

#endif
