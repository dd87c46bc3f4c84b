/* The calls that had not returned when measuring ended: who is in them, on what, since when.
 *
 * Nobody knows how they end, so they are no calls of the counts, and their time is in no sum.
 */
#ifndef IO_PENDING_H
#define IO_PENDING_H

#include "io/family.h"
#include "io/names.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Beside a time at which a call was entered: */
#define IO_BEFORE_US UINT64_C(0)   /* before anybody looked */
#define IO_ENTRY_UNSEEN UINT64_MAX /* perhaps since */

struct io_pending_call {
	const struct syscall_info *info;
	uint64_t entered_ns;  /* on CLOCK_MONOTONIC, or one of these */
	uint64_t now_ns;      /* on the same clock */
	const uint64_t *args; /* six; NULL: not known */
};

/* Keeps the call, and looks into the thread's memory for a path that it names. */
void io_pending_add(struct io_counts *counts, const struct io_member *member,
                    const struct io_pending_call *call);

/* Once, when all are added: those that have lasted longest come first. */
void io_pending_sort(struct io_counts *counts);

/* "read (3 /var/log/x)", without an end of the line; what the target chose is as io_write_text()
 * has it. */
void io_pending_write_call(FILE *out, const struct io_counts *counts,
                           const struct pending_row *row);

/* How long it has lasted: "12.345678", "before", "?". */
struct io_cell io_pending_time_of(const struct pending_row *row);

/* A table of the first n_rows; nothing where there are none. */
void io_pending_write(FILE *out, const struct io_counts *counts, size_t n_rows);

#endif
