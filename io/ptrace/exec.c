/* Enters the programs that traced processes begin; the target's own arms the counting. */
#include "io/ptrace/tracer.h"

#include "io/fd_table.h"
#include "io/ptrace/follow_cpu.h"
#include "io/ptrace/tracee.h"

#include <sys/ptrace.h>
#include <unistd.h>

enum { COMMAND_BYTES = 512 };

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
	/* Without a filter it can live without us. */
	if (tracer->may_filter && !tracer->filtered)
		ptrace(PTRACE_SETOPTIONS, tracee->tid, NULL, (void *)(long)TRACER_OPTIONS);
	tracee->group = fd_table_group_new(counts->fds, tracee->pid);
	tracee_each_fd(tracee->pid, note_fd, context);
	tracee->process = io_counts_add_process(counts, tracee->pid, tracer->driver, 0, command);
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
	former = tracer_find(tracer, (pid_t)message);
	if (!former)
		return leader;
	if (leader)
		tracer_remove(tracer, leader);
	tracer_rename(tracer, former, pid);
	return former;
}

void tracer_handle_exec(struct tracer *tracer, struct tracee *leader, pid_t pid)
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
	tracer_resume(tracer, pid, 0);
}
