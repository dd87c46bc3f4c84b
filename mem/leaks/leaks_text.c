/* Writes the verdict on each process in the shape of memcheck 3.19 (mc_leakcheck.c, m_errormgr.c,
 * m_debuginfo's describe_IP). */
#include "mem/leaks/leaks_text.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/options.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/leak_document.h"
#include "mem/leaks/suppressions_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Memcheck's own lines are "==PID== TEXT", blank ones with the blank at the end. */
__attribute__((format(printf, 3, 4))) static void line(FILE *out, pid_t pid, const char *format,
                                                       ...)
{
	va_list arguments;

	fprintf(out, "==%d== ", (int)pid);
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fputc('\n', out);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void write_frame(const struct leak_document *document, const struct loss_frame *frame,
                        pid_t pid, bool is_top, FILE *out)
{
	const char *object = leak_frame_object(document, frame);

	fprintf(out, "==%d==    %s 0x%" PRIX64 ": %s", (int)pid, is_top ? "at" : "by",
	        frame->has_address ? frame->vaddr : 0, frame->function ? frame->function : "???");
	if (frame->file)
		fprintf(out, " (%s:%u)", base_name(frame->file), (unsigned)frame->line);
	else if (object)
		fprintf(out, " (in %s)", object);
	fputc('\n', out);
}

/* As valgrind's --gen-suppressions=all: without the process in front, to be copied. */
static void write_rule(const struct leak_document *document, const struct loss_record *record,
                       FILE *out)
{
	char *rule = suppressions_rule_for(document, record);

	fputs(rule, out);
	free(rule);
}

static void write_record(const struct leak_document *document, const struct leak_process *process,
                         size_t record, FILE *out)
{
	char *title = leak_record_title(process->losses, record);
	size_t n_frames;
	struct loss_frame *frames =
	    loss_record_frames(&process->losses->records[record], document->recording,
	                       document->profile, document->num_callers, &n_frames);

	line(out, process->pid, "%s", title);
	for (size_t i = 0; i < n_frames; i++)
		write_frame(document, &frames[i], process->pid, i == 0, out);
	line(out, process->pid, "%s", "");
	if (document->makes_suppressions)
		write_rule(document, &process->losses->records[record], out);
	free(frames);
	free(title);
}

static void write_sum(const char *what, struct loss_sum sum, pid_t pid, FILE *out)
{
	line(out, pid, "%s: %s bytes in %s blocks", what, count_text_of(sum.bytes).text,
	     count_text_of(sum.n_blocks).text);
}

static void write_heuristics(const struct leak_process *process, FILE *out)
{
	bool has_head = false;

	for (size_t i = LEAK_NO_HEURISTIC + 1; i < LEAK_N_HEURISTICS; i++) {
		struct loss_sum sum = process->losses->by_heuristic[i];

		if (!sum.n_blocks)
			continue;
		if (!has_head)
			line(out, process->pid, "%s",
			     "                      of which reachable via heuristic:");
		has_head = true;
		line(out, process->pid, "                        %-19s: %s bytes in %s blocks",
		     leak_heuristic_word((enum leak_heuristic)i), count_text_of(sum.bytes).text,
		     count_text_of(sum.n_blocks).text);
	}
}

/* What is to be asked for to see more. */
static void write_advice(const struct leak_document *document, const struct leak_process *process,
                         FILE *out)
{
	const struct loss_sum *kinds = process->losses->sums.kinds;
	uint64_t n_blocks = 0;

	for (size_t i = 0; i < LEAK_N_KINDS; i++)
		n_blocks += kinds[i].n_blocks;
	if (document->is_summary && n_blocks)
		line(out, process->pid, "%s",
		     "Rerun with --leak-check=full to see details of leaked memory");
	if (document->is_summary || !kinds[LEAK_REACHABLE].n_blocks ||
	    document->shown_kinds >> LEAK_REACHABLE & 1)
		return;
	line(out, process->pid, "%s",
	     "Reachable blocks (those to which a pointer was found) are not shown.");
	line(out, process->pid, "%s",
	     "To see them, rerun with: --leak-check=full --show-leak-kinds=all");
}

static void write_summary(const struct leak_document *document, const struct leak_process *process,
                          FILE *out)
{
	const struct loss_sums *sums = &process->losses->sums;
	pid_t pid = process->pid;

	line(out, pid, "%s", "LEAK SUMMARY:");
	write_sum("   definitely lost", sums->kinds[LEAK_DEFINITE], pid, out);
	write_sum("   indirectly lost", sums->kinds[LEAK_INDIRECT], pid, out);
	write_sum("     possibly lost", sums->kinds[LEAK_POSSIBLE], pid, out);
	write_sum("   still reachable", sums->kinds[LEAK_REACHABLE], pid, out);
	write_heuristics(process, out);
	write_sum("        suppressed", sums->suppressed, pid, out);
	write_advice(document, process, out);
	line(out, pid, "%s", "");
}

static void write_errors(const struct leak_document *document, const struct leak_process *process,
                         FILE *out)
{
	unsigned kinds = document->is_summary ? 0 : document->error_kinds;
	size_t n = loss_count(process->losses, kinds, false);
	size_t n_suppressed = loss_count(process->losses, kinds, true);

	if (suppressions_write_used(document, process, out))
		line(out, process->pid, "%s", "");
	line(out, process->pid,
	     "ERROR SUMMARY: %zu errors from %zu contexts (suppressed: %zu from %zu)", n, n,
	     n_suppressed, n_suppressed);
}

static void write_head(const struct leak_process *process, FILE *out)
{
	line(out, process->pid, "%s", "profile-scenario " VERSION ", a leak check as memcheck's");
	line(out, process->pid, "Command: %s", process->command);
	if (process->parent_pid)
		line(out, process->pid, "Parent PID: %d", (int)process->parent_pid);
	for (size_t i = 0; i < process->notes->n_texts; i++)
		line(out, process->pid, "Note: %s", process->notes->texts[i]);
	line(out, process->pid, "%s", "");
	line(out, process->pid, "%s", "");
}

static void write_heap(const struct leak_process *process, FILE *out)
{
	pid_t pid = process->pid;

	line(out, pid, "%s", "HEAP SUMMARY:");
	write_sum("    in use at exit", process->in_use, pid, out);
	line(out, pid, "  total heap usage: %s allocs, %s frees, %s bytes allocated",
	     count_text_of(process->allocations).text, count_text_of(process->frees).text,
	     count_text_of(process->allocated_bytes).text);
	if (process->inherited.n_blocks)
		line(out, pid,
		     " of which inherited: %s bytes in %s blocks; metrics and gates count these in "
		     "the process that made them",
		     count_text_of(process->inherited.bytes).text,
		     count_text_of(process->inherited.n_blocks).text);
	line(out, pid, "%s", "");
}

/* `is_shown` by record; NULL: none is. */
static void write_process(const struct leak_document *document, const struct leak_process *process,
                          const bool *is_shown, FILE *out)
{
	write_head(process, out);
	if (!process->losses) {
		line(out, process->pid, "Not checked for leaks: %s", process->missing);
		line(out, process->pid, "%s", "");
		return;
	}
	write_heap(process, out);
	for (size_t i = 0; is_shown && i < process->losses->n_records; i++)
		if (is_shown[i])
			write_record(document, process, i, out);
	if (process->in_use.n_blocks || process->losses->n_records) {
		write_summary(document, process, out);
	} else {
		line(out, process->pid, "%s",
		     "All heap blocks were freed -- no leaks are possible");
		line(out, process->pid, "%s", "");
	}
	write_errors(document, process, out);
}

/* What is lost in a process: those with least give way when there are too many. */
static uint64_t lost_bytes(const struct leak_process *process)
{
	uint64_t bytes = 0;

	for (int kind = LEAK_POSSIBLE; process->losses && kind < LEAK_N_KINDS; kind++)
		bytes += process->losses->sums.kinds[kind].bytes;
	return bytes;
}

struct weighed {
	bool is_first;
	uint64_t lost_bytes;
	size_t process;
};

static int most_lost_first(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	if (x->is_first != y->is_first)
		return x->is_first ? -1 : 1;
	if (x->lost_bytes != y->lost_bytes)
		return x->lost_bytes > y->lost_bytes ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

static uint64_t written_bytes(const struct leak_document *document,
                              const struct leak_process *process)
{
	char *text = NULL;
	size_t n_bytes;
	FILE *out = open_memstream(&text, &n_bytes);

	BUG(!out);
	write_process(document, process, NULL, out);
	fclose(out);
	free(text);
	return n_bytes;
}

/* The processes that have room in half of the file, in the document's order; the caller frees the
 * array. *n_bytes: what they take without their records. */
static struct leak_process *choose_processes(const struct leak_document *document, size_t *n_shown,
                                             uint64_t *n_bytes)
{
	size_t n = document->n_processes;
	struct leak_process *shown = xcalloc(n + 1, sizeof(*shown));
	struct weighed *weighed = xcalloc(n + 1, sizeof(*weighed));
	bool *is_shown = xcalloc(n + 1, sizeof(*is_shown));

	for (size_t i = 0; i < n; i++)
		weighed[i] = (struct weighed){document->processes[i].is_first,
		                              lost_bytes(&document->processes[i]), i};
	qsort(weighed, n, sizeof(*weighed), most_lost_first);
	*n_bytes = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t more = written_bytes(document, &document->processes[weighed[i].process]);

		if (document->most_bytes && i && *n_bytes + more > document->most_bytes / 2)
			break;
		*n_bytes += more;
		is_shown[weighed[i].process] = true;
	}
	*n_shown = 0;
	for (size_t i = 0; i < n; i++)
		if (is_shown[i])
			shown[(*n_shown)++] = document->processes[i];
	free(is_shown);
	free(weighed);
	return shown;
}

static pid_t first_pid(const struct leak_document *document)
{
	for (size_t i = 0; i < document->n_processes; i++)
		if (document->processes[i].is_first)
			return document->processes[i].pid;
	return document->n_processes ? document->processes[0].pid : 0;
}

/* What no process says by itself; `shown` is what there was room for. */
static void write_left_out(const struct leak_document *document, const struct leak_document *shown,
                           const struct leak_choice *choice, FILE *out)
{
	pid_t pid = first_pid(document);
	char *records = leak_choice_text(choice, document);
	uint64_t bytes = 0;

	for (size_t i = 0; i < document->n_processes; i++)
		bytes += lost_bytes(&document->processes[i]);
	for (size_t i = 0; i < shown->n_processes; i++)
		bytes -= lost_bytes(&shown->processes[i]);
	if (shown->n_processes < document->n_processes)
		line(out, pid, "Note: processes left out to stay below %s: %s, with %s lost",
		     size_text_of(document->most_bytes).text,
		     count_text_of(document->n_processes - shown->n_processes).text,
		     counted_text_of(bytes, "byte").text);
	if (records)
		line(out, pid, "Note: %s", records);
	free(records);
}

struct leaks_text {
	struct leak_document document;
	struct leak_document shown; /* the processes that there is room for, */
	struct leak_process *processes;
	struct leak_choice choice; /* and their records */
};

struct leaks_text *leaks_text_new(const struct leak_document *document)
{
	struct leaks_text *text = xcalloc(1, sizeof(*text));
	uint64_t n_bytes, most_bytes = document->most_bytes;

	text->document = text->shown = *document;
	text->processes = choose_processes(document, &text->shown.n_processes, &n_bytes);
	text->shown.processes = text->processes;
	/* 0 would be no bound. */
	if (most_bytes)
		most_bytes = most_bytes > n_bytes ? most_bytes - n_bytes : 1;
	leak_choice_make(&text->choice, &text->shown, write_record, most_bytes);
	return text;
}

void leaks_text_free(struct leaks_text *text)
{
	if (!text)
		return;
	leak_choice_fini(&text->choice, &text->shown);
	free(text->processes);
	free(text);
}

char *leaks_text_left_out(const struct leaks_text *text)
{
	return leak_choice_text(&text->choice, &text->document);
}

void leaks_text_write(const struct leaks_text *text, FILE *out)
{
	const struct leak_document *document = &text->document;

	for (size_t i = 0; i < document->notes->n_texts; i++)
		line(out, first_pid(document), "Note: %s", document->notes->texts[i]);
	for (size_t i = 0; i < text->shown.n_processes; i++)
		write_process(&text->shown, &text->processes[i], text->choice.is_shown[i], out);
	write_left_out(document, &text->shown, &text->choice, out);
	suppressions_write_unused(document, first_pid(document), out);
}
