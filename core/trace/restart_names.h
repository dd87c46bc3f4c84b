/* The results by which the kernel has itself begin a call again, as strace(1) shows them.
 * Source: linux/errno.h; errno(3) has none of them, since programs see none.
 */
#ifndef CORE_TRACE_RESTART_NAMES_H
#define CORE_TRACE_RESTART_NAMES_H

#include <stdint.h>

struct restart_name {
	int error;
	const char *name; /* "ERESTARTSYS" */
	const char *text;
};

/* The row of a positive number of an error; NULL: an error that the program sees. */
const struct restart_name *restart_name_of(int64_t error);

#endif
