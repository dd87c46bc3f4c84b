/* Moves the tracer's thread to the CPU on which the traced thread stopped.
 *
 * A stop costs two switches between tracer and tracee: 5 us on one CPU, 70 us and more between the
 * CPUs of a VM, which have to be woken. Only the affinity of our own threads is changed, never the
 * target's: nproc and thread pools of the target read theirs.
 */
#ifndef IO_PTRACE_FOLLOW_CPU_H
#define IO_PTRACE_FOLLOW_CPU_H

#include <stdbool.h>
#include <sys/types.h>

struct cpu_follower;

struct cpu_follower *cpu_follower_new(void);
void cpu_follower_free(struct cpu_follower *follower); /* NULL is fine */

/* The thread has stopped; called by the tracer's thread. Looks where, now and then, or at once with
 * `look` (it is new, or began another program). */
void cpu_follower_stopped(struct cpu_follower *follower, pid_t tid, bool look);

/* The stopped thread has been resumed; must follow each cpu_follower_stopped() before the tracer
 * sleeps. */
void cpu_follower_resumed(struct cpu_follower *follower);

#endif
