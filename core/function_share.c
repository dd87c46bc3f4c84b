/* Sums what matching functions have, and looks for those without samples among all names. */
#include "core/function_share.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/function_match.h"
#include "core/number_text.h"
#include "core/options.h"
#include "core/profile.h"
#include "core/profile_match.h"
#include "core/recording.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/symbolize.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct sums {
	uint64_t self;
	uint64_t total;
};

/* Is any frame of the stack one of the function's; *on_top: is the innermost? */
static bool is_on_stack(const struct profile *profile, uint32_t stack, const bool *matches,
                        bool *on_top)
{
	bool found = false;

	*on_top = false;
	for (bool is_leaf = true; stack; is_leaf = false) {
		if (matches[profile_stack_frame(profile, stack, &stack)]) {
			found = true;
			*on_top |= is_leaf;
		}
	}
	return found;
}

static struct sums sum(const struct profile *profile, size_t type, const bool *matches)
{
	struct sums sums = {0, 0};

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		bool on_top;

		if (!is_on_stack(profile, sample.stack, matches, &on_top))
			continue;
		sums.total += sample.values[type];
		if (on_top)
			sums.self += sample.values[type];
	}
	return sums;
}

/* A search among the functions that were not sampled. */
struct search {
	const char *pattern;
	struct symbolizer *symbolizer;
	const struct object *object; /* at hand */
	bool found;
	char *real_name; /* what is shown for a name that matched; NULL: none did */
	/* Names of about the pattern's length, without templates: of the program, of others. */
	bool in_program;
	struct text_list own, others;
};

/* As stacks have it, without template arguments and, where the pattern has none, what encloses it.
 */
static void add_likely(struct search *search, const char *name)
{
	size_t wanted = strlen(search->pattern), slip = (wanted + 2) / 3, len;
	char *plain = function_without_templates(name);
	const char *shown = strstr(search->pattern, "::") ? plain : function_last_component(plain);

	len = strlen(shown);
	if (len + slip >= wanted && len <= wanted + slip)
		text_list_add(search->in_program ? &search->own : &search->others, shown);
	free(plain);
}

/* Is the code at a symbol shown under a name that matches? glibc's have many. */
static bool is_shown_so(struct search *search, uint64_t address)
{
	const struct symbol_frame *frames;
	size_t n = symbolizer_look_up(search->symbolizer, search->object, address, false, &frames);
	bool matches = false;

	for (size_t i = 0; i < n && !matches; i++) {
		char *name = frames[i].function ? demangle_short(frames[i].function) : NULL;

		matches = name && function_matches(search->pattern, name);
		free(name);
	}
	if (!matches && !search->real_name && frames[n - 1].function)
		search->real_name = demangle_short(frames[n - 1].function);
	return matches;
}

static bool look_at(void *context, const char *function, const uint64_t *address)
{
	struct search *search = context;
	char *name = demangle_short(function);

	if (!function_matches(search->pattern, name))
		add_likely(search, name);
	else
		search->found = !address || is_shown_so(search, *address);
	free(name);
	return !search->found;
}

static bool is_program(const struct object *object, const char *program)
{
	return object->kind == OBJECT_FILE && program && !strcmp(object->path, program);
}

/* *program_object: that of the program, where the recording has it. */
static void search_recording(struct search *search, const struct function_places *places,
                             const struct object **program_object)
{
	const struct recording *recording = places->recording;

	for (size_t i = 0; i < recording_n_objects(recording) && !search->found; i++) {
		search->object = recording_object(recording, (uint32_t)i);
		search->in_program = is_program(search->object, places->program);
		if (search->in_program)
			*program_object = search->object;
		if (search->object->kind != OBJECT_FAILED)
			symbolizer_each_function(search->symbolizer, search->object, look_at,
			                         search);
	}
}

static const char *nearest(const char *pattern, const struct text_list *names)
{
	return names->n_texts ? nearest_word(pattern, (const char *const *)names->texts) : NULL;
}

/* The sentence about a name that nothing has. */
static int refuse(const struct search *search, const struct object *program, struct diag *diag)
{
	const char *remedy = program ? symbolizer_remedy(search->symbolizer, program) : NULL;
	const char *near = nearest(search->pattern, &search->own);

	/* What the program lacks is more likely than a slip for something else's. */
	if (!near && !remedy)
		near = nearest(search->pattern, &search->others);

	if (search->real_name)
		return diag_fail(diag, ENOENT, "samples in '%s' are shown as in '%s'",
		                 search->pattern, search->real_name);
	if (near)
		return diag_fail(diag, ENOENT,
		                 "there is no function '%s' in the program; did you mean '%s'?",
		                 search->pattern, near);
	return diag_fail(diag, ENOENT, "there is no function '%s' in the program%s%s",
	                 search->pattern, remedy ? ": " : "", remedy ? remedy : "");
}

/* 0: there is such a function, though no sample is in it. */
static int find_unsampled(const struct function_places *places, const char *pattern,
                          struct diag *diag)
{
	struct search search = {.pattern = pattern, .symbolizer = places->symbolizer};
	struct object program = {.kind = OBJECT_FILE, .path = (char *)places->program, .fd = -1};
	const struct object *program_object = NULL;
	int err = 0;

	search_recording(&search, places, &program_object);
	if (!search.found && !program_object && places->program) {
		search.object = program_object = &program;
		search.in_program = true;
		symbolizer_each_function(search.symbolizer, &program, look_at, &search);
	}
	if (!search.found)
		err = refuse(&search, program_object, diag);
	text_list_fini(&search.own);
	text_list_fini(&search.others);
	free(search.real_name);
	return err;
}

int function_share(const struct profile *profile, size_t type, const struct function_places *places,
                   const char *pattern, struct function_share *share, struct diag *diag)
{
	uint32_t n_frames = profile_n_frames(profile);
	bool *matches = xcalloc(n_frames, sizeof(*matches)), any = false;
	uint64_t all = profile_total(profile, type);
	struct sums sums;

	for (uint32_t i = 0; i < n_frames; i++)
		any |= matches[i] = profile_frame_matches(profile, i, pattern);
	sums = sum(profile, type, matches);
	free(matches);
	*share =
	    (struct function_share){share_percent(sums.self, all), share_percent(sums.total, all)};
	return any ? 0 : find_unsampled(places, pattern, diag);
}
