/* run.json's "quality" (CONTRACT 4): what every collector of stacks fills in alike. */
#ifndef CORE_QUALITY_H
#define CORE_QUALITY_H

#include "core/profile.h"

#include <jansson.h>
#include <stdint.h>

struct recording;
struct symbolizer;

/* Adds a sentence to "notes". */
void quality_add_note(json_t *quality, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets "unresolved_percent" and "unresolved_by_object" (object -> how much) by the values of the
 * profile's first type whose profile_stack_site() has no name, and notes the remedy for each object
 * that matters. The recording is the one that the profile was made of by the symbolizer. Returns
 * how much has no name; *remedy (may be NULL) is the sentence for the object with most of it, or
 * NULL, and lives as long as the symbolizer. */
uint64_t quality_add_unresolved(json_t *quality, const struct profile *profile,
                                frame_filter *passes_on, const struct recording *recording,
                                struct symbolizer *symbolizer, const char **remedy);

#endif
