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

void io_errors_write(FILE *out, const struct io_counts *counts)
{
	bool any = false;

	for (size_t i = 0; i < counts->n_calls; i++) {
		const struct call_row *row = &counts->calls[i];

		for (size_t j = 0; j < row->n_errnos; j++) {
			const char *name = error_name(row->errnos[j].error);

			if (!any)
				fprintf(out, "\n%9s %-22s %s\n", "errors", "error", "syscall");
			any = true;
			fprintf(out, "%9" PRIu64 " ", row->errnos[j].count);
			if (name)
				fprintf(out, "%-22s ", name);
			else
				fprintf(out, "errno %-16d ", row->errnos[j].error);
			fprintf(out, "%s\n", io_call_name_of(row->info).text);
		}
	}
}
