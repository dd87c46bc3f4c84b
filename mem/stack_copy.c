/* Copies an object when a stack first needs it, and a caller once for all that it called. */
#include "mem/stack_copy.h"

#include "core/alloc.h"
#include "core/stack_table.h"

#include <stdlib.h>
#include <string.h>

void stack_copy_init(struct stack_copy *copy, const struct recording *from)
{
	*copy = (struct stack_copy){
	    .from = from,
	    .objects = xcalloc(recording_n_objects(from) + 1, sizeof(*copy->objects)),
	    .stacks = xcalloc((size_t)stack_table_count(recording_stacks(from)) + 1,
	                      sizeof(*copy->stacks)),
	};
}

void stack_copy_fini(struct stack_copy *copy)
{
	free(copy->objects);
	free(copy->stacks);
	free(copy->pending);
}

static uint32_t copy_object(struct stack_copy *copy, struct recording *to, uint32_t id)
{
	struct object object;

	if (!copy->objects[id]) {
		object = *recording_object(copy->from, id);
		object.fd = -1;
		copy->objects[id] = recording_add_object(to, &object) + 1;
	}
	return copy->objects[id] - 1;
}

/* What was copied to another recording says nothing of this one. */
static void forget(struct stack_copy *copy)
{
	memset(copy->objects, 0, recording_n_objects(copy->from) * sizeof(*copy->objects));
	memset(copy->stacks, 0,
	       (size_t)stack_table_count(recording_stacks(copy->from)) * sizeof(*copy->stacks) +
	           sizeof(*copy->stacks));
}

uint32_t stack_copy_add(struct stack_copy *copy, struct recording *to, uint32_t stack)
{
	size_t n = 0;
	uint32_t copied;

	if (copy->to && copy->to != to)
		forget(copy);
	copy->to = to;
	while (stack && !copy->stacks[stack]) {
		copy->pending = array_reserve(copy->pending, &copy->pending_capacity, n + 1,
		                              sizeof(*copy->pending));
		copy->pending[n++] = stack;
		recording_frame(copy->from, stack, &stack);
	}
	copied = copy->stacks[stack]; /* of the empty one: 0 */
	while (n--) {
		struct recorded_frame frame = recording_frame(copy->from, copy->pending[n], &stack);

		frame.object = copy_object(copy, to, frame.object);
		copied = recording_add_frame(to, copied, frame);
		copy->stacks[copy->pending[n]] = copied;
	}
	return copied;
}

enum unwind_end stack_copy_end(const struct stack_copy *copy, uint32_t stack)
{
	enum unwind_end end = stack ? UNWIND_OUTERMOST : UNWIND_STEPPED;

	while (stack) {
		struct recorded_frame frame = recording_frame(copy->from, stack, &stack);

		if (recording_object(copy->from, frame.object)->kind == OBJECT_FAILED)
			end = (enum unwind_end)frame.vaddr;
	}
	return end;
}
