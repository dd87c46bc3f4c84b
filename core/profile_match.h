/* Finds the functions of a profile that a user names. */
#ifndef CORE_PROFILE_MATCH_H
#define CORE_PROFILE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

struct diag;
struct profile;

/* Whether the frame is one of the function (function_matches()); only what has a name is. */
bool profile_frame_matches(const struct profile *profile, uint32_t frame, const char *pattern);

/* 0, or -ENOENT when no frame is one of such a function; the sentence has the nearest name. */
int profile_check_function(const struct profile *profile, const char *pattern, struct diag *diag);

#endif
