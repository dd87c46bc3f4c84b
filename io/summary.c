/* Writes the `strace -c` table. */
#include "io/summary.h"

#include "core/alloc.h"
#include "io/latency.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* strace(1), --summary-sort-by. */
#define SORT_WORDS(X)                                                                              \
	X("time", TIME)                                                                            \
	X("time-total", TIME)                                                                      \
	X("total-time", TIME)                                                                      \
	X("min-time", MIN_TIME)                                                                    \
	X("shortest", MIN_TIME)                                                                    \
	X("time-min", MIN_TIME)                                                                    \
	X("max-time", MAX_TIME)                                                                    \
	X("longest", MAX_TIME)                                                                     \
	X("time-max", MAX_TIME)                                                                    \
	X("avg-time", AVG_TIME)                                                                    \
	X("time-avg", AVG_TIME)                                                                    \
	X("calls", CALLS)                                                                          \
	X("count", CALLS)                                                                          \
	X("errors", ERRORS)                                                                        \
	X("error", ERRORS)                                                                         \
	X("name", NAME)                                                                            \
	X("syscall", NAME)                                                                         \
	X("syscall-name", NAME)                                                                    \
	X("nothing", NOTHING)                                                                      \
	X("none", NOTHING)

#define WORD(word, sort) word,
#define SORT(word, sort) IO_SORT_##sort,
const char *const io_sort_words[] = {SORT_WORDS(WORD) NULL};
static const enum io_sort sort_of_word[] = {SORT_WORDS(SORT)};

enum io_sort io_sort_of_word(int word)
{
	return sort_of_word[word];
}

static uint64_t time_of(const struct call_row *row)
{
	return row->time_ns;
}

static uint64_t min_of(const struct call_row *row)
{
	return row->latency->min_ns;
}

static uint64_t max_of(const struct call_row *row)
{
	return row->latency->max_ns;
}

static uint64_t avg_of(const struct call_row *row)
{
	return row->calls ? row->time_ns / row->calls : 0;
}

static uint64_t calls_of(const struct call_row *row)
{
	return row->calls;
}

static uint64_t errors_of(const struct call_row *row)
{
	return row->errors;
}

static int compare(const struct call_row *a, const struct call_row *b, enum io_sort sort)
{
	static uint64_t (*const keys[N_IO_SORTS])(const struct call_row *) = {
	    [IO_SORT_TIME] = time_of,    [IO_SORT_MIN_TIME] = min_of, [IO_SORT_MAX_TIME] = max_of,
	    [IO_SORT_AVG_TIME] = avg_of, [IO_SORT_CALLS] = calls_of,  [IO_SORT_ERRORS] = errors_of,
	};

	if (sort == IO_SORT_NAME)
		return strcmp(a->info->name, b->info->name);
	if (!keys[sort])
		return 0;
	return (keys[sort](a) < keys[sort](b)) - (keys[sort](a) > keys[sort](b));
}

static int by_sort(const void *left, const void *right, void *context)
{
	const struct call_row *a = *(const struct call_row *const *)left;
	const struct call_row *b = *(const struct call_row *const *)right;
	int order = compare(a, b, *(enum io_sort *)context);

	return order ? order : (a > b) - (a < b);
}

const struct call_row **io_sorted_calls(const struct io_counts *counts, enum syscall_abi abi,
                                        enum io_sort sort, size_t *n)
{
	const struct call_row **rows = xcalloc(counts->n_calls + 1, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; i < counts->n_calls; i++)
		if (counts->calls[i].info->abi == abi)
			rows[(*n)++] = &counts->calls[i];
	qsort_r(rows, *n, sizeof(*rows), by_sort, &sort);
	return rows;
}

static void write_line(FILE *out, double percent, const struct call_row *row, const char *name)
{
	char errors[24] = "";

	if (row->errors)
		snprintf(errors, sizeof(errors), "%" PRIu64, row->errors);
	fprintf(out, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " %9s %s\n", percent,
	        (double)row->time_ns / 1e9, avg_of(row) / 1000, row->calls, errors, name);
}

static void write_table(FILE *out, const struct call_row **rows, size_t n_rows)
{
	static const char rule[] =
	    "------ ----------- ----------- --------- --------- ----------------\n";
	struct call_row total = {0};

	for (size_t i = 0; i < n_rows; i++) {
		total.calls += rows[i]->calls;
		total.errors += rows[i]->errors;
		total.time_ns += rows[i]->time_ns;
	}
	fprintf(out, "%% time     seconds  usecs/call     calls    errors syscall\n%s", rule);
	for (size_t i = 0; i < n_rows; i++)
		write_line(out,
		           total.time_ns ? 100.0 * (double)rows[i]->time_ns / (double)total.time_ns
		                         : 0,
		           rows[i], rows[i]->info->name);
	fputs(rule, out);
	write_line(out, 100, &total, "total");
}

void io_summary_write(FILE *out, const struct io_counts *counts, enum io_sort sort)
{
	for (int abi = 0; abi < N_ABIS; abi++) {
		size_t n_rows;
		const struct call_row **rows = io_sorted_calls(counts, abi, sort, &n_rows);

		if (n_rows || abi == ABI_X86_64) {
			if (syscall_abi_name(abi))
				fprintf(out, "System call usage summary for %s mode:\n",
				        syscall_abi_name(abi));
			write_table(out, rows, n_rows);
		}
		free(rows);
	}
}
