/* All threads of processes that run already, one by one, while they make new ones. */
#ifndef CPU_RUNNING_THREADS_H
#define CPU_RUNNING_THREADS_H

#include <stdint.h>
#include <sys/types.h>

struct diag;
struct repeat;

/* Opens what is wanted for a thread. 0; -ESRCH: it has ended meanwhile; -EACCES, -EPERM, -EMFILE
 * get the words of what was asked for; any other error with its own. */
typedef int watch_thread(void *context, pid_t tid, struct diag *diag);

/* How many the repeat's pids have at this moment. */
uint64_t running_threads_count(const struct repeat *repeat);

/* Each thread of the repeat's pids once. n_fds: descriptors that a thread takes; the limit is
 * raised for them as far as we may. -ESRCH when a process has ended. */
int running_threads_watch(const struct repeat *repeat, unsigned n_fds, watch_thread *watch,
                          void *context, struct diag *diag);

#endif
