/* Processes that run already: the numbers of --pid, and what /proc tells of each.
 */
#ifndef CORE_DRIVER_RUNNING_H
#define CORE_DRIVER_RUNNING_H

#include <stddef.h>
#include <sys/types.h>

struct diag;
struct text_list;

/* "1234,5678", each once. -EINVAL: no such list, or a thread's number; -ESRCH: no such process, or
 * it has ended. The caller frees *pids. */
int running_parse(const char *typed, pid_t **pids, size_t *n_pids, struct diag *diag);

/* Its arguments, or the title that it wrote over them (setproctitle(3)): empty words at the end are
 * left out, unless it is one. [NAME] for a kernel thread. Nothing when it has ended. */
void running_command(pid_t pid, struct text_list *words);

/* Its program's name: the first thread's, which the kernel cuts at 15 characters, whole where the
 * file's name tells the rest. The caller frees it. */
char *running_name(pid_t pid);

/* Whom it runs as; our own identity when it has ended. */
uid_t running_uid(pid_t pid);

#endif
