/* Adds up system calls. */
#include "io/counts.h"

#include "core/alloc.h"
#include "core/u64map.h"
#include "io/bins.h"
#include "io/distribution.h"
#include "io/fd_table.h"
#include "io/latency.h"
#include "io/names.h"
#include "io/sites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct io_counts_private {
	uint64_t small_bytes;
	struct u64map *call_index;        /* abi, number -> row + 1 */
	struct u64map *thread_call_index; /* thread, row -> position in by_call + 1 */
	struct u64map *use_index;         /* descriptor, call row -> use row + 1 */
	struct u64map *run_index;         /* thread, descriptor -> run + 1 */
	struct u64map *writes;            /* pid -> calls by which it wrote */
	struct u64map *channel_moves[2];  /* pid -> its threads' channel_moves, by direction */
	struct batch_run *runs;
	size_t n_runs, runs_capacity;
	size_t calls_capacity;
	size_t threads_capacity;
	size_t processes_capacity;
	size_t descriptors_capacity;
	size_t files_capacity;
	size_t uses_capacity;
};

struct io_counts *io_counts_new(uint64_t small_bytes)
{
	struct io_counts *counts = xcalloc(1, sizeof(*counts));
	struct io_counts_private *own = xcalloc(1, sizeof(*own));

	own->small_bytes = small_bytes;
	own->call_index = u64map_new();
	own->thread_call_index = u64map_new();
	own->use_index = u64map_new();
	own->run_index = u64map_new();
	own->writes = u64map_new();
	for (int i = 0; i < 2; i++)
		own->channel_moves[i] = u64map_new();
	counts->private = own;
	counts->fds = fd_table_new();
	counts->bins = io_bins_new();
	return counts;
}

void io_counts_free(struct io_counts *counts)
{
	if (!counts)
		return;
	for (size_t i = 0; i < counts->n_calls; i++) {
		distribution_free(counts->calls[i].per_call);
		distribution_free(counts->calls[i].per_run);
		latency_free(counts->calls[i].latency);
		free(counts->calls[i].errnos);
	}
	for (size_t i = 0; i < counts->n_threads; i++)
		free(counts->threads[i].by_call);
	for (size_t i = 0; i < counts->n_processes; i++)
		free(counts->processes[i].command);
	io_sites_free(counts->sites);
	for (size_t i = 0; i < counts->n_pending; i++)
		free(counts->pending[i].path);
	free(counts->pending);
	free(counts->calls);
	free(counts->threads);
	free(counts->processes);
	free(counts->descriptors);
	free(counts->files);
	free(counts->uses);
	fd_table_free(counts->fds);
	io_bins_free(counts->bins);
	u64map_free(counts->private->call_index);
	u64map_free(counts->private->thread_call_index);
	u64map_free(counts->private->use_index);
	u64map_free(counts->private->run_index);
	u64map_free(counts->private->writes);
	for (int i = 0; i < 2; i++)
		u64map_free(counts->private->channel_moves[i]);
	free(counts->private->runs);
	free(counts->private);
	free(counts);
}

uint32_t io_counts_add_thread(struct io_counts *counts, pid_t tid, pid_t pid, const char *comm)
{
	struct thread_row row = {.tid = tid, .pid = pid};

	/* The name may be that of another row, which moves when the array grows. */
	snprintf(row.comm, sizeof(row.comm), "%s", comm);
	*ARRAY_APPEND(counts->threads, counts->n_threads, counts->private->threads_capacity) = row;
	return (uint32_t)(counts->n_threads - 1);
}

uint32_t io_counts_add_process(struct io_counts *counts, pid_t pid, pid_t parent_pid,
                               unsigned exec_number, const char *command)
{
	struct process_row *row = ARRAY_APPEND(counts->processes, counts->n_processes,
	                                       counts->private->processes_capacity);

	row->pid = pid;
	row->parent_pid = parent_pid;
	row->exec_number = exec_number;
	row->command = xstrdup(command);
	return (uint32_t)(counts->n_processes - 1);
}

static uint32_t find_call_row(struct io_counts *counts, const struct syscall_info *info)
{
	uint64_t *index =
	    u64map_put(counts->private->call_index, (uint64_t)info->abi << 32 | info->number, NULL);
	struct call_row *row;

	if (!*index) {
		row = ARRAY_APPEND(counts->calls, counts->n_calls, counts->private->calls_capacity);
		row->info = info;
		row->latency = latency_new();
		if (syscall_batches(info->facts))
			row->per_call = distribution_new();
		if (syscall_batches(info->facts) || syscall_moves_data(info->facts))
			row->per_run = distribution_new();
		*index = counts->n_calls;
	}
	return (uint32_t)(*index - 1);
}

static void count_error(struct call_row *row, int error, uint64_t n_calls)
{
	struct errno_count *count = row->errnos;

	row->errors += n_calls;
	while (count < row->errnos + row->n_errnos && count->error != error)
		count++;
	if (count == row->errnos + row->n_errnos) {
		count = ARRAY_APPEND(row->errnos, row->n_errnos, row->errnos_capacity);
		count->error = error;
	}
	count->count += n_calls;
}

bool io_is_short(const struct io_call *call)
{
	if (syscall_failed(call->result))
		return false;
	if (syscall_moves_many(call->info->facts) && call->info->facts->extent != EXTENT_BUFFERS)
		return call->knows_slots && call->used_slots < call->slots;
	return call->knows_asked && call->bytes < call->asked_bytes;
}

uint64_t io_count_errno(const struct call_row *row, int error)
{
	for (size_t i = 0; i < row->n_errnos; i++)
		if (row->errnos[i].error == error)
			return row->errnos[i].count;
	return 0;
}

static void count_times(struct call_row *row, const struct io_call *call,
                        const struct io_repetition *repetition)
{
	row->time_ns += call->time_ns;
	if (!repetition->times_ns)
		latency_add(row->latency, call->time_ns);
	else
		for (uint64_t i = 0; i < repetition->n_calls; i++)
			latency_add(row->latency, repetition->times_ns[i]);
}

static void count_call(struct call_row *row, const struct io_call *call, uint64_t n_calls)
{
	row->calls += n_calls;
	if (syscall_failed(call->result)) {
		count_error(row, (int)-call->result, n_calls);
		return;
	}
	row->bytes += n_calls * call->bytes;
	row->messages += n_calls * call->messages;
	row->unknown_bytes += call->misses_bytes ? n_calls : 0;
	row->unknown_messages += call->misses_messages ? n_calls : 0;
	if (call->knows_slots) {
		row->slots_calls += n_calls;
		row->slots += n_calls * call->slots;
		row->used_slots += n_calls * call->used_slots;
	}
	if (call->knows_asked) {
		row->asked_bytes += n_calls * call->asked_bytes;
		row->moved_bytes += n_calls * call->bytes;
		row->asking_calls += n_calls;
	}
	row->short_calls += io_is_short(call) ? n_calls : 0;
	for (uint64_t i = 0; row->per_call && !call->misses_messages && i < n_calls; i++)
		distribution_add(row->per_call, call->messages);
}

static void count_for_thread(struct io_counts *counts, uint32_t row_index,
                             const struct io_call *call, uint64_t n_calls)
{
	struct thread_row *thread = &counts->threads[call->thread];
	struct thread_call *by_call;
	uint64_t *position = u64map_put(counts->private->thread_call_index,
	                                (uint64_t)call->thread << 32 | row_index, NULL);

	if (!*position) {
		ARRAY_APPEND(thread->by_call, thread->n_by_call, thread->by_call_capacity)->call =
		    row_index;
		*position = thread->n_by_call;
	}
	by_call = &thread->by_call[*position - 1];
	by_call->calls += n_calls;
	by_call->time_ns += call->time_ns;
	by_call->bytes += n_calls * call->bytes;
	thread->calls += n_calls;
	thread->time_ns += call->time_ns;
	thread->errors += syscall_failed(call->result) ? n_calls : 0;
}

/* Rows by id, so many that the id has one; new ones are 0. */
static void *rows_up_to(uint32_t id, void *rows, size_t *n_rows, size_t *capacity, size_t row_bytes)
{
	size_t needed = (size_t)id + 1;

	if (needed > *n_rows) {
		rows = array_reserve(rows, capacity, needed, row_bytes);
		memset((char *)rows + *n_rows * row_bytes, 0, (needed - *n_rows) * row_bytes);
		*n_rows = needed;
	}
	return rows;
}

static struct descriptor_row *descriptor_row(struct io_counts *counts, uint32_t id)
{
	counts->descriptors =
	    rows_up_to(id, counts->descriptors, &counts->n_descriptors,
	               &counts->private->descriptors_capacity, sizeof(*counts->descriptors));
	return &counts->descriptors[id];
}

static void count_for_file(struct io_counts *counts, const struct io_call *call, uint64_t n_calls)
{
	struct file_row *row;

	counts->files = rows_up_to(call->file, counts->files, &counts->n_files,
	                           &counts->private->files_capacity, sizeof(*counts->files));
	row = &counts->files[call->file];
	row->calls += n_calls;
	row->errors += syscall_failed(call->result) ? n_calls : 0;
	row->time_ns += call->time_ns;
}

static void end_run(struct io_counts *counts, struct batch_run *run)
{
	if (run->use)
		distribution_add(counts->calls[counts->uses[run->use - 1].call].per_run,
		                 run->calls);
	*run = (struct batch_run){0};
}

void io_counts_end_runs(struct io_counts *counts)
{
	for (size_t i = 0; i < counts->private->n_runs; i++)
		end_run(counts, &counts->private->runs[i]);
}

/* Of all threads. */
static void break_runs(struct io_counts *counts, uint32_t descriptor)
{
	struct descriptor_row *row;

	if (!descriptor)
		return;
	row = descriptor_row(counts, descriptor);
	row->last_use = 0;
	row->n_breaks++;
}

/* A call of this row found nothing more to read, or no room to write: nor would a batch have. */
static void end_batch(struct io_counts *counts, uint32_t descriptor, uint32_t row_index)
{
	size_t use = descriptor ? descriptor_row(counts, descriptor)->last_use : 0;

	if (use && counts->uses[use - 1].call == row_index)
		break_runs(counts, descriptor);
}

/* Of a run, batches of IO_GOOD_BATCH would have needed fewer calls. */
static uint64_t avoidable_calls(const struct batch_run *run)
{
	uint64_t needed = (run->units + IO_GOOD_BATCH - 1) / IO_GOOD_BATCH;

	return run->calls > needed ? run->calls - needed : 0;
}

/* What the call has in a batch: a message whatever its buffers, or as many units as it moved. None
 * (an io_uring_enter that only waits): it is of no batch. */
static uint64_t units_of(const struct io_call *call)
{
	return syscall_moves_many(call->info->facts) ? call->messages : 1;
}

static uint64_t *of_process(struct u64map *map, const struct io_counts *counts,
                            const struct io_call *call)
{
	return u64map_put(map, (uint64_t)counts->threads[call->thread].pid, NULL);
}

/* What the other side said, or was told. */
static void note_channel_move(struct io_counts *counts, const struct io_call *call,
                              uint64_t n_calls, enum io_direction direction, uint32_t descriptor)
{
	if (call->result <= 0 || call->never_waits || !io_is_channel(counts->fds, descriptor))
		return;
	counts->threads[call->thread].channel_moves[direction] += n_calls;
	*of_process(counts->private->channel_moves[direction], counts, call) += n_calls;
}

static enum io_direction direction_of(const struct io_call *call)
{
	return call->info->facts->effect == EFFECT_WRITE ? IO_WRITE : IO_READ;
}

/* A run that would begin with this call. */
static struct batch_run start_run(struct io_counts *counts, uint32_t descriptor, size_t use,
                                  const struct io_call *call)
{
	struct descriptor_row *row = descriptor_row(counts, descriptor);
	struct batch_run start = {.use = use + 1};
	enum io_direction back = direction_of(call) == IO_READ ? IO_WRITE : IO_READ;

	if (row->last_use != start.use)
		row->n_breaks++;
	row->last_use = start.use;
	start.n_breaks = row->n_breaks;
	if (syscall_tells_events(call->info->facts)) {
		start.pid = counts->threads[call->thread].pid;
		start.n_turns = *of_process(counts->private->writes, counts, call);
	} else if (io_is_channel(counts->fds, descriptor)) {
		start.n_turns = counts->threads[call->thread].channel_moves[back];
		start.n_others =
		    *of_process(counts->private->channel_moves[back], counts, call) - start.n_turns;
	}
	return start;
}

static void continue_run(struct io_counts *counts, uint32_t descriptor, size_t use,
                         const struct io_call *call, uint64_t n_calls)
{
	struct batch_run start = start_run(counts, descriptor, use, call);
	uint64_t thread = start.pid ? UINT32_MAX : call->thread;
	uint64_t *index = u64map_put(counts->private->run_index, thread << 32 | descriptor, NULL);
	struct use_row *row = &counts->uses[use];
	struct batch_run *run;

	if (!*index) {
		ARRAY_APPEND(counts->private->runs, counts->private->n_runs,
		             counts->private->runs_capacity);
		*index = counts->private->n_runs;
	}
	run = &counts->private->runs[*index - 1];
	if (run->use != start.use || run->pid != start.pid || run->n_breaks != start.n_breaks ||
	    run->n_turns != start.n_turns) {
		end_run(counts, run);
		*run = start;
	}
	row->avoidable -= avoidable_calls(run);
	run->calls += n_calls;
	run->units += n_calls * units_of(call);
	row->avoidable += avoidable_calls(run);
	row->may_wait |= run->n_others != start.n_others;
}

/* It found no more, or no more room: a larger batch would have moved as much. */
static bool has_room_left(const struct io_counts *counts, const struct io_call *call,
                          uint32_t descriptor)
{
	if (syscall_moves_many(call->info->facts))
		return call->knows_slots && call->used_slots < call->slots;
	/* A message is as long as it is. */
	return call->info->facts->effect == EFFECT_READ && io_is_short(call) &&
	       !io_is_datagram(counts->fds, descriptor);
}

static void count_use(struct io_counts *counts, uint32_t row_index, const struct io_call *call,
                      uint64_t n_calls, uint32_t descriptor)
{
	enum io_direction direction = direction_of(call);
	uint64_t *index =
	    u64map_put(counts->private->use_index, (uint64_t)descriptor << 32 | row_index, NULL);
	bool batches = syscall_batches(call->info->facts), is_small, is_single;
	struct use_row *row;

	if (!*index) {
		row = ARRAY_APPEND(counts->uses, counts->n_uses, counts->private->uses_capacity);
		row->descriptor = descriptor;
		row->call = row_index;
		*index = counts->n_uses;
	}
	row = &counts->uses[*index - 1];
	row->calls += n_calls;
	row->messages += n_calls * call->messages;
	row->bytes += n_calls * call->bytes;
	is_small = call->knows_asked && call->asked_bytes < counts->private->small_bytes;
	is_single = is_small || (!batches && io_is_datagram(counts->fds, descriptor));
	counts->totals.small_calls[direction] += is_small ? n_calls : 0;
	row->small_calls += is_small ? n_calls : 0;
	if (is_single) {
		row->single_calls += n_calls;
		row->single_bytes += n_calls * call->bytes;
	}
	if (!is_single && !batches)
		break_runs(counts, descriptor);
	else if (descriptor && units_of(call))
		continue_run(counts, descriptor, *index - 1, call, n_calls);
	if (has_room_left(counts, call, descriptor))
		break_runs(counts, descriptor);
	if (!syscall_tells_events(call->info->facts))
		note_channel_move(counts, call, n_calls, direction, descriptor);
}

static void count_for_batches(struct io_counts *counts, uint32_t row_index,
                              const struct io_call *call, uint64_t n_calls)
{
	enum syscall_effect effect = call->info->facts->effect;
	uint32_t descriptor = effect == EFFECT_WRITE ? call->to : call->from;

	if (effect == EFFECT_COPY) {
		/* Kernel-to-kernel copies have no buffer that could be larger. */
		break_runs(counts, call->from);
		break_runs(counts, call->to);
		note_channel_move(counts, call, n_calls, IO_READ, call->from);
		note_channel_move(counts, call, n_calls, IO_WRITE, call->to);
	} else if (!syscall_failed(call->result)) {
		count_use(counts, row_index, call, n_calls, descriptor);
	} else if (call->result == -EAGAIN) {
		end_batch(counts, descriptor, row_index);
	}
}

/* One direction of a call that moves data. */
static void count_moved(struct io_counts *counts, const struct io_call *call, uint64_t n_calls,
                        enum io_direction direction, uint32_t descriptor)
{
	struct thread_row *thread = &counts->threads[call->thread];
	struct descriptor_row *row;

	if (descriptor) {
		row = descriptor_row(counts, descriptor);
		row->calls[direction] += n_calls;
		row->bytes[direction] += n_calls * call->bytes;
		if (!syscall_failed(call->result) && call->knows_asked)
			row->asked_bytes[direction] += n_calls * call->asked_bytes;
		else if (!syscall_failed(call->result))
			row->unknown_calls[direction] += n_calls;
		row->unknown_bytes[direction] += call->misses_bytes ? n_calls : 0;
		row->errors += syscall_failed(call->result) ? n_calls : 0;
		row->time_ns += call->time_ns;
	}
	counts->totals.bytes[direction] += n_calls * call->bytes;
	io_bins_add_bytes(counts->bins, direction, call->ended_ns, n_calls * call->bytes);
	*(direction == IO_READ ? &thread->bytes_read : &thread->bytes_written) +=
	    n_calls * call->bytes;
}

static void count_other_use(struct io_counts *counts, const struct io_call *call, uint64_t n_calls)
{
	struct descriptor_row *row;

	if (!call->from)
		return;
	row = descriptor_row(counts, call->from);
	row->other_calls += n_calls;
	row->errors += syscall_failed(call->result) ? n_calls : 0;
	row->time_ns += call->time_ns;
}

bool io_status_has(enum io_status status, int64_t result)
{
	return status == IO_ANY || (status == IO_FAILED) == syscall_failed(result);
}

bool io_counts_has(const struct io_counts *counts, enum io_status status)
{
	return counts->status == IO_ANY || status == IO_ANY || status == counts->status;
}

void io_counts_add_repeated(struct io_counts *counts, const struct io_call *call,
                            const struct io_repetition *repetition)
{
	uint32_t row_index = find_call_row(counts, call->info);
	enum syscall_effect effect = call->info->facts ? call->info->facts->effect : EFFECT_NONE;
	uint64_t n_calls = repetition->n_calls;

	counts->totals.calls += n_calls;
	counts->totals.errors += syscall_failed(call->result) ? n_calls : 0;
	counts->totals.time_ns += call->time_ns;
	count_times(&counts->calls[row_index], call, repetition);
	count_call(&counts->calls[row_index], call, n_calls);
	count_for_thread(counts, row_index, call, n_calls);
	if (repetition->times_ns)
		io_bins_add_calls(counts->bins, row_index, call->ended_ns, n_calls, call->time_ns);
	else
		io_bins_add_call(counts->bins, row_index, call->ended_ns, call->time_ns);

	if (effect == EFFECT_READ || effect == EFFECT_COPY)
		count_moved(counts, call, n_calls, IO_READ, call->from);
	if (effect == EFFECT_WRITE || effect == EFFECT_COPY)
		count_moved(counts, call, n_calls, IO_WRITE, call->to);
	if (effect == EFFECT_WRITE || effect == EFFECT_COPY || effect == EFFECT_SUBMIT)
		*of_process(counts->private->writes, counts, call) += n_calls;
	if (effect != EFFECT_READ && effect != EFFECT_WRITE && effect != EFFECT_COPY)
		count_other_use(counts, call, n_calls);
	if (call->file)
		count_for_file(counts, call, n_calls);
	if (syscall_moves_data(call->info->facts) || syscall_tells_events(call->info->facts))
		count_for_batches(counts, row_index, call, n_calls);
	if (effect == EFFECT_SEEK && !syscall_failed(call->result))
		break_runs(counts, call->from);
}

void io_counts_add(struct io_counts *counts, const struct io_call *call)
{
	const struct io_repetition once = {1, NULL};

	io_counts_add_repeated(counts, call, &once);
}
