/* Unwinds by libc's .eh_frame. */
#include "mem/leaks/exit_frames.h"

#include "core/unwind/fde.h"
#include "core/unwind/rule.h"

#include <sys/syscall.h>

enum {
	WORD = 8,
	MAX_FRAMES = 8,      /* three, or four by quick_exit(3) */
	MAX_BYTES = 1 << 16, /* of the stack */
};

struct walk {
	const struct leak_memory *memory;
	const struct leak_libc *libc;
	struct unwind_registers registers;
	struct leak_exit_frames *frames;
};

static bool read_word(void *context, uint64_t addr, uint64_t *word)
{
	const struct leak_memory *memory = context;

	return memory->read(memory->context, addr, word, sizeof(*word));
}

/* The words of a frame from `sp` to its CFA in which it saves registers. */
static bool take_saved(struct walk *walk, uint64_t slots, uint64_t sp, uint64_t cfa)
{
	struct leak_exit_frames *frames = walk->frames;

	for (uint64_t slot = 1; slot < 64; slot++) {
		uint64_t at = cfa - slot * WORD;

		if (!(slots >> slot & 1) || at < sp)
			continue;
		if (frames->n_words == LEAK_EXIT_WORDS ||
		    !read_word((void *)walk->memory, at, &frames->words[frames->n_words]))
			return false;
		frames->n_words++;
	}
	return true;
}

/* Goes on to the caller. *function: where it begins. */
static bool leave_frame(struct walk *walk, bool is_return, uint64_t *function)
{
	const struct unwind_tables *tables = walk->libc->tables;
	uint64_t vaddr = walk->registers.ip - is_return - walk->libc->load_bias;
	uint64_t sp = walk->registers.sp, slots;
	struct unwind_rule rule;
	struct unwind_fde fde;
	bool is_signal_frame;

	if (unwind_fde_find(tables, vaddr, &fde) != FDE_FOUND)
		return false;
	*function = fde.start + walk->libc->load_bias;
	slots = unwind_slots_of_fde(&tables->eh_frame, &fde);
	rule = unwind_rule_of_fde(&tables->eh_frame, &fde, vaddr, NULL);
	if (!slots || (rule.kind != UNWIND_RULE_RSP && rule.kind != UNWIND_RULE_RBP) ||
	    unwind_step(rule, &walk->registers, &is_signal_frame, read_word,
	                (void *)walk->memory) != UNWIND_STEPPED)
		return false;
	return walk->registers.sp - walk->frames->memory.start <= MAX_BYTES &&
	       take_saved(walk, slots, sp, walk->registers.sp);
}

bool leak_exit_frames_find(const struct leak_memory *memory, const struct leak_libc *libc,
                           const uint64_t exits[2], const struct user_regs_struct *registers,
                           struct leak_exit_frames *frames)
{
	struct walk walk = {.memory = memory,
	                    .libc = libc,
	                    .registers = {registers->rip, registers->rsp, registers->rbp},
	                    .frames = frames};
	uint64_t function;

	*frames = (struct leak_exit_frames){.memory = {registers->rsp, registers->rsp}};
	if (!libc->tables || registers->orig_rax != SYS_exit_group)
		return false;
	for (int i = 0; i < MAX_FRAMES && leave_frame(&walk, i > 0, &function); i++) {
		frames->memory.end = walk.registers.sp;
		if (function == exits[0] || function == exits[1])
			return true;
	}
	return false;
}
