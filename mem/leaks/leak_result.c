/* Puts the sums and the largest loss records of a run into its result. */
#include "mem/leaks/leak_result.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/findings.h"
#include "core/gates.h"
#include "core/metrics.h"
#include "core/number_text.h"
#include "core/quality.h"
#include "core/symbolize/demangle.h"
#include "mem/counts.h"
#include "mem/heap.h"
#include "mem/leaks/leak_run.h"
#include "mem/options.h"
#include "mem/part.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_ROWS = 5 };

/* In the order in which memcheck's summary has them. */
static const struct {
	enum leak_kind kind;
	const char *name; /* of the metrics */
	const char *words;
} kinds[] = {
    {LEAK_DEFINITE, "definitely_lost", "definitely lost"},
    {LEAK_INDIRECT, "indirectly_lost", "indirectly lost"},
    {LEAK_POSSIBLE, "possibly_lost", "possibly lost"},
    {LEAK_REACHABLE, "still_reachable", "still reachable"},
};

static void add_sum(struct metrics *metrics, const char *name, struct loss_sum sum)
{
	char *bytes = xasprintf("mem.%s_bytes", name), *blocks = xasprintf("mem.%s_blocks", name);

	metrics_add(metrics, memory_metric_rows, bytes, (double)sum.bytes);
	metrics_add(metrics, memory_metric_rows, blocks, (double)sum.n_blocks);
	free(bytes);
	free(blocks);
}

void leak_result_add_metrics(struct metrics *metrics, const struct leak_run *leaks)
{
	struct loss_sums sums;

	if (!leaks || leak_run_lack(leaks))
		return;
	sums = leak_run_sums(leaks);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		add_sum(metrics, kinds[i].name, sums.kinds[kinds[i].kind]);
	add_sum(metrics, "suppressed", sums.suppressed);
}

/* Why there are no leak metrics, or NULL. */
static const char *why_none(const struct memory_report *report)
{
	if (report->run->why_no_leak_check)
		return report->run->why_no_leak_check;
	if (!report->leaks)
		return "no leak check was asked for (--leak-check, --pages-as-heap)";
	return leak_run_lack(report->leaks);
}

static bool has_gates(const struct memory_options *options)
{
	return options->errors_for_leak_kinds || options->error_exitcode;
}

/* Errors are blocks of these kinds. */
static void require_gates(const struct memory_report *report)
{
	const struct memory_options *options = report->options;
	unsigned error_kinds = memory_options_leaks(options).error_kinds;
	char *source = options->errors_for_leak_kinds
	                   ? xasprintf("--errors-for-leak-kinds=%s", options->errors_for_leak_kinds)
	                   : xasprintf("--error-exitcode=%u", (unsigned)options->error_exitcode);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char *metric = xasprintf("mem.%s_blocks", kinds[i].name);

		if (error_kinds >> kinds[i].kind & 1)
			gates_require(report->result->gates, metric, GATE_AT_MOST, 0, source);
		free(metric);
	}
	if (options->error_exitcode)
		gates_set_exit_status(report->result->gates, (int)options->error_exitcode);
	free(source);
}

void leak_result_judge(const struct memory_report *report)
{
	struct result *result = report->result;
	const char *why = why_none(report);
	struct loss_sum definite = {0, 0};

	if (report->leaks)
		definite = leak_run_sums(report->leaks).kinds[LEAK_DEFINITE];
	if (report->leaks && why)
		quality_add_note(result->quality, "no leak metrics: %s", why);
	if (report->leaks && leak_run_limit(report->leaks))
		quality_add_note(result->quality, "the leak check is limited; first process %s",
		                 leak_run_limit(report->leaks));
	if (report->leaks)
		findings_judge(result->findings, memory_finding_rows, "definitely-lost-blocks",
		               (double)definite.n_blocks, "mem.definitely_lost_blocks",
		               "%s definitely lost in %s: leaks.txt shows where they came from",
		               size_text_of(definite.bytes).text,
		               counted_text_of(definite.n_blocks, "block").text);
	if (!has_gates(report->options))
		return;
	require_gates(report);
	if (why && !result->unusable)
		result->unusable = xasprintf("leak errors cannot be judged: %s", why);
}

static void prepend(struct text_list *list, char *line)
{
	struct text_list longer = {0};

	text_list_add(&longer, line);
	for (size_t i = 0; i < list->n_texts; i++)
		text_list_add(&longer, list->texts[i]);
	text_list_fini(list);
	*list = longer;
	free(line);
}

void leak_result_mention(const struct memory_report *report)
{
	struct loss_sums sums;

	if (!report->leaks || !leak_run_has_verdict(report->leaks))
		return;
	sums = leak_run_sums(report->leaks);
	prepend(
	    &report->result->table,
	    xasprintf("leaks: %s definitely lost in %s, %s indirectly, %s possibly; %s still "
	              "reachable%s; leaks.txt",
	              size_text_of(sums.kinds[LEAK_DEFINITE].bytes).text,
	              counted_text_of(sums.kinds[LEAK_DEFINITE].n_blocks, "block").text,
	              size_text_of(sums.kinds[LEAK_INDIRECT].bytes).text,
	              size_text_of(sums.kinds[LEAK_POSSIBLE].bytes).text,
	              size_text_of(sums.kinds[LEAK_REACHABLE].bytes).text,
	              leak_run_lack(report->leaks) ? ", of the processes that were checked" : ""));
}

/* A record of some process. */
struct shown {
	const struct leak_process *process;
	const struct loss_record *record;
};

static int largest_first(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;
	uint64_t x_total = loss_record_total(x->record), y_total = loss_record_total(y->record);

	if (x_total != y_total)
		return x_total > y_total ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->record > y->record ? -1 : x->record < y->record;
}

/* The records that leaks.txt shows, the largest first; the caller frees the array. */
static struct shown *list_shown(const struct leak_document *document, size_t *n)
{
	struct shown *shown = NULL;
	size_t capacity = 0;

	*n = 0;
	for (size_t i = 0; i < document->n_processes && !document->is_summary; i++) {
		const struct loss_list *losses = document->processes[i].losses;

		for (size_t j = 0; losses && j < losses->n_records; j++)
			if (document->shown_kinds >> losses->records[j].kind & 1 &&
			    !losses->records[j].suppression)
				*ARRAY_APPEND(shown, *n, capacity) =
				    (struct shown){&document->processes[i], &losses->records[j]};
	}
	if (*n)
		qsort(shown, *n, sizeof(*shown), largest_first);
	return shown;
}

/* "wrap (t.c:7)" of the function that called the allocation function. The caller frees it. */
static char *place_of(const struct leak_document *document, const struct loss_record *record)
{
	size_t n_frames;
	struct loss_frame *frames =
	    loss_record_frames(record, document->recording, document->profile, 2, &n_frames);
	const struct loss_frame *frame = &frames[n_frames > 1 ? 1 : 0];
	char *name = frame->function ? demangle_short(frame->function) : xstrdup("???");
	const char *path = frame->file ? frame->file : frame->object ? frame->object : "?";
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	char *text = frame->file ? xasprintf("%s (%s:%u)", name, base, (unsigned)frame->line)
	                         : xasprintf("%s (in %s)", name, base);

	free(name);
	free(frames);
	return text;
}

static void fill_table(struct text_list *table, const struct leak_document *document)
{
	size_t n;
	struct shown *shown = list_shown(document, &n);

	if (n)
		text_list_add(table, "      LOST   BLOCKS  KIND             ALLOCATED BY");
	for (size_t i = 0; i < n && i < TABLE_ROWS; i++) {
		const struct loss_record *record = shown[i].record;
		char *place = place_of(document, record), *line;
		const char *words = "";

		for (size_t j = 0; j < ARRAY_SIZE(kinds); j++)
			if (kinds[j].kind == record->kind)
				words = kinds[j].words;
		line =
		    xasprintf("%10s %8s  %-15s  %s", size_text_of(loss_record_total(record)).text,
		              count_text_of(record->n_blocks).text, words, place);
		text_list_add(table, line);
		free(line);
		free(place);
	}
	free(shown);
}

static char *headline_of(const struct leak_run *leaks)
{
	struct loss_sums sums = leak_run_sums(leaks);
	char *text = xstrdup("");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct loss_sum *sum = &sums.kinds[kinds[i].kind];
		char *longer = xasprintf("%s%s %s in %s, ", text, kinds[i].words,
		                         size_text_of(sum->bytes).text,
		                         counted_text_of(sum->n_blocks, "block").text);

		free(text);
		text = longer;
	}
	char *whole =
	    xasprintf("%ssuppressed %s in %s%s", text, size_text_of(sums.suppressed.bytes).text,
	              counted_text_of(sums.suppressed.n_blocks, "block").text,
	              leak_run_lack(leaks) ? "; of the processes that were checked" : "");
	free(text);
	return whole;
}

void leak_result_summarise(const struct memory_report *report)
{
	struct result *result = report->result;
	struct leak_document document;

	text_list_fini(&result->table);
	free(result->headline);
	result->headline = NULL;
	if (!report->leaks || !leak_run_has_verdict(report->leaks)) {
		if (!result->unusable)
			result->unusable = xasprintf("not checked for leaks: %s", why_none(report));
		return;
	}
	document = leak_run_document(report->leaks);
	result->headline = headline_of(report->leaks);
	fill_table(&result->table, &document);
	result->page = "leaks.txt";
}
