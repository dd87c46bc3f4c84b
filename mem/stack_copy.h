/* Copies stacks from one recording into others, with the objects that they lie in. */
#ifndef MEM_STACK_COPY_H
#define MEM_STACK_COPY_H

#include "core/recording.h"
#include "core/unwind/unwind.h"

struct stack_copy {
	const struct recording *from;
	const struct recording *to; /* the latest one */
	uint32_t *objects;          /* its id of each object, + 1; 0: not copied yet */
	uint32_t *stacks;           /* its id of each stack; 0: not copied yet */
	uint32_t *pending;
	size_t pending_capacity;
};

/* `from` must outlive it, and no longer change. */
void stack_copy_init(struct stack_copy *copy, const struct recording *from);
void stack_copy_fini(struct stack_copy *copy);

/* The stack's id in `to`. Handles of objects stay with `from`. */
uint32_t stack_copy_add(struct stack_copy *copy, struct recording *to, uint32_t stack);

/* Why the stack ends; UNWIND_STEPPED: it is empty. */
enum unwind_end stack_copy_end(const struct stack_copy *copy, uint32_t stack);

#endif
