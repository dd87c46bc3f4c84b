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
	uint32_t calls_object; /* whose frames are the system calls */
	struct u64map *index;  /* thread, stack -> place in sums + 1 */
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
	struct io_sites *sites = xcalloc(1, sizeof(*sites));

	sites->private = xcalloc(1, sizeof(*sites->private));
	sites->recording =
	    recording_new(value_types, with_bytes ? N_IO_SITE_VALUES : IO_SITE_BYTES);
	sites->private->calls_object = recording_add_object(sites->recording, &calls);
	sites->private->index = u64map_new();
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

void io_sites_add(struct io_sites *sites, uint32_t thread, uint32_t stack,
                  const struct io_call *call)
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
	sum->values[IO_SITE_CALLS]++;
	sum->values[IO_SITE_TIME] += call->time_ns;
	sum->values[IO_SITE_BYTES] += call->bytes;
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

static bool is_truncated(const struct io_sites *sites, uint32_t stack)
{
	bool is_failed = false;

	while (stack) {
		struct recorded_frame frame = recording_frame(sites->recording, stack, &stack);

		is_failed = recording_object(sites->recording, frame.object)->kind == OBJECT_FAILED;
	}
	return is_failed;
}

uint64_t io_sites_truncated(const struct io_sites *sites)
{
	const struct io_sites_private *private = sites->private;
	uint64_t n_calls = 0;

	for (size_t i = 0; i < private->n_sums; i++)
		if (is_truncated(sites, private->sums[i].stack))
			n_calls += private->sums[i].values[IO_SITE_CALLS];
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
