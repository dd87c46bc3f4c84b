/* summary.txt: the table of `strace -c`, to the column. */
#ifndef IO_SUMMARY_H
#define IO_SUMMARY_H

#include "io/counts.h"

#include <stdio.h>

enum io_sort {
	IO_SORT_TIME,
	IO_SORT_MIN_TIME,
	IO_SORT_MAX_TIME,
	IO_SORT_AVG_TIME,
	IO_SORT_CALLS,
	IO_SORT_ERRORS,
	IO_SORT_NAME,
	IO_SORT_NOTHING, /* in order of first use */
	N_IO_SORTS,
};

/* What -S takes, ended by NULL: strace's words, its other spellings included. */
extern const char *const io_sort_words[];
/* The order that the word with this index asks for. */
enum io_sort io_sort_of_word(int word);

/* The rows of one ABI in order; n of them. The caller frees the array. */
const struct call_row **io_sorted_calls(const struct io_counts *counts, enum syscall_abi abi,
                                        enum io_sort sort, size_t *n);

void io_summary_write(FILE *out, const struct io_counts *counts, enum io_sort sort);

#endif
