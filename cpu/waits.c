/* A state machine for each thread; each change of state gives the time before it a name. */
#include "cpu/waits.h"

#include "core/alloc.h"
#include "core/u64map.h"

#include <stdlib.h>

enum state {
	STARTING,
	FOUND, /* it ran or waited before the first record of it */
	RUNNING,
	WAITING,
	ENDED,
};

struct thread {
	struct thread_time time;
	enum state state;
	uint64_t since_ns;
	uint64_t n_losses; /* of waits.n_losses when the state began */
	enum wait_kind kind;
	uint64_t seen_ns; /* FOUND: when the kind was read */
	bool has_stack;   /* of this wait; of the coming one while it runs */
	uint64_t stack;
	/* Read from outside; not compared with the switches yet. */
	bool was_read;
	uint64_t read_stack;
	uint64_t read_from_ns;
	uint64_t read_to_ns;
};

struct waits {
	wait_done *done;
	void *context;
	struct u64map *by_tid; /* tid -> index + 1; 0: none */
	struct thread *threads;
	size_t n_threads;
	size_t capacity;
	size_t first_now; /* the first thread of the present repeat */
	uint64_t n_losses;
};

struct waits *waits_new(wait_done *done, void *context)
{
	struct waits *waits = xcalloc(1, sizeof(*waits));

	waits->done = done;
	waits->context = context;
	waits->by_tid = u64map_new();
	return waits;
}

void waits_free(struct waits *waits)
{
	if (!waits)
		return;
	u64map_free(waits->by_tid);
	free(waits->threads);
	free(waits);
}

static struct thread *find(const struct waits *waits, pid_t tid)
{
	uint64_t *index = u64map_get(waits->by_tid, (uint32_t)tid);

	return index && *index ? &waits->threads[*index - 1] : NULL;
}

static void enter(struct waits *waits, struct thread *thread, enum state state, uint64_t time_ns)
{
	thread->state = state;
	thread->since_ns = time_ns;
	thread->n_losses = waits->n_losses;
}

static struct thread *add(struct waits *waits, pid_t pid, pid_t tid, enum state state,
                          uint64_t time_ns)
{
	struct thread *thread = ARRAY_APPEND(waits->threads, waits->n_threads, waits->capacity);

	thread->time.pid = pid;
	thread->time.tid = tid;
	thread->time.first_ns = thread->time.last_ns = time_ns;
	*u64map_put(waits->by_tid, (uint32_t)tid, NULL) = waits->n_threads;
	enter(waits, thread, state, time_ns);
	return thread;
}

/* The thread, if it lives; a tid that comes again is another thread. */
static struct thread *living(struct waits *waits, pid_t tid)
{
	struct thread *thread = find(waits, tid);

	return thread && thread->state != ENDED ? thread : NULL;
}

static bool is_known(const struct waits *waits, const struct thread *thread)
{
	return thread->n_losses == waits->n_losses;
}

/* What was read while the thread waited is its stack in this wait. */
static void take_read_stack(struct thread *thread, uint64_t end_ns)
{
	if (!thread->has_stack && thread->was_read && thread->read_from_ns >= thread->since_ns &&
	    thread->read_to_ns <= end_ns) {
		thread->has_stack = true;
		thread->stack = thread->read_stack;
	}
	thread->was_read = false;
}

static void end_wait(struct waits *waits, struct thread *thread, uint64_t time_ns)
{
	struct wait wait = {
	    .pid = thread->time.pid,
	    .tid = thread->time.tid,
	    .kind = thread->kind,
	    .start_ns = thread->since_ns,
	    .end_ns = time_ns,
	};

	take_read_stack(thread, time_ns);
	wait.has_stack = thread->has_stack;
	wait.stack = thread->stack;
	thread->time.wait_ns[wait.kind] += time_ns - thread->since_ns;
	waits->done(waits->context, &wait);
}

/* What a thread that was found had been doing, as its first record tells. */
static void settle_found(struct thread *thread, enum state from, uint64_t time_ns)
{
	if (thread->state != FOUND)
		return;
	/* It was seen after its first switch: what it did before is the likelier. */
	if (time_ns < thread->seen_ns)
		thread->kind = WAIT_BLOCKED;
	thread->state = from;
	if (from == WAITING)
		thread->time.n_waits[thread->kind]++;
}

/* Gives the time since the last change its name, and returns where it ends: for a record that came
 * late, where the one before did. `from` is the state that the record speaks of: in another one
 * something was lost in between. */
static uint64_t settle(struct waits *waits, struct thread *thread, enum state from,
                       uint64_t time_ns)
{
	uint64_t passed_ns;

	settle_found(thread, from, time_ns);
	if (time_ns < thread->since_ns)
		time_ns = thread->since_ns;
	passed_ns = time_ns - thread->since_ns;
	thread->time.last_ns = time_ns;
	if (thread->state == STARTING)
		thread->time.starting_ns += passed_ns;
	else if (thread->state != from || !is_known(waits, thread))
		thread->time.unknown_ns += passed_ns;
	else if (thread->state == RUNNING)
		thread->time.running_ns += passed_ns;
	else
		end_wait(waits, thread, time_ns);
	return time_ns;
}

static void end_thread(struct waits *waits, struct thread *thread, uint64_t time_ns)
{
	enum state state = thread->state;

	if (state == FOUND) /* nothing was recorded of it: it is what it was seen as */
		state = thread->kind == WAIT_BLOCKED ? WAITING : RUNNING;
	enter(waits, thread, ENDED, settle(waits, thread, state, time_ns));
}

void waits_found(struct waits *waits, pid_t pid, pid_t tid, enum wait_kind seen, uint64_t begin_ns,
                 uint64_t read_ns)
{
	struct thread *thread;

	if (living(waits, tid)) /* by a FORK that came in between */
		return;
	thread = add(waits, pid, tid, FOUND, begin_ns);
	thread->kind = seen;
	thread->seen_ns = read_ns;
}

void waits_fork(struct waits *waits, pid_t pid, pid_t tid, uint64_t time_ns)
{
	struct thread *before = living(waits, tid);

	if (before) /* its end was lost */
		end_thread(waits, before, time_ns);
	add(waits, pid, tid, STARTING, time_ns);
}

void waits_exec(struct waits *waits, pid_t pid, uint64_t time_ns)
{
	if (living(waits, pid)) /* it was the first thread: the others have told their end */
		return;
	for (size_t i = waits->first_now; i < waits->n_threads; i++) {
		struct thread *thread = &waits->threads[i];

		if (thread->time.pid == pid && thread->state != ENDED)
			end_thread(waits, thread, time_ns);
	}
	add(waits, pid, pid, RUNNING, time_ns);
}

void waits_exit(struct waits *waits, pid_t tid, uint64_t time_ns)
{
	struct thread *thread = living(waits, tid);

	if (!thread)
		return;
	enter(waits, thread, ENDED, settle(waits, thread, RUNNING, time_ns));
}

void waits_stack(struct waits *waits, pid_t tid, uint64_t stack)
{
	struct thread *thread = living(waits, tid);

	if (!thread)
		return;
	thread->has_stack = true;
	thread->stack = stack;
}

void waits_read_stack(struct waits *waits, pid_t tid, uint64_t stack, uint64_t from_ns,
                      uint64_t to_ns)
{
	struct thread *thread = living(waits, tid);

	if (!thread)
		return;
	thread->was_read = true;
	thread->read_stack = stack;
	thread->read_from_ns = from_ns;
	thread->read_to_ns = to_ns;
}

void waits_switch_out(struct waits *waits, pid_t pid, pid_t tid, bool preempted, uint64_t time_ns)
{
	struct thread *thread = living(waits, tid);

	if (!thread)
		thread = add(waits, pid, tid, RUNNING, time_ns);
	if (thread->state == WAITING || !is_known(waits, thread))
		thread->has_stack = false; /* of a wait whose end was lost */
	enter(waits, thread, WAITING, settle(waits, thread, RUNNING, time_ns));
	thread->kind = preempted ? WAIT_PREEMPTED : WAIT_BLOCKED;
	thread->time.n_waits[thread->kind]++;
	thread->was_read = false;
}

void waits_switch_in(struct waits *waits, pid_t pid, pid_t tid, uint64_t time_ns)
{
	struct thread *thread = living(waits, tid);

	if (!thread)
		thread = add(waits, pid, tid, RUNNING, time_ns);
	else
		time_ns = settle(waits, thread, WAITING, time_ns);
	enter(waits, thread, RUNNING, time_ns);
	thread->has_stack = thread->was_read = false;
}

void waits_lost(struct waits *waits)
{
	waits->n_losses++;
}

static void forget_past(struct thread *thread, uint64_t time_ns)
{
	if (thread->state == WAITING)
		take_read_stack(thread, time_ns);
	thread->time = (struct thread_time){.pid = thread->time.pid,
	                                    .tid = thread->time.tid,
	                                    .first_ns = time_ns,
	                                    .last_ns = time_ns};
	/* The wait that it is in is one of those that count. */
	thread->time.n_waits[thread->kind] = thread->state == WAITING;
	thread->since_ns = time_ns;
}

void waits_restart(struct waits *waits, uint64_t time_ns)
{
	size_t n_living = waits->first_now;

	for (size_t i = waits->first_now; i < waits->n_threads; i++) {
		struct thread *thread = &waits->threads[n_living];

		if (waits->threads[i].state == ENDED) {
			*u64map_put(waits->by_tid, (uint32_t)waits->threads[i].time.tid, NULL) = 0;
			continue;
		}
		*thread = waits->threads[i];
		forget_past(thread, time_ns);
		*u64map_put(waits->by_tid, (uint32_t)thread->time.tid, NULL) = ++n_living;
	}
	waits->n_threads = n_living;
}

void waits_end(struct waits *waits, uint64_t time_ns)
{
	for (size_t i = waits->first_now; i < waits->n_threads; i++)
		if (waits->threads[i].state != ENDED)
			end_thread(waits, &waits->threads[i], time_ns);
	waits->first_now = waits->n_threads;
}

void waits_visit_unread(struct waits *waits, wait_visit *visit, void *context)
{
	for (size_t i = waits->first_now; i < waits->n_threads; i++) {
		const struct thread *thread = &waits->threads[i];

		if ((thread->state == WAITING || thread->state == FOUND) &&
		    thread->kind == WAIT_BLOCKED && !thread->has_stack && !thread->was_read)
			visit(context, thread->time.pid, thread->time.tid);
	}
}

size_t waits_n_threads(const struct waits *waits)
{
	return waits->n_threads;
}

const struct thread_time *waits_thread(const struct waits *waits, size_t i)
{
	return &waits->threads[i].time;
}

struct thread_time waits_sum(const struct waits *waits)
{
	struct thread_time sum = {0};

	for (size_t i = 0; i < waits->n_threads; i++) {
		const struct thread_time *time = &waits->threads[i].time;

		sum.running_ns += time->running_ns;
		sum.starting_ns += time->starting_ns;
		sum.unknown_ns += time->unknown_ns;
		for (int kind = 0; kind < WAIT_N_KINDS; kind++) {
			sum.wait_ns[kind] += time->wait_ns[kind];
			sum.n_waits[kind] += time->n_waits[kind];
		}
	}
	return sum;
}
