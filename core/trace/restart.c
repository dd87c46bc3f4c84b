/* Moves a thread back to the instruction that made its call. */
#include "core/trace/restart.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/proc_file.h"
#include "core/trace/trace.h"
#include "core/trace/tracee.h"

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

enum { CALL_BYTES = 2 }; /* of the instruction syscall */

static uint64_t bit_of(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

/* Is each of the signals one that would have been dropped before anybody saw it? */
static bool are_ignored(uint64_t signals, uint64_t ignored, uint64_t caught)
{
	uint64_t by_default = bit_of(SIGCHLD) | bit_of(SIGCONT) | bit_of(SIGURG) | bit_of(SIGWINCH);

	return !(signals & ~(ignored | (by_default & ~caught)));
}

/* Nobody but us is why the call ended: not the signal, and none that is about to come. */
static bool is_unseen(pid_t tid, int signal)
{
	static const char *const formats[] = {"SigPnd: %lx", "ShdPnd: %lx", "SigBlk: %lx",
	                                      "SigIgn: %lx", "SigCgt: %lx"};
	uint64_t masks[ARRAY_SIZE(formats)];

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		masks[i] = (uint64_t)proc_file_status(tid, formats[i]);
	return are_ignored(((masks[0] | masks[1]) & ~masks[2]) | (signal ? bit_of(signal) : 0),
	                   masks[3], masks[4]);
}

/* A call that the kernel does not begin again. */
struct waiting {
	bool for_ever;
	uint64_t timeout_ns;
	int64_t timed_out; /* what it returns then */
};

static void set_timeout(struct waiting *waiting, pid_t tid, uint64_t timespec_addr)
{
	struct timespec timeout;

	waiting->for_ever =
	    !timespec_addr || !tracee_read_memory(tid, timespec_addr, &timeout, sizeof(timeout));
	if (!waiting->for_ever)
		waiting->timeout_ns =
		    (uint64_t)timeout.tv_sec * 1000000000 + (uint64_t)timeout.tv_nsec;
}

static bool is_waiting(const struct user_regs_struct *regs, pid_t tid, struct waiting *waiting)
{
	*waiting = (struct waiting){.for_ever = true};
	switch (regs->orig_rax) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		waiting->for_ever = (int)regs->r10 < 0;
		waiting->timeout_ns = (regs->r10 & INT_MAX) * 1000000;
		return true;
	case SYS_epoll_pwait2:
		set_timeout(waiting, tid, regs->r10);
		return true;
	case SYS_semtimedop:
		set_timeout(waiting, tid, regs->r10);
		waiting->timed_out = -EAGAIN;
		return true;
	case SYS_rt_sigtimedwait:
		set_timeout(waiting, tid, regs->rdx);
		waiting->timed_out = -EAGAIN;
		return true;
	case SYS_io_getevents:
	case SYS_io_pgetevents:
		set_timeout(waiting, tid, regs->r8);
		return true;
	case SYS_io_uring_enter:
		return !(regs->r10 & IORING_ENTER_EXT_ARG);
	default:
		return regs->orig_rax == SYS_semop;
	}
}

static bool is_64_bit(pid_t tid)
{
	struct __ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) > 0 &&
	       info.arch == AUDIT_ARCH_X86_64;
}

/* Has its timeout passed since it was begun again first? */
static bool has_timed_out(struct restarted_call *last, const struct user_regs_struct *regs,
                          const struct waiting *waiting)
{
	uint64_t now_ns = clock_now_ns();

	if (last->ip != regs->rip || last->sp != regs->rsp)
		*last = (struct restarted_call){regs->rip, regs->rsp, now_ns};
	return !waiting->for_ever && now_ns - last->since_ns >= waiting->timeout_ns;
}

void restart_interrupted_call(struct tracee *tracee, int signal)
{
	pid_t tid = tracee->tid;
	struct user_regs_struct regs;
	struct waiting waiting;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) || (int64_t)regs.rax != -EINTR ||
	    !is_waiting(&regs, tid, &waiting) || !is_64_bit(tid) || !is_unseen(tid, signal))
		return;
	if (has_timed_out(&tracee->restarted, &regs, &waiting)) {
		tracee->restarted = (struct restarted_call){0, 0, 0};
		regs.rax = (uint64_t)waiting.timed_out;
	} else {
		regs.rax = regs.orig_rax;
		regs.rip -= CALL_BYTES;
	}
	ptrace(PTRACE_SETREGS, tid, NULL, &regs);
}
