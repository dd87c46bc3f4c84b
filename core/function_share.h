/* The share of a profile that a function has which a user names (CONTRACT 5: cpu.self_percent(F)).
 */
#ifndef CORE_FUNCTION_SHARE_H
#define CORE_FUNCTION_SHARE_H

#include <stddef.h>
#include <stdint.h>

struct diag;
struct profile;
struct recording;
struct symbolizer;

struct function_share {
	double self_percent;  /* of the value sampled in the function itself */
	double total_percent; /* in what it called, too; recursion counts once */
};

/* Where to look for functions that were not sampled. */
struct function_places {
	const struct recording *recording; /* its objects, ... */
	const char *program;               /* ... and this file; NULL: none */
	struct symbolizer *symbolizer;
};

/* All functions that the pattern matches (function_matches()) count. One that the program, what it
 * has loaded, or the kernel is known to have, and that no sample is in, has 0. -ENOENT: none of
 * them has one; the sentence has the nearest name, or why names are missing. */
int function_share(const struct profile *profile, size_t type, const struct function_places *places,
                   const char *pattern, struct function_share *share, struct diag *diag);

#endif
