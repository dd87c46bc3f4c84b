/* Walks one user stack out of process: registers and a stack copy in, recorded frames out.
 *
 * Rules come from the shared unwinder and are cached by (object, vaddr). A frame whose CFI no rule
 * can hold is stepped by libunwind over the same bytes (core/walk/full_cfi.h). Code without tables,
 * as a JIT makes it, is stepped over by the frame pointer, which is a guess: believed only when it
 * leads to the stack's end. What lies beyond the copy
 * (outer frames; the other stack of a signal handler on an alternate one) is read from the
 * process's memory while it lives, and is used only when it joins (core/walk/sampled_stack.h) and
 * leads to the stack's end: a truncated stack is better than a wrong one. Not thread-safe.
 */
#ifndef CORE_STACKWALK_H
#define CORE_STACKWALK_H

#include "core/recording.h"
#include "core/unwind/unwind.h"

struct address_spaces;
struct stack_walker;
struct stack_words;

/* Registers in this order; perf's PERF_REG_X86_* bits of the same registers ascend like it. */
enum walk_register {
	WALK_RAX,
	WALK_RBX,
	WALK_RCX,
	WALK_RDX,
	WALK_RSI,
	WALK_RDI,
	WALK_RBP,
	WALK_RSP,
	WALK_RIP,
	WALK_R8,
	WALK_R9,
	WALK_R10,
	WALK_R11,
	WALK_R12,
	WALK_R13,
	WALK_R14,
	WALK_R15,
	WALK_N_REGISTERS,
};

struct walk_input {
	pid_t pid;
	pid_t tid; /* of a thread that lives, for reading memory when the leader has gone; 0: like
	              pid */
	const uint64_t *registers; /* WALK_N_REGISTERS */
	const uint8_t *stack;      /* copy of the stack from RSP upwards; may be NULL */
	size_t stack_bytes;
	bool is_32_bit;   /* the thread was in 32-bit mode: only its leaf is known */
	bool read_memory; /* complete from the process's memory; needs the right to ptrace it */
	struct stack_words *words; /* gets what was read of the stack; NULL: not wanted */
};

struct walk_result {
	size_t n_frames;     /* leaf first; the last one says why when the walk failed */
	enum unwind_end end; /* UNWIND_OUTERMOST: whole */
	bool completed;      /* some frames came from the target's memory, not from the copy */
	bool guessed;        /* some were found by frame pointers, for want of tables */
	bool ended_at_zero;  /* whole, as a return address of 0 says: memory is full of zeros */
	struct unwind_registers last; /* of the frame where it ended, before any was taken back */
};

enum { WALK_MAX_FRAMES = 4096 };

/* Both must outlive the walker. */
struct stack_walker *stack_walker_new(struct address_spaces *spaces, struct recording *recording);
void stack_walker_free(struct stack_walker *walker);

/* Fills frames[0 .. n_frames). When the walk ends badly a frame of the OBJECT_FAILED object is the
 * last one. */
struct walk_result stack_walk(struct stack_walker *walker, const struct walk_input *input,
                              struct recorded_frame frames[WALK_MAX_FRAMES]);

#endif
