/* Stack unwinding by .eh_frame, shared by the collectors and the preload library.
 *
 * Three layers, each usable alone:
 *   tables   where an object's .eh_frame_hdr and .eh_frame lie in memory (core/unwind/tables.h);
 *   rules    pc -> how to find the caller's registers, 4 bytes, decoded on demand
 *            and remembered in a cache (core/unwind/cache.h);
 *   stepping one frame outwards by a rule, reading the stack through a callback.
 *
 * Formats: LSB 5.0 "Exception Frames" (.eh_frame, .eh_frame_hdr), DWARF 5 section 6.4, System V
 * AMD64 psABI 3.7. A rule holds what compilers emit (of libc, ld.so, libgcc_s, libstdc++ and
 * python3 all but 16 of 19,309 functions; of libcrypto's assembly all but 84 of 10,911): CFA as RSP
 * or RBP plus a constant, the return address at CFA-8, RBP saved at a constant from the CFA or
 * unchanged; further kinds for PLT stubs and signal trampolines.
 *
 * These files also run inside the target: they use no heap, no stdio, no locks and no system calls,
 * keep no state but the caller's, and are safe in signal handlers. Malformed tables give
 * UNWIND_RULE_BAD, never an access outside the given bytes.
 */
#ifndef CORE_UNWIND_UNWIND_H
#define CORE_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a section as the caller can read them, and the address they have in the object
 * (vaddr). */
struct unwind_section {
	const uint8_t *data;
	size_t size_bytes; /* 0: the object has none */
	uint64_t vaddr;
};

struct unwind_tables {
	struct unwind_section eh_frame_hdr;
	struct unwind_section eh_frame;
};

enum unwind_rule_kind {
	UNWIND_RULE_UNKNOWN,   /* an empty cache slot */
	UNWIND_RULE_RSP,       /* CFA = RSP + offset */
	UNWIND_RULE_RBP,       /* CFA = RBP + offset */
	UNWIND_RULE_PLT,       /* CFA = RSP + 8 + (((RIP & 15) >= cfa_offset) << 3): binutils' PLT
	                          expression */
	UNWIND_RULE_SIGNAL,    /* a signal trampoline: registers are in the ucontext at RSP */
	UNWIND_RULE_OUTERMOST, /* the return address is undefined: the thread's first frame */
	UNWIND_RULE_COMPLEX,   /* valid CFI that a rule cannot hold: ask libunwind, or give up */
	UNWIND_RULE_NONE,      /* no FDE covers the pc */
	UNWIND_RULE_BAD,       /* the tables are malformed */
};

/* rbp_slot * 8 is subtracted from the CFA, 0: RBP is unchanged. cfa_offset is in units of 8 bytes
 * too: it reaches as far as the usual stack of 8 MB does. In UNWIND_RULE_PLT it is the threshold.
 */
struct unwind_rule {
	uint32_t kind : 4; /* enum unwind_rule_kind */
	uint32_t rbp_slot : 8;
	uint32_t cfa_offset : 20;
};

_Static_assert(sizeof(struct unwind_rule) == 4, "a rule is 4 bytes");

/* The rule at an address of the object. For a return address ask for the address before it: the
 * call may be the last instruction of its function. Decodes one FDE (1-2 us); callers cache it. */
struct unwind_rule unwind_rule_decode(const struct unwind_tables *tables, uint64_t vaddr);

/* To be asked about a return address itself when the address before it has UNWIND_RULE_NONE. A
 * function's first instruction is no place to return to: somebody wrote it there to be the start of
 * a stack, as makecontext(3) does with
 * __start_context, whose tables in glibc do not say so (UNWIND_RULE_OUTERMOST), or to be the end of
 * a signal handler (UNWIND_RULE_SIGNAL). UNWIND_RULE_NONE: no function begins there. */
struct unwind_rule unwind_rule_of_made_return(const struct unwind_tables *tables, uint64_t vaddr);

struct unwind_registers {
	uint64_t ip;
	uint64_t sp;
	uint64_t bp;
};

enum unwind_end {
	UNWIND_STEPPED,     /* not an end: registers are the caller's */
	UNWIND_OUTERMOST,   /* the stack is whole */
	UNWIND_NO_TABLE,    /* code without CFI: assembly, JIT */
	UNWIND_BAD_CFI,     /* malformed tables */
	UNWIND_COMPLEX,     /* the rule cannot hold it; the registers are unchanged */
	UNWIND_UNREADABLE,  /* the stack word is beyond what could be read: a truncated copy */
	UNWIND_NO_PROGRESS, /* the CFA did not grow: a damaged stack */
	UNWIND_NO_MAPPING,  /* the pc is in no executable mapping */
	UNWIND_TOO_DEEP,    /* the caller's limit on frames */
	UNWIND_NO_REGISTER, /* a register that the walk began without */
	UNWIND_LOST,        /* never of unwinding: there was no stack to unwind */
	UNWIND_32_BIT,      /* the thread runs 32-bit code, which has another kind of stack */
	UNWIND_NOT_TAKEN,   /* nor of unwinding: there were more stacks than are taken */
	UNWIND_N_ENDS,
};

/* "truncated stack" for UNWIND_UNREADABLE and so on: what a frame `[unwind failed: why]` says. */
const char *unwind_end_text(enum unwind_end end);

/* Reads the 8 bytes at a stack address of the target. False: not readable. */
typedef bool unwind_read(void *context, uint64_t addr, uint64_t *word);

/* unwind_step() for the kinds of rules that are rare, out of line. It takes the registers one by
 * one and gives back a copy: the address of the caller's own is then not taken, and they stay in
 * machine registers. */
enum unwind_end unwind_step_rare(struct unwind_rule rule, uint64_t ip, uint64_t sp, uint64_t bp,
                                 struct unwind_registers *stepped, bool *is_signal_frame,
                                 unwind_read *read, void *context);

static inline enum unwind_end unwind_step_aside(struct unwind_rule rule,
                                                struct unwind_registers *registers,
                                                bool *is_signal_frame, unwind_read *read,
                                                void *context)
{
	struct unwind_registers stepped;
	bool was_signal_frame;
	enum unwind_end end = unwind_step_rare(rule, registers->ip, registers->sp, registers->bp,
	                                       &stepped, &was_signal_frame, read, context);

	if (end == UNWIND_STEPPED) {
		*registers = stepped;
		*is_signal_frame = was_signal_frame;
	}
	return end;
}

/* One frame outwards. *registers is changed only when UNWIND_STEPPED is returned. *is_signal_frame
 * says whether the frame just left was a signal trampoline, whose caller's ip is
 * an address, not a return address. A CFA must grow from frame to frame, but for the
 * step out of a signal frame, which may change stacks. A return address of 0 ends a stack as an
 * undefined one does: coroutine libraries and old thread starts put it there.
 *
 * Inline, so that a `read` known to the compiler costs no call: this is the inner loop of every
 * collector. */
static inline __attribute__((always_inline)) enum unwind_end
unwind_step(struct unwind_rule rule, struct unwind_registers *registers, bool *is_signal_frame,
            unwind_read *read, void *context)
{
	uint64_t cfa, ip, slot, bp = registers->bp;

	if (__builtin_expect(rule.kind == UNWIND_RULE_RSP, 1))
		cfa = registers->sp + 8 * (uint64_t)rule.cfa_offset;
	else if (__builtin_expect(rule.kind == UNWIND_RULE_RBP, 1))
		cfa = registers->bp + 8 * (uint64_t)rule.cfa_offset;
	else
		return unwind_step_aside(rule, registers, is_signal_frame, read, context);
	if (cfa <= registers->sp)
		return UNWIND_NO_PROGRESS;
	if (!read(context, cfa - 8, &ip))
		return UNWIND_UNREADABLE;
	slot = cfa - 8 * (uint64_t)rule.rbp_slot;
	if (rule.rbp_slot && !read(context, slot, &bp)) {
		/* Below SP it has been popped already, which compilers do not note: RBP is the
		 * caller's. */
		if (slot >= registers->sp)
			return UNWIND_UNREADABLE;
		bp = registers->bp;
	}
	if (ip == 0)
		return UNWIND_OUTERMOST;
	registers->ip = ip;
	registers->sp = cfa;
	registers->bp = bp;
	*is_signal_frame = false;
	return UNWIND_STEPPED;
}

#endif
