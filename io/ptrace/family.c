/* Enters the children of traced threads: whose they are, and what they share with their parent. */
#include "io/ptrace/tracer.h"

#include "core/u64map.h"
#include "io/fd_table.h"
#include "io/ptrace/tracee.h"

#include <sched.h>
#include <sys/ptrace.h>

enum { COMMAND_BYTES = 512 };

static void inherit(struct tracer *tracer, const struct tracee *parent, struct tracee *child)
{
	struct io_counts *counts = tracer->spec.counts;
	uint64_t flags = tracee_clone_flags(parent);
	uint64_t now = tracer->stopped_ns - tracer->start_ns;

	child->pid = flags & CLONE_THREAD ? parent->pid : child->tid;
	child->process = parent->process;
	child->every_call = parent->every_call;
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

	child->every_call = true; /* its parent may have had a filter of its own */
	tracee_read_family(child->tid, &child->pid, &parent_pid);
	child->group = fd_table_group_new(counts->fds, child->pid);
	tracee_read_command(child->pid, text, sizeof(text));
	child->process = io_counts_add_process(counts, child->pid, parent_pid, 0, text);
	tracee_read_comm(child->tid, text, sizeof(text));
	child->thread = io_counts_add_thread(counts, child->tid, child->pid, text);
	child->has_parent = true;
	tracer->n_waiting--;
	tracer_resume(tracer, child->tid, 0);
}

/* Adopts all waiting children when nobody is left who could still tell of them. */
void tracer_adopt_orphans(struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position;

	if (!tracer->n_waiting)
		return;
	for (position = 0; u64map_next(tracer->tracees, &position, &tid, &value);) {
		const struct tracee *tracee = (const struct tracee *)(uintptr_t)value;

		if (tracee && tracee->in_call && tracee_makes_child(tracee) && !tracee->made_child)
			return;
	}
	for (position = 0; u64map_next(tracer->tracees, &position, &tid, &value);) {
		struct tracee *tracee = (struct tracee *)(uintptr_t)value;

		if (tracee && tracee->has_stopped && !tracee->has_parent)
			adopt(tracer, tracee);
	}
}

void tracer_handle_child(struct tracer *tracer, struct tracee *parent)
{
	unsigned long message = 0;
	struct tracee *child;

	if (!ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &message) && tracer->armed) {
		child = tracer_find(tracer, (pid_t)message);
		if (!child)
			child = tracer_add(tracer, (pid_t)message);
		parent->made_child = true;
		if (!child->has_parent)
			inherit(tracer, parent, child);
		if (child->has_stopped) {
			tracer->n_waiting--;
			tracer_resume(tracer, child->tid, 0);
		}
	}
	tracer_resume(tracer, parent->tid, 0);
}
