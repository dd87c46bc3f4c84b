/* Writes the `strace -c` table. */
#include "io/summary.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/options.h"
#include "io/latency.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* strace(1), --summary-columns and --summary-sort-by; those with _ it takes in silence. */
#define COLUMN_WORDS(X)                                                                            \
	X("time", PERCENT)                                                                         \
	X("time-percent", PERCENT)                                                                 \
	X("time_percent", PERCENT)                                                                 \
	X("time-total", TIME)                                                                      \
	X("time_total", TIME)                                                                      \
	X("total-time", TIME)                                                                      \
	X("total_time", TIME)                                                                      \
	X("min-time", MIN_TIME)                                                                    \
	X("min_time", MIN_TIME)                                                                    \
	X("shortest", MIN_TIME)                                                                    \
	X("time-min", MIN_TIME)                                                                    \
	X("time_min", MIN_TIME)                                                                    \
	X("max-time", MAX_TIME)                                                                    \
	X("max_time", MAX_TIME)                                                                    \
	X("longest", MAX_TIME)                                                                     \
	X("time-max", MAX_TIME)                                                                    \
	X("time_max", MAX_TIME)                                                                    \
	X("avg-time", AVG_TIME)                                                                    \
	X("avg_time", AVG_TIME)                                                                    \
	X("time-avg", AVG_TIME)                                                                    \
	X("time_avg", AVG_TIME)                                                                    \
	X("calls", CALLS)                                                                          \
	X("count", CALLS)                                                                          \
	X("errors", ERRORS)                                                                        \
	X("error", ERRORS)                                                                         \
	X("name", NAME)                                                                            \
	X("syscall", NAME)                                                                         \
	X("syscall-name", NAME)                                                                    \
	X("syscall_name", NAME)                                                                    \
	X("nothing", NOTHING)                                                                      \
	X("none", NOTHING)

#define WORD(word, column) word,
#define COLUMN(word, column) IO_##column,
const char *const io_column_words[] = {COLUMN_WORDS(WORD) NULL};
static const enum io_column column_of_word[] = {COLUMN_WORDS(COLUMN)};

enum io_column io_column_of_word(int word)
{
	return column_of_word[word];
}

static bool shows(const struct io_columns *columns, enum io_column column)
{
	for (size_t i = 0; i < columns->n_shown; i++)
		if (columns->shown[i] == column)
			return true;
	return false;
}

/* Its index; the count of words: nobody knows it. */
static size_t find_word(const char *word)
{
	size_t i = 0;

	while (io_column_words[i] && strcmp(io_column_words[i], word) != 0)
		i++;
	return i;
}

static int add_column(struct io_columns *columns, const char *word, struct diag *diag)
{
	const char *near = nearest_word(word, io_column_words);
	size_t i = find_word(word);

	if (near && column_of_word[find_word(near)] == IO_NOTHING)
		near = NULL;
	if (!io_column_words[i] || column_of_word[i] == IO_NOTHING)
		return diag_fail(diag, EINVAL, "no column is called '%s'%s%s%s", word,
		                 near ? "; did you mean '" : "", near ? near : "",
		                 near ? "'?" : "");
	if (shows(columns, column_of_word[i]))
		return diag_fail(diag, EINVAL, "the column '%s' is there more than once", word);
	columns->shown[columns->n_shown++] = column_of_word[i];
	return 0;
}

int io_columns_parse(struct io_columns *columns, const char *text, struct diag *diag)
{
	char *words = xstrdup(text), *rest = words;
	int err = 0;

	*columns = (struct io_columns){0};
	while (rest && !err)
		err = add_column(columns, strsep(&rest, ","), diag);
	if (!shows(columns, IO_NAME) && !err)
		columns->shown[columns->n_shown++] = IO_NAME;
	free(words);
	return err;
}

int io_columns_check(const char *text, struct diag *diag)
{
	struct io_columns columns;

	return io_columns_parse(&columns, text, diag);
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

static int compare(const struct call_row *a, const struct call_row *b, enum io_column sort)
{
	static uint64_t (*const keys[])(const struct call_row *) = {
	    [IO_PERCENT] = time_of,  [IO_TIME] = time_of,    [IO_MIN_TIME] = min_of,
	    [IO_MAX_TIME] = max_of,  [IO_AVG_TIME] = avg_of, [IO_CALLS] = calls_of,
	    [IO_ERRORS] = errors_of, [IO_NAME] = NULL,       [IO_NOTHING] = NULL,
	};

	if (sort == IO_NAME)
		return strcmp(a->info->name, b->info->name);
	if (!keys[sort])
		return 0;
	return (keys[sort](a) < keys[sort](b)) - (keys[sort](a) > keys[sort](b));
}

static int by_sort(const void *left, const void *right, void *context)
{
	const struct call_row *a = *(const struct call_row *const *)left;
	const struct call_row *b = *(const struct call_row *const *)right;
	int order = compare(a, b, *(enum io_column *)context);

	return order ? order
	             : (a->info->number > b->info->number) - (a->info->number < b->info->number);
}

const struct call_row **io_sorted_calls(const struct io_counts *counts, enum syscall_abi abi,
                                        enum io_column sort, size_t *n)
{
	const struct call_row **rows = xcalloc(counts->n_calls + 1, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; i < counts->n_calls; i++)
		if (counts->calls[i].info->abi == abi)
			rows[(*n)++] = &counts->calls[i];
	qsort_r(rows, *n, sizeof(*rows), by_sort, &sort);
	return rows;
}

const char *io_time_remark(const struct io_counts *counts)
{
	return counts->totals.calls && !counts->totals.time_ns
	           ? "No time was above the clock's resolution; rows alike stand by the call's "
	             "number."
	           : NULL;
}

/* A line: of one call, or of all. */
struct figures {
	const char *name;
	uint64_t calls, errors;
	uint64_t time_ns, min_ns, max_ns;
	double percent;
};

struct table {
	const struct io_columns *columns;
	struct figures *lines; /* the last is the total */
	size_t n_lines;
	int widths[N_IO_COLUMNS];
};

enum { CELL_BYTES = 64 };

static const struct {
	const char *title;
	int least_width;
} column_rows[N_IO_COLUMNS] = {
    [IO_PERCENT] = {"% time", 6},       [IO_TIME] = {"seconds", 11},
    [IO_MIN_TIME] = {"shortest", 8},    [IO_MAX_TIME] = {"longest", 7},
    [IO_AVG_TIME] = {"usecs/call", 11}, [IO_CALLS] = {"calls", 9},
    [IO_ERRORS] = {"errors", 9},        [IO_NAME] = {"syscall", 16},
};

static const char *cell(const struct figures *line, enum io_column column, char text[CELL_BYTES])
{
	const double seconds[] = {[IO_TIME] = (double)line->time_ns / 1e9,
	                          [IO_MIN_TIME] = (double)line->min_ns / 1e9,
	                          [IO_MAX_TIME] = (double)line->max_ns / 1e9};

	text[0] = '\0';
	switch (column) {
	case IO_PERCENT:
		snprintf(text, CELL_BYTES, "%.2f", line->percent);
		return text;
	case IO_TIME:
	case IO_MIN_TIME:
	case IO_MAX_TIME:
		snprintf(text, CELL_BYTES, "%.6f", seconds[column]);
		return text;
	case IO_AVG_TIME:
		snprintf(text, CELL_BYTES, "%" PRIu64,
		         line->calls ? line->time_ns / line->calls / 1000 : 0);
		return text;
	case IO_CALLS:
		snprintf(text, CELL_BYTES, "%" PRIu64, line->calls);
		return text;
	case IO_ERRORS:
		if (line->errors)
			snprintf(text, CELL_BYTES, "%" PRIu64, line->errors);
		return text;
	case IO_NAME:
		return line->name;
	case IO_NOTHING:
		break;
	}
	return text;
}

static void set_widths(struct table *table)
{
	char text[CELL_BYTES];

	for (int column = 0; column < N_IO_COLUMNS; column++) {
		table->widths[column] = column_rows[column].least_width;
		for (size_t i = 0; i < table->n_lines; i++) {
			int width =
			    (int)strlen(cell(&table->lines[i], (enum io_column)column, text)) +
			    (column == IO_NAME);

			if (width > table->widths[column])
				table->widths[column] = width;
		}
	}
}

/* Of the title where `line` is NULL. Names stand on the left, and at the line's end as they are. */
static void write_line(FILE *out, const struct table *table, const struct figures *line)
{
	const struct io_columns *columns = table->columns;
	char text[CELL_BYTES];

	for (size_t i = 0; i < columns->n_shown; i++) {
		enum io_column column = columns->shown[i];
		bool is_last = i + 1 == columns->n_shown;
		int width = table->widths[column];

		if (column == IO_NAME)
			width = is_last ? 0 : -width;
		fprintf(out, "%*s%c", width,
		        line ? cell(line, column, text) : column_rows[column].title,
		        is_last ? '\n' : ' ');
	}
}

static void write_rule(FILE *out, const struct table *table)
{
	for (size_t i = 0; i < table->columns->n_shown; i++) {
		for (int n = 0; n < table->widths[table->columns->shown[i]]; n++)
			fputc('-', out);
		fputc(i + 1 == table->columns->n_shown ? '\n' : ' ', out);
	}
}

/* The lines of the rows, and of all. */
static struct figures *make_lines(const struct call_row **rows, size_t n_rows)
{
	struct figures *lines = xcalloc(n_rows + 1, sizeof(*lines)), *total = &lines[n_rows];

	*total = (struct figures){.name = "total", .percent = 100, .min_ns = UINT64_MAX};
	for (size_t i = 0; i < n_rows; i++) {
		const struct call_row *row = rows[i];

		lines[i] = (struct figures){
		    row->info->name, row->calls, row->errors, row->time_ns, min_of(row),
		    max_of(row),     0};
		total->calls += row->calls;
		total->errors += row->errors;
		total->time_ns += row->time_ns;
		if (min_of(row) < total->min_ns)
			total->min_ns = min_of(row);
		if (max_of(row) > total->max_ns)
			total->max_ns = max_of(row);
	}
	if (!n_rows)
		total->min_ns = 0;
	for (size_t i = 0; i < n_rows && total->time_ns; i++)
		lines[i].percent = 100.0 * (double)lines[i].time_ns / (double)total->time_ns;
	return lines;
}

static void write_table(FILE *out, const struct io_columns *columns, const struct call_row **rows,
                        size_t n_rows)
{
	struct table table = {columns, make_lines(rows, n_rows), n_rows + 1, {0}};

	set_widths(&table);
	write_line(out, &table, NULL);
	write_rule(out, &table);
	for (size_t i = 0; i < n_rows; i++)
		write_line(out, &table, &table.lines[i]);
	write_rule(out, &table);
	write_line(out, &table, &table.lines[n_rows]);
	free(table.lines);
}

void io_summary_write(FILE *out, const struct io_counts *counts, const struct io_columns *columns,
                      enum io_column sort)
{
	for (int abi = 0; abi < N_ABIS; abi++) {
		size_t n_rows;
		const struct call_row **rows = io_sorted_calls(counts, abi, sort, &n_rows);

		if (n_rows || abi == ABI_X86_64) {
			if (syscall_abi_name(abi))
				fprintf(out, "System call usage summary for %s mode:\n",
				        syscall_abi_name(abi));
			write_table(out, columns, rows, n_rows);
		}
		free(rows);
	}
}
