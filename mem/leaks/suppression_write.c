/* Writes suppressions that apply to one stack, for valgrind and for us. */
#include "mem/leaks/suppression.h"

#include "core/profile.h"
#include "mem/leaks/frame_words.h"
#include "mem/leaks/kinds.h"

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

static void write_frame(struct writer *writer, const struct frame_words *words)
{
	if (words->function)
		write_line(writer, "fun:", words->function);
	else if (words->object)
		write_line(writer, "obj:", words->object);
	else
		write_gap(writer);
}

void suppression_write(FILE *out, const char *name, enum leak_kind kind,
                       const struct profile *profile, const struct leak_stack *stack)
{
	struct writer writer = {.out = out};
	struct frame_words words;
	bool goes_on = true;

	fprintf(out, "{\n   %s\n   Memcheck:Leak\n   match-leak-kinds: %s\n", name,
	        leak_kind_word(kind));
	if (stack->allocator)
		write_line(&writer, "fun:", stack->allocator);
	for (size_t i = 0; i < stack->n_frames && goes_on; i++) {
		if (!frame_words_init(&words, profile, stack->frames[i]))
			break;
		write_frame(&writer, &words);
		goes_on = !words.function || strcmp(words.function, "main") != 0;
		frame_words_fini(&words);
	}
	fputs("}\n", out);
}
