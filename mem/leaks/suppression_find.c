/* Finds the suppression that applies to a stack. */
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/u64map.h"
#include "mem/leaks/frame_words.h"
#include "mem/leaks/suppression_rule.h"

#include <stdlib.h>
#include <string.h>

struct suppression_finder {
	const struct suppressions *set;
	const struct profile *profile;
	unsigned num_callers;
	struct u64map *index_of; /* frame id -> its words */
	struct frame_words *words;
	size_t n_words;
	size_t words_capacity;
	struct frame_words *stack; /* that of the moment */
	size_t n_stack;
	size_t stack_capacity;
};

/* `*` stands for any text; `?` for one character, or for itself. */
static bool text_matches(const char *pattern, const char *text, bool has_question_marks)
{
	const char *after_star = NULL, *from = NULL;

	while (*text || *pattern == '*') {
		if (*pattern == '*') {
			after_star = ++pattern;
			from = text;
		} else if (*pattern &&
		           (*pattern == *text || (*pattern == '?' && has_question_marks))) {
			pattern++;
			text++;
		} else if (after_star) {
			pattern = after_star;
			text = ++from;
		} else {
			return false;
		}
	}
	return !*pattern;
}

static bool matches(const struct rule_line *line, const char *text)
{
	return text && text_matches(line->pattern, text, line->kind != LINE_ANYTHING);
}

static bool source_matches(const struct rule_line *line, const struct frame_words *words)
{
	const char *slash = words->file ? strrchr(words->file, '/') : NULL;

	if (line->number && line->number != words->line)
		return false;
	return matches(line, words->file) || (slash && matches(line, slash + 1));
}

/* memcheck's name for functions that were inlined from another unit. */
static bool is_foreign_inlined(const struct frame_words *words, const char *pattern)
{
	return words->owned && !strcmp(pattern, "UnknownInlinedFun");
}

static bool line_matches(const struct rule_line *line, const struct frame_words *words)
{
	static const char unknown[] = "???";

	switch (line->kind) {
	case LINE_FUNCTION:
		return matches(line, words->function ? words->function : unknown) ||
		       matches(line, words->alias) || is_foreign_inlined(words, line->pattern);
	case LINE_OBJECT:
		return matches(line, words->object ? words->object : unknown);
	case LINE_SOURCE:
		return source_matches(line, words);
	case LINE_ANYTHING:
		return matches(line, words->people) || matches(line, words->function) ||
		       matches(line, words->file) || matches(line, words->object);
	case LINE_FRAMES:
		break;
	}
	return true;
}

/* As wildcards in texts, with frames for characters. */
static bool begins_with(const struct frame_words *stack, size_t n_stack,
                        const struct rule_line *lines, size_t n_lines)
{
	size_t line = 0, frame = 0, after_dots = 0, from = 0;

	while (line < n_lines) {
		if (lines[line].kind == LINE_FRAMES) {
			after_dots = ++line;
			from = frame;
		} else if (frame < n_stack && line_matches(&lines[line], &stack[frame])) {
			line++;
			frame++;
		} else if (after_dots && from < n_stack) {
			line = after_dots;
			frame = ++from;
		} else {
			return false;
		}
	}
	return true;
}

static bool applies(const struct suppression_finder *finder, const struct rule *rule)
{
	size_t n_lines = rule->n_lines < finder->num_callers ? rule->n_lines : finder->num_callers;

	if (!rule->is_anywhere)
		return begins_with(finder->stack, finder->n_stack, rule->lines, n_lines);
	for (size_t i = 0; i < finder->n_stack; i++)
		if (line_matches(&rule->lines[0], &finder->stack[i]))
			return true;
	return false;
}

/* False: as frame_words_init(). */
static bool words_of(struct suppression_finder *finder, uint32_t frame, struct frame_words *words)
{
	struct frame_words new;
	bool is_new;
	uint64_t *index;

	if (profile_frame(finder->profile, frame)->kind == FRAME_FAILED)
		return false;
	index = u64map_put(finder->index_of, frame, &is_new);
	if (is_new) {
		frame_words_init(&new, finder->profile, frame);
		*index = finder->n_words;
		*ARRAY_APPEND(finder->words, finder->n_words, finder->words_capacity) = new;
	}
	*words = finder->words[*index];
	return true;
}

static void take_stack(struct suppression_finder *finder, const struct leak_stack *stack)
{
	struct frame_words words;

	finder->n_stack = 0;
	if (stack->allocator) {
		frame_words_of_allocator(&words, stack->allocator);
		*ARRAY_APPEND(finder->stack, finder->n_stack, finder->stack_capacity) = words;
	}
	for (size_t i = 0; i < stack->n_frames; i++) {
		if (!words_of(finder, stack->frames[i], &words))
			break;
		*ARRAY_APPEND(finder->stack, finder->n_stack, finder->stack_capacity) = words;
	}
}

uint32_t suppression_find(struct suppression_finder *finder, enum leak_kind kind,
                          const struct leak_stack *stack)
{
	take_stack(finder, stack);
	for (size_t i = 0; i < finder->set->n_rules; i++)
		if (finder->set->rules[i].kinds & 1U << kind &&
		    applies(finder, &finder->set->rules[i]))
			return (uint32_t)i + 1;
	return 0;
}

struct suppression_finder *suppression_finder_new(const struct suppressions *suppressions,
                                                  const struct profile *profile,
                                                  unsigned num_callers)
{
	struct suppression_finder *finder = xcalloc(1, sizeof(*finder));

	finder->set = suppressions;
	finder->profile = profile;
	finder->num_callers = num_callers;
	finder->index_of = u64map_new();
	return finder;
}

void suppression_finder_free(struct suppression_finder *finder)
{
	if (!finder)
		return;
	for (size_t i = 0; i < finder->n_words; i++)
		frame_words_fini(&finder->words[i]);
	free(finder->words);
	free(finder->stack);
	u64map_free(finder->index_of);
	free(finder);
}
