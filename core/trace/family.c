/* Enters the children of traced threads: whose they are, and what they share with their parent. */
#include "core/trace/parts.h"

#include "core/trace/tracee.h"
#include "core/clock.h"
#include "core/u64map.h"

#include <sched.h>
#include <sys/ptrace.h>

/* Of a parent that lives, until it tells of its child, on a very busy machine. */
enum { LONGEST_WORD_NS = 1000000000 };

static void inherit(struct tracer *tracer, const struct tracee *parent, struct tracee *child)
{
	uint64_t flags = tracee_clone_flags(parent);

	child->pid = flags & CLONE_THREAD ? parent->pid : child->tid;
	child->every_call = parent->every_call;
	child->has_parent = true;
	if (tracer->client->child_begins)
		tracer->client->child_begins(tracer->context, parent, child, flags);
}

/* Its parent can no longer tell of it: /proc knows the family. */
static void take_in(struct tracer *tracer, struct tracee *child)
{
	pid_t parent_pid = 0;

	if (child->has_stopped)
		tracer_count_waiting(tracer, false);
	child->every_call = true; /* its parent may have had a filter of its own */
	tracee_read_family(child->tid, &child->pid, &parent_pid);
	child->has_parent = true;
	if (tracer->client->orphan_begins)
		tracer->client->orphan_begins(tracer->context, child, parent_pid);
}

static void adopt(struct tracer *tracer, struct tracee *child)
{
	take_in(tracer, child);
	tracer_resume(tracer, child->tid, 0);
}

void tracer_handle_early_end(struct tracer *tracer, struct tracee *tracee)
{
	if (!tracee->has_parent && tracer->armed)
		take_in(tracer, tracee);
}

/* A newcomer that was found stopped for its shell is in no call. */
bool tracer_may_tell(const struct tracee *tracee)
{
	return (tracee->is_newcomer && tracee->is_interrupted) ||
	       (tracee->in_call && tracee_makes_child(tracee) && !tracee->made_child);
}

static bool someone_may_tell(const struct tracer *tracer)
{
	uint64_t tid, value;
	size_t position = 0;

	while (u64map_next(tracer->tracees, &position, &tid, &value))
		if (value && tracer_may_tell((const struct tracee *)(uintptr_t)value))
			return true;
	return false;
}

/* Where calls are not seen nobody knows who may still tell: who lives does so at once. */
void tracer_adopt_orphans(struct tracer *tracer)
{
	bool sees_calls = tracer_sees_calls(tracer);
	uint64_t tid, value, now_ns = clock_now_ns();
	size_t position = 0;

	if (!tracer->n_waiting || (sees_calls && someone_may_tell(tracer)))
		return;
	while (u64map_next(tracer->tracees, &position, &tid, &value)) {
		struct tracee *tracee = (struct tracee *)(uintptr_t)value;

		if (tracee && tracee->has_stopped && !tracee->has_parent &&
		    (sees_calls || now_ns - tracee->waits_since_ns > LONGEST_WORD_NS))
			adopt(tracer, tracee);
	}
}

void tracer_enter_child(struct tracer *tracer, struct tracee *parent, pid_t tid)
{
	struct tracee *child = tracer_find(tracer, tid);
	bool waits;

	if (!child)
		child = tracer_add(tracer, tid);
	parent->made_child = true;
	parent->last_child = tid;
	waits = child->has_stopped && !child->has_parent;
	if (!child->has_parent)
		inherit(tracer, parent, child);
	if (waits) {
		tracer_count_waiting(tracer, false);
		tracer_resume(tracer, tid, 0);
	}
}

void tracer_handle_child(struct tracer *tracer, struct tracee *parent)
{
	unsigned long message = 0;
	int64_t result;
	bool knows_call;

	tracer_meet_newcomer(tracer, parent);
	knows_call =
	    (tracer_sees_calls(tracer) && parent->in_call) || tracer_look_up_call(parent, &result);

	if (knows_call && !ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &message) &&
	    !tracer_has_moved_on(parent->tid) && tracer->armed)
		tracer_enter_child(tracer, parent, (pid_t)message);
	tracer_resume(tracer, parent->tid, 0);
}

/* The call's result is the child's id as the parent has it, which may be another process's here. */
void tracer_handle_last_child(struct tracer *tracer, struct tracee *parent)
{
	int64_t result;
	pid_t pid, parent_pid;

	if (!tracer->armed || !tracer_look_up_call(parent, &result) ||
	    !tracee_makes_child(parent) || result <= 0 || result == parent->last_child ||
	    !tracee_read_family((pid_t)result, &pid, &parent_pid))
		return;
	if (pid == parent->pid || parent_pid == parent->pid)
		tracer_enter_child(tracer, parent, (pid_t)result);
}
