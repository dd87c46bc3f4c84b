/* Copies an object when a stack first needs it. */
#include "mem/stack_copy.h"

#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>

void stack_copy_init(struct stack_copy *copy, const struct recording *from)
{
	*copy = (struct stack_copy){
	    .from = from,
	    .objects = xcalloc(recording_n_objects(from) + 1, sizeof(*copy->objects)),
	};
}

void stack_copy_fini(struct stack_copy *copy)
{
	free(copy->objects);
	free(copy->frames);
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

uint32_t stack_copy_add(struct stack_copy *copy, struct recording *to, uint32_t stack)
{
	if (copy->to != to)
		memset(copy->objects, 0, recording_n_objects(copy->from) * sizeof(*copy->objects));
	copy->to = to;
	copy->n_frames = 0;
	while (stack) {
		struct recorded_frame *frame =
		    ARRAY_APPEND(copy->frames, copy->n_frames, copy->frames_capacity);

		*frame = recording_frame(copy->from, stack, &stack);
		frame->object = copy_object(copy, to, frame->object);
	}
	return recording_add_stack(to, copy->frames, copy->n_frames);
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
