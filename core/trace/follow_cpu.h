/* Keeps the tracer's thread on the CPU on which the traced thread stops.
 *
 * A stop costs two switches between tracer and tracee: 4 us on one CPU, 70 us and more between the
 * CPUs of a VM, which have to be woken. Only our own threads are bound, never the target's: nproc
 * and thread pools of the target read their affinity.
 *
 * Going after the tracee is not enough. The scheduler resumes it on an idle CPU if there is one
 * (select_idle_sibling()), and the CPU that we have just left is idle: it would go there, and we
 * after it, at every look. So after a move a second thread of ours keeps that CPU busy. It costs at
 * most 5 ms of one CPU for each move, at nice 19, so any thread of the target that wants the CPU
 * takes it; it only runs while a single thread makes more than 5000 stops a second, and lets go
 * when another one stops. (dd, 40,000 calls, on 2 vCPUs idle otherwise: 0.64 s of CPU
 * time in 0.52 s.)
 *
 * What else was tried, and why not: docs/architecture.md, "io".
 */
#ifndef CORE_TRACE_FOLLOW_CPU_H
#define CORE_TRACE_FOLLOW_CPU_H

#include <stdint.h>
#include <sys/types.h>

struct cpu_follower;

struct cpu_follower *cpu_follower_new(void);
void cpu_follower_free(struct cpu_follower *follower); /* NULL is fine */

/* No more stops will come. Called by the tracer, which is free to run anywhere again. */
void cpu_follower_rest(struct cpu_follower *follower);

/* The thread has stopped after we slept `waited_ns` for it; called by the tracer's thread, while
 * the thread is stopped. Looks where, if that took so long that it may be elsewhere. */
void cpu_follower_stopped(struct cpu_follower *follower, pid_t tid, uint64_t waited_ns);

/* The thread is new, or begins another program, and likely has been placed anew: looks at once. */
void cpu_follower_look(struct cpu_follower *follower, pid_t tid);

#endif
