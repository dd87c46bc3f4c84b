/* Takes in the children and threads that were being made while their makers were seized.
 *
 * The kernel decides at a clone's beginning whether the child is traced: such a one is not, and
 * runs. It is found by its maker's result when that stops, or by a look at /proc when its maker had
 * gone on to something else by then. What it has called meanwhile nobody saw; so it is counted,
 * unless it proves to have called nothing.
 */
#include "core/trace/parts.h"

#include "core/alloc.h"
#include "core/perf/proc_scan.h"
#include "core/proc_file.h"
#include "core/trace/tracee.h"
#include "core/u64map.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kcmp_type { COMPARE_VM = 1, COMPARE_FILES = 2 }; /* linux/kcmp.h */

/* Where the kernel cannot tell they do not, but threads of one process. */
static bool share(const struct tracee *a, const struct tracee *b, enum kcmp_type what)
{
	long order = syscall(SYS_kcmp, a->tid, b->tid, what, 0, 0);

	return order == 0 || (order < 0 && a->pid == b->pid);
}

/* As they are by now: a child of vfork may have executed a program since. */
static uint64_t flags_between(const struct tracee *parent, const struct tracee *child)
{
	uint64_t flags = parent->pid == child->pid ? CLONE_THREAD : 0;

	if (share(parent, child, COMPARE_VM))
		flags |= CLONE_VM;
	if (share(parent, child, COMPARE_FILES))
		flags |= CLONE_FILES;
	return flags;
}

/* The child is followed from now on; it has run. */
static void enter(struct tracer *tracer, const struct tracee *parent, struct tracee *child)
{
	const struct trace_client *client = tracer->client;
	char command[TRACEE_TEXT_BYTES];

	tracee_read_command(parent->pid, command);
	child->makers_command = xstrdup(command);
	child->is_late = true;
	if (client->child_begins)
		client->child_begins(tracer->context, parent, child, flags_between(parent, child));
}

/* It may have begun another program before it was seized. What it has is known since it stopped:
 * in the midst of an exec there is no command. */
static void look_at_program(const struct tracer *tracer, struct tracee *child)
{
	const struct trace_client *client = tracer->client;
	char command[TRACEE_TEXT_BYTES];

	if (!child->makers_command || !client->program_begins || child->tid != child->pid)
		return;
	tracee_read_command(child->pid, command);
	if (strcmp(command, child->makers_command) != 0)
		client->program_begins(tracer->context, child, command, false);
}

/* It makes no call any more. The maker of a vfork goes on as soon as its child is so far. */
static bool is_ending(pid_t tid)
{
	struct tracee_state state;

	return tracee_read_state(tid, &state) && (state.has_ended || state.is_killed);
}

/* What a seized thread has made is traced by us, and has not told yet. One that has ended may have
 * called something. */
static bool take(struct tracer *tracer, const struct tracee *parent, pid_t tid, pid_t pid)
{
	struct tracee *child;

	if (tracer_find(tracer, tid))
		return false;
	child = is_ending(tid) ? NULL : tracer_seize(tracer, tid, pid);
	if (!child && proc_file_status(tid, "TracerPid: %ld") == gettid())
		return false;
	tracer->facts.late_children++;
	if (child)
		enter(tracer, parent, child);
	return child != NULL;
}

struct scan {
	struct tracer *tracer;
	const struct tracee *parent;
	size_t n_taken;
};

static void visit_thread(void *context, pid_t tid)
{
	struct scan *scan = context;

	if (!u64map_get(scan->tracer->former, (uint64_t)tid))
		scan->n_taken += take(scan->tracer, scan->parent, tid, scan->parent->pid);
}

static void visit_child(void *context, pid_t pid)
{
	struct scan *scan = context;

	if (!u64map_get(scan->tracer->former, (uint64_t)pid))
		scan->n_taken += take(scan->tracer, scan->parent, pid, pid);
}

size_t tracer_take_late(struct tracer *tracer, const struct tracee *parent)
{
	struct scan scan = {tracer, parent, 0};

	tracee_each_thread(parent->pid, visit_thread, &scan);
	proc_scan_children(parent->pid, visit_child, &scan);
	return scan.n_taken;
}

/* The result is the child's id as its maker has it, in a container another one than ours. */
void tracer_take_late_result(struct tracer *tracer, const struct tracee *parent, pid_t tid)
{
	pid_t pid, parent_pid;

	if (tracer_find(tracer, tid))
		return;
	if (tracee_read_family(tid, &pid, &parent_pid) &&
	    (pid == parent->pid || parent_pid == parent->pid))
		take(tracer, parent, tid, pid);
	else if (!tracer_take_late(tracer, parent))
		tracer->facts.late_children++;
}

void tracer_look_at_late(struct tracer *tracer, struct tracee *tracee, bool has_run)
{
	if (!tracee->is_late)
		return;
	tracee->is_late = false;
	tracer->facts.late_children -= !has_run;
	look_at_program(tracer, tracee);
	tracer_take_late(tracer, tracee);
}

static void note_child(void *context, pid_t pid)
{
	const struct tracer *tracer = context;

	u64map_put(tracer->former, (uint64_t)pid, NULL);
}

void tracer_note_children(struct tracer *tracer, pid_t pid)
{
	proc_scan_children(pid, note_child, tracer);
}
