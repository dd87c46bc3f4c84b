/* Matches frames by name, and proposes the name that was meant. */
#include "core/profile_match.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/function_match.h"
#include "core/options.h"
#include "core/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The folded name without its mark; the caller frees it. NULL: it has no name. */
static char *plain_name(const struct profile *profile, uint32_t frame)
{
	enum frame_kind kind = profile_frame(profile, frame)->kind;
	const char *folded = profile_folded_name(profile, frame);

	if (kind == FRAME_UNRESOLVED || kind == FRAME_FAILED)
		return NULL;
	return xstrndup(folded, strlen(folded) - strlen(frame_kind_mark(kind)));
}

bool profile_frame_matches(const struct profile *profile, uint32_t frame, const char *pattern)
{
	char *name = plain_name(profile, frame);
	bool matches = name && function_matches(pattern, name);

	free(name);
	return matches;
}

/* The caller frees it. NULL: none is near. */
static char *nearest_function(const struct profile *profile, const char *pattern)
{
	struct text_list names = {0};
	const char *near = NULL;
	char *copy;

	for (uint32_t i = 0; i < profile_n_frames(profile); i++) {
		char *name = plain_name(profile, i);
		char *plain = name ? function_without_templates(name) : NULL;

		if (plain)
			text_list_add(
			    &names, strstr(pattern, "::") ? plain : function_last_component(plain));
		free(plain);
		free(name);
	}
	if (names.n_texts)
		near = nearest_word(pattern, (const char *const *)names.texts);
	copy = xstrdup(near);
	text_list_fini(&names);
	return copy;
}

int profile_check_function(const struct profile *profile, const char *pattern, struct diag *diag)
{
	char *near;
	int err;

	for (uint32_t i = 0; i < profile_n_frames(profile); i++)
		if (profile_frame_matches(profile, i, pattern))
			return 0;
	near = nearest_function(profile, pattern);
	err = near ? diag_fail(diag, ENOENT, "no sample is in a function '%s'; did you mean '%s'?",
	                       pattern, near)
	           : diag_fail(diag, ENOENT, "no sample is in a function '%s'", pattern);
	free(near);
	return err;
}
