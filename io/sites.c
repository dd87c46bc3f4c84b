/* Sums up calls by thread and stack. */
#include "io/sites.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/symbolize/symbolize.h"
#include "core/u64map.h"

#include <stdlib.h>

/* The calls of one stack of one thread. */
struct site_sum {
	uint32_t thread;
	uint32_t stack;
	uint64_t values[N_IO_SITE_VALUES];
};

struct io_sites_private {
	uint32_t calls_object;  /* whose frames are the system calls */
	uint32_t failed_object; /* of frames that say why there are no others */
	struct u64map *index;   /* thread, stack -> place in sums + 1 */
	struct site_sum *sums;
	size_t n_sums;
	size_t sums_capacity;
};

static const struct value_type value_types[N_IO_SITE_VALUES] = {
    [IO_SITE_CALLS] = {"calls", "count"},
    [IO_SITE_TIME] = {"time", "nanoseconds"},
    [IO_SITE_BYTES] = {"bytes", "bytes"},
};

struct io_sites *io_sites_new(bool with_bytes)
{
	static const struct object calls = {.kind = OBJECT_KERNEL, .fd = -1};
	static const struct object failed = {.kind = OBJECT_FAILED, .path = (char *)"", .fd = -1};
	struct io_sites *sites = xcalloc(1, sizeof(*sites));

	sites->private = xcalloc(1, sizeof(*sites->private));
	sites->recording =
	    recording_new(value_types, with_bytes ? N_IO_SITE_VALUES : IO_SITE_BYTES);
	sites->private->calls_object = recording_add_object(sites->recording, &calls);
	sites->private->failed_object = recording_add_object(sites->recording, &failed);
	sites->private->index = u64map_new();
	sites->has_callers = true;
	return sites;
}

void io_sites_free(struct io_sites *sites)
{
	if (!sites)
		return;
	recording_free(sites->recording);
	u64map_free(sites->private->index);
	free(sites->private->sums);
	free(sites->private);
	free(sites);
}

static struct recorded_frame frame_of_call(const struct io_sites *sites,
                                           const struct syscall_info *info)
{
	return (struct recorded_frame){
	    .object = sites->private->calls_object,
	    .vaddr = recorded_no_address((uint64_t)info->abi << 32 | info->number),
	};
}

/* NULL: the frame is none of a call. */
static const struct syscall_info *call_of_frame(const struct io_sites *sites,
                                                const struct recorded_frame *frame)
{
	enum { ABI_BITS = 2 };

	if (frame->object != sites->private->calls_object || recorded_has_address(frame->vaddr))
		return NULL;
	return syscall_find((enum syscall_abi)(frame->vaddr >> 32 & ((1 << ABI_BITS) - 1)),
	                    (uint32_t)frame->vaddr);
}

uint32_t io_sites_stack(const struct io_sites *sites, uint32_t callers,
                        const struct syscall_info *info)
{
	return recording_add_frame(sites->recording, callers, frame_of_call(sites, info));
}

static void add_values(struct io_sites *sites, uint32_t thread, uint32_t stack,
                       const uint64_t values[N_IO_SITE_VALUES])
{
	struct io_sites_private *private = sites->private;
	uint64_t *position = u64map_put(private->index, (uint64_t)thread << 32 | stack, NULL);
	struct site_sum *sum;

	if (!*position) {
		sum = ARRAY_APPEND(private->sums, private->n_sums, private->sums_capacity);
		*sum = (struct site_sum){.thread = thread, .stack = stack};
		*position = private->n_sums;
	}
	sum = &private->sums[*position - 1];
	for (size_t i = 0; i < N_IO_SITE_VALUES; i++)
		sum->values[i] += values[i];
}

uint32_t io_sites_without(const struct io_sites *sites, enum unwind_end why)
{
	const struct recorded_frame frame = {.object = sites->private->failed_object, .vaddr = why};

	return recording_add_frame(sites->recording, 0, frame);
}

void io_sites_add(struct io_sites *sites, uint32_t thread, uint32_t stack,
                  const struct io_call *call, uint64_t n_calls)
{
	const uint64_t values[N_IO_SITE_VALUES] = {
	    [IO_SITE_CALLS] = n_calls,
	    [IO_SITE_TIME] = call->time_ns,
	    [IO_SITE_BYTES] = call->bytes * n_calls,
	};

	add_values(sites, thread, stack, values);
}

void io_sites_close(struct io_sites *sites)
{
	const struct io_sites_private *private = sites->private;

	for (size_t i = 0; i < private->n_sums; i++)
		recording_add_sample(sites->recording,
		                     (struct sample){.thread = private->sums[i].thread,
		                                     .stack = private->sums[i].stack},
		                     private->sums[i].values);
}

static void add_thread(struct io_sites *sites, const struct io_counts *counts,
                       const struct thread_row *row)
{
	uint32_t thread = recording_add_thread(sites->recording, row->pid, row->tid, row->comm);

	for (size_t i = 0; i < row->n_by_call; i++) {
		const struct thread_call *by_call = &row->by_call[i];
		const uint64_t values[N_IO_SITE_VALUES] = {
		    [IO_SITE_CALLS] = by_call->calls,
		    [IO_SITE_TIME] = by_call->time_ns,
		    [IO_SITE_BYTES] = by_call->bytes,
		};

		add_values(sites, thread,
		           io_sites_stack(sites, 0, counts->calls[by_call->call].info), values);
	}
}

struct io_sites *io_sites_of_threads(const struct io_counts *counts)
{
	struct io_sites *sites = io_sites_new(io_counts_has(counts, IO_SUCCESSFUL));

	sites->has_callers = false;
	for (size_t i = 0; i < counts->n_threads; i++)
		add_thread(sites, counts, &counts->threads[i]);
	io_sites_close(sites);
	return sites;
}

/* Why the stack has no more frames; UNWIND_STEPPED: it is whole. */
static enum unwind_end end_of(const struct io_sites *sites, uint32_t stack)
{
	enum unwind_end end = UNWIND_STEPPED;

	while (stack) {
		struct recorded_frame frame = recording_frame(sites->recording, stack, &stack);
		const struct object *object = recording_object(sites->recording, frame.object);

		if (object->kind == OBJECT_FAILED)
			end = (enum unwind_end)frame.vaddr;
	}
	return end;
}

uint64_t io_sites_ended(const struct io_sites *sites, enum unwind_end why)
{
	const struct io_sites_private *private = sites->private;
	uint64_t n_calls = 0;

	for (size_t i = 0; i < private->n_sums; i++)
		if (end_of(sites, private->sums[i].stack) == why)
			n_calls += private->sums[i].values[IO_SITE_CALLS];
	return n_calls;
}

uint64_t io_sites_truncated(const struct io_sites *sites)
{
	const struct io_sites_private *private = sites->private;
	uint64_t n_calls = 0;

	for (size_t i = 0; i < private->n_sums; i++) {
		enum unwind_end end = end_of(sites, private->sums[i].stack);

		if (end != UNWIND_STEPPED && end != UNWIND_NOT_TAKEN)
			n_calls += private->sums[i].values[IO_SITE_CALLS];
	}
	return n_calls;
}

void io_sites_name(const struct io_sites *sites, struct symbolizer *symbolizer)
{
	const struct recording *recording = sites->recording;
	const struct object *object = recording_object(recording, sites->private->calls_object);
	uint32_t n_stacks = stack_table_count(recording_stacks(recording)), parent;

	for (uint32_t stack = 1; stack <= n_stacks; stack++) {
		struct recorded_frame frame = recording_frame(recording, stack, &parent);
		const struct syscall_info *info = call_of_frame(sites, &frame);
		struct symbol_frame name = {.function = info ? info->name : NULL};

		if (info)
			symbolizer_remember(symbolizer, object, frame.vaddr, &name, 1);
	}
}
