/* Judges batches by the rows of io/batching.def and writes batching.txt. */
#include "io/batching.h"

#include "core/alloc.h"
#include "io/distribution.h"
#include "io/names.h"

#include <errno.h>
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

/* What a call waited for cannot have come with the one before. */
static bool may_wait(const struct io_counts *counts, const struct use_row *use)
{
	return use->may_wait || (counts->calls[use->call].info->facts->effect == EFFECT_READ &&
	                         io_is_datagram(counts->fds, use->descriptor));
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
		sum.single_calls += use->single_calls;
		sum.avoidable += use->avoidable;
		sum.may_wait |= use->avoidable && may_wait(counts, use);
		*has_datagrams |= io_is_datagram(counts->fds, use->descriptor);
	}
	return sum;
}

/* A call that was not counted may have ended what seems to be a run. */
static bool misses_moves(const struct io_counts *counts)
{
	return counts->leaves_out_moves || counts->gaps.left_out || counts->gaps.lost;
}

/* Nor are offsets looked at, so what is moved may lie apart. */
static bool saves_at_most(const struct io_counts *counts, uint32_t call)
{
	return misses_moves(counts) || counts->calls[call].info->facts->at_offset;
}

bool io_batch_summarise(const struct io_counts *counts, uint32_t call,
                        struct batch_summary *summary)
{
	const struct call_row *row = &counts->calls[call];
	const struct batch_rule *rule = find_rule(row->info->name);
	uint64_t successes = row->calls - row->errors;
	uint64_t known = successes - row->unknown_messages;
	bool has_datagrams;
	struct use_row uses;

	if (!row->per_call || !rule || !successes)
		return false;
	uses = sum_uses(counts, call, &has_datagrams);
	*summary = (struct batch_summary){
	    .unit = rule->unit,
	    .calls = successes,
	    .known_calls = known,
	    .messages = row->messages,
	    .p50 = distribution_percentile(row->per_call, 50),
	    .p95 = distribution_percentile(row->per_call, 95),
	    .max = distribution_percentile(row->per_call, 100),
	    .per_call = known ? (double)row->messages / (double)known : 0,
	    .fill_percent = row->slots ? 100.0 * (double)row->used_slots / (double)row->slots : -1,
	    .avoidable = uses.avoidable,
	    .is_at_most = saves_at_most(counts, call) || uses.may_wait,
	    .is_vector = strcmp(rule->unit, "buffers") != 0,
	    .better = has_datagrams ? rule->better_datagram : rule->better_stream,
	};
	return true;
}

/* The calls that rules are for, in the order of the rules: that in which they were made depends on
 * the backend. */
struct ruled_calls {
	const struct io_counts *counts;
	uint32_t *rows;
	size_t n_rows;
};

static struct ruled_calls find_ruled(const struct io_counts *counts)
{
	struct ruled_calls calls = {.counts = counts};

	calls.rows = xcalloc(counts->n_calls + 1, sizeof(*calls.rows));
	for (size_t i = 0; i < ARRAY_SIZE(rules) * N_ABIS; i++)
		for (uint32_t row = 0; row < counts->n_calls; row++) {
			const struct syscall_info *info = counts->calls[row].info;

			if (info->abi == i % N_ABIS && !strcmp(info->name, rules[i / N_ABIS].call))
				calls.rows[calls.n_rows++] = row;
		}
	return calls;
}

/* "<= 254" where it is so many at most. */
static void format_avoidable(bool is_at_most, uint64_t avoidable, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "%s%" PRIu64, avoidable && is_at_most ? "<= " : "", avoidable);
}

/* A number in a column, or "?". */
static void write_known(FILE *out, bool is_known, int width, uint64_t number)
{
	if (is_known)
		fprintf(out, " %*" PRIu64, width, number);
	else
		fprintf(out, " %*s", width, "?");
}

/* Bytes of each unit; entries and events have none. */
static void format_unit_bytes(const struct call_row *row, char *text, size_t text_bytes)
{
	if (row->unknown_bytes || row->unknown_messages)
		snprintf(text, text_bytes, "?");
	else if (row->info->facts->extent == EXTENT_ENTRIES || !row->messages)
		snprintf(text, text_bytes, "-");
	else
		snprintf(text, text_bytes, "%.1f", (double)row->bytes / (double)row->messages);
}

static void write_batched_call(FILE *out, const struct io_counts *counts,
                               const struct call_row *row, const struct batch_summary *batch)
{
	char per_call[32] = "?", fill[16], unit_bytes[32], avoidable[32];
	bool is_known = batch->known_calls > 0;

	snprintf(fill, sizeof(fill), batch->fill_percent < 0 ? "?" : "%.1f %%",
	         batch->fill_percent);
	if (is_known)
		snprintf(per_call, sizeof(per_call), "%.1f", batch->per_call);
	format_unit_bytes(row, unit_bytes, sizeof(unit_bytes));
	format_avoidable(batch->is_at_most, batch->avoidable, avoidable, sizeof(avoidable));
	fprintf(out, "%-16s %9" PRIu64 " %9s", io_call_name_of(row->info).text, row->calls,
	        io_cell_of(counts, IO_FAILED, row->errors).text);
	write_known(out, is_known, 10, batch->messages);
	fprintf(out, " %-8s %8s", batch->unit, per_call);
	write_known(out, is_known, 5, batch->p50);
	write_known(out, is_known, 5, batch->p95);
	write_known(out, is_known, 5, batch->max);
	fprintf(out, " %7s %12s %9s  %s\n", fill, unit_bytes, avoidable,
	        batch->avoidable ? batch->better : "-");
}

/* A section without rows. */
static void write_none(FILE *out, const struct io_counts *counts)
{
	fputs(io_counts_has(counts, IO_SUCCESSFUL) ? "none\n" : "not counted with --failed-only\n",
	      out);
}

static void write_batched_calls(FILE *out, const struct ruled_calls *calls)
{
	struct batch_summary batch;
	bool any = false;

	fputs("Batched calls\n", out);
	for (size_t i = 0; i < calls->n_rows; i++) {
		const struct call_row *row = &calls->counts->calls[calls->rows[i]];

		if (!io_batch_summarise(calls->counts, calls->rows[i], &batch))
			continue;
		if (!any)
			fprintf(out, "%-16s %9s %9s %10s %-8s %8s %5s %5s %5s %7s %12s %9s  %s\n",
			        "call", "calls", "errors", "had", "unit", "per call", "p50", "p95",
			        "max", "fill", "bytes/unit", "avoidable", "better");
		any = true;
		write_batched_call(out, calls->counts, row, &batch);
	}
	if (any)
		fputs("had: how many of the unit all these calls moved or told of.\n"
		      "fill: how much of what the calls had room for that was.\n",
		      out);
	else
		write_none(out, calls->counts);
	fputc('\n', out);
}

/* The uses of a descriptor by one call; pid and fd -1 where it is not known. */
struct small_use {
	const struct use_row *use;
	const struct syscall_info *call;
	pid_t pid;
	int fd;
};

static struct small_use describe_use(const struct io_counts *counts, const struct use_row *use)
{
	struct small_use small = {use, counts->calls[use->call].info, -1, -1};

	if (use->descriptor) {
		const struct fd_descriptor *descriptor =
		    fd_table_descriptor(counts->fds, use->descriptor);

		small.pid = descriptor->pid;
		small.fd = descriptor->fd;
	}
	return small;
}

/* Single calls of a kind, each the only one on its descriptor. */
struct lone_calls {
	uint64_t n;
	uint64_t bytes;
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Largest first; of as many, in the order of process, call and descriptor. */
static int by_small_calls(const void *left, const void *right)
{
	const struct small_use *a = left, *b = right;
	int order = compare(b->use->single_calls, a->use->single_calls);

	if (!order)
		order = compare((uint64_t)a->pid, (uint64_t)b->pid);
	if (!order)
		order = strcmp(a->call->name, b->call->name);
	if (!order)
		order = compare(a->call->abi, b->call->abi);
	if (!order)
		order = compare((uint64_t)a->fd, (uint64_t)b->fd);
	return order ? order : compare(a->use->descriptor, b->use->descriptor);
}

static void write_small_row(FILE *out, const struct io_counts *counts,
                            const struct small_use *small)
{
	const struct use_row *use = small->use;
	const struct batch_rule *rule = find_rule(small->call->name);
	const char *better = "-";
	char process[24] = "?", fd[12] = "?", avoidable[32];

	if (rule && use->avoidable)
		better = io_is_datagram(counts->fds, use->descriptor) ? rule->better_datagram
		                                                      : rule->better_stream;
	if (use->descriptor) {
		snprintf(process, sizeof(process), "%d", (int)small->pid);
		snprintf(fd, sizeof(fd), "%d", small->fd);
	}
	format_avoidable(saves_at_most(counts, use->call) || may_wait(counts, use), use->avoidable,
	                 avoidable, sizeof(avoidable));
	fprintf(out, "%-10s %9" PRIu64 " %9" PRIu64 " %12" PRIu64 " %9.1f %9s  %-26s %7s %4s  ",
	        io_call_name_of(small->call).text, use->single_calls, use->calls, use->single_bytes,
	        (double)use->single_bytes / (double)use->single_calls, avoidable, better, process,
	        fd);
	if (use->descriptor)
		io_write_descriptor_name(out, counts->fds, use->descriptor);
	else
		fputs("?", out);
	fputc('\n', out);
}

static bool is_lone(const struct small_use *small)
{
	return small->use->single_calls == 1 && !small->use->avoidable &&
	       find_rule(small->call->name);
}

/* The calls that stand alone on their descriptors, a line for each kind: what a server does once a
 * connection would fill the table. One by itself keeps its row. The rows that are left. */
static size_t sum_lone_rows(struct small_use *rows, size_t n_rows, const struct io_counts *counts,
                            struct lone_calls *lone)
{
	size_t n_left = 0;

	for (size_t i = 0; i < n_rows; i++)
		if (is_lone(&rows[i])) {
			lone[rows[i].use->call].n++;
			lone[rows[i].use->call].bytes += rows[i].use->single_bytes;
		}
	for (size_t i = 0; i < n_rows; i++)
		if (!is_lone(&rows[i]) || lone[rows[i].use->call].n == 1)
			rows[n_left++] = rows[i];
	for (uint32_t call = 0; call < counts->n_calls; call++)
		if (lone[call].n == 1)
			lone[call].n = 0;
	return n_left;
}

static void write_lone_calls(FILE *out, const struct ruled_calls *calls,
                             const struct lone_calls *lone)
{
	for (size_t i = 0; i < calls->n_rows; i++) {
		const struct lone_calls *own = &lone[calls->rows[i]];

		if (own->n)
			fprintf(out,
			        "%" PRIu64 " more descriptors with one %s call each, %" PRIu64
			        " bytes, none avoidable\n",
			        own->n,
			        io_call_name_of(calls->counts->calls[calls->rows[i]].info).text,
			        own->bytes);
	}
}

static void write_small_calls(FILE *out, const struct ruled_calls *calls, uint64_t small_bytes)
{
	const struct io_counts *counts = calls->counts;
	struct small_use *rows = xcalloc(counts->n_uses + 1, sizeof(*rows));
	struct lone_calls *lone = xcalloc(counts->n_calls + 1, sizeof(*lone));
	uint64_t left_out = 0;
	size_t n_rows = 0;

	for (size_t i = 0; i < counts->n_uses; i++)
		if (counts->uses[i].single_calls)
			rows[n_rows++] = describe_use(counts, &counts->uses[i]);
	qsort(rows, n_rows, sizeof(*rows), by_small_calls);
	fprintf(out,
	        "Small reads and writes: calls that asked for less than %" PRIu64
	        " bytes, and those that moved a datagram\n",
	        small_bytes);
	if (n_rows)
		fprintf(out, "%-10s %9s %9s %12s %9s %9s  %-26s %7s %4s  %s\n", "call", "single",
		        "of", "bytes", "bytes/one", "avoidable", "better", "pid", "fd", "file");
	else
		write_none(out, counts);
	n_rows = sum_lone_rows(rows, n_rows, counts, lone);
	for (size_t i = 0; i < n_rows; i++) {
		if (i < MAX_SMALL_ROWS)
			write_small_row(out, counts, &rows[i]);
		else
			left_out += rows[i].use->single_calls;
	}
	if (left_out)
		fprintf(out, "%zu more with %" PRIu64 " single calls\n", n_rows - MAX_SMALL_ROWS,
		        left_out);
	write_lone_calls(out, calls, lone);
	free(lone);
	free(rows);
}

static bool has_outcome(const struct call_row *row)
{
	return row->calls > row->errors || io_count_errno(row, EAGAIN);
}

static void write_outcome(FILE *out, const struct io_counts *counts, const struct call_row *row)
{
	uint64_t offered = row->per_call ? row->slots : row->asked_bytes;
	uint64_t moved = row->per_call ? row->used_slots : row->moved_bytes;
	uint64_t known = row->per_call ? row->slots_calls : row->asking_calls;
	uint64_t successes = row->calls - row->errors;
	bool is_known = known || (!successes && io_counts_has(counts, IO_SUCCESSFUL));
	char fill[16] = "-";

	if (offered)
		snprintf(fill, sizeof(fill), "%.1f %%", 100.0 * (double)moved / (double)offered);
	fprintf(out, "%-16s %9s %9s", io_call_name_of(row->info).text,
	        io_cell_of(counts, IO_SUCCESSFUL, successes).text,
	        io_cell_of(counts, IO_FAILED, io_count_errno(row, EAGAIN)).text);
	write_known(out, is_known, 9, row->short_calls);
	write_known(out, is_known, 14, offered);
	write_known(out, is_known, 14, moved);
	fprintf(out, " %-8s %7s\n", row->per_call ? find_rule(row->info->name)->unit : "bytes",
	        is_known ? fill : "?");
}

static void write_outcomes(FILE *out, const struct ruled_calls *calls)
{
	bool any = false;

	fputs("\nOffered and moved\n", out);
	for (size_t i = 0; i < calls->n_rows; i++) {
		const struct call_row *row = &calls->counts->calls[calls->rows[i]];

		if (!has_outcome(row))
			continue;
		if (!any)
			fprintf(out, "%-16s %9s %9s %9s %14s %14s %-8s %7s\n", "call", "succeeded",
			        "EAGAIN", "short", "offered", "moved", "unit", "fill");
		any = true;
		write_outcome(out, calls->counts, row);
	}
	if (!any)
		write_none(out, calls->counts);
}

/* How many units a call had. */
static const struct {
	uint64_t least, most;
	const char *title;
} size_classes[] = {
    {0, 0, "0"},
    {1, 1, "1"},
    {2, 2, "2"},
    {3, 4, "3-4"},
    {5, 8, "5-8"},
    {9, 16, "9-16"},
    {17, 32, "17-32"},
    {33, 64, "33-64"},
    {65, 128, "65-128"},
    {129, 256, "-256"},
    {257, 512, "-512"},
    {513, 1024, "-1024"},
    {1025, UINT64_MAX, "more"},
};

static void write_histogram(FILE *out, const struct call_row *row)
{
	fprintf(out, "%-16s", io_call_name_of(row->info).text);
	for (size_t i = 0; i < ARRAY_SIZE(size_classes); i++)
		fprintf(
		    out, " %8" PRIu64,
		    distribution_count(row->per_call, size_classes[i].least, size_classes[i].most));
	fputc('\n', out);
}

static void write_histograms(FILE *out, const struct ruled_calls *calls)
{
	struct batch_summary batch;
	bool any = false;

	fputs("\nCalls by how many messages, buffers, entries or events each had\n", out);
	for (size_t i = 0; i < calls->n_rows; i++) {
		if (!io_batch_summarise(calls->counts, calls->rows[i], &batch) ||
		    !batch.known_calls)
			continue;
		if (!any) {
			fprintf(out, "%-16s", "call");
			for (size_t j = 0; j < ARRAY_SIZE(size_classes); j++)
				fprintf(out, " %8s", size_classes[j].title);
			fputc('\n', out);
		}
		any = true;
		write_histogram(out, &calls->counts->calls[calls->rows[i]]);
	}
	if (!any)
		write_none(out, calls->counts);
}

static void write_run_lengths(FILE *out, const struct ruled_calls *calls)
{
	bool any = false;

	fputs("\nRuns: calls of one kind by one thread on one descriptor that a batch could have "
	      "joined\n",
	      out);
	for (size_t i = 0; i < calls->n_rows; i++) {
		const struct call_row *row = &calls->counts->calls[calls->rows[i]];
		uint64_t n_runs = distribution_count(row->per_run, 0, UINT64_MAX);

		if (!n_runs)
			continue;
		if (!any)
			fprintf(out, "%-16s %9s %9s %9s %9s\n", "call", "runs", "p50 calls", "p95",
			        "max");
		any = true;
		fprintf(out, "%-16s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n",
		        io_call_name_of(row->info).text, n_runs,
		        distribution_percentile(row->per_run, 50),
		        distribution_percentile(row->per_run, 95),
		        distribution_percentile(row->per_run, 100));
	}
	if (!any)
		write_none(out, calls->counts);
}

/* What can be saved of one call's, by the better call: on streams, or on sockets that keep messages
 * apart. */
static uint64_t sum_avoidable(const struct io_counts *counts, uint32_t call, bool of_datagrams)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < counts->n_uses; i++)
		if (counts->uses[i].call == call &&
		    io_is_datagram(counts->fds, counts->uses[i].descriptor) == of_datagrams)
			sum += counts->uses[i].avoidable;
	return sum;
}

static void write_better_calls(FILE *out, const struct io_counts *counts, uint32_t call)
{
	const struct batch_rule *rule = find_rule(counts->calls[call].info->name);
	uint64_t datagrams = sum_avoidable(counts, call, true);
	uint64_t streams = sum_avoidable(counts, call, false);

	if (datagrams && streams && strcmp(rule->better_datagram, rule->better_stream) != 0)
		fprintf(out, ": %" PRIu64 " by %s, %" PRIu64 " by %s", streams, rule->better_stream,
		        datagrams, rule->better_datagram);
	else
		fprintf(out, ": %s", datagrams ? rule->better_datagram : rule->better_stream);
}

/* The sum over descriptors in one sentence a call, for who reads no tables. */
static void write_savings(FILE *out, const struct ruled_calls *calls)
{
	bool any = false, has_offsets = false, waits = false;

	fprintf(out, "\nCalls that batches of %d by each thread on each descriptor would save\n",
	        IO_GOOD_BATCH);
	for (size_t i = 0; i < calls->n_rows; i++) {
		const struct call_row *row = &calls->counts->calls[calls->rows[i]];
		bool has_datagrams;
		struct use_row uses = sum_uses(calls->counts, calls->rows[i], &has_datagrams);

		if (!uses.avoidable)
			continue;
		any = true;
		has_offsets |= row->info->facts->at_offset;
		waits |= uses.may_wait;
		fprintf(out, "%s%" PRIu64 " of %" PRIu64 " %s%s calls avoidable at batch %d",
		        saves_at_most(calls->counts, calls->rows[i]) || uses.may_wait ? "at most "
		                                                                      : "",
		        uses.avoidable, row->per_call ? uses.calls : uses.single_calls,
		        row->per_call                          ? ""
		        : uses.small_calls < uses.single_calls ? "single "
		                                               : "small ",
		        io_call_name_of(row->info).text, IO_GOOD_BATCH);
		write_better_calls(out, calls->counts, calls->rows[i]);
		fputc('\n', out);
	}
	if (!any)
		write_none(out, calls->counts);
	else if (misses_moves(calls->counts))
		fputs("At most: other reads and writes, which are not counted here, may lie "
		      "between.\n",
		      out);
	if (waits)
		fputs("At most: what a call waited for, a datagram or an answer to another thread, "
		      "could not have come with the one before.\n",
		      out);
	if (has_offsets)
		fputs("At most: calls that name an offset can be joined only where their data "
		      "adjoin, which is not looked at.\n",
		      out);
}

void io_batching_write(FILE *out, const struct io_counts *counts, uint64_t small_bytes)
{
	struct ruled_calls calls = find_ruled(counts);

	write_batched_calls(out, &calls);
	write_small_calls(out, &calls, small_bytes);
	write_outcomes(out, &calls);
	write_histograms(out, &calls);
	write_run_lengths(out, &calls);
	write_savings(out, &calls);
	free(calls.rows);
}
