/* Recognises a stack in memory: whoever unwound it once remembers all that the unwinding depended
 * on, and while those words are the same it would find the same stack again. Comparing them is much
 * faster, since the loads do not wait for each other.
 *
 * Stacks with the same start (IP, SP) form a tree: where the comparison with one fails, the word
 * found there leads to the stack that was remembered with it. Nothing is believed for its place in
 * the tree: of the stack that is returned every word has been compared.
 *
 * The stacks lie in a ring; the oldest are overwritten.
 */
#ifndef MEM_PRELOAD_KNOWN_H
#define MEM_PRELOAD_KNOWN_H

#include "core/unwind/unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Deeper stacks are not remembered. */
	KNOWN_WORDS = 128,
	KNOWN_REACH_BYTES = 8 << 16, /* from SP, so that an offset fits 16 bits */
	/* 512 KB: some 1,800 stacks of 20 frames. */
	KNOWN_RING_UNITS = 1 << 16,
	KNOWN_ROOTS_LOG2 = 11,
	KNOWN_LINKS_LOG2 = 11,
	KNOWN_PROBES = 4,
	/* Words are compared in groups of so many, from the leaf on. Each word that is the same
	 * proves that the frame of the next one is there; the others of its group lie on the page
	 * of the first, so that none is read that may not be there. */
	KNOWN_GROUP = 4,
};

/* 8 * offset is counted from SP. Unused places of a group repeat the word before. */
struct known_stack {
	struct unwind_registers start;
	uint64_t end; /* above the last word */
	uint32_t generation;
	uint32_t stack;
	uint16_t n_words;
	bool uses_start_bp;
	uint64_t values[]; /* and as many uint16_t offsets */
};

/* "Where `from` differs first in this word, and the stack has this value there, compare with `to`."
 */
struct known_link {
	uint64_t value;
	uint32_t from;
	uint32_t to;
	uint32_t word;
};

/* Zeroed memory is an empty one. A position never comes again, so one that is out of date is
 * noticed. */
struct known_stacks {
	uint32_t head; /* position behind the newest; 0: empty */
	/* Where the last known_find() gave up: the next stack remembered is linked from there. */
	uint32_t missed_from; /* 0: at the root */
	uint32_t missed_word;
	uint64_t missed_value;
	uint32_t roots[1 << KNOWN_ROOTS_LOG2];
	struct known_link links[(1 << KNOWN_LINKS_LOG2) + KNOWN_PROBES];
	uint64_t ring[KNOWN_RING_UNITS];
};

/* A stack to be remembered. */
struct known_draft {
	struct unwind_registers start;
	uint64_t end;
	uint32_t generation;
	uint32_t n_words; /* more than KNOWN_WORDS: it does not fit */
	bool uses_start_bp;
	uint16_t offsets[KNOWN_WORDS];
	uint64_t values[KNOWN_WORDS];
};

/* The words must come in the order of the unwinding. */
void known_draft_word(struct known_draft *draft, uint64_t addr, uint64_t value);

/* Remembers the draft under a stack's id, if it fits; to be called after known_find() with the same
 * registers. */
void known_add(struct known_stacks *known, struct known_draft *draft, uint32_t stack);

/* The id of the stack that the registers stand on; memory from start.sp to below stack_hi is
 * readable. 0: not known. */
uint32_t known_find(struct known_stacks *known, struct unwind_registers start, uint64_t stack_hi,
                    uint32_t generation);

#endif
