/* The system calls that --trace asks for, in the words of strace(1), -e trace.
 *
 * A set is [!]VALUE[,VALUE...], where ! takes all others. A VALUE is one of:
 * - [?]NAME[@64|@x32|@32], a call by its name, in one ABI; ? allows a name that nobody knows
 * - /REGEX, those whose names it matches (POSIX extended)
 * - %CLASS
 * - a number
 * - all or none
 *
 * The classes that strace once wrote without % are understood so, too, and a "trace=" in front is
 * left out. Immutable.
 */
#ifndef IO_TRACE_SET_H
#define IO_TRACE_SET_H

#include "io/syscalls.h"

#include <stdbool.h>

struct diag;
struct trace_set;

/* NULL is "all". -EINVAL with a sentence that has the nearest word, when there is one. */
int trace_set_new(struct trace_set **set, const char *text, struct diag *diag);
void trace_set_free(struct trace_set *set); /* NULL is fine */

/* 0 when trace_set_new() would take the text; else its error. */
int trace_set_check(const char *text, struct diag *diag);

/* Every call, known or not. */
bool trace_set_is_all(const struct trace_set *set);

/* "%file,read", as it was given. Lives as long as the set. */
const char *trace_set_text(const struct trace_set *set);

bool trace_set_has(const struct trace_set *set, const struct syscall_info *info);

/* Calls that nobody has a name for are in it: so in "all" and after a '!'. */
bool trace_set_has_unnamed(const struct trace_set *set);

/* Some call of this kind is in it, under any of the ABIs; or all of them are, under every one. */
bool trace_set_has_any(const struct trace_set *set,
                       bool (*is_kind)(const struct syscall_facts *facts));
bool trace_set_has_all(const struct trace_set *set,
                       bool (*is_kind)(const struct syscall_facts *facts));

#endif
