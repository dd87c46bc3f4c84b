/* summary.txt: the table of `strace -c`, to the column. */
#ifndef IO_SUMMARY_H
#define IO_SUMMARY_H

#include "io/counts.h"

#include <stdio.h>

struct diag;

/* What -U shows and -S sorts by. */
enum io_column {
	IO_PERCENT,
	IO_TIME,
	IO_MIN_TIME,
	IO_MAX_TIME,
	IO_AVG_TIME,
	IO_CALLS,
	IO_ERRORS,
	IO_NAME,
	IO_NOTHING, /* no column; sorts by number */
	N_IO_COLUMNS = IO_NOTHING,
};

/* What -S takes, ended by NULL: strace's words, its other spellings included. -U takes them, too,
 * but those for IO_NOTHING. */
extern const char *const io_column_words[];
enum io_column io_column_of_word(int word);

struct io_columns {
	enum io_column shown[N_IO_COLUMNS];
	size_t n_shown;
};

#define IO_DEFAULT_COLUMNS "time-percent,total-time,avg-time,calls,errors,name"

/* -U's list of words; IO_NAME comes last where it is not among them. -EINVAL: an unknown word (the
 * sentence has the nearest one), or a column twice. */
int io_columns_parse(struct io_columns *columns, const char *text, struct diag *diag);
/* 0, or the error that io_columns_parse() would give. */
int io_columns_check(const char *text, struct diag *diag);

/* The rows of one ABI in order, alike ones by number; n of them. The caller frees the array. */
const struct call_row **io_sorted_calls(const struct io_counts *counts, enum syscall_abi abi,
                                        enum io_column sort, size_t *n);

/* A sentence about times that are all 0, as system time often is; NULL: some are not. */
const char *io_time_remark(const struct io_counts *counts);

/* Errors of the stream are the caller's to check (results_close()). */
void io_summary_write(FILE *out, const struct io_counts *counts, const struct io_columns *columns,
                      enum io_column sort);

#endif
