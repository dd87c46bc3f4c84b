/* Tells of a profile: its stacks, frames, samples and their words. */
#include "core/profile_inside.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/function_match.h"
#include "core/stack_table.h"
#include "core/string_pool.h"

#include <stdlib.h>
#include <string.h>

const char *frame_kind_mark(enum frame_kind kind)
{
	static const char *const marks[] = {
	    [FRAME_USER] = "",    [FRAME_INLINED] = "_[i]", [FRAME_KERNEL] = "_[k]",
	    [FRAME_JIT] = "_[j]", [FRAME_UNRESOLVED] = "",  [FRAME_FAILED] = "",
	};

	return marks[kind];
}

void folded_clean(char *name)
{
	for (char *at = name; *at; at++) {
		if (*at == ';')
			*at = ':';
		else if ((unsigned char)*at < ' ')
			*at = '?';
	}
}

struct profile *profile_view_new(const struct profile *of, size_t n_types)
{
	struct profile *view = xmalloc(sizeof(*view));

	BUG(n_types > of->n_types);
	*view = *of;
	view->n_types = n_types;
	view->is_view = true;
	return view;
}

bool profile_same_stacks(const struct profile *a, const struct profile *b)
{
	return a->stacks == b->stacks;
}

static void free_contents(struct profile *profile)
{
	for (size_t i = 0; i < profile->n_types; i++) {
		free((char *)profile->types[i].name);
		free((char *)profile->types[i].unit);
	}
	free(profile->types);
	free(profile->totals);
	free(profile->threads);
	free(profile->frames);
	free(profile->folded);
	free(profile->objects);
	free(profile->samples);
	free(profile->values);
	free(profile->stack_of);
	stack_table_free(profile->stacks);
	string_pool_free(profile->texts);
}

void profile_free(struct profile *profile)
{
	if (profile && !profile->is_view)
		free_contents(profile);
	free(profile);
}

size_t profile_n_types(const struct profile *profile)
{
	return profile->n_types;
}

const struct value_type *profile_type(const struct profile *profile, size_t i)
{
	BUG(i >= profile->n_types);
	return &profile->types[i];
}

int profile_find_type(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->n_types; i++)
		if (!strcmp(profile->types[i].name, name))
			return (int)i;
	return -1;
}

const char *profile_text(const struct profile *profile, uint32_t text)
{
	return string_pool_text(profile->texts, text);
}

size_t profile_n_samples(const struct profile *profile)
{
	return profile->n_samples;
}

struct profile_sample profile_sample(const struct profile *profile, size_t i)
{
	const struct summed_sample *sample = &profile->samples[i];

	BUG(i >= profile->n_samples);
	return (struct profile_sample){
	    .stack = sample->stack,
	    .thread = sample->thread,
	    .values = profile->values + sample->values,
	};
}

uint64_t profile_total(const struct profile *profile, size_t type)
{
	BUG(type >= profile->n_types);
	return profile->totals[type];
}

size_t profile_n_threads(const struct profile *profile)
{
	return profile->n_threads;
}

const struct recorded_thread *profile_thread(const struct profile *profile, uint32_t index)
{
	BUG(index >= profile->n_threads);
	return &profile->threads[index];
}

uint32_t profile_stack_of(const struct profile *profile, uint32_t recorded)
{
	BUG(recorded > profile->n_recorded);
	return profile->stack_of[recorded];
}

size_t profile_stack_frames(const struct profile *profile, uint32_t stack, uint32_t *frames,
                            size_t room)
{
	size_t n = 0;

	while (stack) {
		const struct stack_node *node = stack_table_node(profile->stacks, stack);

		if (n < room)
			frames[n] = (uint32_t)node->key;
		n++;
		stack = node->parent;
	}
	return n;
}

uint32_t profile_n_stacks(const struct profile *profile)
{
	return stack_table_count(profile->stacks);
}

uint32_t profile_stack_frame(const struct profile *profile, uint32_t stack, uint32_t *callers)
{
	const struct stack_node *node = stack_table_node(profile->stacks, stack);

	*callers = node->parent;
	return (uint32_t)node->key;
}

bool profile_stack_site(const struct profile *profile, uint32_t stack, frame_filter *passes_on,
                        uint32_t *frame)
{
	while (stack) {
		const struct stack_node *node = stack_table_node(profile->stacks, stack);

		*frame = (uint32_t)node->key;
		if (!passes_on || !passes_on(profile, *frame))
			return true;
		stack = node->parent;
	}
	return false;
}

uint32_t profile_n_frames(const struct profile *profile)
{
	return (uint32_t)profile->n_frames;
}

const struct frame *profile_frame(const struct profile *profile, uint32_t frame)
{
	BUG(frame >= profile->n_frames);
	return &profile->frames[frame];
}

uint32_t profile_n_objects(const struct profile *profile)
{
	return (uint32_t)profile->n_objects;
}

const struct profile_object *profile_object(const struct profile *profile, uint32_t id)
{
	BUG(id >= profile->n_objects);
	return &profile->objects[id];
}

uint32_t profile_folded_text(const struct profile *profile, uint32_t frame)
{
	BUG(frame >= profile->n_frames);
	return profile->folded[frame];
}

const char *profile_folded_name(const struct profile *profile, uint32_t frame)
{
	return string_pool_text(profile->texts, profile_folded_text(profile, frame));
}

char *profile_shown_name(const struct profile *profile, uint32_t frame)
{
	enum frame_kind kind = profile_frame(profile, frame)->kind;
	const char *folded = profile_folded_name(profile, frame);
	size_t len = strlen(folded) - strlen(frame_kind_mark(kind));
	char *name = xasprintf("%.*s", (int)len, folded);
	char *brief = function_without_templates(name);
	char *shown = xasprintf("%s%s", brief, kind == FRAME_INLINED ? " (inlined)" : "");

	free(brief);
	free(name);
	return shown;
}

char *profile_shown_place(const struct profile *profile, uint32_t object, uint32_t file,
                          uint32_t line)
{
	const char *path = profile_text(profile, file);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*path)
		return xstrdup(profile_text(profile, object));
	return line ? xasprintf("%s:%u", name, line) : xstrdup(name);
}
