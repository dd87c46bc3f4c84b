/* The paths that --trace-path asks for, in the meaning of strace(1), -P: a call is of a path when
 * it takes that very text as an argument, or a descriptor that is open there.
 *
 * Which arguments are looked at is strace's choice too (6.1): not the descriptor that a call makes,
 * nor each one that could lead to the file. Immutable. Of the calls of i386 that take their
 * arguments from memory (mmap, select) none is of a path.
 */
#ifndef IO_TRACE_PATHS_H
#define IO_TRACE_PATHS_H

#include "core/options.h"
#include "io/syscalls.h"

#include <stdbool.h>
#include <sys/types.h>

struct trace_paths;

/* Texts are copied. A path that leads elsewhere by links, at this moment, counts under both names.
 * NULL: the list is empty. */
struct trace_paths *trace_paths_new(const struct text_list *list);
void trace_paths_free(struct trace_paths *paths); /* NULL is fine */

/* The thread stands still at the call's entry. */
bool trace_paths_has_call(const struct trace_paths *paths, pid_t tid,
                          const struct syscall_info *info, const uint64_t args[6]);

/* The first argument that is a descriptor, and the first that is the address of a path; -1: there
 * is none, or it lies in memory. */
void trace_paths_arguments(const struct syscall_info *info, int *fd, int *path);

#endif
