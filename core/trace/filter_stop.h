/* What a tracer owes to a thread that a filter of core/trace/call_filter.h has stopped, so that the
 * thread fares as it would without us. Also for the keeper, which counts nothing: libc only. */
#ifndef CORE_TRACE_FILTER_STOP_H
#define CORE_TRACE_FILTER_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>

enum {
	FILTER_MARK = 0x7073,          /* tells our stops from those of the target's own filters */
	SYSCALL_STOP = SIGTRAP | 0x80, /* at a call's entry or exit (PTRACE_O_TRACESYSGOOD) */
};

/* The call that the thread is about to make fails with ENOSYS. Also at PTRACE_SYSCALL's entry stop.
 */
void filter_stop_skip_call(pid_t tid);

/* A filter of the target's own asks for a tracer: as it has none, its call shall fail with ENOSYS,
 * as the kernel has it. True: that was so, and the call will. */
bool filter_stop_refuse_foreign(pid_t tid, const struct __ptrace_syscall_info *stop);

/* CLONE_UNTRACED would leave a child under the filter without a tracer. The flag is taken out of
 * the call (it stays so in the register, or in the structure of clone3); there is no other way to
 * see that child, and nothing else that it does. */
void filter_stop_keep_children(pid_t tid, const struct __ptrace_syscall_info *stop);

/* Lets the calling thread's tracees go on from every stop, until none is left. */
void filter_stop_answer_all(void);

#endif
