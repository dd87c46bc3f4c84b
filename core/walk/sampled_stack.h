/* The stack of one sample: the words of the copy, and beyond it those of the process that was
 * sampled.
 *
 * The process has gone on since the sample, so its memory counts only as far as it joins: of the
 * frame in which the copy ends, all that the copy has must still be in memory before and after the
 * reading, and so must the frame that it called (but for the leaf, which goes on changing its own)
 * and the last word that was read below. It is a strong sign, no proof: a function that was called
 * again from elsewhere may leave all that as it was. Of completed stacks of cc1 and cc1plus, read
 * some 60 us late, a copy of 64 KB showed a wrong frame in 97 of 360 where that last word alone had
 * to join, in 10 of 668 with the frame's part, in 2 of 315 with the called frame too.
 * Without a copy there is nothing to compare: the caller knows that the thread stands still.
 */
#ifndef CORE_SAMPLED_STACK_H
#define CORE_SAMPLED_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SAMPLED_STACK_WINDOW = 4096 }; /* a page: what lies beyond it may not be mapped */

/* What a walk has read. */
enum { STACK_WORDS_MOST = 2048 }; /* two a frame at most: nearly all stacks have fewer */
struct stack_word {
	uint64_t addr;
	uint64_t value;
};
struct stack_words {
	bool are_all; /* the stack follows from them and IP, SP and BP of the thread */
	size_t n_words;
	struct stack_word words[STACK_WORDS_MOST];
};

struct sampled_stack {
	uint64_t start; /* address of the copy's first byte */
	const uint8_t *copy;
	size_t copy_bytes;
	pid_t pid; /* whose memory continues the copy; 0: nobody's */

	struct stack_words *words; /* to be filled, or NULL */
	bool used_memory;          /* a word beyond the copy was given out */
	bool missed;               /* a word that was asked for could not be read */

	uint64_t frame;     /* SP of the frame that is being stepped over */
	uint64_t callee;    /* SP of the one below it */
	uint64_t last_read; /* from the copy; 0: nothing yet */
	uint64_t joint;     /* where the bytes begin that must join */
	size_t joint_bytes;
	enum { JOIN_UNTRIED, JOIN_HOLDS, JOIN_FAILED } join;
	uint64_t window_start;
	size_t window_bytes;
	uint8_t window[SAMPLED_STACK_WINDOW];
};

/* Keeps the pointer to the copy. */
void sampled_stack_init(struct sampled_stack *stack, uint64_t start, const uint8_t *copy,
                        size_t copy_bytes, pid_t pid);

/* To be told before each frame is stepped over. */
void sampled_stack_begin_frame(struct sampled_stack *stack, uint64_t sp);

/* What the psABI lets a function use below its SP (3.2.2). A copy does not hold it, and in memory
 * it has been overwritten since: it reads as missing. */
enum { SAMPLED_STACK_RED_ZONE = 128 };

/* An unwind_read (core/unwind/unwind.h) whose context is the stack. */
bool sampled_stack_read(void *stack, uint64_t addr, uint64_t *word);

/* Asked at the end: may the words that came from memory be believed? */
bool sampled_stack_still_joins(struct sampled_stack *stack);

#endif
