/* Runs the tracer in a process of its own that shares our memory, so that it can outlive us.
 *
 * A filtered target needs a tracer until its end, also when we have ended. What a thread traces is
 * let go with its process, and cannot be handed over without a moment in which the target's calls
 * fail. So the tracer is a process from the start: made with CLONE_VM, it counts into our memory as
 * a thread does, and where threads of the target outlive the run it executes the keeper
 * (core/trace/keeper.c) and takes them along.
 */
#ifndef CORE_TRACE_APART_H
#define CORE_TRACE_APART_H

struct tracer;

/* Follows the target in a process of its own; called by the tracer's thread, returns when that
 * process has ended or become the keeper. -EPERM: it cannot be made, or may not trace the target,
 * though a thread of ours may (Yama's ptrace_scope 1). Other errors are those of tracer_follow().
 */
int tracer_follow_apart(struct tracer *tracer);

/* A descriptor of the keeper's program, which lies beside our own; -errno: it cannot be had. */
int keeper_open(void);

#endif
