/* Writes source lines and instructions; long stretches without a sample are left out. */
#include "core/annotate/annotation_text.h"

#include "core/alloc.h"
#include "core/annotate/annotation.h"
#include "core/annotate/code.h"
#include "core/annotate/source_file.h"
#include "core/recording.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/symbolize.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* More lines than SHOWN_WHOLE are shown near samples only. No function reaches over a gap of
 * LARGEST_GAP lines: there #line or a damaged file gave the number. */
enum { SHOWN_WHOLE = 120, NEAR = 5, NAMES_SHOWN = 8, LARGEST_GAP = 1 << 16 };

/* Names come from files that strangers made: nothing may steer the terminal. */
static void write_clean(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' && *text != '\t' ? '?' : *text, out);
}

static double percent(const struct annotation_text *text, uint64_t value)
{
	return text->whole ? 100 * (double)value / (double)text->whole : 0;
}

static void write_shares(const struct annotation_text *text, uint64_t self, uint64_t total,
                         FILE *out)
{
	if (self)
		fprintf(out, "%9.2f%%", percent(text, self));
	else
		fprintf(out, "%10s", "");
	if (total)
		fprintf(out, "%9.2f%%", percent(text, total));
	else
		fprintf(out, "%10s", "");
}

static void write_names(const struct annotation_text *text, const char *what,
                        const struct annotated_names *names, FILE *out)
{
	if (!names->n)
		return;
	fprintf(out, "# %s: ", what);
	for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++) {
		char *name = demangle_short(names->items[i].function);

		fputs(i ? ", " : "", out);
		write_clean(out, name);
		fprintf(out, " %.2f %%", percent(text, names->items[i].value));
		free(name);
	}
	if (names->n > NAMES_SHOWN)
		fprintf(out, " and %zu more", names->n - NAMES_SHOWN);
	fputc('\n', out);
}

static void write_head(const struct annotation_text *text, FILE *out)
{
	const struct annotation *annotation = text->annotation;

	fprintf(out, "# %s\n", text->title);
	if (text->command) {
		fputs("# cmdline : ", out);
		write_clean(out, text->command);
		fputc('\n', out);
	}
	for (const char *const *line = text->comments; line && *line; line++)
		fprintf(out, "# %s\n", *line);
	fputs("#\n", out);
	write_names(text, "function, with what it calls", &annotation->functions, out);
	fprintf(out, "# in it itself: %.2f %%\n", percent(text, annotation->self));
	write_names(text, "in code inlined into it", &annotation->inlined, out);
	write_names(text, "it is inlined itself into", &annotation->holders, out);
}

/* Marks what is shown of n lines: those near one that is marked, or all where they are few. */
static void widen(bool *shown, size_t n)
{
	bool *sampled;

	if (n <= SHOWN_WHOLE) {
		memset(shown, true, n);
		return;
	}
	sampled = xcalloc(n, sizeof(*sampled));
	memcpy(sampled, shown, n);
	for (size_t i = 0; i < n; i++) {
		size_t from = i > NEAR ? i - NEAR : 0;
		size_t to = n - i > NEAR ? i + NEAR : n - 1;

		for (size_t j = from; sampled[i] && j <= to; j++)
			shown[j] = true;
	}
	free(sampled);
}

static void write_source_name(const struct annotation_text *text, const struct source_file *source,
                              const char *file, uint32_t last_line, FILE *out)
{
	fputs("#\n# ", out);
	write_clean(out, file);
	if (source->why_not)
		fprintf(out, ": %s; only the numbers of its lines are shown", source->why_not);
	else if (text->started_ns && source->changed_ns > text->started_ns)
		fputs(": it was changed after the run, its lines may be others than those that ran",
		      out);
	else if (source->n_lines < last_line)
		fputs(": it has fewer lines than the program was made of: it is another", out);
	fputs("\n#\n#    Self     Total    Line\n#\n", out);
}

/* The lines first .. end - 1 of the annotation are those of one file, in order, without a large
 * gap. */
static void write_source(const struct annotation_text *text, size_t first, size_t end, FILE *out)
{
	const struct annotated_line *lines = text->annotation->lines;
	uint32_t from = lines[first].line, to = lines[end - 1].line;
	size_t n = (size_t)to - from + 1;
	bool *shown = xcalloc(n, sizeof(*shown));
	struct source_file source;
	bool is_gap = false;

	source_file_read(&source, lines[first].file);
	write_source_name(text, &source, lines[first].file, to, out);
	for (size_t i = first; i < end; i++)
		shown[lines[i].line - from] = lines[i].total > 0;
	/* Numbers alone are of use only where there are samples. */
	if (!source.why_not)
		widen(shown, n);
	for (size_t at = 0; at < n; at++) {
		uint32_t line = from + (uint32_t)at;
		bool is_ours = first < end && lines[first].line == line;
		const char *content = source_file_line(&source, line);

		if (shown[at]) {
			write_shares(text, is_ours ? lines[first].self : 0,
			             is_ours ? lines[first].total : 0, out);
			fprintf(out, "  %6" PRIu32 "%s", line, content ? "  " : "");
			write_clean(out, content ? content : "");
			fputc('\n', out);
		} else if (!is_gap && !source.why_not) {
			fprintf(out, "%26s...\n", "");
		}
		is_gap = !shown[at];
		first += is_ours;
	}
	source_file_fini(&source);
	free(shown);
}

static void write_sources(const struct annotation_text *text, FILE *out)
{
	const struct annotation *annotation = text->annotation;
	uint64_t unplaced = 0;

	for (size_t i = 0; i < annotation->n_lines;) {
		const struct annotated_line *line = &annotation->lines[i];
		uint64_t total = line->total;
		size_t end = i + 1;

		if (!line->file || !line->line) {
			unplaced += line->total;
			i = end;
			continue;
		}
		while (end < annotation->n_lines &&
		       !strcmp(annotation->lines[end].file, line->file) &&
		       annotation->lines[end].line - annotation->lines[end - 1].line <= LARGEST_GAP)
			total += annotation->lines[end++].total;
		if (total)
			write_source(text, i, end, out);
		i = end;
	}
	if (unplaced)
		fprintf(
		    out,
		    "#\n# %.2f %% is on lines that are not known; build the program with -g, or "
		    "install its debug symbols\n",
		    percent(text, unplaced));
}

static bool is_same_place(const struct code_line *a, const struct code_line *b)
{
	const struct symbol_frame *x = &a->frames[0];
	const struct symbol_frame *y = &b->frames[0];

	return x->function == y->function && x->file == y->file && x->line == y->line;
}

/* Where the next instructions come from: "checksum (inlined) inet.h:40". */
static void write_place(const struct code_line *line, FILE *out)
{
	const struct symbol_frame *frame = &line->frames[0];
	const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;
	char *name = frame->function ? demangle_short(frame->function) : xstrdup("?");

	fprintf(out, "%22s; ", "");
	write_clean(out, name);
	fputs(frame->inlined ? " (inlined)" : "", out);
	if (frame->file) {
		fputc(' ', out);
		write_clean(out, slash ? slash + 1 : frame->file);
		if (frame->line)
			fprintf(out, ":%" PRIu32, frame->line);
	}
	fputc('\n', out);
	free(name);
}

static void write_code(const struct annotation_text *text, const struct code *code, FILE *out)
{
	const struct object *object = recording_object(text->recording, code->object);
	const struct code_line *before = NULL;
	bool *shown = xcalloc(code->n_lines, sizeof(*shown));

	fputs("#\n# instructions of ", out);
	write_clean(out, object->path);
	fprintf(out, ", %" PRIx64 " to %" PRIx64 "\n#\n#    Self     Total   Address\n#\n",
	        code->start, code->end);
	for (size_t i = 0; i < code->n_lines; i++)
		shown[i] = code->lines[i].total > 0;
	widen(shown, code->n_lines);
	for (size_t i = 0; i < code->n_lines; i++) {
		const struct code_line *line = &code->lines[i];

		if (!shown[i] || !line->is_ours) {
			if (before)
				fprintf(out, "%22s...\n", "");
			before = NULL;
			continue;
		}
		if (!before || !is_same_place(before, line))
			write_place(line, out);
		write_shares(text, line->self, line->total, out);
		fprintf(out, "  %8" PRIx64 "  ", line->address);
		write_clean(out, line->text);
		fputc('\n', out);
		before = line;
	}
	free(shown);
}

void annotation_write(const struct annotation_text *text, FILE *out)
{
	const struct code_list *codes = text->codes;

	write_head(text, out);
	write_sources(text, out);
	for (size_t i = 0; i < codes->n_codes; i++)
		write_code(text, &codes->codes[i], out);
	for (size_t i = 0; i < codes->reasons.n_texts; i++) {
		fputs("#\n# no instructions: ", out);
		write_clean(out, codes->reasons.texts[i]);
		fputc('\n', out);
	}
}
