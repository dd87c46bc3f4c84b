/* Names of the threads under observation, and their places in the recording. */
#ifndef CPU_THREADS_H
#define CPU_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct recording;
struct thread_names;

struct thread_names *thread_names_new(struct recording *recording);
void thread_names_free(struct thread_names *names);

/* A new thread has the name of the one that made it. */
void thread_names_fork(struct thread_names *names, pid_t parent_tid, pid_t tid);
void thread_names_set(struct thread_names *names, pid_t tid, const char *comm);

/* The present name; "" when none is known. Valid until the next call. */
const char *thread_names_get(struct thread_names *names, pid_t tid);

/* The index of the thread, with its present name, in the recording. */
uint32_t thread_names_recorded(struct thread_names *names, pid_t pid, pid_t tid);

#endif
