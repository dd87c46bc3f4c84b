/* Recognises a stack in memory: whoever unwound it once remembers all that the unwinding depended
 * on, and while those words are the same it would find the same stack again. Comparing them is much
 * faster, since the loads do not wait for each other.
 *
 * Stacks with the same start (IP, frame) form a tree: where the comparison with one fails, the word
 * found there leads to the stack that was remembered with it. Up to two offsets at which they were
 * seen to differ choose the one that is compared first, so that the tree is seldom walked. Nothing
 * is believed for its place in the tree, or for being chosen: of the stack that is returned every
 * word has been compared.
 *
 * The stacks lie in a ring; the oldest are overwritten.
 */
#ifndef MEM_PRELOAD_KNOWN_H
#define MEM_PRELOAD_KNOWN_H

#include "mem/preload/preload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	/* Deeper stacks are not remembered. */
	KNOWN_GROUPS = 32,
	KNOWN_REACH_BYTES = 8 << 16, /* so that an offset fits 16 bits */
	/* 512 KB: some 1,800 stacks of 20 frames. The process's first thread, which has most to do
	 * in a program that has many stacks, has four times as much (cc1plus: 280,000 of 3.4
	 * million allocations are unwound, 740,000 without that; the tables below are as large as
	 * that needs). */
	KNOWN_RING_UNITS = 1 << 16,
	KNOWN_FIRST_RING_UNITS = 1 << 18,
	KNOWN_ROOTS_LOG2 = 13,
	KNOWN_LINKS_LOG2 = 13,
	KNOWN_CHOICES_LOG2 = 13,
	KNOWN_PROBES = 4,
	KNOWN_GROUP = 4,
};

/* Its groups follow it. Words are compared one after the other from the leaf on: each that is the
 * same proves that the frame of the next one is there. (The processor reads ahead of its answers.)
 * 8 * offset is counted from the hook's
 * frame, where the caller's RBP is. Unused places of the last group repeat the word before. */
struct known_group {
	uint64_t values[KNOWN_GROUP];
	uint16_t offsets[KNOWN_GROUP];
};

_Static_assert(sizeof(struct known_group) % 8 == 0 && KNOWN_GROUP <= 8,
               "known_stack.length has room for words beside full groups");
_Static_assert(KNOWN_GROUPS * sizeof(struct known_group) <= UINT16_MAX,
               "known_stack.length holds the largest stack");

struct known_stack {
	uint64_t ip; /* where it starts: the hook's return address and frame */
	uint64_t frame;
	uint64_t end;     /* above the last word */
	uint32_t context; /* whatever else it depends on */
	uint32_t stack;   /* its id */
	uint16_t n_groups;
	uint16_t
	    length; /* of the full groups, in bytes; in the lower 3 bits the words of one more */
};

/* "Where the stack at a position differs first in this word, and memory has this value there,
 * compare with the one at `to`." */
struct known_link {
	uint64_t value;
	uint64_t from; /* the word above, the position in the lower half */
	uint32_t to;
};

/* What may be read of a thread's stack. */
struct known_limits {
	uint64_t stack_hi; /* nothing from here on */
	uint64_t main_lo;  /* of the main stack, all of which is there; 0: it is another one */
};

/* Of the stacks that start at some IP and frame. */
struct known_root {
	uint32_t position;   /* the root of their tree; 0: none */
	uint16_t offsets[2]; /* whose words choose, the larger one last; that is 0: nothing does */
};

/* A position never comes again, so one that is out of date is noticed. */
struct known_stacks {
	uint32_t head;    /* position behind the newest; 0: empty */
	uint32_t n_units; /* of the ring: a power of 2 */
	/* Where the last known_find() gave up: the next stack remembered is linked from there. */
	uint64_t missed_from; /* as in a link; 0: at the root */
	uint64_t missed_value;
	struct known_root roots[1 << KNOWN_ROOTS_LOG2];
	uint32_t choices[1 << KNOWN_CHOICES_LOG2]; /* positions */
	struct known_link links[(1 << KNOWN_LINKS_LOG2) + KNOWN_PROBES];
	uint64_t ring[];
};

/* A stack to be remembered: `stack` with its groups. */
struct known_draft {
	uint32_t n_words;
	bool is_too_large;
	struct known_stack stack;
	struct known_group groups[KNOWN_GROUPS];
};

/* Makes zeroed memory an empty one, which goes on with its ring. */
static inline void known_init(struct known_stacks *known, uint32_t n_units)
{
	known->n_units = n_units;
}

/* The words must come in the order of the unwinding. */
void known_draft_word(struct known_draft *draft, uint64_t addr, uint64_t value);

/* Remembers the draft, if it fits; to be called after known_find() with the same registers. */
void known_add(struct known_stacks *known, struct known_draft *draft);

/* known_find() from the root of the tree. */
uint32_t known_search(struct known_stacks *known, const struct hook_frame *caller,
                      const struct known_limits *limits, uint32_t context);

static inline struct known_root *known_root(struct known_stacks *known, uint64_t ip, uint64_t frame)
{
	/* Fibonacci hashing (Knuth, TAOCP 6.4). */
	return &known->roots[((ip << 16 ^ frame) * 0x9e3779b97f4a7c15u) >> (64 - KNOWN_ROOTS_LOG2)];
}

/* The choice among the stacks of a root by the words of this one. */
static inline uint32_t *known_choice(struct known_stacks *known, const struct known_root *root,
                                     const uint64_t *frame)
{
	uint64_t words = frame[root->offsets[0]] ^ frame[root->offsets[1]] << 16;

	return &known->choices[(words ^ (uint64_t)frame << 32) * 0x9e3779b97f4a7c15u >>
	                       (64 - KNOWN_CHOICES_LOG2)];
}

/* 0 only while there is none: then what is there begins like no stack. */
static inline bool known_is_there(const struct known_stacks *known, uint32_t position)
{
	return known->head - position <= known->n_units;
}

static inline struct known_stack *known_at(struct known_stacks *known, uint32_t position)
{
	return (struct known_stack *)&known->ring[position & (known->n_units - 1)];
}

static inline bool known_begins_alike(const struct known_stack *stack,
                                      const struct hook_frame *caller,
                                      const struct known_limits *limits, uint32_t context)
{
	return stack->ip == caller->ip && stack->frame == (uint64_t)caller &&
	       stack->context == context && stack->end <= limits->stack_hi;
}

static inline const struct known_group *known_groups(const struct known_stack *stack)
{
	return (const struct known_group *)(stack + 1);
}

/* The first word, from a group's first on, that differs from memory, or the number of words. */
static always_inline uint32_t known_compare(const struct known_stack *stack, const uint64_t *frame,
                                            uint32_t first)
{
	const struct known_group *group = known_groups(stack) + first;

	for (; first < stack->n_groups; first++, group++) {
		if (unlikely(frame[group->offsets[0]] != group->values[0]))
			return first * KNOWN_GROUP;
		if (unlikely(frame[group->offsets[1]] != group->values[1]))
			return first * KNOWN_GROUP + 1;
		if (unlikely(frame[group->offsets[2]] != group->values[2]))
			return first * KNOWN_GROUP + 2;
		if (unlikely(frame[group->offsets[3]] != group->values[3]))
			return first * KNOWN_GROUP + 3;
	}
	return first * KNOWN_GROUP;
}

/* In a register it is compared by one instruction that also branches. */
static always_inline bool known_word_differs(uint64_t word, uint64_t value)
{
	__asm__("" : "+r"(word));
	return unlikely(word != value);
}

/* Loads are what limits how fast a stack is compared, so all four offsets are one. */
static always_inline uint64_t known_offsets(const struct known_group *group)
{
	uint64_t offsets;

	memcpy(&offsets, group->offsets, sizeof(offsets));
	__asm__("" : "+r"(offsets));
	return offsets;
}

static always_inline bool known_pair_differs(const struct known_group *group, uint32_t i,
                                             uint32_t offsets, const uint64_t *frame)
{
	return known_word_differs(frame[(uint16_t)offsets], group->values[i]) ||
	       known_word_differs(frame[offsets >> 16], group->values[i + 1]);
}

/* Are all words as in memory? */
static always_inline bool known_matches(const struct known_stack *stack, const uint64_t *frame)
{
	const struct known_group *group = known_groups(stack), *end;
	uint32_t n = stack->length % 8;
	uint64_t offsets;

	end = (const struct known_group *)((const char *)group + (stack->length - n));
	for (; group != end; group++) {
		offsets = known_offsets(group);
		if (known_pair_differs(group, 0, (uint32_t)offsets, frame) ||
		    known_pair_differs(group, 2, (uint32_t)(offsets >> 32), frame))
			return false;
	}
	if (n & 2 && known_pair_differs(group, 0, (uint32_t)known_offsets(group), frame))
		return false;
	return !(n & 1) || !known_word_differs(frame[group->offsets[n & 2]], group->values[n & 2]);
}

/* May the words that choose be read, though none before them has been compared? The root may be
 * that of stacks that start elsewhere, and memory that was another stack's may be gone. */
static always_inline bool known_may_choose(const struct known_root *root, const uint64_t *frame,
                                           const struct known_limits *limits)
{
	uint64_t last = (uint64_t)(frame + root->offsets[1]);

	if (!root->offsets[1] || last / WIRE_PAGE == (uint64_t)frame / WIRE_PAGE)
		return root->offsets[1];
	return limits->main_lo && (uint64_t)frame >= limits->main_lo && last < limits->stack_hi;
}

/* The stack of a hook's caller, if it is the one that is compared first; else NULL. */
static always_inline const struct known_stack *known_guess(struct known_stacks *known,
                                                           const struct hook_frame *caller,
                                                           const struct known_limits *limits,
                                                           uint32_t context)
{
	const uint64_t *frame = &caller->bp;
	const struct known_root *root = known_root(known, caller->ip, (uint64_t)frame);
	uint32_t position = root->position;
	const struct known_stack *stack;

	if (known_may_choose(root, frame, limits))
		position = *known_choice(known, root, frame);
	stack = known_at(known, position);
	if (unlikely(!known_is_there(known, position) ||
	             !known_begins_alike(stack, caller, limits, context)))
		return NULL;
	return known_matches(stack, frame) ? stack : NULL;
}

/* The id of the stack of a hook's caller. 0: not known. */
static always_inline uint32_t known_find(struct known_stacks *known,
                                         const struct hook_frame *caller,
                                         const struct known_limits *limits, uint32_t context)
{
	const struct known_stack *stack = known_guess(known, caller, limits, context);

	return likely(stack) ? stack->stack : known_search(known, caller, limits, context);
}

#endif
