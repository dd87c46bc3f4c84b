/* Turns counts into named numbers. */
#include "io/metrics.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/gates.h"
#include "core/number_text.h"
#include "core/options.h"
#include "io/batching.h"
#include "io/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct metric_row io_metric_rows[] = {
    {"io.calls", "count", METRIC_LOWER, "system calls that returned"},
    {"io.errors", "count", METRIC_LOWER, "of these, with an error"},
    {"io.time_ns", "ns", METRIC_LOWER, "time in system calls, and a tracer's where there is one"},
    {"io.bytes_read", "bytes", METRIC_NEUTRAL, "by read, recv and their kin"},
    {"io.bytes_written", "bytes", METRIC_NEUTRAL, "by write, send and their kin"},
    {"io.small_reads", "count", METRIC_LOWER, "reads that asked for less than --small-io"},
    {"io.small_writes", "count", METRIC_LOWER, "writes that asked for less than --small-io"},
    {"io.lost", "count", METRIC_LOWER, "calls known to have been missed"},
    {"io.*.calls", "count", METRIC_LOWER, "calls of this name"},
    {"io.*.errors", "count", METRIC_LOWER, "of these, with an error"},
    {"io.*.time_ns", "ns", METRIC_LOWER, "time in them"},
    {"io.*.bytes", "bytes", METRIC_NEUTRAL, "moved by them"},
    {"io.*.messages", "count", METRIC_NEUTRAL, "messages, buffers, entries or events moved"},
    {"io.*.messages_per_call", "count", METRIC_HIGHER, "the same for each successful call"},
    {"io.*.fill_percent", "percent", METRIC_HIGHER, "slots used of those offered"},
    {0},
};

const struct finding_row io_finding_rows[] = {
    {"messages-per-call", FINDING_BELOW, 50, "warning",
     "messages a call of sendmmsg and recvmmsg, entries of io_uring_enter, events of epoll_wait"},
    {"small-reads", FINDING_ABOVE, 1000, "warning", "reads under --small-io"},
    {"small-writes", FINDING_ABOVE, 1000, "warning", "writes under --small-io"},
    {0},
};

/* A batched path is worth a word when at least this many calls can be saved. */
enum { WORTH_SAVING = 10 };

static bool reads(const struct syscall_facts *facts)
{
	return facts->effect == EFFECT_READ || facts->effect == EFFECT_COPY;
}

static bool writes(const struct syscall_facts *facts)
{
	return facts->effect == EFFECT_WRITE || facts->effect == EFFECT_COPY;
}

static bool reads_to_memory(const struct syscall_facts *facts)
{
	return facts->effect == EFFECT_READ;
}

static bool writes_from_memory(const struct syscall_facts *facts)
{
	return facts->effect == EFFECT_WRITE;
}

static const struct {
	const char *name;
	size_t offset;
	enum io_status status;                            /* that such calls have */
	bool (*tells)(const struct syscall_facts *facts); /* what is needed to know it; NULL: any */
} total_metrics[] = {
    {"io.calls", offsetof(struct io_totals, calls), IO_ANY, NULL},
    {"io.errors", offsetof(struct io_totals, errors), IO_FAILED, NULL},
    {"io.time_ns", offsetof(struct io_totals, time_ns), IO_ANY, NULL},
    {"io.bytes_read", offsetof(struct io_totals, bytes[IO_READ]), IO_SUCCESSFUL, reads},
    {"io.bytes_written", offsetof(struct io_totals, bytes[IO_WRITE]), IO_SUCCESSFUL, writes},
    {"io.small_reads", offsetof(struct io_totals, small_calls[IO_READ]), IO_SUCCESSFUL,
     reads_to_memory},
    {"io.small_writes", offsetof(struct io_totals, small_calls[IO_WRITE]), IO_SUCCESSFUL,
     writes_from_memory},
};

static const struct {
	const char *name;
	size_t offset;
	enum io_status status;
	bool (*applies)(const struct syscall_facts *facts); /* NULL: to every call */
	size_t unknown; /* successful calls of which it is not known; 0: it is of all */
} call_metrics[] = {
    {"calls", offsetof(struct call_row, calls), IO_ANY, NULL, 0},
    {"errors", offsetof(struct call_row, errors), IO_FAILED, NULL, 0},
    {"time_ns", offsetof(struct call_row, time_ns), IO_ANY, NULL, 0},
    {"bytes", offsetof(struct call_row, bytes), IO_SUCCESSFUL, syscall_moves_data,
     offsetof(struct call_row, unknown_bytes)},
    {"messages", offsetof(struct call_row, messages), IO_SUCCESSFUL, syscall_batches,
     offsetof(struct call_row, unknown_messages)},
};

static bool knows_total(const struct io_counts *counts, const struct trace_set *set, size_t total)
{
	return io_counts_has(counts, total_metrics[total].status) &&
	       (trace_set_is_all(set) || !total_metrics[total].tells ||
	        trace_set_has_any(set, total_metrics[total].tells));
}

/* "io.i386_epoll_wait.calls": calls of other ABIs are other calls. */
static const char *const call_prefixes[N_ABIS] = {"", "x32_", "i386_"};

/* The caller frees it. */
static char *call_metric_name(const struct syscall_info *info, const char *what)
{
	return xasprintf("io.%s%s.%s", call_prefixes[info->abi], info->name, what);
}

static double field(const void *row, size_t offset)
{
	return (double)*(const uint64_t *)((const char *)row + offset);
}

/* It is known of a call that succeeded, or of none that it did not. */
static bool knows_of_call(const struct call_row *row, size_t metric)
{
	uint64_t successes = row->calls - row->errors;

	return !call_metrics[metric].unknown || !successes ||
	       field(row, call_metrics[metric].unknown) < (double)successes;
}

static void add_call_metric(struct metrics *metrics, const struct syscall_info *info,
                            const char *what, double value)
{
	char *name = call_metric_name(info, what);

	metrics_add(metrics, io_metric_rows, name, value);
	free(name);
}

static uint32_t find_call(const struct io_counts *counts, const struct syscall_info *info)
{
	uint32_t i = 0;

	while (i < counts->n_calls && counts->calls[i].info != info)
		i++;
	return i;
}

/* All metrics of one call in one repeat. */
static void add_call(struct metrics *metrics, const struct io_counts *counts,
                     const struct syscall_info *info)
{
	const struct call_row none = {.info = info};
	uint32_t call = find_call(counts, info);
	const struct call_row *row = call < counts->n_calls ? &counts->calls[call] : &none;
	struct batch_summary batch;

	for (size_t i = 0; i < ARRAY_SIZE(call_metrics); i++)
		if (io_counts_has(counts, call_metrics[i].status) &&
		    (!call_metrics[i].applies || call_metrics[i].applies(info->facts)) &&
		    knows_of_call(row, i))
			add_call_metric(metrics, info, call_metrics[i].name,
			                field(row, call_metrics[i].offset));
	if (row == &none || !io_counts_has(counts, IO_SUCCESSFUL) ||
	    !io_batch_summarise(counts, call, &batch))
		return;
	if (batch.known_calls)
		add_call_metric(metrics, info, "messages_per_call", batch.per_call);
	if (batch.fill_percent >= 0)
		add_call_metric(metrics, info, "fill_percent", batch.fill_percent);
}

static int by_name(const void *left, const void *right)
{
	const struct syscall_info *a = *(const struct syscall_info *const *)left;
	const struct syscall_info *b = *(const struct syscall_info *const *)right;

	if (a->abi != b->abi)
		return (int)a->abi - (int)b->abi;
	return strcmp(a->name, b->name);
}

/* The call of "io.i386_epoll_wait.calls", or NULL: there is none, or the metric is of all calls. */
static const struct syscall_info *call_of_metric(const char *metric)
{
	static const char io[] = "io.";
	const char *start = metric + sizeof(io) - 1, *end = strrchr(metric, '.');
	const struct syscall_info *info = NULL;
	char *name;
	unsigned number;

	if (strncmp(metric, io, sizeof(io) - 1) != 0 || end < start)
		return NULL;
	name = xstrndup(start, (size_t)(end - start));
	for (int abi = 0; abi < N_ABIS && !info; abi++) {
		size_t len = strlen(call_prefixes[abi]);

		if (strncmp(name, call_prefixes[abi], len) != 0)
			continue;
		info = syscall_find_named((enum syscall_abi)abi, name + len);
		if (!info && sscanf(name + len, "syscall_0x%x", &number) == 1)
			info = syscall_find((enum syscall_abi)abi, number);
		if (info && strcmp(info->name, name + len) != 0)
			info = NULL;
	}
	free(name);
	return info;
}

static int unknown_call(const char *metric, struct diag *diag)
{
	const char *end = strrchr(metric, '.');
	const char **names = xcalloc(SYSCALL_NUMBERS + 1, sizeof(*names));
	char *name = xstrndup(metric + 3, (size_t)(end - metric - 3));
	size_t n = 0;
	const char *near;

	for (uint32_t i = 0; i < SYSCALL_NUMBERS; i++)
		if (syscall_find(ABI_X86_64, i)->is_named)
			names[n++] = syscall_find(ABI_X86_64, i)->name;
	near = nearest_word(name, names);
	if (near)
		diag_fail(diag, EINVAL, "there is no system call '%s'; did you mean io.%s%s?", name,
		          near, end);
	else
		diag_fail(diag, EINVAL, "there is no system call '%s'", name);
	free(name);
	free(names);
	return -EINVAL;
}

int io_metric_check(const char *metric, struct diag *diag)
{
	const struct metric_row *row = metric_find(io_metric_rows, metric);

	return !strchr(row->name, '*') || call_of_metric(metric) ? 0 : unknown_call(metric, diag);
}

/* Of the limits on metrics that are not there. */
static void explain_lacks(const struct metrics *metrics, struct gates *gates,
                          const struct trace_set *set)
{
	const char *metric;

	for (size_t i = 0; (metric = gates_metric(gates, i)); i++) {
		const struct syscall_info *info = call_of_metric(metric);
		double ignored;

		if (strncmp(metric, "io.", strlen("io.")) != 0 ||
		    metrics_value(metrics, metric, &ignored))
			continue;
		if (info && !trace_set_has(set, info))
			gates_explain(gates, metric, "--trace leaves that call out");
		else if (info)
			gates_explain(
			    gates, metric,
			    "no call told it: none was made, or -z or -Z leaves them out");
		else
			gates_explain(gates, metric,
			              "--trace, -z or -Z leaves out the calls that tell it");
	}
}

/* The calls that any repeat made, and those of the set that move data or can batch, or that a limit
 * was set on, whether made or not: a budget on them is about 0 calls then. */
static size_t collect_calls(const struct trace_set *set, const struct gates *gates,
                            struct io_counts *const *repeats, size_t n_repeats,
                            const struct syscall_info ***calls)
{
	const char *metric;
	size_t n_calls = 0, capacity = 0, n_unique = 0;

	*calls = NULL;
	for (const struct syscall_facts *facts = syscall_facts; facts->name; facts++) {
		const struct syscall_info *info = syscall_find_named(ABI_X86_64, facts->name);

		if (info && (syscall_moves_data(facts) || syscall_batches(facts)) &&
		    trace_set_has(set, info))
			*ARRAY_APPEND(*calls, n_calls, capacity) = info;
	}
	for (size_t i = 0; (metric = gates_metric(gates, i)); i++) {
		const struct syscall_info *info = call_of_metric(metric);

		if (info && trace_set_has(set, info))
			*ARRAY_APPEND(*calls, n_calls, capacity) = info;
	}
	for (size_t i = 0; i < n_repeats; i++)
		for (size_t j = 0; j < repeats[i]->n_calls; j++)
			*ARRAY_APPEND(*calls, n_calls, capacity) = repeats[i]->calls[j].info;
	qsort(*calls, n_calls, sizeof(**calls), by_name);
	for (size_t i = 0; i < n_calls; i++)
		if (!n_unique || (*calls)[n_unique - 1] != (*calls)[i])
			(*calls)[n_unique++] = (*calls)[i];
	return n_unique;
}

void io_metrics_add(struct metrics *metrics, struct gates *gates, const struct trace_set *set,
                    struct io_counts *const *repeats, size_t n_repeats)
{
	const struct syscall_info **calls;
	size_t n_calls = collect_calls(set, gates, repeats, n_repeats, &calls);

	for (size_t i = 0; i < ARRAY_SIZE(total_metrics); i++)
		for (size_t j = 0; j < n_repeats && knows_total(repeats[j], set, i); j++)
			metrics_add(metrics, io_metric_rows, total_metrics[i].name,
			            field(&repeats[j]->totals, total_metrics[i].offset));
	for (size_t j = 0; j < n_repeats; j++)
		metrics_add(metrics, io_metric_rows, "io.lost", (double)repeats[j]->gaps.lost);
	for (size_t i = 0; i < n_calls; i++)
		for (size_t j = 0; j < n_repeats; j++)
			add_call(metrics, repeats[j], calls[i]);
	free(calls);
	explain_lacks(metrics, gates, set);
}

static void judge_batches(struct findings *findings, const struct io_counts *counts)
{
	struct batch_summary batch;
	char *metric;

	for (uint32_t i = 0; i < counts->n_calls; i++) {
		const struct io_call_name name = io_call_name_of(counts->calls[i].info);

		if (!io_batch_summarise(counts, i, &batch) || !batch.is_vector ||
		    batch.avoidable < WORTH_SAVING)
			continue;
		metric = call_metric_name(counts->calls[i].info, "messages_per_call");
		findings_judge(
		    findings, io_finding_rows, "messages-per-call", batch.per_call, metric,
		    "%s moves %.1f %s a call; batches of %d would save %s%s of %s", name.text,
		    batch.per_call, batch.unit, IO_GOOD_BATCH, batch.is_at_most ? "at most " : "",
		    count_text_of(batch.avoidable).text, counted_text_of(batch.calls, "call").text);
		free(metric);
	}
}

void io_findings_judge(struct findings *findings, const struct io_counts *counts)
{
	static const char *const what[] = {"small read", "small write"};
	static const char *const keys[] = {"small-reads", "small-writes"};
	static const char *const names[] = {"io.small_reads", "io.small_writes"};

	judge_batches(findings, counts);
	for (int i = IO_READ; i <= IO_WRITE; i++)
		findings_judge(findings, io_finding_rows, keys[i],
		               (double)counts->totals.small_calls[i], names[i],
		               "%s; batching.txt names the descriptors, and the better call where "
		               "there is one",
		               counted_text_of(counts->totals.small_calls[i], what[i]).text);
}
