/* Writes suppressions that apply to one stack, for valgrind and for us. */
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/function_match.h"
#include "core/profile.h"
#include "core/symbolize/demangle.h"
#include "mem/heap_filter.h"
#include "mem/leaks/frame_words.h"
#include "mem/leaks/kinds.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 500 }; /* valgrind reads no more (VG_DEEPEST_BACKTRACE) */

struct writer {
	FILE *out;
	unsigned n_lines;
	bool is_open; /* the last line is `...` */
};

static void write_line(struct writer *writer, const char *kind, const char *text)
{
	if (writer->n_lines++ < MAX_LINES)
		fprintf(writer->out, "   %s%s\n", kind, text);
	writer->is_open = false;
}

/* Generated code: how many such frames there are differs from run to run. A rule that begins with
 * `...` would apply to too much. */
static void write_gap(struct writer *writer)
{
	if (!writer->n_lines) {
		write_line(writer, "obj:", "*");
	} else if (!writer->is_open) {
		write_line(writer, "...", "");
		writer->is_open = true;
	}
}

/* memcheck stands before setenv and putenv with functions of its own, each a frame more: glibc's
 * setenv jumps to this one. */
static const char environment[] = "__add_to_environ";

static void write_frame(struct writer *writer, const struct frame_words *words)
{
	if (words->function) {
		write_line(writer, "fun:", words->pattern ? words->pattern : words->function);
		if (!strcmp(words->function, environment))
			write_gap(writer);
	} else if (words->path) {
		write_line(writer, "obj:", words->real);
	} else {
		write_gap(writer);
	}
}

/* Versions of valgrind differ in what they call the aligned ones, and in whether posix_memalign has
 * another frame on top. */
static void write_allocator(struct writer *writer, const char *function)
{
	if (!strcmp(function, "posix_memalign"))
		write_line(writer, "...", "");
	write_line(writer, "fun:", strcmp(function, "aligned_alloc") ? function : "*align*");
}

/* The lines between the name and the brace. */
static char *write_body(enum leak_kind kind, const struct profile *profile,
                        const struct leak_stack *stack, unsigned num_callers)
{
	struct frame_words words = {.ends_stack = false};
	unsigned n_callers = stack->allocator ? 1 : 0;
	struct writer writer = {.n_lines = 0};
	char *body = NULL;
	size_t len;

	writer.out = open_memstream(&body, &len);
	BUG(!writer.out);
	fprintf(writer.out, "   Memcheck:Leak\n   match-leak-kinds: %s\n", leak_kind_word(kind));
	if (stack->allocator)
		write_allocator(&writer, stack->allocator);
	for (size_t i = 0; i < stack->n_frames && n_callers < num_callers && !words.ends_stack;
	     i++) {
		char *real = frame_real_path(profile, stack->frames[i]);
		bool has_words = frame_words_init(&words, profile, stack->frames[i], real);

		if (!has_words) {
			free(real);
			break;
		}
		if (stack->called && i == 0)
			frame_words_call(&words, stack->called);
		write_frame(&writer, &words);
		n_callers += profile_frame(profile, stack->frames[i])->kind != FRAME_INLINED;
		frame_words_fini(&words);
		free(real);
	}
	fclose(writer.out);
	return body;
}

/* FNV-1a, 32 bits: names need not be safe from anybody. */
static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash;
}

/* The caller of operator new and its kin, as people call it; where there is none, its object. What
 * was inlined there is an allocator's `allocate` in most cases. */
static char *site_of(const struct profile *profile, const struct leak_stack *stack)
{
	char *name, *site;
	size_t i = 0;

	while (i + 1 < stack->n_frames &&
	       (profile_frame(profile, stack->frames[i])->kind == FRAME_INLINED ||
	        heap_is_allocator(profile, stack->frames[i])))
		i++;
	if (i >= stack->n_frames)
		return xstrdup("nobody");
	name = demangle_short(
	    profile_text(profile, profile_frame(profile, stack->frames[i])->function));
	site = function_without_templates(name);
	free(name);
	return site;
}

char *suppression_text(enum leak_kind kind, const struct profile *profile,
                       const struct leak_stack *stack, unsigned num_callers)
{
	char *body = write_body(kind, profile, stack, num_callers);
	char *site = site_of(profile, stack);
	char *text = xasprintf("{\n   %s in %s, %08x\n%s}\n", leak_kind_word(kind), site,
	                       hash_of(body), body);

	free(site);
	free(body);
	return text;
}
