/* Changes the registers of a thread at a stop that a filter made. */
#include "core/trace/filter_stop.h"

#include "core/trace/kernel_numbers.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

static void poke_register(pid_t tid, size_t offset, uint64_t value)
{
	ptrace(PTRACE_POKEUSER, tid, (void *)offset, (void *)value);
}

void filter_stop_skip_call(pid_t tid)
{
	/* No such call: the kernel has put -ENOSYS into the result beforehand. */
	poke_register(tid, offsetof(struct user, regs.orig_rax), UINT64_MAX);
}

bool filter_stop_refuse_foreign(pid_t tid, const struct __ptrace_syscall_info *stop)
{
	if (stop->seccomp.ret_data == FILTER_MARK)
		return false;
	filter_stop_skip_call(tid);
	return true;
}

void filter_stop_keep_children(pid_t tid, const struct __ptrace_syscall_info *stop)
{
	bool is_i386 = stop->arch == AUDIT_ARCH_I386;
	uint64_t number = is_i386 ? stop->seccomp.nr : stop->seccomp.nr & ~(uint64_t)X32_BIT;
	uint64_t at = stop->seccomp.args[0];
	long flags;

	if (number == (is_i386 ? I386_CLONE : SYS_clone)) {
		if (at & CLONE_UNTRACED)
			poke_register(tid,
			              is_i386 ? offsetof(struct user, regs.rbx)
			                      : offsetof(struct user, regs.rdi),
			              at & ~(uint64_t)CLONE_UNTRACED);
	} else if (number == SYS_clone3) {
		errno = 0;
		flags = ptrace(PTRACE_PEEKDATA, tid, (void *)at, NULL);
		if (!errno && flags & CLONE_UNTRACED)
			ptrace(PTRACE_POKEDATA, tid, (void *)at,
			       (void *)(flags & ~(long)CLONE_UNTRACED));
	}
}

static void answer_filter(pid_t tid)
{
	struct __ptrace_syscall_info stop;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(stop), &stop) > 0 &&
	    stop.op == PTRACE_SYSCALL_INFO_SECCOMP && !filter_stop_refuse_foreign(tid, &stop))
		filter_stop_keep_children(tid, &stop);
}

static void answer(pid_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		return;
	}
	if (event == PTRACE_EVENT_SECCOMP)
		answer_filter(tid);
	ptrace(PTRACE_CONT, tid, NULL, event || signal == SYSCALL_STOP ? 0L : (long)signal);
}

void filter_stop_answer_all(void)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (tid > 0 && WIFSTOPPED(status))
			answer(tid, status);
}
