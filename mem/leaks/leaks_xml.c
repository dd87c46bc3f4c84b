/* Writes the loss records that leaks.txt shows as errors of valgrind's XML protocol. */
#include "mem/leaks/leaks_xml.h"

#include "core/alloc.h"
#include "core/export/xml.h"
#include "core/options.h"
#include "mem/leaks/leak_document.h"
#include "mem/leaks/suppression.h"
#include "mem/leaks/suppressions_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Processes without a verdict that are named. */
enum { MISSING_NAMED = 20 };

static void write_text(FILE *out, const char *indent, const char *tag, const char *text)
{
	fprintf(out, "%s<%s>", indent, tag);
	xml_write(out, text);
	fprintf(out, "</%s>\n", tag);
}

/* The directory and the name of a source file. */
static void write_file(const char *path, FILE *out)
{
	const char *slash = strrchr(path, '/');

	if (slash) {
		char *directory = xstrndup(path, (size_t)(slash - path));

		write_text(out, "      ", "dir", directory);
		free(directory);
	}
	write_text(out, "      ", "file", slash ? slash + 1 : path);
}

static void write_frame(const struct leak_document *document, const struct loss_frame *frame,
                        FILE *out)
{
	const char *object = leak_frame_object(document, frame);

	fputs("    <frame>\n", out);
	fprintf(out, "      <ip>0x%" PRIX64 "</ip>\n", frame->has_address ? frame->vaddr : 0);
	if (object)
		write_text(out, "      ", "obj", object);
	if (frame->function)
		write_text(out, "      ", "fn", frame->function);
	if (frame->file) {
		write_file(frame->file, out);
		fprintf(out, "      <line>%u</line>\n", (unsigned)frame->line);
	}
	fputs("    </frame>\n", out);
}

static void write_stack(const struct leak_document *document, const struct loss_record *record,
                        FILE *out)
{
	size_t n_frames;
	struct loss_frame *frames = loss_record_frames(
	    record, document->recording, document->profile, document->num_callers, &n_frames);

	fputs("  <stack>\n", out);
	for (size_t i = 0; i < n_frames; i++)
		write_frame(document, &frames[i], out);
	fputs("  </stack>\n", out);
	free(frames);
}

/* The lines of a rule as elements; protocol 4 has none for `...`. */
static void write_rule_line(const char *line, FILE *out)
{
	static const struct {
		const char *prefix, *before, *after;
	} rows[] = {
	    {"Memcheck:", "    <skind>Memcheck:", "</skind>\n"},
	    {"match-leak-kinds:", "    <skaux>match-leak-kinds:", "</skaux>\n"},
	    {"fun:", "    <sframe> <fun>", "</fun> </sframe>\n"},
	    {"obj:", "    <sframe> <obj>", "</obj> </sframe>\n"},
	};

	line += strspn(line, " ");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].prefix);

		if (strncmp(line, rows[i].prefix, len) != 0)
			continue;
		fputs(rows[i].before, out);
		xml_write(out, line + len);
		fputs(rows[i].after, out);
	}
}

/* "{", the name, its lines, "}". A name of the program's could end the CDATA section, so the text
 * is escaped instead. */
static void write_rule(const struct leak_document *document, const struct loss_record *record,
                       FILE *out)
{
	char *text = suppressions_rule_for(document, record);
	char *copy = xstrdup(text), *rest = copy;
	const char *line;

	strsep(&rest, "\n");
	fputs("  <suppression>\n", out);
	line = strsep(&rest, "\n");
	write_text(out, "    ", "sname", line + strspn(line, " "));
	while ((line = strsep(&rest, "\n")))
		write_rule_line(line, out);
	write_text(out, "    ", "rawtext", text);
	fputs("  </suppression>\n", out);
	free(copy);
	free(text);
}

/* All of an error but its first lines, in which it has a number. */
static void write_record(const struct leak_document *document, const struct leak_process *process,
                         size_t index, FILE *out)
{
	static const char *const kinds[LEAK_N_KINDS] = {
	    [LEAK_REACHABLE] = "Leak_StillReachable",
	    [LEAK_POSSIBLE] = "Leak_PossiblyLost",
	    [LEAK_INDIRECT] = "Leak_IndirectlyLost",
	    [LEAK_DEFINITE] = "Leak_DefinitelyLost",
	};
	const struct loss_record *record = &process->losses->records[index];
	char *title = leak_record_title(process->losses, index);

	fprintf(out, "  <tid>1</tid>\n  <kind>%s</kind>\n  <xwhat>\n", kinds[record->kind]);
	write_text(out, "    ", "text", title);
	fprintf(out,
	        "    <leakedbytes>%" PRIu64 "</leakedbytes>\n"
	        "    <leakedblocks>%" PRIu64 "</leakedblocks>\n"
	        "  </xwhat>\n",
	        loss_record_total(record), record->n_blocks);
	write_stack(document, record, out);
	if (!process->is_first) {
		char *whose = xasprintf("in process %d: %s", (int)process->pid, process->command);

		write_text(out, "  ", "auxwhat", whose);
		free(whose);
	}
	if (document->makes_suppressions)
		write_rule(document, record, out);
	fputs("</error>\n\n", out);
	free(title);
}

static const struct leak_process *first_process(const struct leak_document *document)
{
	for (size_t i = 0; i < document->n_processes; i++)
		if (document->processes[i].is_first)
			return &document->processes[i];
	return document->n_processes ? document->processes : NULL;
}

static void write_missing(const struct leak_document *document, FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < document->n_processes; i++) {
		const struct leak_process *process = &document->processes[i];
		char *text;

		if (process->losses || ++n > MISSING_NAMED)
			continue;
		text = xasprintf("Process %d (%s) was not checked for leaks: %s", (int)process->pid,
		                 process->command, process->missing);
		write_text(out, "  ", "line", text);
		free(text);
	}
	if (n > MISSING_NAMED)
		fprintf(out, "  <line>%zu more processes were not checked for leaks</line>\n",
		        n - MISSING_NAMED);
}

static void write_preamble(const struct leak_document *document, const struct leak_choice *choice,
                           const struct leak_process *first, FILE *out)
{
	char *left_out = leak_choice_text(choice, document);

	fputs("<preamble>\n", out);
	write_text(out, "  ", "line", "profile-scenario " VERSION ", a leak check as memcheck's");
	if (first) {
		char *command = xasprintf("Command: %s", first->command);

		write_text(out, "  ", "line", command);
		free(command);
	}
	for (size_t i = 0; i < document->notes->n_texts; i++)
		write_text(out, "  ", "line", document->notes->texts[i]);
	for (size_t i = 0; i < document->n_processes; i++)
		for (size_t j = 0; j < document->processes[i].notes->n_texts; j++)
			write_text(out, "  ", "line", document->processes[i].notes->texts[j]);
	if (leak_document_repeats(document))
		write_text(out, "  ", "line",
		           "Errors of a forked process have the blocks that it inherited, too; "
		           "metrics and gates count these in the process that made them");
	write_missing(document, out);
	if (left_out)
		write_text(out, "  ", "line", left_out);
	fputs("</preamble>\n\n", out);
	free(left_out);
}

static void write_arguments(const struct text_list *command, FILE *out)
{
	fputs("<args>\n  <vargv>\n    <exe>profile-scenario</exe>\n  </vargv>\n  <argv>\n", out);
	for (size_t i = 0; i < command->n_texts; i++)
		write_text(out, "    ", i ? "arg" : "exe", command->texts[i]);
	fputs("  </argv>\n</args>\n\n", out);
}

/* Days, hours, minutes, seconds. */
static void write_status(const char *state, uint64_t ns, FILE *out)
{
	uint64_t ms = ns / 1000000;

	fprintf(out,
	        "<status>\n  <state>%s</state>\n  <time>%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64
	        ":%02" PRIu64 ".%03" PRIu64 " </time>\n</status>\n\n",
	        state, ms / 86400000, ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60,
	        ms % 1000);
}

static void write_errors(const struct leak_document *document, const struct leak_choice *choice,
                         FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < document->n_processes; i++) {
		const struct leak_process *process = &document->processes[i];

		for (size_t j = 0; process->losses && j < process->losses->n_records; j++) {
			if (!choice->is_shown[i][j])
				continue;
			fprintf(out, "<error>\n  <unique>0x%zx</unique>\n", n++);
			write_record(document, process, j, out);
		}
	}
}

static void write_suppressions(const struct leak_document *document, FILE *out)
{
	size_t n_rules = document->suppressions ? suppressions_count(document->suppressions) : 0;
	size_t *n_uses = xcalloc(n_rules + 1, sizeof(*n_uses));

	for (size_t i = 0; i < document->n_processes; i++) {
		const struct loss_list *losses = document->processes[i].losses;

		for (size_t j = 0; losses && j < losses->n_records; j++)
			n_uses[losses->records[j].suppression]++;
	}
	fputs("<errorcounts>\n</errorcounts>\n\n<suppcounts>\n", out);
	for (size_t i = 1; i <= n_rules; i++) {
		if (!n_uses[i])
			continue;
		fprintf(out, "  <pair>\n    <count>%zu</count>\n", n_uses[i]);
		write_text(out, "    ", "name",
		           suppressions_get(document->suppressions, (uint32_t)i).name);
		fputs("  </pair>\n", out);
	}
	fputs("</suppcounts>\n\n", out);
	free(n_uses);
}

void leaks_xml_write(const struct leak_document *document, FILE *out)
{
	const struct leak_process *first = first_process(document);
	struct leak_choice choice;

	leak_choice_make(&choice, document, write_record, document->most_bytes);
	fputs("<?xml version=\"1.0\"?>\n\n<valgrindoutput>\n\n"
	      "<protocolversion>4</protocolversion>\n<protocoltool>memcheck</protocoltool>\n\n",
	      out);
	write_preamble(document, &choice, first, out);
	fprintf(out, "<pid>%d</pid>\n<ppid>%d</ppid>\n<tool>memcheck</tool>\n\n",
	        first ? (int)first->pid : 0, first ? (int)first->parent_pid : 0);
	write_arguments(document->command, out);
	write_status("RUNNING", 0, out);
	write_status("FINISHED", document->wall_ns, out);
	write_errors(document, &choice, out);
	write_suppressions(document, out);
	fputs("</valgrindoutput>\n", out);
	leak_choice_fini(&choice, document);
}
