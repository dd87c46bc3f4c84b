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

/* What keeps a profile from being believed, in percent of its samples: the lost ones of those there
 * should have been, the others of those there are. */
enum quality_flaw {
	QUALITY_LOST,
	QUALITY_TRUNCATED,  /* the stack ends before its outermost frame */
	QUALITY_UNRESOLVED, /* the innermost frame has no name */
	QUALITY_N_FLAWS,
};

/* Sets "NAME_percent", and under "remedies" what makes it smaller (NULL: nothing to say; nor is
 * there at 0). A flaw that was not looked for is not set. */
void quality_set_flaw(json_t *quality, enum quality_flaw flaw, double percent, const char *remedy);
/* Sets "samples", "lost_samples" and QUALITY_LOST. */
void quality_set_samples(json_t *quality, uint64_t n_samples, uint64_t n_lost, const char *remedy);
/* Sets "completed_percent": stacks with frames that were read from the target's memory. No flaw. */
void quality_set_completed(json_t *quality, double percent);

/* All that is set in one line: "lost 12 (1.1 %), truncated 0.2 %, unresolved 0.1 %, completed 3.1
 * %; no names in libx.so". The caller frees it. */
char *quality_text(const json_t *quality);

/* For a report: objects with what has no name in them, then the notes, a line each. NULL: there is
 * nothing to say. The caller frees it. */
char *quality_lines(const json_t *quality);

/* NULL when 100 less all flaws is `least_percent` or more. Else, or when no flaw was looked for,
 * the sentence that says so, which flaw is the largest, and what helps; the caller frees it. */
char *quality_judge(const json_t *quality, double least_percent);

/* Sets QUALITY_UNRESOLVED and "unresolved_by_object" (object -> how much) by the values of the
 * profile's first type whose profile_stack_site() has no name, and notes the remedy for each object
 * that matters. The recording is the one that the profile was made of by the symbolizer. Returns
 * how much has no name; *remedy (may be NULL) is the sentence for the object with most of it, or
 * NULL, and lives as long as the symbolizer. */
uint64_t quality_add_unresolved(json_t *quality, const struct profile *profile,
                                frame_filter *passes_on, const struct recording *recording,
                                struct symbolizer *symbolizer, const char **remedy);

#endif
