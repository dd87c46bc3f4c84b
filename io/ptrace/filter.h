/* A seccomp filter that stops a traced thread at the calls of a set, and lets all others pass at
 * full speed.
 *
 * Beside the set it stops what the tracer has to know: calls that make threads, that open, close,
 * duplicate or name descriptors (when a call of the set uses any), and that install filters.
 * A filter cannot be taken off again: until its end each process below the target needs a tracer
 * that answers its stops (io/ptrace/keeper.c), else those calls fail with ENOSYS.
 */
#ifndef IO_PTRACE_FILTER_H
#define IO_PTRACE_FILTER_H

#include "io/trace_set.h"

struct diag;
struct call_filter;

/* -EOPNOTSUPP with a sentence when libseccomp cannot make it.
 *
 * Without CAP_SYS_ADMIN a process may filter itself only when it gives up what set-user-ID programs
 * would gain (no_new_privs). `may_give_up` allows that: it takes nothing away where the tracer has
 * no CAP_SYS_PTRACE, since programs gain nothing under such a tracer (execve(2)). */
int call_filter_new(struct call_filter **filter, const struct trace_set *set, bool may_give_up,
                    struct diag *diag);
void call_filter_free(struct call_filter *filter); /* NULL is fine */

/* Puts the calling thread under the filter, with CAP_SYS_ADMIN where that is permitted.
 * Async-signal-safe; 0 or -errno, -EACCES: not allowed without no_new_privs. */
int call_filter_install(struct call_filter *filter);

#endif
