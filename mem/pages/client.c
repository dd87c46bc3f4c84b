/* What the memory collector does with each thread, program and call that its tracer tells of, when
 * it counts pages. */
#include "mem/pages/client.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/trace/trace.h"
#include "core/trace/tracee.h"
#include "core/trace/tracer.h"
#include "mem/heap.h"
#include "mem/pages/calls.h"
#include "mem/pages/change.h"
#include "mem/pages/image.h"
#include "mem/pages/proc.h"
#include "mem/pages/read.h"

#include <sched.h>
#include <stdlib.h>

enum {
	LOOK_NS = 50000000, /* at turns, while some thread waits for one */
	MOST_LOOKS = 20,    /* that find who has the turn in one and the same sleep */
};

/* What is known of a traced thread. */
struct pages_thread {
	struct pages_image *image; /* NULL until the target has begun */
	pid_t parent_pid;          /* of its process */
	unsigned exec_number;      /* likewise */
	enum pages_call call;
	bool is_exiting;
	/* The pages that it was given last, if nothing came after them. */
	struct pages_piece last;
	uint32_t last_stack;
};

static struct pages_thread *thread_of(struct tracee *tracee)
{
	if (!tracee->data)
		tracee->data = xcalloc(1, sizeof(struct pages_thread));
	return tracee->data;
}

static struct pages_image *add_image(struct pages_client *client, pid_t pid, const char *command,
                                     const struct pages_thread *thread)
{
	struct pages_image *image = pages_image_new(pid, command);

	image->parent_pid = thread->parent_pid;
	image->exec_number = thread->exec_number;
	image->n_threads = 1;
	*ARRAY_APPEND(client->images, client->n_images, client->images_capacity) = image;
	return image;
}

static void pass_turn(const struct pages_client *client, struct pages_image *image, pid_t tid)
{
	pid_t next = pages_image_pass_turn(image, tid);

	if (next)
		tracer_resume(client->tracer, next, 0);
}

/* The thread is in this image no more. What was counted stays. */
static void leave(const struct pages_client *client, struct pages_thread *thread, pid_t tid)
{
	struct pages_image *image = thread->image;

	if (!image)
		return;
	pass_turn(client, image, tid);
	image->n_threads--;
	image->n_exiting -= thread->is_exiting;
	thread->image = NULL;
	thread->is_exiting = false;
	thread->last = (struct pages_piece){0, 0};
	if (image->n_threads)
		return;
	pages_space_close(&image->space);
	moments_close(&image->moments);
	traced_stacks_end(client->stacks, &image->code);
}

static struct pages_event event_of(const struct pages_client *client, struct pages_image *image)
{
	return (struct pages_event){.space = &image->space,
	                            .now_ns = tracer_stopped_ns(client->tracer)};
}

/* Ends the event, and looks at resident memory where that is due. */
static void finish(struct pages_image *image, struct pages_event *event, pid_t tid)
{
	uint64_t rss_bytes;

	pages_event_end(event);
	if (event->now_ns < moments_due_ns(&image->moments))
		return;
	rss_bytes = pages_proc_resident(tid);
	if (rss_bytes)
		moments_add(
		    &image->moments, event->now_ns,
		    (struct heap_moment){.time = pages_space_time(&image->space, event->now_ns),
		                         .live_bytes = image->space.live_bytes,
		                         .rss_bytes = rss_bytes});
}

static void program_begins(void *context, struct tracee *tracee, const char *command, bool is_first)
{
	struct pages_client *client = context;
	struct pages_thread *thread = thread_of(tracee);
	struct pages_image *image;
	struct pages_event event;

	if (is_first) {
		client->recording = heap_recording_new(0);
		client->stacks = traced_stacks_new(client->recording);
	} else {
		thread->exec_number++;
	}
	if (thread->image && thread->image->pid == tracee->pid)
		thread->image->was_replaced = true;
	leave(client, thread, tracee->tid);
	thread->image = image = add_image(client, tracee->pid, command, thread);
	pages_space_init(&image->space, &client->settings, tracer_stopped_ns(client->tracer));
	image->brk = pages_proc_start_brk(tracee->tid);
	event = event_of(client, image);
	event.stack = traced_stacks_walk(client->stacks, &image->code, tracee->pid, tracee->tid);
	pages_resync(image, &event, tracee->tid, true);
	finish(image, &event, tracee->tid);
}

static void fork_image(struct pages_client *client, const struct pages_image *parent,
                       struct pages_thread *child, pid_t pid)
{
	struct pages_image *image = add_image(client, pid, parent->command, child);

	pages_space_fork(&image->space, &parent->space, tracer_stopped_ns(client->tracer));
	image->is_fork = true;
	image->has_huge = parent->has_huge;
	image->brk = parent->brk;
	child->image = image;
}

static void child_begins(void *context, const struct tracee *parent_tracee,
                         struct tracee *child_tracee, uint64_t flags)
{
	struct pages_client *client = context;
	const struct pages_thread *parent = parent_tracee->data;
	struct pages_thread *child = thread_of(child_tracee);

	child->parent_pid = flags & CLONE_THREAD ? parent->parent_pid : parent_tracee->pid;
	child->exec_number = flags & CLONE_THREAD ? parent->exec_number : 0;
	if (flags & CLONE_VM) {
		child->image = parent->image;
		child->image->n_threads++;
	} else {
		fork_image(client, parent->image, child, child_tracee->pid);
	}
}

static struct pages_image *find_living(const struct pages_client *client, pid_t pid)
{
	for (size_t i = client->n_images; i-- > 0;)
		if (client->images[i]->pid == pid && client->images[i]->n_threads)
			return client->images[i];
	return NULL;
}

/* Whether it shares the memory of who made it cannot be told; what it has was given by calls that
 * are not known. */
static void orphan_begins(void *context, struct tracee *tracee, pid_t parent_pid)
{
	struct pages_client *client = context;
	struct pages_thread *thread = thread_of(tracee);
	struct pages_image *of_process = find_living(client, tracee->pid);
	struct pages_image *unknown;
	struct pages_event event;

	thread->parent_pid = parent_pid;
	if (of_process) {
		thread->image = of_process;
		of_process->n_threads++;
		return;
	}
	unknown = pages_image_new(tracee->pid, "");
	pages_space_init(&unknown->space, &client->settings, tracer_stopped_ns(client->tracer));
	event = event_of(client, unknown);
	pages_resync(unknown, &event, tracee->tid, true);
	pages_event_end(&event);
	fork_image(client, unknown, thread, tracee->pid);
	pages_image_free(unknown);
}

/* A copy of the address space has to be made between two changes, too. */
static bool call_begins(void *context, struct tracee *tracee)
{
	struct pages_client *client = context;
	struct pages_thread *thread = thread_of(tracee);
	bool copies = tracee_makes_child(tracee) && !(tracee_clone_flags(tracee) & CLONE_VM);

	thread->call = pages_call_of(tracee);
	if (!thread->image || (thread->call == PAGES_CALL_NONE && !copies))
		return true;
	if (pages_image_take_turn(thread->image, tracee->tid))
		return true;
	if (!client->watches)
		tracer_wake_every(client->tracer, LOOK_NS);
	client->watches = true;
	return false;
}

/* A call may wait for what a thread does after one that waits for its turn: MAP_POPULATE of memory
 * that the program itself fills (userfaultfd(2)), say. Then they all go on, and what they did is
 * read from /proc. A thread that is only slow, since others have the processors, does not sleep. */
static void woken(void *context)
{
	struct pages_client *client = context;
	size_t n_waiting = 0;

	for (size_t i = 0; i < client->n_images; i++) {
		struct pages_image *image = client->images[i];

		if (image->n_waiting &&
		    tracee_look_at_sleep(&image->turn_sleep, image->turn) >= MOST_LOOKS) {
			image->n_out_of_turn = image->n_waiting;
			image->turn = 0;
			for (size_t j = 0; j < image->n_waiting; j++)
				tracer_resume(client->tracer, image->waiting[j], 0);
			image->n_waiting = 0;
		}
		n_waiting += image->n_waiting;
	}
	client->watches = n_waiting > 0;
	if (!client->watches)
		tracer_wake_every(client->tracer, 0);
}

static bool covers(const struct pages_piece *piece, const struct pages_piece *other)
{
	return other->start < other->end && piece->start <= other->start &&
	       piece->end >= other->end;
}

static void note_piece(struct pages_thread *thread, const struct pages_event *event,
                       struct pages_piece piece)
{
	if (event->given_bytes) {
		thread->last = piece;
		thread->last_stack = event->stack;
	} else if (event->taken_bytes && covers(&piece, &thread->last)) {
		pages_space_note_temporary(event->space, thread->last_stack);
		thread->last = (struct pages_piece){0, 0};
	}
}

static void enter_call(struct pages_client *client, struct tracee *tracee, int64_t result)
{
	struct pages_thread *thread = thread_of(tracee);
	struct pages_image *image = thread->image;
	struct pages_event event = event_of(client, image);
	struct pages_piece piece;

	if (!pages_changes(image, tracee, thread->call, result))
		return;
	if (thread->call != PAGES_CALL_MUNMAP)
		event.stack =
		    traced_stacks_walk(client->stacks, &image->code, tracee->pid, tracee->tid);
	pages_change(image, &event, tracee, thread->call, result, &piece);
	finish(image, &event, tracee->tid);
	note_piece(thread, &event, piece);
}

static void call_ends(void *context, struct tracee *tracee, int64_t result)
{
	struct pages_client *client = context;
	struct pages_thread *thread = thread_of(tracee);

	if (!thread->image)
		return;
	if (thread->call != PAGES_CALL_NONE)
		enter_call(client, tracee, result);
	pass_turn(client, thread->image, tracee->tid);
}

/* Compares with what the kernel says. What a thread did in a call that it was killed in is seen so,
 * too. */
static void look_anew(struct pages_client *client, struct tracee *tracee, bool is_explained)
{
	struct pages_thread *thread = thread_of(tracee);
	struct pages_image *image = thread->image;
	struct pages_event event = event_of(client, image);
	uint64_t n_bytes;

	if (is_explained)
		event.stack =
		    traced_stacks_walk(client->stacks, &image->code, tracee->pid, tracee->tid);
	n_bytes = pages_resync(image, &event, tracee->tid, false);
	finish(image, &event, tracee->tid);
	if (!is_explained)
		image->unexplained_bytes += n_bytes;
}

static bool thread_exits(void *context, struct tracee *tracee)
{
	struct pages_client *client = context;
	struct pages_thread *thread = thread_of(tracee);
	struct pages_image *image = thread->image;

	if (!image || thread->is_exiting)
		return true;
	thread->is_exiting = true;
	image->n_exiting++;
	if (tracee->in_call && (image->turn == tracee->tid || image->n_out_of_turn))
		look_anew(client, tracee, true);
	pass_turn(client, image, tracee->tid);
	if (image->n_exiting == image->n_threads)
		look_anew(client, tracee, false);
	return true;
}

static void process_ends(void *context, struct tracee *tracee, int wait_status)
{
	struct pages_image *image = thread_of(tracee)->image;

	(void)context;
	/* A process made by vfork(2) lives in another's. */
	if (!image || image->pid != tracee->pid)
		return;
	image->has_exit = true;
	image->wait_status = wait_status;
}

static void thread_ends(void *context, struct tracee *tracee)
{
	if (tracee->data)
		leave(context, tracee->data, tracee->tid);
}

static void tracing_ends(void *context)
{
	struct pages_client *client = context;

	if (client->stacks)
		pages_read(client->run, client);
	for (size_t i = 0; i < client->n_images; i++)
		pages_image_free(client->images[i]);
	free(client->images);
	client->images = NULL;
	client->n_images = client->images_capacity = 0;
	traced_stacks_free(client->stacks);
	client->stacks = NULL;
	recording_free(client->recording);
	client->recording = NULL;
}

const struct trace_client pages_client = {
    .program_begins = program_begins,
    .child_begins = child_begins,
    .orphan_begins = orphan_begins,
    .call_begins = call_begins,
    .call_ends = call_ends,
    .woken = woken,
    .thread_exits = thread_exits,
    .process_ends = process_ends,
    .thread_ends = thread_ends,
    .tracing_ends = tracing_ends,
};
