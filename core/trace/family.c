/* Enters the children of traced threads: whose they are, and what they share with their parent. */
#include "core/trace/parts.h"

#include "core/trace/tracee.h"
#include "core/u64map.h"

#include <sched.h>
#include <sys/ptrace.h>

static void inherit(struct tracer *tracer, const struct tracee *parent, struct tracee *child)
{
	uint64_t flags = tracee_clone_flags(parent);

	child->pid = flags & CLONE_THREAD ? parent->pid : child->tid;
	child->every_call = parent->every_call;
	child->has_parent = true;
	if (tracer->client->child_begins)
		tracer->client->child_begins(tracer->context, parent, child, flags);
}

/* The parent of a waiting child was killed before it could tell of it: /proc knows the family. */
static void adopt(struct tracer *tracer, struct tracee *child)
{
	pid_t parent_pid = 0;

	child->every_call = true; /* its parent may have had a filter of its own */
	tracee_read_family(child->tid, &child->pid, &parent_pid);
	child->has_parent = true;
	if (tracer->client->orphan_begins)
		tracer->client->orphan_begins(tracer->context, child, parent_pid);
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
