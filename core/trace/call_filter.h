/* A seccomp filter that stops a traced thread at some calls, and lets all others pass at full
 * speed.
 *
 * Beside those that the client wants it stops what the tracer has to know: calls that make threads
 * and that install filters.
 * A filter cannot be taken off again: until its end each process below the target needs a tracer
 * that answers its stops (core/trace/keeper.c), else those calls fail with ENOSYS.
 */
#ifndef CORE_TRACE_CALL_FILTER_H
#define CORE_TRACE_CALL_FILTER_H

#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

struct call_filter;

/* A call that stops for one value of the lower half of one argument only. */
struct call_case {
	const char *name;
	unsigned argument;
	uint32_t value;
};

/* What the tracer needs, whatever the client wants: calls, and cases of calls that are not stopped
 * anyway. Ended by NULL names. */
extern const char *const call_filter_needed[];
extern const struct call_case call_filter_needed_cases[];

/* An empty filter for x86-64, x32 and i386 to add rules to: seccomp_release() it. NULL: no memory.
 * `stops_others`: calls without a rule stop. A rule is for one name under all ABIs, and given once;
 * 0 or -errno as libseccomp says. */
scmp_filter_ctx call_filter_rules(bool stops_others);
int call_filter_add(scmp_filter_ctx rules, const char *name, bool stops);
int call_filter_add_case(scmp_filter_ctx rules, const struct call_case *stop);

/* Makes the filter. -errno when libseccomp cannot.
 *
 * Without CAP_SYS_ADMIN a process may filter itself only when it gives up what set-user-ID programs
 * would gain (no_new_privs). `may_give_up` allows that: it takes nothing away where the tracer has
 * no CAP_SYS_PTRACE, since programs gain nothing under such a tracer (execve(2)). */
int call_filter_new(struct call_filter **filter, scmp_filter_ctx rules, bool may_give_up);
void call_filter_free(struct call_filter *filter); /* NULL is fine */

/* Puts the calling thread under the filter, with CAP_SYS_ADMIN where that is permitted.
 * Async-signal-safe; 0 or -errno, -EACCES: not allowed without no_new_privs. */
int call_filter_install(struct call_filter *filter);

#endif
