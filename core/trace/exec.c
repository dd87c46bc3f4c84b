/* Enters the programs that traced processes begin; the target's own arms the tracer. */
#include "core/trace/parts.h"

#include "core/trace/follow_cpu.h"
#include "core/trace/tracee.h"

#include <stdlib.h>
#include <sys/ptrace.h>

/* The target's own exec: from here on calls count. */
static void arm(struct tracer *tracer, const struct tracee *tracee)
{
	tracer->armed = true;
	/* Without a filter it can live without us. */
	if (tracer->may_filter && !tracer->filtered)
		ptrace(PTRACE_SETOPTIONS, tracee->tid, NULL, (void *)tracer_options(tracer, false));
}

/* A thread that is not its process's leader takes the leader's id by exec, and the leader is gone
 * without a word. */
static struct tracee *replace_leader(struct tracer *tracer, struct tracee *leader, pid_t pid)
{
	unsigned long message = 0;
	struct tracee *former;

	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) || (pid_t)message == pid ||
	    tracer_has_moved_on(pid))
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
	struct tracee *tracee = replace_leader(tracer, leader, pid);
	bool is_first = !tracer->armed;
	char command[TRACEE_TEXT_BYTES];

	if (tracee) {
		free(tracee->makers_command); /* what it begins is told here, once */
		tracee->makers_command = NULL;
		tracer_meet_newcomer(tracer, tracee);
		tracee->leaves = false;
		tracee_read_command(pid, command);
		if (is_first)
			arm(tracer, tracee);
		if (tracer->client->program_begins)
			tracer->client->program_begins(tracer->context, tracee, command, is_first);
		cpu_follower_look(tracer->follower, pid);
	}
	if (!tracee || !tracee->leaves || !tracer_detach(tracer, tracee))
		tracer_resume(tracer, pid, 0);
}
