/* Finds stacks by glibc's thread descriptors: struct pthread lies at the upper end of each stack
 * but the main thread's, also of one that the program gave (nptl/allocatestack.c), and has
 * stackblock and stackblock_size one after the other (nptl/descr.h). Its first and third word point
 * to itself (x86-64 psABI, TLS). */
#include "mem/leaks/stacks.h"

#include "core/unwind/ucontext_layout.h"

#include <stdlib.h>

enum {
	WORD = 8,
	DESCRIPTOR_WORDS = 288, /* 2,304 bytes in glibc 2.31 to 2.36 */
	DESCRIPTOR_ALIGN = 64,
	SELF_WORD = 2,
	MIN_STACK = 4096,
	ABOVE_DESCRIPTOR = 1 << 16, /* at most so much of a stack lies above it */
	SEARCH_WORDS = 2048,
	SEARCHES = 64, /* so 1 MB is searched for a dead thread's */
};

/* More than a process may have of memory, less than a pointer into it. */
#define MAX_STACK (UINT64_C(1) << 42)

struct stacks {
	const struct leak_look *look;
	const struct leak_maps *maps;
	const struct leak_memory *memory;
	struct leak_ranges known; /* whole stacks, in no order */
};

bool leak_stack_of(const struct leak_memory *memory, uint64_t descriptor, struct leak_range *stack)
{
	uint64_t words[DESCRIPTOR_WORDS];

	leak_memory_read(memory, descriptor, words, sizeof(words));
	if (words[0] != descriptor || words[SELF_WORD] != descriptor)
		return false;
	for (size_t i = SELF_WORD + 1; i + 1 < DESCRIPTOR_WORDS; i++) {
		uint64_t start = words[i], size = words[i + 1];

		if (start >= MIN_STACK && start < descriptor && size < MAX_STACK &&
		    size > descriptor - start && size - (descriptor - start) <= ABOVE_DESCRIPTOR) {
			*stack = (struct leak_range){start, start + size};
			return true;
		}
	}
	return false;
}

static bool holds(const struct leak_range *range, uint64_t addr)
{
	return addr >= range->start && addr < range->end;
}

static bool is_known(const struct stacks *stacks, uint64_t addr)
{
	for (size_t i = 0; i < stacks->known.n_ranges; i++)
		if (holds(&stacks->known.ranges[i], addr))
			return true;
	return false;
}

/* A thread's own stack: the main one, or that of its descriptor. */
static bool find_living(const struct stacks *stacks, const struct leak_thread *thread,
                        struct leak_range *stack)
{
	*stack = stacks->maps->stack;
	return holds(stack, thread->registers.rsp) ||
	       leak_stack_of(stacks->memory, thread->registers.fs_base, stack) ||
	       thread->tid == stacks->look->pid;
}

/* Of a thread on its signal stack: where a signal interrupted it on its own one, by the ucontext
 * that the kernel has put there, with the code segment of 64-bit programs in it. The stack's start:
 * there is none. */
static uint64_t interrupted_sp(const struct stacks *stacks, uint64_t sp,
                               const struct leak_range *stack)
{
	enum { SS_SP = 2, SS_SIZE = 4, RSP = UCONTEXT_RSP / WORD, CS = RSP + 3, USER_CS = 0x33 };
	uint64_t words[SEARCH_WORDS];

	leak_memory_read(stacks->memory, sp, words, sizeof(words));
	for (size_t i = 0; i + CS < SEARCH_WORDS; i++) {
		struct leak_range other = {words[i + SS_SP], words[i + SS_SP] + words[i + SS_SIZE]};

		if (holds(&other, sp + i * WORD) && holds(&other, sp) &&
		    holds(stack, words[i + RSP]) && (uint16_t)words[i + CS] == USER_CS)
			return words[i + RSP];
	}
	return stack->start;
}

/* The stack that an ended thread left at this stack pointer, if it is still there. */
static bool find_dead(const struct stacks *stacks, uint64_t sp, struct leak_range *stack)
{
	const struct leak_range *map = leak_ranges_find(&stacks->maps->roots, sp);
	uint64_t words[SEARCH_WORDS], at = sp & -(uint64_t)DESCRIPTOR_ALIGN;

	*stack = stacks->maps->stack;
	if (holds(stack, sp))
		return true;
	for (int i = 0; i < SEARCHES && map && at < map->end; i++, at += sizeof(words)) {
		leak_memory_read(stacks->memory, at, words, sizeof(words));
		for (size_t j = 0; j + SELF_WORD < SEARCH_WORDS; j += DESCRIPTOR_ALIGN / WORD)
			if (words[j] == at + j * WORD && words[j + SELF_WORD] == words[j] &&
			    leak_stack_of(stacks->memory, words[j], stack))
				return holds(stack, sp);
	}
	return false;
}

static bool has_living(const struct stacks *stacks, const struct leak_range *stack)
{
	const struct leak_look *look = stacks->look;

	for (size_t i = 0; i < look->n_threads; i++)
		if (holds(stack, look->threads[i].registers.rsp) ||
		    holds(stack, look->threads[i].registers.fs_base))
			return true;
	return false;
}

static void add_living(struct stacks *stacks, struct leak_ranges *unused)
{
	for (size_t i = 0; i < stacks->look->n_threads; i++) {
		uint64_t sp = stacks->look->threads[i].registers.rsp;
		struct leak_range stack;

		if (!find_living(stacks, &stacks->look->threads[i], &stack))
			continue;
		leak_ranges_add(&stacks->known, stack.start, stack.end);
		if (!holds(&stack, sp))
			sp = interrupted_sp(stacks, sp, &stack);
		leak_ranges_add(unused, stack.start, sp);
	}
}

/* Of several that ended on one stack the last one counts. */
static void add_dead(struct stacks *stacks, struct leak_ranges *unused)
{
	for (size_t i = stacks->look->n_dead_stacks; i-- > 0;) {
		uint64_t sp = stacks->look->dead_stacks[i].sp;
		struct leak_range stack;

		if (is_known(stacks, sp) || !find_dead(stacks, sp, &stack))
			continue;
		leak_ranges_add(&stacks->known, stack.start, stack.end);
		if (!has_living(stacks, &stack))
			leak_ranges_add(unused, stack.start, sp);
	}
}

void leak_stacks_unused(const struct leak_look *look, const struct leak_maps *maps,
                        const struct leak_memory *memory, struct leak_ranges *unused)
{
	struct stacks stacks = {.look = look, .maps = maps, .memory = memory};

	add_living(&stacks, unused);
	add_dead(&stacks, unused);
	leak_ranges_fini(&stacks.known);
}
