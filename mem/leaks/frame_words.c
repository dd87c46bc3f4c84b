/* Finds memcheck's names for frames. */
#include "mem/leaks/frame_words.h"

#include "core/alloc.h"
#include "core/function_match.h"
#include "core/profile.h"
#include "core/symbolize/demangle.h"
#include "mem/below_main.h"
#include "mem/leaks/operators.h"

#include <stdlib.h>
#include <string.h>

/* Functions that memcheck calls something else too, beside those that call main. */
struct special_name {
	const char *function;
	const char *alias;
	bool ends_stack;
};
static const struct special_name special_names[] = {
    {"main", NULL, true},
    {"start_thread", NULL, true},
    /* valgrind has no clone3, so that threads are made by clone there. */
    {"clone3", "clone", true},
    {"__clone3", "clone", true},
    {"_dl_init", NULL, true},
};

static const struct special_name *special_name_of(const char *function)
{
	static const struct special_name below_main = {NULL, BELOW_MAIN, true};

	if (is_below_main(function))
		return &below_main;
	for (size_t i = 0; i < ARRAY_SIZE(special_names); i++)
		if (function_has_symbol(special_names[i].function, function))
			return &special_names[i];
	return NULL;
}

static const char *text_or_null(const struct profile *profile, uint32_t text)
{
	return text ? profile_text(profile, text) : NULL;
}

/* memcheck reads DW_AT_name alone: "push_back" of "std::vector<int>::push_back(int)". */
static void name_inlined(struct frame_words *words, const char *linkage)
{
	char *name = demangle_short(words->people);

	words->function = words->owned[0] = xstrdup(function_last_component(name));
	words->bare = words->owned[1] = function_without_templates(words->function);
	words->alias = linkage;
	if (strcmp(words->bare, words->function) != 0)
		words->pattern = words->owned[2] = xasprintf("%s<*", words->bare);
	free(name);
}

/* libstdc++'s operator new[] jumps to operator new. Where the call does not tell which it was, a
 * rule that is made says so; one for operator new[] must not hide what may be operator new's. */
static void name_operator(struct frame_words *words, const char *rest)
{
	words->pattern = words->owned[0] = xasprintf("_Zn?%s", rest);
}

static void name_function(struct frame_words *words, const char *linkage)
{
	static const char operator_new[] = "_Znw";
	const struct special_name *special;

	words->function = linkage ? linkage : words->people;
	if (!strncmp(words->function, operator_new, strlen(operator_new)))
		return name_operator(words, words->function + strlen(operator_new));
	special = special_name_of(words->function);
	if (special) {
		words->alias = words->pattern = special->alias;
		words->ends_stack = special->ends_stack;
	}
}

char *frame_real_path(const struct profile *profile, uint32_t frame)
{
	const struct profile_object *object =
	    profile_object(profile, profile_frame(profile, frame)->object_id);
	const char *path = text_or_null(profile, object->path);
	char *real = path ? realpath(path, NULL) : NULL;

	return real || !path ? real : xstrdup(path);
}

bool frame_words_init(struct frame_words *words, const struct profile *profile, uint32_t frame,
                      const char *real)
{
	const struct frame *of = profile_frame(profile, frame);
	const char *linkage = text_or_null(profile, of->linkage);

	*words = (struct frame_words){.line = of->line};
	if (of->kind == FRAME_FAILED)
		return false;
	words->path = text_or_null(profile, profile_object(profile, of->object_id)->path);
	words->real = real;
	if (of->kind == FRAME_UNRESOLVED)
		return true;
	words->people = profile_text(profile, of->function);
	words->file = text_or_null(profile, of->file);
	if (of->kind == FRAME_INLINED)
		name_inlined(words, linkage);
	else
		name_function(words, linkage);
	return true;
}

void frame_words_call(struct frame_words *words, const struct called_operator *called)
{
	words->function = called->linkage;
	words->people = called->function;
	words->pattern = NULL;
}

void frame_words_fini(struct frame_words *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(words->owned); i++)
		free(words->owned[i]);
}
