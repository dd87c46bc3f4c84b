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

	for (size_t i = 0; filter->passed && filter->passed[i]; i++)
		if (!strcmp(filter->passed[i], function))
			return true;
	return false;
}

bool heap_filter_is_ignoring(const struct heap_filter *filter)
{
	return filter && filter->ignore_fns && filter->ignore_fns->n_texts;
}

enum { MARK_KNOWN = 1, MARK_ALLOCATOR = 2, MARK_PASSED = 4, MARK_IGNORED = 8 };

struct heap_marks {
	struct heap_filter filter;
	const struct profile *profile;
	uint8_t *marks; /* by frame */
};

struct heap_marks *heap_marks_new(const struct heap_filter *filter, const struct profile *profile)
{
	struct heap_marks *marks = xcalloc(1, sizeof(*marks));

	if (filter)
		marks->filter = *filter;
	marks->profile = profile;
	marks->marks = xcalloc((size_t)profile_n_frames(profile) + 1, sizeof(*marks->marks));
	return marks;
}

void heap_marks_free(struct heap_marks *marks)
{
	if (!marks)
		return;
	free(marks->marks);
	free(marks);
}

static unsigned marks_of(struct heap_marks *marks, uint32_t frame)
{
	const struct heap_filter *filter = &marks->filter;
	const struct profile *profile = marks->profile;
	unsigned found = MARK_KNOWN;

	if (marks->marks[frame])
		return marks->marks[frame];
	if (heap_is_allocator(profile, frame) || list_names(filter->alloc_fns, profile, frame))
		found |= MARK_ALLOCATOR;
	if (is_passed(filter, profile, frame))
		found |= MARK_PASSED;
	if (list_names(filter->ignore_fns, profile, frame))
		found |= MARK_IGNORED;
	marks->marks[frame] = (uint8_t)found;
	return found;
}

/* The marks of a stack's innermost frame with those that it is inlined into; *above: the stack
 * above. An allocator is one with all that was inlined into it, and so is who is ignored. */
static unsigned marks_of_call(struct heap_marks *marks, uint32_t stack, uint32_t *above)
{
	uint32_t frame = profile_stack_frame(marks->profile, stack, above), outer = *above;
	unsigned met = marks_of(marks, frame);

	while (outer && profile_frame(marks->profile, frame)->kind == FRAME_INLINED) {
		unsigned around;

		frame = profile_stack_frame(marks->profile, outer, &outer);
		around = marks_of(marks, frame);
		if (around & MARK_ALLOCATOR) {
			met = around;
			*above = outer;
		}
		met |= around & MARK_IGNORED;
	}
	return met;
}

bool heap_marks_enter(struct heap_marks *marks, uint32_t stack, uint32_t *callers)
{
	uint32_t above = 0;
	unsigned met = 0;

	for (*callers = stack; *callers; *callers = above) {
		met = marks_of_call(marks, *callers, &above);
		if (!(met & MARK_ALLOCATOR))
			break;
	}
	if (*callers && met & MARK_IGNORED)
		return false;
	for (; *callers; *callers = above) {
		met = marks_of_call(marks, *callers, &above);
		if (!(met & (MARK_ALLOCATOR | MARK_PASSED)))
			break;
	}
	return true;
}
