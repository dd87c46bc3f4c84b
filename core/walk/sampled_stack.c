/* Reads a sample's stack from its copy, and beyond that with process_vm_readv(2). */
#include "core/walk/sampled_stack.h"

#include "core/walk/process_memory.h"

#include <string.h>

/* Sets the fields one by one: the window need not be cleared for each sample. */
void sampled_stack_init(struct sampled_stack *stack, uint64_t start, const uint8_t *copy,
                        size_t copy_bytes, pid_t pid)
{
	stack->start = start;
	stack->copy = copy;
	stack->copy_bytes = copy ? copy_bytes : 0;
	stack->pid = pid;
	stack->words = NULL;
	stack->used_memory = false;
	stack->missed = false;
	stack->join = stack->copy_bytes < sizeof(uint64_t) ? JOIN_HOLDS : JOIN_UNTRIED;
	stack->window_bytes = 0;
	stack->frame = stack->callee = start;
	stack->last_read = 0;
}

void sampled_stack_begin_frame(struct sampled_stack *stack, uint64_t sp)
{
	stack->callee = stack->frame;
	stack->frame = sp;
}

static bool read_copy(struct sampled_stack *stack, uint64_t addr, uint64_t *word)
{
	uint64_t offset = addr - stack->start;

	if (stack->copy_bytes < sizeof(*word) || offset > stack->copy_bytes - sizeof(*word))
		return false;
	memcpy(word, stack->copy + offset, sizeof(*word));
	return true;
}

/* The frame at hand goes from its SP to the word that is asked for. Where these are on different
 * stacks, as at the end of a signal handler, the end of the copy is in no frame: then it is the
 * last word alone, which is in the frame that changed the stack. */
static void choose_joint(struct sampled_stack *stack, uint64_t addr)
{
	enum { LARGEST_FRAME = 8 << 20 }; /* the usual limit of a stack */
	uint64_t inside = stack->frame - stack->start;
	uint64_t return_slot = stack->frame - sizeof(uint64_t);

	if (inside > stack->copy_bytes || addr - stack->frame > LARGEST_FRAME) {
		stack->joint = stack->last_read ? stack->last_read : stack->start;
		stack->joint_bytes = sizeof(uint64_t);
		return;
	}
	stack->joint = stack->frame;
	if (inside && return_slot >= stack->start)
		stack->joint = return_slot;
	if (stack->callee > stack->start && stack->callee < stack->joint)
		stack->joint = stack->callee;
	if (stack->last_read && stack->last_read < stack->joint)
		stack->joint = stack->last_read;
	stack->joint_bytes = stack->start + stack->copy_bytes - stack->joint;
}

static bool joins(const struct sampled_stack *stack)
{
	enum { PIECE = 4096 };
	uint8_t now[PIECE];

	for (size_t done = 0; done < stack->joint_bytes;) {
		size_t size = stack->joint_bytes - done < PIECE ? stack->joint_bytes - done : PIECE;
		const uint8_t *then = stack->copy + (stack->joint - stack->start) + done;

		if (process_memory_read(stack->pid, stack->joint + done, now, size) != size ||
		    memcmp(now, then, size) != 0)
			return false;
		done += size;
	}
	return true;
}

static bool try_join(struct sampled_stack *stack, uint64_t addr)
{
	if (stack->join == JOIN_UNTRIED) {
		choose_joint(stack, addr);
		stack->join = joins(stack) ? JOIN_HOLDS : JOIN_FAILED;
	}
	return stack->join == JOIN_HOLDS;
}

static bool read_memory(struct sampled_stack *stack, uint64_t addr, uint64_t *word)
{
	uint64_t page = addr & ~(uint64_t)(SAMPLED_STACK_WINDOW - 1);
	uint64_t offset = addr - page;

	if (offset > SAMPLED_STACK_WINDOW - sizeof(*word)) /* across two pages */
		return process_memory_read(stack->pid, addr, word, sizeof(*word)) == sizeof(*word);
	if (stack->window_bytes == 0 || stack->window_start != page) {
		stack->window_bytes =
		    process_memory_read(stack->pid, page, stack->window, SAMPLED_STACK_WINDOW);
		stack->window_start = page;
	}
	if (stack->window_bytes < offset + sizeof(*word))
		return false;
	memcpy(word, stack->window + offset, sizeof(*word));
	return true;
}

/* Without a copy the thread stands still, and its red zone too. */
static bool is_in_dead_red_zone(const struct sampled_stack *stack, uint64_t addr)
{
	return stack->copy_bytes && stack->start - addr - 1 < SAMPLED_STACK_RED_ZONE;
}

static bool read_anywhere(struct sampled_stack *stack, uint64_t addr, uint64_t *word)
{
	if (read_copy(stack, addr, word)) {
		stack->last_read = addr;
		return true;
	}
	if (is_in_dead_red_zone(stack, addr))
		return false;
	if (!stack->pid || !try_join(stack, addr) || !read_memory(stack, addr, word)) {
		stack->missed = true;
		return false;
	}
	stack->used_memory = true;
	return true;
}

static void note_word(struct stack_words *words, uint64_t addr, uint64_t value)
{
	if (words->n_words < STACK_WORDS_MOST)
		words->words[words->n_words++] = (struct stack_word){addr, value};
	else
		words->are_all = false;
}

bool sampled_stack_read(void *context, uint64_t addr, uint64_t *word)
{
	struct sampled_stack *stack = context;
	bool is_read = read_anywhere(stack, addr, word);

	if (stack->words && is_read)
		note_word(stack->words, addr, *word);
	else if (stack->words)
		stack->words->are_all = false;
	return is_read;
}

bool sampled_stack_still_joins(struct sampled_stack *stack)
{
	return !stack->used_memory || stack->copy_bytes < sizeof(uint64_t) || joins(stack);
}
