/* Writes the line of a call as strace(1) does by default: name, arguments, result.
 *
 * Arguments that the call only reads are written at its entry, the others when it has returned, so
 * a line shows what the kernel saw. How each call looks is a row of calls.def. What cannot be read
 * is written as an address. Structures of x32 and i386 are not decoded: their calls have numbers.
 */
#ifndef IO_DETAIL_DECODE_H
#define IO_DETAIL_DECODE_H

#include "io/detail/text.h"
#include "io/syscalls.h"

#include <sys/types.h>
#include <time.h>

enum { DETAIL_ITEMS = 32 }; /* of arrays, and bytes of buffers, that are written; strace's -s */

/* A thread, which stands still, in a call. */
struct detail_subject {
	pid_t tid;
	const struct syscall_info *info;
	uint32_t number; /* its own, where the info is of many */
	const uint64_t *args;
};

/* The line of the call that a thread is in. Zeroed: of none. */
struct detail_line {
	struct detail_line *next; /* its owner's */
	struct detail_text text;
	unsigned n_written;            /* arguments */
	struct timespec timeout;       /* likewise */
	uint32_t before[DETAIL_ITEMS]; /* lengths at the entry that the call changes */
};

/* Appends to what the text has. */
void detail_begin(struct detail_line *line, const struct detail_subject *subject);
void detail_end(struct detail_line *line, const struct detail_subject *subject, int64_t result);
/* The call will not return. */
void detail_give_up(struct detail_line *line, const struct detail_subject *subject);

#endif
