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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

/* Linux 5.3, 5.6 and 5.11. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

enum {
	CALL_BYTES = 2, /* of the instruction syscall */
	/* Results by which the kernel has itself begin the call again (linux/errno.h). */
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

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

/* Calls that wait for a socket. They are begun again but where it has this timeout (signal(7));
 * none of them has done anything when it ends with EINTR. */
static const struct {
	unsigned number;
	int option;        /* of SOL_SOCKET */
	bool is_of_others; /* takes other descriptors too, whose EINTR may mean something else */
} socket_calls[] = {
    {SYS_read, SO_RCVTIMEO, true},      {SYS_readv, SO_RCVTIMEO, true},
    {SYS_write, SO_SNDTIMEO, true},     {SYS_writev, SO_SNDTIMEO, true},
    {SYS_accept, SO_RCVTIMEO, false},   {SYS_accept4, SO_RCVTIMEO, false},
    {SYS_recvfrom, SO_RCVTIMEO, false}, {SYS_recvmsg, SO_RCVTIMEO, false},
    {SYS_recvmmsg, SO_RCVTIMEO, false}, {SYS_connect, SO_SNDTIMEO, false},
    {SYS_sendto, SO_SNDTIMEO, false},   {SYS_sendmsg, SO_SNDTIMEO, false},
    {SYS_sendmmsg, SO_SNDTIMEO, false},
};

/* A copy of the process's descriptor. -1: the kernel is older than 5.6, it is not permitted, or it
 * is not open. */
static int copy_descriptor(pid_t pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), copy;

	if (process < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	close(process);
	return copy;
}

/* False: it has no such timeout, is no socket, or cannot be asked. */
static bool read_socket_timeout(pid_t pid, int fd, int option, uint64_t *timeout_ns)
{
	struct timeval timeout = {0, 0};
	socklen_t len = sizeof(timeout);
	int copy = copy_descriptor(pid, fd);
	bool is_read = copy >= 0 && !getsockopt(copy, SOL_SOCKET, option, &timeout, &len);

	if (copy >= 0)
		close(copy);
	*timeout_ns = (uint64_t)timeout.tv_sec * 1000000000 + (uint64_t)timeout.tv_usec * 1000;
	return is_read && *timeout_ns;
}

/* socket(7); connect(2) to a Unix socket waits for room in its queue. (One to another kind that the
 * kernel ends in its second try says EALREADY.) */
static int64_t socket_timed_out(const struct user_regs_struct *regs, pid_t pid)
{
	sa_family_t family = AF_UNSPEC;

	if (regs->orig_rax == SYS_connect)
		tracee_read_memory(pid, regs->rsi, &family, sizeof(family));
	return regs->orig_rax == SYS_connect && family != AF_UNIX ? -EINPROGRESS : -EAGAIN;
}

/* Where the timeout cannot be read it begins anew each time. */
static bool waits_for_socket(const struct user_regs_struct *regs, pid_t pid,
                             struct waiting *waiting)
{
	for (size_t i = 0; i < ARRAY_SIZE(socket_calls); i++) {
		if (regs->orig_rax != socket_calls[i].number)
			continue;
		waiting->for_ever = !read_socket_timeout(
		    pid, (int)regs->rdi, socket_calls[i].option, &waiting->timeout_ns);
		waiting->timed_out = socket_timed_out(regs, pid);
		return !waiting->for_ever || !socket_calls[i].is_of_others;
	}
	return false;
}

static bool is_waiting(const struct user_regs_struct *regs, const struct tracee *tracee,
                       struct waiting *waiting)
{
	pid_t tid = tracee->tid;

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
	case SYS_semop:
		return true;
	default:
		return waits_for_socket(regs, tracee->pid, waiting);
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
		*last =
		    (struct restarted_call){.ip = regs->rip, .sp = regs->rsp, .since_ns = now_ns};
	return !waiting->for_ever && now_ns - last->since_ns >= waiting->timeout_ns;
}

void restart_note_end(struct tracee *tracee, int64_t result)
{
	if (result != -EINTR && result != -ERESTARTSYS && result != -ERESTARTNOINTR &&
	    result != -ERESTARTNOHAND && result != -ERESTART_RESTARTBLOCK)
		tracee->restarted.ip = 0;
}

/* It has been moved back and has not gone on since: an interrupt at that instruction would have
 * left no number of a call. */
static bool is_about_to_restart(const struct restarted_call *last,
                                const struct user_regs_struct *regs)
{
	return last->ip && regs->rip + CALL_BYTES == last->ip && regs->rsp == last->sp &&
	       (int64_t)regs->orig_rax >= 0 && regs->rax == regs->orig_rax;
}

/* A signal came while the thread stood still that the program does see: it interrupts the call as
 * it would alone. */
static void interrupt_after_all(pid_t tid, struct user_regs_struct *regs)
{
	regs->rax = (uint64_t)-EINTR;
	regs->rip += CALL_BYTES;
	ptrace(PTRACE_SETREGS, tid, NULL, regs);
}

void restart_interrupted_call(struct tracee *tracee, int signal)
{
	pid_t tid = tracee->tid;
	struct user_regs_struct regs;
	struct waiting waiting;
	bool is_moved;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs))
		return;
	if (signal && is_about_to_restart(&tracee->restarted, &regs)) {
		if (!is_unseen(tid, signal)) {
			tracee->restarted.ip = 0;
			interrupt_after_all(tid, &regs);
		}
		return;
	}
	if ((int64_t)regs.rax != -EINTR || !is_64_bit(tid))
		return;
	is_moved = is_unseen(tid, signal) && is_waiting(&regs, tracee, &waiting);
	if (is_moved && has_timed_out(&tracee->restarted, &regs, &waiting)) {
		regs.rax = (uint64_t)waiting.timed_out;
		ptrace(PTRACE_SETREGS, tid, NULL, &regs);
		is_moved = false;
	} else if (is_moved) {
		regs.rax = regs.orig_rax;
		regs.rip -= CALL_BYTES;
		ptrace(PTRACE_SETREGS, tid, NULL, &regs);
	}
	if (!is_moved)
		tracee->restarted.ip = 0;
}
