/* The seccomp filter of --trace: stops a thread at the calls of the set (core/trace/call_filter.h).
 *
 * Beside them it stops calls that open, close, duplicate or name descriptors, when a call of the
 * set uses any.
 */
#ifndef IO_PTRACE_FILTER_H
#define IO_PTRACE_FILTER_H

#include "io/trace_set.h"

struct call_filter;
struct diag;

/* `may_give_up` as call_filter_new() has it. -EOPNOTSUPP with a sentence when libseccomp cannot
 * make it. */
int io_filter_new(struct call_filter **filter, const struct trace_set *set, bool may_give_up,
                  struct diag *diag);

#endif
