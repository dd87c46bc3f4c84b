/* Finds the suppression that applies to a stack. */
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/u64map.h"
#include "mem/leaks/frame_words.h"
#include "mem/leaks/suppression_rule.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct suppression_finder {
	const struct suppressions *set;
	const struct profile *profile;
	unsigned num_callers;
	size_t n_surveyed;       /* rules */
	unsigned kinds;          /* that any of them is for */
	size_t most_frames;      /* of a stack that the rules look at */
	char **real_paths;       /* by object; NULL: none was asked for yet */
	struct u64map *index_of; /* frame id -> its words */
	struct frame_words *words;
	size_t n_words;
	size_t words_capacity;
	struct frame_words *stack; /* that of the moment */
	size_t n_stack;
	size_t n_within; /* of these, within num_callers */
	size_t stack_capacity;
};

/* Where a text may go on that follows a `*`, from `text` on; NULL: nowhere. Most comparisons end
 * here, so it is strchr() that looks for the next character. */
static const char *resume(const char *pattern, const char *text, bool has_question_marks)
{
	if (*pattern == '*' || (*pattern == '?' && has_question_marks))
		return text;
	return strchr(text, *pattern); /* its end, when that is what is looked for */
}

/* `*` stands for any text; `?` for one character, or for itself. */
static bool text_matches(const char *pattern, const char *text, bool has_question_marks)
{
	const char *after_star = NULL, *from = NULL;

	while (*text || *pattern == '*') {
		if (*pattern == '*') {
			after_star = ++pattern;
			text = from = resume(pattern, text, has_question_marks);
		} else if (*pattern &&
		           (*pattern == *text || (*pattern == '?' && has_question_marks))) {
			pattern++;
			text++;
		} else if (after_star) {
			pattern = after_star;
			text = from = resume(pattern, from + 1, has_question_marks);
		} else {
			return false;
		}
		if (!text)
			return false;
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

static bool function_matches_line(const struct rule_line *line, const struct frame_words *words)
{
	/* memcheck's name for what was inlined from another unit. */
	static const char foreign[] = "UnknownInlinedFun";

	if (matches(line, words->function) || matches(line, words->alias))
		return true;
	return words->bare && (!strcmp(line->pattern, foreign) ||
	                       (line->bare && !strcmp(line->bare, words->bare)));
}

/* memcheck's malloc and operator new are in an object of its own, which suppressions may name. */
static const struct frame_words memchecks_own = {
    .path = "/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so",
    .real = "/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so",
};

/* A stack of LeakSanitizer's begins in the program's own object. */
static bool anything_matches(const struct rule_line *line, const struct frame_words *words)
{
	if (matches(line, words->people) || matches(line, words->function))
		return true;
	return words->path != memchecks_own.path &&
	       (matches(line, words->file) || matches(line, words->path) ||
	        matches(line, words->real));
}

static bool line_matches(const struct rule_line *line, const struct frame_words *words)
{
	static const char unknown[] = "???";

	switch (line->kind) {
	case LINE_FUNCTION:
		return words->function ? function_matches_line(line, words)
		                       : matches(line, unknown);
	case LINE_OBJECT:
		return words->path ? matches(line, words->path) || matches(line, words->real)
		                   : matches(line, unknown);
	case LINE_SOURCE:
		return source_matches(line, words);
	case LINE_ANYTHING:
		return anything_matches(line, words);
	case LINE_FRAMES:
		break;
	}
	return true;
}

/* valgrind writes it for what it knows nothing of, and may go on beyond the end of a stack. */
static bool is_beyond(const struct rule_line *line)
{
	return line->kind == LINE_OBJECT && !strcmp(line->pattern, "*");
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
		} else if (frame == n_stack && n_stack && is_beyond(&lines[line])) {
			line++;
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
		return begins_with(finder->stack, finder->n_within, rule->lines, n_lines);
	for (size_t i = 0; i < finder->n_stack; i++)
		if (line_matches(&rule->lines[0], &finder->stack[i]))
			return true;
	return false;
}

static const char *real_path_of(struct suppression_finder *finder, uint32_t frame)
{
	char **path = &finder->real_paths[profile_frame(finder->profile, frame)->object_id];

	if (!*path)
		*path = frame_real_path(finder->profile, frame);
	return *path;
}

/* The same frame is on many stacks. */
static const struct frame_words *words_of(struct suppression_finder *finder, uint32_t frame)
{
	bool is_new;
	uint64_t *index = u64map_put(finder->index_of, frame, &is_new);

	if (is_new) {
		*index = finder->n_words;
		frame_words_init(
		    ARRAY_APPEND(finder->words, finder->n_words, finder->words_capacity),
		    finder->profile, frame, real_path_of(finder, frame));
	}
	return &finder->words[*index];
}

static void add_frame(struct suppression_finder *finder, const struct frame_words *words)
{
	*ARRAY_APPEND(finder->stack, finder->n_stack, finder->stack_capacity) = *words;
}

/* memcheck 3.19 calls them memalign; later ones by their names. */
static void add_allocator(struct suppression_finder *finder, const char *function)
{
	struct frame_words words = memchecks_own;

	words.function = function;
	if (!strcmp(function, "aligned_alloc") || !strcmp(function, "valloc"))
		words.alias = "memalign";
	add_frame(finder, &words);
}

/* LeakSanitizer sees more of a stack than valgrind, so all of it is taken. */
static void take_stack(struct suppression_finder *finder, const struct leak_stack *stack)
{
	unsigned n_callers = 0;

	finder->n_stack = 0;
	if (stack->allocator) {
		add_allocator(finder, stack->allocator);
		n_callers++;
	}
	finder->n_within = finder->n_stack;
	for (size_t i = 0; i < stack->n_frames && finder->n_stack < finder->most_frames; i++) {
		enum frame_kind kind = profile_frame(finder->profile, stack->frames[i])->kind;

		if (kind == FRAME_FAILED)
			break;
		add_frame(finder, words_of(finder, stack->frames[i]));
		if (stack->called && i == 0)
			frame_words_call(&finder->stack[finder->n_stack - 1], stack->called);
		if (n_callers < finder->num_callers)
			finder->n_within = finder->n_stack;
		n_callers += kind != FRAME_INLINED;
	}
}

static uint32_t find_rule(const struct suppression_finder *finder, enum leak_kind kind)
{
	for (size_t i = 0; i < finder->set->n_rules; i++)
		if (finder->set->rules[i].kinds & 1U << kind &&
		    applies(finder, &finder->set->rules[i]))
			return (uint32_t)i + 1;
	return 0;
}

/* Under memcheck 3.19 it is posix_memalign that calls memalign. */
static uint32_t find_with_memalign(struct suppression_finder *finder, enum leak_kind kind)
{
	struct frame_words memalign = memchecks_own;

	memalign.function = "memalign";
	add_frame(finder, &memalign);
	memmove(finder->stack + 1, finder->stack, (finder->n_stack - 1) * sizeof(*finder->stack));
	finder->stack[0] = memalign;
	finder->n_within++;
	return find_rule(finder, kind);
}

/* Frames that the rule looks at: one for each of its lines, unless it goes on with any. */
static size_t frames_of(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_lines; i++)
		if (rule->is_anywhere || rule->lines[i].kind == LINE_FRAMES)
			return SIZE_MAX;
	return rule->n_lines;
}

static void survey_rules(struct suppression_finder *finder)
{
	for (; finder->n_surveyed < finder->set->n_rules; finder->n_surveyed++) {
		const struct rule *rule = &finder->set->rules[finder->n_surveyed];
		size_t n = frames_of(rule);

		finder->kinds |= rule->kinds;
		if (n > finder->most_frames)
			finder->most_frames = n;
	}
}

uint32_t suppression_find(struct suppression_finder *finder, enum leak_kind kind,
                          const struct leak_stack *stack)
{
	uint32_t id;

	survey_rules(finder);
	if (!(finder->kinds & 1U << kind))
		return 0;
	take_stack(finder, stack);
	id = find_rule(finder, kind);
	if (!id && stack->allocator && !strcmp(stack->allocator, "posix_memalign"))
		id = find_with_memalign(finder, kind);
	return id;
}

struct suppression_finder *suppression_finder_new(const struct suppressions *suppressions,
                                                  const struct profile *profile,
                                                  unsigned num_callers)
{
	struct suppression_finder *finder = xcalloc(1, sizeof(*finder));

	finder->set = suppressions;
	finder->profile = profile;
	finder->num_callers = num_callers;
	finder->real_paths =
	    xcalloc(profile_n_objects(profile) + (size_t)1, sizeof(*finder->real_paths));
	finder->index_of = u64map_new();
	return finder;
}

void suppression_finder_free(struct suppression_finder *finder)
{
	if (!finder)
		return;
	for (size_t i = 0; i < finder->n_words; i++)
		frame_words_fini(&finder->words[i]);
	for (uint32_t i = 0; i < profile_n_objects(finder->profile); i++)
		free(finder->real_paths[i]);
	free(finder->real_paths);
	free(finder->words);
	free(finder->stack);
	u64map_free(finder->index_of);
	free(finder);
}
