/* Stack unwinding by .eh_frame, shared by the collectors and the preload library.
 *
 * Three layers, each usable alone:
 *   tables   where an object's .eh_frame_hdr and .eh_frame lie in memory;
 *   rules    pc -> how to find the caller's registers, 4 bytes, decoded on demand
 *            and remembered in a cache;
 *   stepping one frame outwards by a rule, reading the stack through a callback.
 *
 * Formats: LSB 5.0 "Exception Frames" (.eh_frame, .eh_frame_hdr), DWARF 5 section 6.4, System V
 * AMD64 psABI 3.7. A rule holds what compilers emit (177,890 of 177,926 FDEs of 24
 * libraries, docs/architecture.md): CFA as RSP or RBP plus a constant, the return address at CFA-8, RBP
 * saved at a constant from the CFA or unchanged; further kinds for PLT stubs and signal trampolines.
 *
 * These files also run inside the target: they use no heap, no stdio, no locks and no system calls, keep no
 * state but the caller's, and are safe in signal handlers. Malformed tables give UNWIND_BAD_CFI,
 * never an access outside the given bytes.
 */
#ifndef CORE_UNWIND_UNWIND_H
#define CORE_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a section as the caller can read them, and the address they have in the object (vaddr). */
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
	UNWIND_RULE_UNKNOWN,	 /* an empty cache slot */
	UNWIND_RULE_RSP,	 /* CFA = RSP + offset */
	UNWIND_RULE_RBP,	 /* CFA = RBP + offset */
	UNWIND_RULE_PLT,	 /* CFA = RSP + 8 + (((RIP & 15) >= cfa_offset) << 3): binutils' PLT expression */
	UNWIND_RULE_SIGNAL,	 /* a signal trampoline: registers are in the ucontext at RSP */
	UNWIND_RULE_OUTERMOST,	 /* the return address is undefined: the thread's first frame */
	UNWIND_RULE_COMPLEX,	 /* valid CFI that a rule cannot hold: ask libunwind, or give up */
	UNWIND_RULE_NONE,	 /* no FDE covers the pc */
	UNWIND_RULE_BAD,	 /* the tables are malformed */
};

/* Offsets are in units of 8 bytes; rbp_slot * 8 is subtracted from the CFA, 0: RBP is unchanged. */
struct unwind_rule {
	uint8_t kind; /* enum unwind_rule_kind */
	uint8_t rbp_slot;
	uint16_t cfa_offset;
};

/* The rule at an address of the object. Decodes one FDE (1-2 us); callers cache it. */
struct unwind_rule unwind_rule_decode(const struct unwind_tables *tables, uint64_t vaddr);

struct unwind_registers {
	uint64_t ip;
	uint64_t sp;
	uint64_t bp;
};

enum unwind_end {
	UNWIND_STEPPED,	      /* not an end: registers are the caller's */
	UNWIND_OUTERMOST,     /* the stack is whole */
	UNWIND_NO_TABLE,      /* code without CFI: assembly, JIT */
	UNWIND_BAD_CFI,
	UNWIND_COMPLEX,	      /* the rule cannot hold it; the registers are unchanged */
	UNWIND_UNREADABLE,    /* the stack word is beyond what could be read: a truncated copy */
	UNWIND_NO_PROGRESS,   /* the CFA did not grow: a damaged stack */
	UNWIND_NO_MAPPING,    /* the pc is in no executable mapping */
	UNWIND_TOO_DEEP,      /* the caller's limit on frames */
	UNWIND_N_ENDS,
};

/* "truncated stack copy" for UNWIND_UNREADABLE and so on: what a frame `[unwind failed: why]` says. */
const char *unwind_end_text(enum unwind_end end);

/* Reads the 8 bytes at a stack address of the target. False: not readable. */
typedef bool unwind_read(void *context, uint64_t addr, uint64_t *word);

/* One frame outwards. *registers is changed only when UNWIND_STEPPED is returned. `is_signal_frame`
 * (may be NULL) is set when the frame just left was a signal trampoline, whose caller's ip is
 * an address, not a return address. A CFA must grow from frame to frame, but for the
 * step out of a signal frame, which may change stacks. */
enum unwind_end unwind_step(struct unwind_rule rule, struct unwind_registers *registers,
			    bool *is_signal_frame, unwind_read *read, void *context);

#endif
