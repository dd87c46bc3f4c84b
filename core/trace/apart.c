/* Makes the tracing process, and sees it end.
 *
 * That process runs on a stack of its own but with the thread-local storage of the thread that made
 * it, as a child of vfork(2) does. So that thread waits in read(2), with all signals blocked, until
 * the process has left our memory: its end of a pipe closes by its end or its exec. (CLONE_VFORK
 * would wait by itself, but uninterruptibly: Ctrl-Z could not stop us.)
 */
#include "core/trace/apart.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/u64map.h"
#include "core/trace/filter_stop.h"
#include "core/trace/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 1 << 20 };

static const char process_name[] = "trace-keeper"; /* not ours: pkill(1) of us shall spare it */

int keeper_open(void)
{
	static const char suffix[] = "-keeper";
	char path[PATH_MAX + sizeof(suffix)];
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
	int fd;

	if (length < 0)
		return -errno;
	memcpy(path + length, suffix, sizeof(suffix));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int ascending(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

/* Copies of the driver's descriptors would keep pipes open that it closes, the target's gate among
 * them. Ours, the client's and stderr stay. */
static void close_others(const struct tracer *tracer)
{
	int kept[] = {STDERR_FILENO, tracer->event_fd, tracer->apart_fd, tracer->plan->keeper_fd,
	              tracer->client_fd};
	int first = 0;

	qsort(kept, ARRAY_SIZE(kept), sizeof(kept[0]), ascending);
	for (size_t i = 0; i < ARRAY_SIZE(kept); first = kept[i++] + 1)
		if (kept[i] > first)
			close_range((unsigned)first, (unsigned)kept[i] - 1, 0);
	close_range((unsigned)first, UINT_MAX, 0);
}

/* The terminal's signals are for the driver. */
static void block_signals(void)
{
	sigset_t most;

	sigfillset(&most);
	sigdelset(&most, TRACER_KICK);
	sigprocmask(SIG_SETMASK, &most, NULL);
	tracer_hear_kicks();
}

static void become_keeper(struct tracer *tracer)
{
	char *argv[] = {(char *)"profile-scenario-keeper", NULL};
	char *none[] = {NULL};

	tracer->facts.keeper_pid = getpid();
	fexecve(tracer->plan->keeper_fd, argv, none);
	/* No memory, it may be. To end would kill them; our memory is good enough. */
	atomic_store(&tracer->stays, true);
	filter_stop_answer_all();
}

/* A child whose parent has not told of it yet stands still until it has. */
static void resume_waiting(struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;

	while (u64map_next(tracer->tracees, &position, &tid, &value)) {
		const struct tracee *tracee = (const struct tracee *)(uintptr_t)value;

		if (tracee && tracee->has_stopped && !tracee->has_parent)
			tracer_resume(tracer, tracee->tid, 0);
	}
}

/* Also of threads that we have not heard of yet. */
static bool still_traces(void)
{
	siginfo_t ignored;

	return !waitid(P_ALL, 0, &ignored, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) ||
	       errno != ECHILD;
}

static int run(void *context)
{
	struct tracer *tracer = context;

	prctl(PR_SET_NAME, process_name);
	block_signals();
	close_others(tracer);
	tracer->apart_err = tracer_follow(tracer);
	if (!tracer->apart_err && tracer->filtered && still_traces()) {
		resume_waiting(tracer);
		become_keeper(tracer);
	}
	return 0;
}

/* The process was killed: then the kernel kills the target, and there is nobody else to tell of its
 * end. */
static void note_death(struct tracer *tracer, int status)
{
	tracer->stopped_ns = clock_now_ns();
	tracer_fail(tracer, ECHILD, "the tracing process was killed, and with it", tracer->target);
	if (wait4(tracer->target, &status, __WALL, &tracer->usage) == tracer->target)
		tracer_note_end(tracer, status);
	if (!tracer->seized)
		sem_post(&tracer->ready);
}

static void see_it_end(struct tracer *tracer, int pipe_fd)
{
	int status = 0;
	char byte;

	while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
		;
	if (!tracer->facts.keeper_pid &&
	    waitpid(tracer->apart_pid, &status, __WALL) == tracer->apart_pid && WIFSIGNALED(status))
		note_death(tracer, status);
}

int tracer_follow_apart(struct tracer *tracer)
{
	sigset_t all;
	int ends[2];
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return -EPERM;
	if (pipe2(ends, O_CLOEXEC)) {
		munmap(stack, STACK_BYTES);
		return -EPERM;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	tracer->apart_fd = ends[1];
	/* Without SIGCHLD at its end: nobody but us waits for it. */
	if (clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_PARENT_SETTID, tracer,
	          &tracer->apart_pid) < 0)
		tracer->apart_err = -EPERM;
	close(ends[1]);
	if (tracer->apart_pid)
		see_it_end(tracer, ends[0]);
	close(ends[0]);
	munmap(stack, STACK_BYTES);
	return tracer->apart_err;
}
