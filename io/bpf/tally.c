/* Feeds the model of the process tree and the counts with records, in their order. */
#include "io/bpf/tally.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/recording.h"
#include "core/trace/tracee.h"
#include "core/u64map.h"
#include "io/bpf/callers.h"
#include "io/bpf/name.h"
#include "io/bpf/wire.h"
#include "io/family.h"
#include "io/fd_table.h"
#include "io/found.h"
#include "io/observe.h"
#include "io/pending.h"
#include "io/scope.h"
#include "io/sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A piece of user memory that came with a call. */
struct piece {
	uint64_t addr;
	size_t len_bytes;
	size_t at; /* in the bytes */
};

struct named_fd {
	int fd;
	char *text; /* owned */
};

/* What came with the call that a thread is about to finish. */
struct details {
	uint64_t now_ns; /* its end */
	struct piece *pieces;
	size_t n_pieces, pieces_capacity;
	uint8_t *bytes;
	size_t n_bytes, bytes_capacity;
	struct named_fd *names;
	size_t n_names, names_capacity;
};

struct tallied_thread {
	pid_t tid;
	pid_t pid;
	struct io_member member;
	uint64_t found_ns; /* when it was found to run already; 0: it was not */
	struct details details;
	/* As it was at one moment near the end; looked_ns 0: it did not sleep in a call. */
	uint64_t looked_ns;
	uint64_t asleep_in; /* the number */
	uint64_t asleep_args[6];
	uint32_t call_stack; /* of the call that it makes; 0: not known */
	uint32_t call_name;  /* a thread of the recording, when it began */
};

struct bpf_tally {
	struct bpf_tally_spec spec;
	struct io_observer *observer;
	struct u64map *threads; /* tid -> struct tallied_thread *, or 0 */
	size_t n_threads;
	struct named_fd *inherited;
	size_t n_inherited, inherited_capacity;
	pid_t found_tid; /* the last one */
};

struct bpf_tally *bpf_tally_new(const struct bpf_tally_spec *spec)
{
	struct bpf_tally *tally = xcalloc(1, sizeof(*tally));

	tally->spec = *spec;
	tally->observer = io_observer_new(spec->counts);
	tally->threads = u64map_new();
	return tally;
}

static void free_names(const struct named_fd *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i].text);
}

static void thread_free(struct tallied_thread *thread)
{
	if (!thread)
		return;
	free_names(thread->details.names, thread->details.n_names);
	free(thread->details.pieces);
	free(thread->details.bytes);
	free(thread->details.names);
	free(thread);
}

void bpf_tally_free(struct bpf_tally *tally)
{
	uint64_t tid, value;
	size_t position = 0;

	if (!tally)
		return;
	while (u64map_next(tally->threads, &position, &tid, &value))
		thread_free((struct tallied_thread *)(uintptr_t)value);
	u64map_free(tally->threads);
	io_observer_free(tally->observer);
	free_names(tally->inherited, tally->n_inherited);
	free(tally->inherited);
	free(tally);
}

void bpf_tally_inherit(struct bpf_tally *tally, int fd, const char *name)
{
	struct named_fd *named =
	    ARRAY_APPEND(tally->inherited, tally->n_inherited, tally->inherited_capacity);

	named->fd = fd;
	named->text = xstrdup(name);
}

size_t bpf_tally_n_threads(const struct bpf_tally *tally)
{
	return tally->n_threads;
}

static uint64_t since_start(const struct bpf_tally *tally, const struct meter_head *head)
{
	return head->now_ns > tally->spec.start_ns ? head->now_ns - tally->spec.start_ns : 0;
}

static struct tallied_thread *find(const struct bpf_tally *tally, uint32_t tid)
{
	const uint64_t *value = u64map_get(tally->threads, tid);

	return value ? (struct tallied_thread *)(uintptr_t)*value : NULL;
}

static void forget(struct bpf_tally *tally, struct tallied_thread *thread)
{
	*u64map_put(tally->threads, (uint32_t)thread->tid, NULL) = 0;
	tally->n_threads--;
	thread_free(thread);
}

/* A thread of that id may be there when the record of its end was lost. */
static void make_room(struct bpf_tally *tally, uint32_t tid, uint64_t now_ns)
{
	struct tallied_thread *thread = find(tally, tid);

	if (!thread)
		return;
	io_family_thread_ends(tally->spec.counts, &thread->member, now_ns);
	forget(tally, thread);
}

static struct tallied_thread *enter(struct bpf_tally *tally, uint32_t tid, uint32_t pid,
                                    uint64_t now_ns)
{
	struct tallied_thread *thread;

	make_room(tally, tid, now_ns);
	thread = xcalloc(1, sizeof(*thread));
	thread->tid = (pid_t)tid;
	thread->pid = (pid_t)pid;
	*u64map_put(tally->threads, tid, NULL) = (uintptr_t)thread;
	tally->n_threads++;
	return thread;
}

/* The record of its fork was lost: /proc may still know it. */
static struct tallied_thread *adopt(struct bpf_tally *tally, const struct meter_head *head)
{
	struct io_identity identity = {.tid = (pid_t)head->tid, .pid = (pid_t)head->tid};
	struct tallied_thread *thread;

	tracee_read_family(identity.tid, &identity.pid, &identity.parent_pid);
	thread = enter(tally, head->tid, (uint32_t)identity.pid, since_start(tally, head));
	io_found_orphan(tally->spec.counts, &thread->member, &identity);
	return thread;
}

static struct tallied_thread *thread_of(struct bpf_tally *tally, const struct meter_head *head)
{
	struct tallied_thread *thread = find(tally, head->tid);

	return thread ? thread : adopt(tally, head);
}

static void forget_details(struct details *details)
{
	free_names(details->names, details->n_names);
	details->n_pieces = details->n_bytes = details->n_names = 0;
}

/* Of the call that ends then: the record of the call before may have been lost, not its details. */
static struct details *details_of(struct tallied_thread *thread, uint64_t now_ns)
{
	if (thread->details.now_ns != now_ns)
		forget_details(&thread->details);
	thread->details.now_ns = now_ns;
	return &thread->details;
}

static void take_memory(struct bpf_tally *tally, const struct meter_memory *record)
{
	struct details *details = details_of(thread_of(tally, &record->head), record->head.now_ns);
	struct piece *last = details->n_pieces ? &details->pieces[details->n_pieces - 1] : NULL;
	size_t at = details->n_bytes;

	details->bytes = array_reserve(details->bytes, &details->bytes_capacity,
	                               at + record->len_bytes, sizeof(*details->bytes));
	memcpy(details->bytes + at, record->data, record->len_bytes);
	details->n_bytes += record->len_bytes;
	/* A large area comes in several records. */
	if (last && last->addr + last->len_bytes == record->addr)
		last->len_bytes += record->len_bytes;
	else
		*ARRAY_APPEND(details->pieces, details->n_pieces, details->pieces_capacity) =
		    (struct piece){record->addr, record->len_bytes, at};
}

static void take_name(struct bpf_tally *tally, const struct meter_name *record)
{
	struct details *details = details_of(thread_of(tally, &record->head), record->head.now_ns);
	char text[TRACEE_NAME_BYTES];

	if (bpf_name_format(record, text, sizeof(text)))
		*ARRAY_APPEND(details->names, details->n_names, details->names_capacity) =
		    (struct named_fd){record->fd, xstrdup(text)};
}

static bool view_read(void *context, uint64_t addr, void *buffer, size_t len_bytes)
{
	const struct tallied_thread *thread = context;
	const struct details *details = &thread->details;

	for (size_t i = 0; i < details->n_pieces; i++) {
		const struct piece *piece = &details->pieces[i];

		if (addr < piece->addr || addr - piece->addr > piece->len_bytes ||
		    len_bytes > piece->len_bytes - (addr - piece->addr))
			continue;
		memcpy(buffer, details->bytes + piece->at + (addr - piece->addr), len_bytes);
		return true;
	}
	return false;
}

/* What came with no call is asked of /proc, which by now may tell of another file. */
static bool view_describe(void *context, int fd, char *name, size_t name_bytes, bool *is_guess)
{
	const struct tallied_thread *thread = context;
	const struct details *details = &thread->details;

	for (size_t i = details->n_names; i-- > 0;)
		if (details->names[i].fd == fd) {
			snprintf(name, name_bytes, "%s", details->names[i].text);
			return true;
		}
	*is_guess = true;
	return tracee_describe_fd(thread->tid, fd, name, name_bytes);
}

/* A thread of the sites' recording, under its present name. */
static uint32_t name_of(const struct bpf_tally *tally, const struct tallied_thread *thread)
{
	const struct io_counts *counts = tally->spec.counts;

	return recording_add_thread(counts->sites->recording, thread->pid, thread->tid,
	                            counts->threads[thread->member.thread].comm);
}

static void take_stack(struct bpf_tally *tally, const struct meter_stack *record)
{
	struct tallied_thread *thread = thread_of(tally, &record->head);

	if (!tally->spec.callers)
		return;
	thread->call_stack = bpf_callers_walk(tally->spec.callers, thread->pid, record);
	thread->call_name = name_of(tally, thread);
}

/* Calls of a thread that were counted. */
static void add_site(const struct bpf_tally *tally, const struct tallied_thread *thread,
                     const struct io_call *call, enum meter_stack_state state, uint64_t n_calls)
{
	struct io_sites *sites = tally->spec.counts->sites;
	bool is_known = state == METER_STACK_TOLD && thread->call_stack;
	uint32_t callers = 0;

	if (!tally->spec.callers)
		return;
	if (is_known)
		callers = thread->call_stack;
	else if (state != METER_STACK_UNKNOWN)
		callers = io_sites_without(sites, state == METER_STACK_NOT_TAKEN ? UNWIND_NOT_TAKEN
		                                                                 : UNWIND_LOST);
	io_sites_add(sites, is_known ? thread->call_name : name_of(tally, thread),
	             io_sites_stack(sites, callers, call->info), call, n_calls);
}

static void take_call(struct bpf_tally *tally, const struct meter_call *record)
{
	struct tallied_thread *thread = thread_of(tally, &record->head);
	const struct target_view view = {thread, view_read, view_describe};
	struct finished_call finished = {
	    .info = syscall_find((enum syscall_abi)record->abi, record->number),
	    .result = record->result,
	    .was_kept_off = record->was_kept_off,
	    .now_ns = since_start(tally, &record->head),
	    .pid = thread->pid,
	    .group = &thread->member.group,
	};
	struct io_call call;

	for (size_t i = 0; i < ARRAY_SIZE(finished.args); i++)
		finished.args[i] = record->args[i];
	details_of(thread, record->head.now_ns);
	io_observe(tally->observer, &view, &finished, &call);
	call.thread = thread->member.thread;
	call.time_ns = record->head.now_ns - record->entered_ns;
	if (io_scope_count(tally->spec.scope, tally->spec.counts, &thread->member, &call,
	                   record->entered_ns, record->head.now_ns, NULL))
		add_site(tally, thread, &call, (enum meter_stack_state)record->stack, 1);
	forget_details(&thread->details);
}

static void take_run(struct bpf_tally *tally, const struct meter_run *record)
{
	struct tallied_thread *thread = thread_of(tally, &record->head);
	const struct target_view view = {thread, view_read, view_describe};
	const struct io_repetition repetition = {record->n_calls, record->times_ns};
	const struct finished_call finished = {
	    .info = syscall_find(ABI_X86_64, record->number),
	    .args = {record->fd, 0, record->size_bytes},
	    .result = (int64_t)record->size_bytes,
	    .now_ns = since_start(tally, &record->head),
	    .pid = thread->pid,
	    .group = &thread->member.group,
	};
	struct io_call call;

	io_observe(tally->observer, &view, &finished, &call);
	call.thread = thread->member.thread;
	call.time_ns = 0;
	for (uint32_t i = 0; i < record->n_calls; i++)
		call.time_ns += record->times_ns[i];
	/* The kernel's side joins none that began before measuring did. */
	if (io_scope_count(tally->spec.scope, tally->spec.counts, &thread->member, &call,
	                   record->first_ns, record->head.now_ns, &repetition))
		add_site(tally, thread, &call, METER_STACK_NOT_TAKEN, record->n_calls);
}

void bpf_tally_find(struct bpf_tally *tally, pid_t tid, pid_t pid)
{
	const struct tallied_thread *sibling = find(tally, (uint32_t)tally->found_tid);
	struct tallied_thread *thread = enter(tally, (uint32_t)tid, (uint32_t)pid, 0);
	bool has_sibling = sibling && sibling->pid == pid;

	io_found_enter(tally->spec.counts, has_sibling ? &sibling->member : NULL, &thread->member,
	               tid, pid);
	thread->found_ns = clock_now_ns();
	tally->found_tid = tid;
}

static void take_fork(struct bpf_tally *tally, const struct meter_fork *record)
{
	const struct io_identity identity = {(pid_t)record->child_tid, (pid_t)record->child_pid,
	                                     (pid_t)record->pid};
	const struct tallied_thread *parent = thread_of(tally, &record->head);
	uint64_t now_ns = since_start(tally, &record->head);
	struct tallied_thread *child = find(tally, record->child_tid);

	if (child && child->found_ns > record->head.now_ns)
		return; /* the look at running threads has shown it, too */
	child = enter(tally, record->child_tid, record->child_pid, now_ns);
	io_family_fork(tally->spec.counts, &parent->member, &child->member, &identity,
	               record->shares_files, now_ns);
}

static void begin_target(struct bpf_tally *tally, const struct meter_exec *record,
                         const char *command)
{
	const struct io_identity identity = {(pid_t)record->head.tid, (pid_t)record->pid,
	                                     tally->spec.driver};
	uint64_t now_ns = since_start(tally, &record->head);
	struct tallied_thread *thread = enter(tally, record->head.tid, record->pid, now_ns);

	io_family_begin(tally->spec.counts, &thread->member, &identity, command, record->comm);
	for (size_t i = 0; i < tally->n_inherited; i++)
		fd_table_open(tally->spec.counts->fds, thread->member.group, tally->inherited[i].fd,
		              tally->inherited[i].text, false, FD_INHERITED, 0);
}

/* A thread that is not the leader takes the leader's id, which has ended. */
static struct tallied_thread *rename_thread(struct bpf_tally *tally,
                                            const struct meter_exec *record)
{
	struct tallied_thread *thread = find(tally, record->former_tid);

	if (!thread || record->former_tid == record->head.tid)
		return thread_of(tally, &record->head);
	make_room(tally, record->head.tid, since_start(tally, &record->head));
	*u64map_put(tally->threads, record->former_tid, NULL) = 0;
	thread->tid = (pid_t)record->head.tid;
	*u64map_put(tally->threads, record->head.tid, NULL) = (uintptr_t)thread;
	return thread;
}

static void take_exec(struct bpf_tally *tally, const struct meter_exec *record)
{
	char command[TRACEE_TEXT_BYTES];
	struct tallied_thread *thread;

	tracee_format_command(record->command, record->len_bytes, record->comm, command);
	if (record->is_first) {
		begin_target(tally, record, command);
		return;
	}
	thread = rename_thread(tally, record);
	io_family_exec(tally->spec.counts, &thread->member, thread->pid, command,
	               since_start(tally, &record->head));
	io_family_rename(tally->spec.counts, &thread->member, record->comm);
}

static void take_comm(struct bpf_tally *tally, const struct meter_comm *record)
{
	io_family_rename(tally->spec.counts, &thread_of(tally, &record->head)->member,
	                 record->comm);
}

static void take_exit(struct bpf_tally *tally, const struct meter_exit *record)
{
	struct tallied_thread *thread = thread_of(tally, &record->head);
	struct io_counts *counts = tally->spec.counts;

	if (record->flags & METER_EXIT_IN_CALL)
		io_scope_count_unfinished(
		    tally->spec.scope, counts, &thread->member,
		    syscall_find((enum syscall_abi)record->abi, record->number),
		    record->head.now_ns);
	if (record->flags & METER_EXIT_OF_PROCESS) {
		io_family_process_ends(counts, &thread->member, record->wait_status);
		bpf_callers_end(tally->spec.callers, thread->pid, record->head.now_ns);
	}
	io_family_thread_ends(counts, &thread->member, since_start(tally, &record->head));
	forget(tally, thread);
}

void bpf_tally_look(struct bpf_tally *tally, pid_t tid)
{
	struct tallied_thread *thread = find(tally, (uint32_t)tid);
	uint64_t now_ns = clock_now_ns();

	if (thread && tracee_read_call(tid, &thread->asleep_in, thread->asleep_args))
		thread->looked_ns = now_ns;
}

/* `is_asleep_in`: what it was seen to sleep in is this call. */
static void count_still_in(struct bpf_tally *tally, const struct tallied_thread *thread,
                           struct io_pending_call *call, bool is_asleep_in)
{
	call->args = is_asleep_in ? thread->asleep_args : NULL;
	io_scope_count_still_in(tally->spec.scope, tally->spec.counts, &thread->member, call);
}

/* One that had begun when it was seen asleep, and has not ended since, is what it was asleep in. */
static void still_in_told(struct bpf_tally *tally, const struct tallied_thread *thread,
                          const struct meter_thread *last, uint64_t ended_ns)
{
	struct io_pending_call call = {
	    .info = syscall_find((enum syscall_abi)last->abi, last->number),
	    .entered_ns = last->entered_ns,
	    .now_ns = ended_ns,
	};

	count_still_in(tally, thread, &call,
	               thread->looked_ns > last->entered_ns && thread->asleep_in == last->number);
}

/* The messages of a call that batches would be counted one by one. */
static bool is_sound_run(const struct meter_run *run, size_t len_bytes)
{
	return run->n_calls <= METER_RUN_CALLS &&
	       run->n_calls * sizeof(run->times_ns[0]) <=
	           len_bytes - offsetof(struct meter_run, times_ns) &&
	       !syscall_batches(syscall_find(ABI_X86_64, run->number)->facts);
}

void bpf_tally_take_last(struct bpf_tally *tally, pid_t tid, const struct meter_thread *last,
                         uint64_t ended_ns)
{
	const struct tallied_thread *thread = find(tally, (uint32_t)tid);

	for (size_t i = 0; i < ARRAY_SIZE(last->runs); i++)
		if (last->runs[i].n_calls && is_sound_run(&last->runs[i], sizeof(last->runs[i])))
			take_run(tally, &last->runs[i]);
	if (thread && last->in_call)
		still_in_told(tally, thread, last, ended_ns);
	else if (last->ran_before)
		bpf_tally_still_in(tally, tid, true);
}

void bpf_tally_still_in(struct bpf_tally *tally, pid_t tid, bool never_called)
{
	const struct tallied_thread *thread = find(tally, (uint32_t)tid);
	struct io_pending_call call = {.entered_ns = never_called ? IO_BEFORE_US : IO_ENTRY_UNSEEN};

	if (!thread || !thread->looked_ns)
		return;
	call.info = syscall_find(tracee_is_32_bit(tid) ? ABI_I386 : ABI_X86_64,
	                         (uint32_t)thread->asleep_in);
	count_still_in(tally, thread, &call, true);
}

void bpf_tally_each(const struct bpf_tally *tally, void (*visit)(void *context, pid_t tid),
                    void *context)
{
	uint64_t tid, value;
	size_t position = 0;

	while (u64map_next(tally->threads, &position, &tid, &value))
		if (value)
			visit(context, (pid_t)tid);
}

static bool is_ended(const char comm[METER_COMM_BYTES])
{
	return memchr(comm, '\0', METER_COMM_BYTES);
}

/* The last component too. */
static bool is_ended_name(const struct meter_name *name, size_t text_bytes)
{
	return name->len_bytes <= text_bytes &&
	       (!name->len_bytes || !name->text[name->len_bytes - 1]);
}

/* What the record says of its own length, and what else must hold for it to be followed. */
static bool is_sound(enum meter_kind kind, const void *record, size_t len_bytes)
{
	const struct meter_head *head = record;

	switch (kind) {
	case METER_CALL:
		return ((const struct meter_call *)record)->abi < METER_ABIS &&
		       ((const struct meter_call *)record)->stack <= METER_STACK_LOST;
	case METER_RUN:
		return is_sound_run(record, len_bytes);
	case METER_MEMORY:
		len_bytes -= offsetof(struct meter_memory, data);
		return ((const struct meter_memory *)record)->len_bytes <= len_bytes;
	case METER_NAME:
		len_bytes -= offsetof(struct meter_name, text);
		return is_ended_name(record, len_bytes);
	case METER_FORK:
		return ((const struct meter_fork *)record)->child_tid != head->tid;
	case METER_EXEC:
		len_bytes -= offsetof(struct meter_exec, command);
		return ((const struct meter_exec *)record)->len_bytes <= len_bytes &&
		       is_ended(((const struct meter_exec *)record)->comm);
	case METER_COMM:
		return is_ended(((const struct meter_comm *)record)->comm);
	case METER_EXIT:
		return ((const struct meter_exit *)record)->abi < METER_ABIS;
	case METER_STACK:
		len_bytes -= offsetof(struct meter_stack, data);
		return ((const struct meter_stack *)record)->len_bytes <= len_bytes &&
		       ((const struct meter_stack *)record)->len_bytes <= METER_STACK_BYTES;
	}
	return false;
}

static bool is_whole(const void *record, size_t len_bytes)
{
	static const size_t least_bytes[] = {
	    [METER_CALL] = sizeof(struct meter_call),
	    [METER_RUN] = offsetof(struct meter_run, times_ns),
	    [METER_MEMORY] = offsetof(struct meter_memory, data),
	    [METER_NAME] = offsetof(struct meter_name, text),
	    [METER_FORK] = sizeof(struct meter_fork),
	    [METER_EXEC] = offsetof(struct meter_exec, command),
	    [METER_COMM] = sizeof(struct meter_comm),
	    [METER_EXIT] = sizeof(struct meter_exit),
	    [METER_STACK] = offsetof(struct meter_stack, data),
	};
	const struct meter_head *head = record;

	return len_bytes >= sizeof(*head) && head->kind < ARRAY_SIZE(least_bytes) &&
	       len_bytes >= least_bytes[head->kind] && is_sound(head->kind, record, len_bytes);
}

void bpf_tally_record(struct bpf_tally *tally, const void *record, size_t len_bytes)
{
	const struct meter_head *head = record;

	if (!is_whole(record, len_bytes)) {
		tally->spec.counts->gaps.lost_events++;
		return;
	}
	switch ((enum meter_kind)head->kind) {
	case METER_CALL:
		take_call(tally, record);
		break;
	case METER_RUN:
		take_run(tally, record);
		break;
	case METER_MEMORY:
		take_memory(tally, record);
		break;
	case METER_NAME:
		take_name(tally, record);
		break;
	case METER_FORK:
		take_fork(tally, record);
		break;
	case METER_EXEC:
		take_exec(tally, record);
		break;
	case METER_COMM:
		take_comm(tally, record);
		break;
	case METER_EXIT:
		take_exit(tally, record);
		break;
	case METER_STACK:
		take_stack(tally, record);
		break;
	}
}
