/* Follows every system call of a process tree with ptrace(2), from a thread of its own.
 *
 * Each call stops its thread at entry and exit (PTRACE_SYSCALL). A seccomp filter would not be
 * faster, since every call is wanted and its result too: the filter's stop replaces the entry stop,
 * one for one. Measured with a libseccomp filter, medians of interleaved rounds: 10,000 calls of dd
 * 97 ms with PTRACE_SYSCALL, 98 ms with the filter; gcc on one small file 75 and 73 ms. And it
 * would be less true: calls that the target's own filter answers with an errno are not seen; a
 * process that outlives the run gets ENOSYS for all of them, because a filter cannot be taken off;
 * and without privileges it needs no_new_privs, which set-user-ID programs below the target notice.
 * (strace, too, drops --seccomp-bpf when it traces all calls.) A filter pays when few calls are
 * wanted.
 *
 * Should the driver die, the kernel detaches the tree and the target lives on untraced (no
 * PTRACE_O_EXITKILL), as under strace. Stops that are ours alone never reach it:
 * PTRACE_O_TRACESYSGOOD makes even a stop that the tracer's death cut short a signal number that
 * does not exist.
 */
#include "io/backend.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/u64map.h"
#include "io/fd_table.h"
#include "io/observe.h"
#include "io/ptrace/follow_cpu.h"
#include "io/ptrace/tracee.h"

#include <errno.h>
#include <linux/audit.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SYSCALL_STOP = SIGTRAP | 0x80, /* PTRACE_O_TRACESYSGOOD */
	X32_BIT = 0x40000000,
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	          PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC,
	COMMAND_BYTES = 512,
	KICK_SIGNAL = SIGURG, /* does nothing to whom it meets by mistake */
	KICK_INTERVAL_NS = 5000000,
};

/* A traced thread. */
struct tracee {
	pid_t tid;
	pid_t pid;
	uint32_t thread; /* rows of the counts */
	uint32_t process;
	uint32_t group; /* of descriptors; 0 until the target has begun */
	bool in_call;
	bool has_parent;  /* the call that made it is known */
	bool has_stopped; /* its first stop came, and waits for has_parent */
	bool made_child;  /* its clone is seen in this call */
	const struct syscall_info *info;
	uint64_t args[6];
	uint64_t entered_ns; /* on the clock of the call times */
};

struct tracer {
	struct io_backend_spec spec;
	pid_t target;
	uint64_t start_ns;

	/* The thread's own. */
	struct u64map *tracees; /* tid -> struct tracee *, or 0 */
	size_t n_tracees;
	size_t n_waiting; /* has_stopped without has_parent */
	bool armed;       /* the target's exec has succeeded: calls count */
	bool seized;
	struct io_observer *observer;
	struct cpu_follower *follower;
	struct rusage usage; /* of the thread that stopped last */
	uint64_t stopped_ns; /* when wait4 returned */
	uint64_t waited_ns;  /* in wait4 */

	/* Shared. `end` and `error` are written before their flag. */
	pthread_t thread;
	sem_t ready; /* posted once: attached, or failed */
	int event_fd;
	struct target_end end;
	atomic_bool has_ended;
	struct diag diag;
	atomic_int error; /* -errno */
	atomic_bool quits;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t system_ns(const struct rusage *usage)
{
	return (uint64_t)usage->ru_stime.tv_sec * 1000000000u +
	       (uint64_t)usage->ru_stime.tv_usec * 1000u;
}

/* Wakes the driver. */
static void ring(const struct tracer *tracer)
{
	uint64_t one = 1;

	BUG(write(tracer->event_fd, &one, sizeof(one)) != sizeof(one));
}

static void fail(struct tracer *tracer, int err, const char *what, pid_t tid)
{
	int negative =
	    diag_fail(&tracer->diag, err, "%s thread %d: %s", what, (int)tid, strerror(err));

	atomic_store(&tracer->error, negative);
	ring(tracer);
}

static struct tracee *find_tracee(const struct tracer *tracer, pid_t tid)
{
	const uint64_t *value = u64map_get(tracer->tracees, (uint64_t)tid);

	return value ? (struct tracee *)(uintptr_t)*value : NULL;
}

static struct tracee *add_tracee(struct tracer *tracer, pid_t tid)
{
	struct tracee *tracee = xcalloc(1, sizeof(*tracee));

	tracee->tid = tracee->pid = tid;
	*u64map_put(tracer->tracees, (uint64_t)tid, NULL) = (uintptr_t)tracee;
	tracer->n_tracees++;
	return tracee;
}

static void remove_tracee(struct tracer *tracer, struct tracee *tracee, uint64_t now)
{
	if (tracee->in_call && tracer->armed)
		tracer->spec.counts->unfinished++;
	if (tracee->has_stopped && !tracee->has_parent)
		tracer->n_waiting--;
	fd_table_group_drop(tracer->spec.counts->fds, tracee->group, now - tracer->start_ns);
	*u64map_put(tracer->tracees, (uint64_t)tracee->tid, NULL) = 0;
	tracer->n_tracees--;
	free(tracee);
}

/* Lets a stopped thread go on to its next system call stop. It may have been killed meanwhile; wait
 * tells. */
static void resume(struct tracer *tracer, pid_t tid, int signal)
{
	if (ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)signal) && errno != ESRCH)
		fail(tracer, errno, "cannot resume", tid);
}

static bool view_read(void *context, uint64_t addr, void *buffer, size_t len_bytes)
{
	const struct tracee *tracee = context;

	return tracee_read_memory(tracee->tid, addr, buffer, len_bytes);
}

static bool view_describe(void *context, int fd, char *name, size_t name_bytes)
{
	const struct tracee *tracee = context;

	return tracee_describe_fd(tracee->tid, fd, name, name_bytes);
}

static const struct syscall_info *identify(uint32_t arch, uint64_t number)
{
	if (arch == AUDIT_ARCH_I386)
		return syscall_find(ABI_I386, (uint32_t)number);
	if (number & X32_BIT)
		return syscall_find(ABI_X32, (uint32_t)number & ~X32_BIT);
	return syscall_find(ABI_X86_64, (uint32_t)number);
}

static void enter_call(struct tracer *tracer, struct tracee *tracee,
                       const struct __ptrace_syscall_info *stop)
{
	tracee->in_call = true;
	tracee->made_child = false;
	tracee->info = identify(stop->arch, stop->entry.nr);
	for (size_t i = 0; i < ARRAY_SIZE(tracee->args); i++)
		tracee->args[i] = stop->entry.args[i];
	/* Our own work is not the call's: its wall time starts when it may run. */
	tracee->entered_ns = tracer->spec.cpu_time ? system_ns(&tracer->usage) : now_ns();
}

static bool is_call(const struct tracee *tracee, const char *name)
{
	return !strcmp(tracee->info->name, name);
}

/* The flags of the clone-like call that the thread is in. */
static uint64_t clone_flags(const struct tracee *tracee)
{
	uint64_t flags = 0;

	if (is_call(tracee, "clone"))
		flags = tracee->args[0];
	else if (is_call(tracee, "clone3"))
		tracee_read_memory(tracee->tid, tracee->args[0], &flags, sizeof(flags));
	return flags;
}

static bool makes_child(const struct tracee *tracee)
{
	return is_call(tracee, "clone") || is_call(tracee, "clone3") || is_call(tracee, "fork") ||
	       is_call(tracee, "vfork");
}

/* Things to note of a few calls beside the counting. */
static void note_special(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	if (result > 0 && !tracee->made_child && makes_child(tracee))
		tracer->spec.counts->untraced_clones++;
	if (result == 0 && is_call(tracee, "prctl") && tracee->args[0] == PR_SET_NAME)
		tracee_read_comm(tracee->tid, tracer->spec.counts->threads[tracee->thread].comm,
		                 sizeof(tracer->spec.counts->threads[0].comm));
}

static void finish_call(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	const struct target_view view = {tracee, view_read, view_describe};
	uint64_t left_ns = tracer->spec.cpu_time ? system_ns(&tracer->usage) : tracer->stopped_ns;
	struct finished_call finished = {
	    .info = tracee->info,
	    .result = result,
	    .now_ns = tracer->stopped_ns - tracer->start_ns,
	    .pid = tracee->pid,
	    .group = &tracee->group,
	};
	struct io_call call;

	tracee->in_call = false;
	if (!tracer->armed)
		return;
	memcpy(finished.args, tracee->args, sizeof(finished.args));
	io_observe(tracer->observer, &view, &finished, &call);
	call.thread = tracee->thread;
	/* The kernel's estimate of system time can step back a little. */
	call.time_ns = left_ns > tracee->entered_ns ? left_ns - tracee->entered_ns : 0;
	io_counts_add(tracer->spec.counts, &call);
	if (!tracee->info->facts)
		note_special(tracer, tracee, result);
}

static void handle_syscall(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info stop;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, (void *)sizeof(stop), &stop) < 0) {
		if (errno != ESRCH)
			fail(tracer, errno, "cannot read the system call of", tracee->tid);
		return;
	}
	/* The kernel says which stop it is: a child made by fork may have an exit without an entry.
	 */
	if (stop.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(tracer, tracee, &stop);
	else if (stop.op == PTRACE_SYSCALL_INFO_EXIT && tracee->in_call)
		finish_call(tracer, tracee, stop.exit.rval);
	resume(tracer, tracee->tid, 0);
}

static void inherit(struct tracer *tracer, const struct tracee *parent, struct tracee *child)
{
	struct io_counts *counts = tracer->spec.counts;
	uint64_t flags = clone_flags(parent);
	uint64_t now = tracer->stopped_ns - tracer->start_ns;

	child->pid = flags & CLONE_THREAD ? parent->pid : child->tid;
	child->process = parent->process;
	if (flags & CLONE_FILES) {
		fd_table_group_hold(counts->fds, parent->group);
		child->group = parent->group;
	} else {
		child->group = fd_table_group_copy(counts->fds, parent->group, child->pid, now);
	}
	if (child->pid == child->tid)
		child->process = io_counts_add_process(counts, child->pid, parent->pid, 0,
		                                       counts->processes[parent->process].command);
	child->thread = io_counts_add_thread(counts, child->tid, child->pid,
	                                     counts->threads[parent->thread].comm);
	child->has_parent = true;
}

/* The parent of a waiting child was killed before it could tell of it: /proc knows the family, its
 * descriptors are guessed. */
static void adopt(struct tracer *tracer, struct tracee *child)
{
	struct io_counts *counts = tracer->spec.counts;
	char text[COMMAND_BYTES];
	pid_t parent_pid = 0;

	tracee_read_family(child->tid, &child->pid, &parent_pid);
	child->group = fd_table_group_new(counts->fds, child->pid);
	tracee_read_command(child->pid, text, sizeof(text));
	child->process = io_counts_add_process(counts, child->pid, parent_pid, 0, text);
	tracee_read_comm(child->tid, text, sizeof(text));
	child->thread = io_counts_add_thread(counts, child->tid, child->pid, text);
	child->has_parent = true;
	tracer->n_waiting--;
	resume(tracer, child->tid, 0);
}

/* Adopts all waiting children when nobody is left who could still tell of them. */
static void adopt_orphans(struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position;

	if (!tracer->n_waiting)
		return;
	for (position = 0; u64map_next(tracer->tracees, &position, &tid, &value);) {
		const struct tracee *tracee = (const struct tracee *)(uintptr_t)value;

		if (tracee && tracee->in_call && makes_child(tracee) && !tracee->made_child)
			return;
	}
	for (position = 0; u64map_next(tracer->tracees, &position, &tid, &value);) {
		struct tracee *tracee = (struct tracee *)(uintptr_t)value;

		if (tracee && tracee->has_stopped && !tracee->has_parent)
			adopt(tracer, tracee);
	}
}

/* The parent's stop in clone, fork or vfork. The child's first stop may come before or after it. */
static void handle_child(struct tracer *tracer, struct tracee *parent)
{
	unsigned long message = 0;
	struct tracee *child;

	if (!ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &message) && tracer->armed) {
		child = find_tracee(tracer, (pid_t)message);
		if (!child)
			child = add_tracee(tracer, (pid_t)message);
		parent->made_child = true;
		if (!child->has_parent)
			inherit(tracer, parent, child);
		if (child->has_stopped) {
			tracer->n_waiting--;
			resume(tracer, child->tid, 0);
		}
	}
	resume(tracer, parent->tid, 0);
}

static void note_fd(void *context, int fd, bool cloexec)
{
	struct tracer *tracer = ((void **)context)[0];
	const struct tracee *tracee = ((void **)context)[1];
	char name[COMMAND_BYTES];

	if (tracee_describe_fd(tracee->tid, fd, name, sizeof(name)))
		fd_table_open(tracer->spec.counts->fds, tracee->group, fd, name, cloexec,
		              FD_INHERITED, tracer->stopped_ns - tracer->start_ns);
}

/* The target's own exec: from here on calls count, and what it has open it was given. */
static void arm(struct tracer *tracer, struct tracee *tracee, const char *command)
{
	struct io_counts *counts = tracer->spec.counts;
	void *context[] = {tracer, tracee};

	tracer->armed = true;
	tracee->group = fd_table_group_new(counts->fds, tracee->pid);
	tracee_each_fd(tracee->pid, note_fd, context);
	tracee->process = io_counts_add_process(counts, tracee->pid, getpid(), 0, command);
	tracee->thread = io_counts_add_thread(counts, tracee->tid, tracee->pid, "");
}

/* Another program begins in a process that is known. */
static void begin_program(struct tracer *tracer, struct tracee *tracee, const char *command)
{
	struct io_counts *counts = tracer->spec.counts;
	const struct process_row *former = &counts->processes[tracee->process];
	uint64_t now = tracer->stopped_ns - tracer->start_ns;

	tracee->process = io_counts_add_process(counts, tracee->pid, former->parent_pid,
	                                        former->exec_number + 1, command);
	tracee->group = fd_table_group_unshare(counts->fds, tracee->group, tracee->pid, now);
	fd_table_exec(counts->fds, tracee->group, now);
}

/* A thread that is not its process's leader takes the leader's id by exec, and the leader is gone
 * without a word. */
static struct tracee *replace_leader(struct tracer *tracer, struct tracee *leader, pid_t pid)
{
	unsigned long message = 0;
	struct tracee *former;

	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) || (pid_t)message == pid)
		return leader;
	former = find_tracee(tracer, (pid_t)message);
	if (!former)
		return leader;
	if (leader)
		remove_tracee(tracer, leader, tracer->stopped_ns);
	*u64map_put(tracer->tracees, (uint64_t)former->tid, NULL) = 0;
	former->tid = pid;
	*u64map_put(tracer->tracees, (uint64_t)pid, NULL) = (uintptr_t)former;
	return former;
}

static void handle_exec(struct tracer *tracer, struct tracee *leader, pid_t pid)
{
	struct io_counts *counts = tracer->spec.counts;
	struct tracee *tracee = replace_leader(tracer, leader, pid);
	char command[COMMAND_BYTES];

	if (tracee) {
		tracee_read_command(pid, command, sizeof(command));
		if (tracer->armed)
			begin_program(tracer, tracee, command);
		else
			arm(tracer, tracee, command);
		tracee_read_comm(pid, counts->threads[tracee->thread].comm,
		                 sizeof(counts->threads[0].comm));
		cpu_follower_look(tracer->follower, pid);
	}
	resume(tracer, pid, 0);
}

/* PTRACE_EVENT_STOP: a new child's first stop, a stop by job control, or its end. */
static void handle_stop(struct tracer *tracer, struct tracee *tracee, pid_t tid, int signal)
{
	if (!tracee)
		tracee = add_tracee(tracer, tid);
	if (signal != SIGTRAP) {
		/* The thread is stopped for its shell: stay so, and hear of SIGCONT. */
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		return;
	}
	if (!tracee->has_stopped) {
		tracee->has_stopped = true;
		cpu_follower_look(tracer->follower, tid);
		if (!tracee->has_parent) {
			tracer->n_waiting++;
			adopt_orphans(tracer);
			return;
		}
	}
	resume(tracer, tid, 0);
	if (tid == tracer->target && !tracer->seized) {
		tracer->seized = true;
		sem_post(&tracer->ready);
	}
}

static void handle_end(struct tracer *tracer, struct tracee *tracee, pid_t tid, int status)
{
	if (tracee) {
		if (tid == tracee->pid && tracer->armed) {
			struct process_row *row = &tracer->spec.counts->processes[tracee->process];

			row->has_exit = true;
			row->wait_status = status;
		}
		remove_tracee(tracer, tracee, tracer->stopped_ns);
		adopt_orphans(tracer);
	}
	if (tid != tracer->target)
		return;
	tracer->end = (struct target_end){
	    .wait_status = status,
	    .usage = tracer->usage,
	    .wall_ns = tracer->stopped_ns - tracer->start_ns,
	};
	atomic_store(&tracer->has_ended, true);
	ring(tracer);
}

static void dispatch(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = find_tracee(tracer, tid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (!WIFSTOPPED(status)) {
		handle_end(tracer, tracee, tid, status);
		return;
	}
	cpu_follower_stopped(tracer->follower, tid, tracer->waited_ns);
	if (event == PTRACE_EVENT_STOP)
		handle_stop(tracer, tracee, tid, signal);
	else if (event == PTRACE_EVENT_EXEC)
		handle_exec(tracer, tracee, tid);
	else if (event && tracee)
		handle_child(tracer, tracee);
	else if (signal == SYSCALL_STOP && tracee)
		handle_syscall(tracer, tracee);
	else
		resume(tracer, tid, event || signal == SYSCALL_STOP ? 0 : signal);
}

static pid_t wait_for_stop(struct tracer *tracer, int *status)
{
	uint64_t resumed_ns = now_ns();
	pid_t tid;

	do
		tid = wait4(-1, status, __WALL | __WNOTHREAD, &tracer->usage);
	while (tid < 0 && errno == EINTR && !atomic_load(&tracer->quits));
	tracer->stopped_ns = now_ns();
	tracer->waited_ns = tracer->stopped_ns - resumed_ns;
	return tid;
}

static int attach(struct tracer *tracer)
{
	if (!ptrace(PTRACE_SEIZE, tracer->target, NULL, (void *)(long)OPTIONS) &&
	    !ptrace(PTRACE_INTERRUPT, tracer->target, NULL, NULL))
		return 0;
	if (errno == EPERM || errno == EACCES)
		return diag_fail(
		    &tracer->diag, EPERM,
		    "cannot trace the target: %s; ptrace is forbidden here: see sysctl "
		    "kernel.yama.ptrace_scope, or add the container's capability SYS_PTRACE",
		    strerror(errno));
	return diag_fail(&tracer->diag, errno, "cannot trace the target: %s", strerror(errno));
}

static void on_kick(int signal)
{
	(void)signal;
}

static void unblock_kick(void)
{
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
}

static void *tracer_run(void *context)
{
	struct tracer *tracer = context;
	int status, err;
	pid_t tid;

	unblock_kick();
	err = attach(tracer);
	if (err) {
		atomic_store(&tracer->error, err);
		sem_post(&tracer->ready);
		return NULL;
	}
	add_tracee(tracer, tracer->target)->has_parent = true;
	while (!atomic_load(&tracer->quits) && (tid = wait_for_stop(tracer, &status)) > 0)
		dispatch(tracer, tid, status);
	/* Nobody is left. One may be on the list who died before its parent told of it. */
	if (!atomic_load(&tracer->quits))
		tracer->n_tracees = 0;
	if (!tracer->seized)
		sem_post(&tracer->ready); /* it died at the gate; launching will say why */
	return NULL;
}

static void tracer_free(struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;

	while (u64map_next(tracer->tracees, &position, &tid, &value))
		free((void *)(uintptr_t)value);
	u64map_free(tracer->tracees);
	io_observer_free(tracer->observer);
	cpu_follower_free(tracer->follower);
	sem_destroy(&tracer->ready);
	if (tracer->event_fd >= 0)
		close(tracer->event_fd);
	free(tracer);
}

/* Kicks the thread out of wait4(2) until it has ended. A kick that comes just before it waits is
 * lost, hence the loop. (pthread_cancel(3) would do without, but its unwinding and AddressSanitizer
 * do not agree.) */
static void end_thread(struct tracer *tracer)
{
	struct sigaction kick = {.sa_handler = on_kick}, old;
	struct timespec deadline;

	sigaction(KICK_SIGNAL, &kick, &old);
	atomic_store(&tracer->quits, true);
	do {
		pthread_kill(tracer->thread, KICK_SIGNAL);
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_nsec += KICK_INTERVAL_NS;
		deadline.tv_sec += deadline.tv_nsec / 1000000000;
		deadline.tv_nsec %= 1000000000;
	} while (pthread_timedjoin_np(tracer->thread, NULL, &deadline) == ETIMEDOUT);
	sigaction(KICK_SIGNAL, &old, NULL);
}

/* The thread's end makes the kernel detach all that it still traces; they run on. */
static void tracer_stop(void *state)
{
	struct tracer *tracer = state;

	if (!tracer)
		return;
	end_thread(tracer);
	tracer->spec.counts->let_go = tracer->n_tracees;
	tracer_free(tracer);
}

static int tracer_start(void **state, const struct io_backend_spec *spec, struct diag *diag)
{
	struct tracer *tracer = xcalloc(1, sizeof(*tracer));
	int err;

	tracer->spec = *spec;
	tracer->target = spec->repeat->pid;
	tracer->start_ns = spec->repeat->start_ns;
	tracer->tracees = u64map_new();
	tracer->observer = io_observer_new(spec->counts);
	tracer->follower = cpu_follower_new();
	sem_init(&tracer->ready, 0, 0);
	tracer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = tracer->event_fd < 0 ? errno
	                           : pthread_create(&tracer->thread, NULL, tracer_run, tracer);
	if (err) {
		tracer_free(tracer);
		return diag_fail(diag, err, "cannot start the tracing thread: %s", strerror(err));
	}
	while (sem_wait(&tracer->ready))
		;
	err = atomic_load(&tracer->error);
	if (err) {
		*diag = tracer->diag;
		tracer_stop(tracer);
		return err;
	}
	*state = tracer;
	return 0;
}

static int tracer_fd(void *state)
{
	return ((struct tracer *)state)->event_fd;
}

static int tracer_step(void *state, struct diag *diag)
{
	struct tracer *tracer = state;
	int err = atomic_load(&tracer->error);
	uint64_t rings;

	/* Nothing to read only means that nobody rang since. */
	if (read(tracer->event_fd, &rings, sizeof(rings)) < 0 && errno != EAGAIN)
		return diag_fail(diag, errno, "cannot read from the tracing thread: %s",
		                 strerror(errno));
	if (err)
		*diag = tracer->diag;
	return err;
}

static bool tracer_target_ended(void *state, struct target_end *end)
{
	struct tracer *tracer = state;

	if (!atomic_load(&tracer->has_ended))
		return false;
	*end = tracer->end;
	return true;
}

const struct io_backend io_backend_ptrace = {
    .name = "ptrace",
    .start = tracer_start,
    .fd = tracer_fd,
    .step = tracer_step,
    .target_ended = tracer_target_ended,
    .stop = tracer_stop,
};
