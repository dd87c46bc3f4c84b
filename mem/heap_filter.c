/* Compares functions with --alloc-fn and --ignore-fn. */
#include "mem/heap_filter.h"

#include "core/alloc.h"
#include "core/options.h"
#include "core/profile.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

bool heap_is_allocation_function(const char *function)
{
	const char *name = "operator new";

	return strncmp(function, name, strlen(name)) == 0 &&
	       strchr("([", function[strlen(name)]) != NULL;
}

bool heap_is_allocator(const struct profile *profile, uint32_t frame)
{
	return heap_is_allocation_function(
	    profile_text(profile, profile_frame(profile, frame)->function));
}

static bool matches(const char *pattern, const char *name)
{
	return !strcmp(pattern, name) || !fnmatch(pattern, name, 0);
}

static bool list_names(const struct text_list *list, const struct profile *profile, uint32_t frame)
{
	const struct frame *f = profile_frame(profile, frame);
	char *brief;
	bool found = false;

	if (!list || !list->n_texts || f->kind == FRAME_UNRESOLVED || f->kind == FRAME_FAILED)
		return false;
	brief = xstrdup(profile_folded_name(profile, frame));
	brief[strlen(brief) - strlen(frame_kind_mark(f->kind))] = '\0';
	for (size_t i = 0; i < list->n_texts && !found; i++)
		found = matches(list->texts[i], profile_text(profile, f->function)) ||
		        matches(list->texts[i], brief);
	free(brief);
	return found;
}

static bool is_passed(const struct heap_filter *filter, const struct profile *profile,
                      uint32_t frame)
{
	const char *function = profile_text(profile, profile_frame(profile, frame)->function);

	for (size_t i = 0; filter && filter->passed && filter->passed[i]; i++)
		if (!strcmp(filter->passed[i], function))
			return true;
	return false;
}

size_t heap_filter_skip(const struct heap_filter *filter, const struct profile *profile,
                        const uint32_t *frames, size_t n_frames)
{
	size_t n = 0;

	while (n < n_frames &&
	       (heap_is_allocator(profile, frames[n]) || is_passed(filter, profile, frames[n]) ||
	        list_names(filter ? filter->alloc_fns : NULL, profile, frames[n])))
		n++;
	return n;
}

bool heap_filter_ignores(const struct heap_filter *filter, const struct profile *profile,
                         const uint32_t *frames, size_t n_frames)
{
	struct heap_filter named;
	size_t first;

	if (!heap_filter_is_ignoring(filter))
		return false;
	named = *filter;
	named.passed = NULL;
	first = heap_filter_skip(&named, profile, frames, n_frames);
	return first < n_frames && list_names(filter->ignore_fns, profile, frames[first]);
}

bool heap_filter_ignores_some(const struct heap_filter *filter, const struct profile *profile)
{
	uint32_t *frames = NULL;
	size_t room = 0;
	bool found = false;

	for (size_t i = 0; i < profile_n_samples(profile) && !found; i++) {
		uint32_t stack = profile_sample(profile, i).stack;
		size_t n = profile_stack_frames(profile, stack, frames, room);

		if (n > room) {
			frames = array_reserve(frames, &room, n, sizeof(*frames));
			profile_stack_frames(profile, stack, frames, room);
		}
		found = heap_filter_ignores(filter, profile, frames, n);
	}
	free(frames);
	return found;
}

bool heap_filter_is_ignoring(const struct heap_filter *filter)
{
	return filter && filter->ignore_fns && filter->ignore_fns->n_texts;
}
