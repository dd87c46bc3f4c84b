/* Writes what summary.txt says of calls beside strace's table. */
#include "io/call_tables.h"

#include "core/alloc.h"
#include "core/trace/restart_names.h"
#include "io/latency.h"
#include "io/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef void write_row_fn(FILE *out, const struct call_row *row);

enum { NAME_WIDTH = 22 };

static void write_name(FILE *out, const struct syscall_info *info)
{
	fprintf(out, "%-*s", NAME_WIDTH, io_call_name_of(info).text);
}

static bool is_any(const struct call_row *row)
{
	return row->calls > 0;
}

static bool moved_data(const struct call_row *row)
{
	const struct syscall_facts *facts = row->info->facts;

	return syscall_moves_data(facts) && facts->effect != EFFECT_SUBMIT &&
	       row->calls > row->errors;
}

static void write_rows(FILE *out, const struct io_counts *counts, enum io_column sort,
                       const char *header, bool (*has)(const struct call_row *row),
                       write_row_fn *write)
{
	for (int abi = 0; abi < N_ABIS; abi++) {
		size_t n_rows;
		const struct call_row **rows = io_sorted_calls(counts, abi, sort, &n_rows);

		for (size_t i = 0; i < n_rows; i++) {
			if (!has(rows[i]))
				continue;
			if (header)
				fprintf(out, "\n%-*s %s\n", NAME_WIDTH, "syscall", header);
			header = NULL;
			write(out, rows[i]);
		}
		free(rows);
	}
}

static void write_latency(FILE *out, const struct call_row *row)
{
	const struct latency *latency = row->latency;
	const uint64_t times_ns[] = {
	    latency->min_ns,
	    row->time_ns / row->calls,
	    latency_percentile(latency, 50),
	    latency_percentile(latency, 95),
	    latency_percentile(latency, 99),
	    latency->max_ns,
	};

	write_name(out, row->info);
	fprintf(out, " %11" PRIu64, latency->n_calls);
	for (size_t i = 0; i < ARRAY_SIZE(times_ns); i++)
		fprintf(out, " %12.3f", (double)times_ns[i] / 1e3);
	fputc('\n', out);
}

void io_latency_write(FILE *out, const struct io_counts *counts, enum io_column sort)
{
	write_rows(out, counts, sort,
	           "      calls       min us       avg us       p50 us       p95 us       p99 us"
	           "       max us",
	           is_any, write_latency);
}

static void write_bytes(FILE *out, const struct call_row *row)
{
	uint64_t good_calls = row->calls - row->errors;

	write_name(out, row->info);
	fprintf(out, " %11" PRIu64, good_calls);
	if (row->unknown_bytes < good_calls)
		fprintf(out, " %14" PRIu64, row->bytes);
	else
		fprintf(out, " %14s", "?");
	if (row->asking_calls)
		fprintf(out, " %14" PRIu64, row->asked_bytes);
	else
		fprintf(out, " %14s", "-");
	if (row->asking_calls && row->asking_calls < good_calls)
		fprintf(out, "  (by %" PRIu64 " of the calls)", row->asking_calls);
	fputc('\n', out);
}

void io_bytes_write(FILE *out, const struct io_counts *counts, enum io_column sort)
{
	write_rows(out, counts, sort, "  succeeded    bytes moved    bytes asked", moved_data,
	           write_bytes);
}

/* Restarts are the kernel's own results, below errno(3); strace counts and names them too. */
static const char *error_name(int error)
{
	const struct restart_name *restart = restart_name_of(error);

	return restart ? restart->name : strerrorname_np(error);
}

struct error_line {
	const struct syscall_info *info;
	struct errno_count errors;
};

/* Backends may see calls for the first time in another order, so that order tells nothing. */
static int most_errors_first(const void *left, const void *right)
{
	const struct error_line *a = left, *b = right;
	const uint64_t keys[][2] = {
	    {b->errors.count, a->errors.count},
	    {a->info->abi, b->info->abi},
	    {a->info->number, b->info->number},
	    {(uint64_t)a->errors.error, (uint64_t)b->errors.error},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return 0;
}

/* n of them. The caller frees them. */
static struct error_line *sorted_errors(const struct io_counts *counts, size_t *n)
{
	struct error_line *lines = NULL;
	size_t capacity = 0;

	*n = 0;
	for (size_t i = 0; i < counts->n_calls; i++)
		for (size_t j = 0; j < counts->calls[i].n_errnos; j++)
			*ARRAY_APPEND(lines, *n, capacity) =
			    (struct error_line){counts->calls[i].info, counts->calls[i].errnos[j]};
	if (lines)
		qsort(lines, *n, sizeof(*lines), most_errors_first);
	return lines;
}

static void write_error(FILE *out, const struct error_line *line)
{
	const char *name = error_name(line->errors.error);

	fprintf(out, "%9" PRIu64 " ", line->errors.count);
	if (name)
		fprintf(out, "%-22s ", name);
	else
		fprintf(out, "errno %-16d ", line->errors.error);
	fprintf(out, "%s\n", io_call_name_of(line->info).text);
}

void io_errors_write(FILE *out, const struct io_counts *counts)
{
	size_t n_lines;
	struct error_line *lines = sorted_errors(counts, &n_lines);

	if (n_lines)
		fprintf(out, "\n%9s %-22s %s\n", "errors", "error", "syscall");
	for (size_t i = 0; i < n_lines; i++)
		write_error(out, &lines[i]);
	free(lines);
}
