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
#include "mem/heap_words.h"
#include "mem/leaks/leak_run.h"
#include "mem/options.h"
#include "mem/part.h"

#include <inttypes.h>
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
			gates_require_of_each(report->result->gates, metric, 0, source);
		free(metric);
	}
	if (options->error_exitcode)
		gates_set_exit_status(report->result->gates, (int)options->error_exitcode);
	free(source);
}

/* The file that shows at which stacks what is definitely lost was allocated. */
static const char *where_lost(const struct memory_report *report)
{
	struct leak_settings settings = memory_options_leaks(report->options);
	bool has_records = !settings.is_summary && settings.shown_kinds >> LEAK_DEFINITE & 1;

	return has_records ? "leaks.txt" : "flamegraph-leaked.svg";
}

/* Metrics count a block in the process that made it, which may have kept it. */
static void doubt_heirs(const struct memory_report *report)
{
	uint64_t n_blocks = report->leaks ? leak_run_lost_by_heirs(report->leaks) : 0;
	char *what;

	if (!n_blocks)
		return;
	what = xasprintf("a forked process has definitely lost %s that it inherited and that the "
	                 "process that made them did not lose; see leaks.txt",
	                 counted_text_of(n_blocks, "block").text);
	quality_add_note(report->result->quality, "not in the leak metrics: %s", what);
	gates_doubt(report->result->gates, what);
	free(what);
}

/* Are there limits on what this type measures, from here or from elsewhere? */
static bool has_limits(const struct gates *gates)
{
	const char *metric;

	for (size_t i = 0; (metric = gates_metric(gates, i)); i++)
		if (!strncmp(metric, "mem.", strlen("mem.")))
			return true;
	return false;
}

/* For those who have set limits on leaks. */
static void explain_lack(struct gates *gates, const char *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char *glob = xasprintf("mem.%s_*", kinds[i].name);

		gates_explain(gates, glob, why);
		free(glob);
	}
	gates_explain(gates, "mem.suppressed_*", why);
}

/* What was not observed at all is missing in the metrics, and may have lost anything. */
static void doubt_gates(const struct memory_report *report)
{
	const struct heap_run *run = report->run;
	char *what;

	if (!run->n_refusals && !run->n_unobserved_forks)
		return;
	what = xasprintf(
	    "%s, and %s not observed; first: %s",
	    has_gates(report->options) ? "no leak errors were found" : "all limits hold",
	    counted_text_of(run->n_refusals + run->n_unobserved_forks, "program image").text,
	    run->n_refusals ? run->refusals[0].reason
	                    : "a forked process found no room for its counts");
	gates_doubt(report->result->gates, what);
	free(what);
}

/* The files show one of the runs; another may have lost more. */
static void note_worse_run(struct result *result, struct loss_sum shown)
{
	const char *name = "mem.definitely_lost_blocks";
	double n_blocks;
	size_t run;

	if (metrics_highest(result->metrics, name, &n_blocks, &run) &&
	    n_blocks > (double)shown.n_blocks)
		quality_add_note(
		    result->quality,
		    "run %zu of %zu lost most, %s definitely; the files are not of it: "
		    "repeat with -r 1 until they are",
		    run, metrics_n_samples(result->metrics, name),
		    counted_text_of((uint64_t)n_blocks, "block").text);
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
		               "%s definitely lost in %s: %s shows where they came from",
		               size_text_of(definite.bytes).text,
		               counted_text_of(definite.n_blocks, "block").text,
		               where_lost(report));
	note_worse_run(result, definite);
	doubt_heirs(report);
	if (why)
		explain_lack(result->gates, why);
	if (has_gates(report->options))
		require_gates(report);
	if (has_limits(result->gates))
		doubt_gates(report);
	if (has_gates(report->options) && why && !result->unusable)
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

/* What a row of the table is of: the records of one kind whose blocks one function has asked for.
 */
struct row {
	enum leak_kind kind;
	struct loss_frame caller; /* of the allocation function, in the largest record */
	uint64_t bytes;           /* direct and indirect */
	uint64_t n_blocks;
	size_t n_records;
	size_t number; /* of the first of them */
};

/* Like the dynamic linker's inline ones around the allocation functions. */
static bool is_wrapper(const struct loss_frame *frame)
{
	for (size_t i = 0; frame->function && heap_words.wrappers[i]; i++)
		if (!strcmp(frame->function, heap_words.wrappers[i]))
			return true;
	return false;
}

/* The function that called the allocation function, with its wrappers that were inlined there; or
 * that one where there is none, or callers do not count, so that a record is of several. */
static struct loss_frame caller_of(const struct leak_document *document,
                                   const struct loss_record *record)
{
	size_t n_frames, at = 1;
	struct loss_frame *frames =
	    loss_record_frames(record, document->recording, document->profile,
	                       document->num_callers < 2 ? 1 : 2, &n_frames);
	struct loss_frame caller;

	while (at + 1 < n_frames && is_wrapper(&frames[at]))
		at++;
	caller = frames[at < n_frames ? at : 0];
	free(frames);
	return caller;
}

/* A row for each record that leaks.txt shows; the caller frees the array. */
static struct row *list_rows(const struct leak_document *document, size_t *n)
{
	struct row *rows = NULL;
	size_t capacity = 0;

	*n = 0;
	for (size_t i = 0; i < document->n_processes && !document->is_summary; i++) {
		const struct loss_list *losses = document->processes[i].losses;

		for (size_t j = 0; losses && j < losses->n_records; j++) {
			const struct loss_record *record = &losses->records[j];
			struct row *row;

			if (!leak_document_shows(document, record))
				continue;
			row = ARRAY_APPEND(rows, *n, capacity);
			*row = (struct row){
			    .kind = record->kind,
			    .caller = caller_of(document, record),
			    .bytes = loss_record_total(record),
			    .n_blocks = record->n_blocks,
			    .n_records = 1,
			    .number = *n - 1,
			};
		}
	}
	return rows;
}

static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	return strcmp(a, b);
}

/* Functions without a name are one only where they are at one address. */
static int compare_functions(const struct row *x, const struct row *y)
{
	int difference = compare_texts(x->caller.function, y->caller.function);

	if (!difference)
		difference = compare_texts(x->caller.object, y->caller.object);
	if (!difference)
		difference = compare_texts(x->caller.file, y->caller.file);
	if (!difference && !x->caller.function && x->caller.vaddr != y->caller.vaddr)
		return x->caller.vaddr < y->caller.vaddr ? -1 : 1;
	return difference ? difference : (int)x->kind - (int)y->kind;
}

static int largest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->number > y->number ? -1 : x->number < y->number;
}

static int by_function(const void *a, const void *b)
{
	int difference = compare_functions(a, b);

	return difference ? difference : largest_first(a, b);
}

/* One row a function and kind, the largest first. Returns how many there are. */
static size_t join_rows(struct row *rows, size_t n)
{
	size_t n_joined = 0;

	if (n)
		qsort(rows, n, sizeof(*rows), by_function);
	for (size_t i = 0; i < n; i++) {
		struct row *joined = n_joined ? &rows[n_joined - 1] : NULL;

		if (!joined || compare_functions(joined, &rows[i]) != 0) {
			rows[n_joined++] = rows[i];
			continue;
		}
		joined->bytes += rows[i].bytes;
		joined->n_blocks += rows[i].n_blocks;
		joined->n_records++;
		if (joined->caller.line != rows[i].caller.line)
			joined->caller.line = 0;
	}
	if (n_joined)
		qsort(rows, n_joined, sizeof(*rows), largest_first);
	return n_joined;
}

/* "wrap (t.c:7)", "wrap (t.c), 3 loss records", "0x1197 (in app)". The caller frees it. */
static char *place_of(const struct row *row)
{
	const struct loss_frame *frame = &row->caller;
	char *name = frame->function ? demangle_short(frame->function)
	                             : xasprintf("0x%" PRIX64, frame->vaddr);
	const char *path = frame->file ? frame->file : frame->object ? frame->object : "?";
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	char *line =
	    frame->file && frame->line ? xasprintf(":%u", (unsigned)frame->line) : xstrdup("");
	char *records = row->n_records > 1
	                    ? xasprintf(", %s", counted_text_of(row->n_records, "loss record").text)
	                    : xstrdup("");
	char *text =
	    xasprintf("%s (%s%s%s)%s", name, frame->file ? "" : "in ", base, line, records);

	free(records);
	free(line);
	free(name);
	return text;
}

static void fill_table(struct text_list *table, const struct leak_document *document)
{
	size_t n;
	struct row *rows = list_rows(document, &n);

	n = join_rows(rows, n);
	if (n && leak_document_repeats(document))
		text_list_add(table,
		              "      LOST   BLOCKS  KIND             ALLOCATED BY (what forks "
		              "inherited counts in each)");
	else if (n)
		text_list_add(table, "      LOST   BLOCKS  KIND             ALLOCATED BY");
	for (size_t i = 0; i < n && i < TABLE_ROWS; i++) {
		char *place = place_of(&rows[i]), *line;
		const char *words = "";

		for (size_t j = 0; j < ARRAY_SIZE(kinds); j++)
			if (kinds[j].kind == rows[i].kind)
				words = kinds[j].words;
		line = xasprintf("%10s %8s  %-15s  %s", size_text_of(rows[i].bytes).text,
		                 count_text_of(rows[i].n_blocks).text, words, place);
		text_list_add(table, line);
		free(line);
		free(place);
	}
	if (n > TABLE_ROWS) {
		char *line = xasprintf("%s more: leaks.txt", count_text_of(n - TABLE_ROWS).text);

		text_list_add(table, line);
		free(line);
	}
	free(rows);
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
