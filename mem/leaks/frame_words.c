/* Finds memcheck's names for frames. */
#include "mem/leaks/frame_words.h"

#include "core/alloc.h"
#include "core/function_match.h"
#include "core/profile.h"
#include "core/symbolize/demangle.h"

#include <stdlib.h>
#include <string.h>

static const char below_main[] = "(below main)";

/* What calls main; memcheck gives them one name (m_debuginfo, VG_(get_fnname_kind)). */
static const char *const callers_of_main[] = {
    "__libc_start_main",
    "__libc_start_call_main",
    "generic_start_main",
    "_start",
};

static const char *alias_of(const char *function)
{
	for (size_t i = 0; i < ARRAY_SIZE(callers_of_main); i++) {
		size_t len = strlen(callers_of_main[i]);

		/* A symbol version may follow, or .isra.0. */
		if (!strncmp(function, callers_of_main[i], len) &&
		    (!function[len] || function[len] == '@' || function[len] == '.'))
			return below_main;
	}
	return NULL;
}

/* memcheck reads DW_AT_name alone: "push_back" of "std::vector<int>::push_back(int)". */
static char *plain_name(const char *function)
{
	char *name = demangle_short(function);
	char *plain = xstrdup(function_last_component(name));

	free(name);
	return plain;
}

static const char *text_or_null(const struct profile *profile, uint32_t text)
{
	return text ? profile_text(profile, text) : NULL;
}

bool frame_words_init(struct frame_words *words, const struct profile *profile, uint32_t frame)
{
	const struct frame *of = profile_frame(profile, frame);
	const char *linkage = text_or_null(profile, of->linkage);

	*words = (struct frame_words){0};
	if (of->kind == FRAME_FAILED)
		return false;
	words->object = text_or_null(profile, profile_object(profile, of->object_id)->path);
	if (of->kind == FRAME_UNRESOLVED)
		return true;
	words->people = profile_text(profile, of->function);
	words->file = text_or_null(profile, of->file);
	words->line = of->line;
	if (of->kind == FRAME_INLINED) {
		words->function = words->owned = plain_name(words->people);
		words->alias = linkage;
	} else {
		words->function = linkage ? linkage : words->people;
		words->alias = alias_of(words->function);
	}
	return true;
}

void frame_words_fini(struct frame_words *words)
{
	free(words->owned);
}

void frame_words_of_allocator(struct frame_words *words, const char *function)
{
	/* Where memcheck's own is: suppressions name it. */
	*words = (struct frame_words){
	    .function = function,
	    .object = "/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so",
	};
}
