/* Judges batches by the rows of io/batching.def and writes batching.txt. */
#include "io/batching.h"

#include "core/alloc.h"
#include "io/distribution.h"
#include "io/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct batch_rule {
	const char *call;
	const char *unit;
	const char *better_stream;
	const char *better_datagram;
};

#define BATCH(call, unit, stream, datagram) {#call, unit, stream, datagram},
static const struct batch_rule rules[] = {
#include "io/batching.def"
};
#undef BATCH

/* At most this many descriptors are listed; the rest is summed up in one line. */
enum { MAX_SMALL_ROWS = 50 };

static const struct batch_rule *find_rule(const char *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strcmp(rules[i].call, call))
			return &rules[i];
	return NULL;
}

/* The uses of one call on all descriptors. */
static struct use_row sum_uses(const struct io_counts *counts, uint32_t call, bool *has_datagrams)
{
	struct use_row sum = {.call = call};

	*has_datagrams = false;
	for (size_t i = 0; i < counts->n_uses; i++) {
		const struct use_row *use = &counts->uses[i];

		if (use->call != call)
			continue;
		sum.calls += use->calls;
		sum.small_calls += use->small_calls;
		sum.avoidable += use->avoidable;
		*has_datagrams |= io_is_datagram(counts->fds, use->descriptor);
	}
	return sum;
}

bool io_batch_summarise(const struct io_counts *counts, uint32_t call,
                        struct batch_summary *summary)
{
	const struct call_row *row = &counts->calls[call];
	const struct batch_rule *rule = find_rule(row->info->name);
	uint64_t successes = row->calls - row->errors;
	bool has_datagrams;
	struct use_row uses;

	if (!row->per_call || !rule || !successes)
		return false;
	uses = sum_uses(counts, call, &has_datagrams);
	*summary = (struct batch_summary){
	    .unit = rule->unit,
	    .calls = successes,
	    .messages = row->messages,
	    .p50 = distribution_percentile(row->per_call, 50),
	    .p95 = distribution_percentile(row->per_call, 95),
	    .max = distribution_percentile(row->per_call, 100),
	    .per_call = (double)row->messages / (double)successes,
	    .fill_percent = row->slots ? 100.0 * (double)row->used_slots / (double)row->slots : -1,
	    .avoidable = uses.avoidable,
	    .is_vector = strcmp(rule->unit, "buffers") != 0,
	    .better = has_datagrams ? rule->better_datagram : rule->better_stream,
	};
	return true;
}

static void write_batched_calls(FILE *out, const struct io_counts *counts)
{
	struct batch_summary batch;
	char fill[16];
	bool any = false;

	fputs("Batched calls\n", out);
	for (uint32_t i = 0; i < counts->n_calls; i++) {
		const struct call_row *row = &counts->calls[i];

		if (!io_batch_summarise(counts, i, &batch))
			continue;
		if (!any)
			fprintf(out, "%-16s %9s %9s %10s %-8s %8s %5s %5s %5s %7s %12s %9s  %s\n",
			        "call", "calls", "errors", "moved", "unit", "per call", "p50",
			        "p95", "max", "fill", "bytes/unit", "avoidable", "better");
		any = true;
		snprintf(fill, sizeof(fill), batch.fill_percent < 0 ? "?" : "%.1f %%",
		         batch.fill_percent);
		fprintf(out,
		        "%-16s %9" PRIu64 " %9" PRIu64 " %10" PRIu64 " %-8s %8.1f %5" PRIu64
		        " %5" PRIu64 " %5" PRIu64 " %7s %12.1f %9" PRIu64 "  %s\n",
		        row->info->name, row->calls, row->errors, batch.messages, batch.unit,
		        batch.per_call, batch.p50, batch.p95, batch.max, fill,
		        batch.messages ? (double)row->bytes / (double)batch.messages : 0,
		        batch.avoidable, batch.avoidable ? batch.better : "-");
	}
	fputs(any ? "\n" : "none\n\n", out);
}

static int by_small_calls(const void *left, const void *right)
{
	const struct use_row *a = *(const struct use_row *const *)left;
	const struct use_row *b = *(const struct use_row *const *)right;

	if (a->small_calls != b->small_calls)
		return a->small_calls < b->small_calls ? 1 : -1;
	return (a > b) - (a < b);
}

static void write_small_row(FILE *out, const struct io_counts *counts, const struct use_row *use)
{
	const char *call = counts->calls[use->call].info->name;
	const struct batch_rule *rule = find_rule(call);
	uint64_t avoidable = use->avoidable;
	const char *better = "-";
	char process[24] = "?", fd[12] = "?";

	if (rule && avoidable)
		better = io_is_datagram(counts->fds, use->descriptor) ? rule->better_datagram
		                                                      : rule->better_stream;
	if (use->descriptor) {
		const struct fd_descriptor *descriptor =
		    fd_table_descriptor(counts->fds, use->descriptor);

		snprintf(process, sizeof(process), "%d", (int)descriptor->pid);
		snprintf(fd, sizeof(fd), "%d", descriptor->fd);
	}
	fprintf(out,
	        "%-10s %9" PRIu64 " %9" PRIu64 " %12" PRIu64 " %9.1f %9" PRIu64 "  %-26s %7s %4s  ",
	        call, use->small_calls, use->calls, use->small_bytes,
	        (double)use->small_bytes / (double)use->small_calls, avoidable, better, process,
	        fd);
	if (use->descriptor)
		io_write_descriptor_name(out, counts->fds, use->descriptor);
	else
		fputs("?", out);
	fputc('\n', out);
}

static void write_small_calls(FILE *out, const struct io_counts *counts, uint64_t small_bytes)
{
	const struct use_row **rows = xcalloc(counts->n_uses + 1, sizeof(*rows));
	uint64_t left_out = 0;
	size_t n_rows = 0;

	for (size_t i = 0; i < counts->n_uses; i++)
		if (counts->uses[i].small_calls)
			rows[n_rows++] = &counts->uses[i];
	qsort(rows, n_rows, sizeof(*rows), by_small_calls);
	fprintf(out, "Small reads and writes: calls that asked for less than %" PRIu64 " bytes\n",
	        small_bytes);
	if (n_rows)
		fprintf(out, "%-10s %9s %9s %12s %9s %9s  %-26s %7s %4s  %s\n", "call", "small",
		        "of", "bytes", "bytes/one", "avoidable", "better", "pid", "fd", "file");
	else
		fputs("none\n", out);
	for (size_t i = 0; i < n_rows; i++) {
		if (i < MAX_SMALL_ROWS)
			write_small_row(out, counts, rows[i]);
		else
			left_out += rows[i]->small_calls;
	}
	if (left_out)
		fprintf(out, "%zu more with %" PRIu64 " small calls\n", n_rows - MAX_SMALL_ROWS,
		        left_out);
	free(rows);
}

/* The sum over descriptors in one sentence a call, for who reads no tables. */
static void write_savings(FILE *out, const struct io_counts *counts)
{
	bool any = false;

	fprintf(out, "\nCalls that batches of %d on each descriptor would save\n", IO_GOOD_BATCH);
	for (uint32_t i = 0; i < counts->n_calls; i++) {
		const struct call_row *row = &counts->calls[i];
		bool has_datagrams;
		struct use_row uses = sum_uses(counts, i, &has_datagrams);

		if (uses.avoidable)
			fprintf(out, "%" PRIu64 " of %" PRIu64 " %s%s calls\n", uses.avoidable,
			        row->per_call ? uses.calls : uses.small_calls,
			        row->per_call ? "" : "small ", row->info->name);
		any |= uses.avoidable != 0;
	}
	if (!any)
		fputs("none\n", out);
}

void io_batching_write(FILE *out, const struct io_counts *counts, uint64_t small_bytes)
{
	write_batched_calls(out, counts);
	write_small_calls(out, counts, small_bytes);
	write_savings(out, counts);
}
