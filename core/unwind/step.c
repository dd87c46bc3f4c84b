/* Steps over the frames that are not of the common two kinds. */
#include "core/unwind/unwind.h"

#include "core/unwind/ucontext_layout.h"

const char *unwind_end_text(enum unwind_end end)
{
	static const char *const texts[UNWIND_N_ENDS] = {
	    [UNWIND_STEPPED] = "not ended",
	    [UNWIND_OUTERMOST] = "whole",
	    [UNWIND_NO_TABLE] = "no unwind table",
	    [UNWIND_BAD_CFI] = "malformed unwind table",
	    [UNWIND_COMPLEX] = "unwind rule too complex",
	    [UNWIND_UNREADABLE] = "truncated stack",
	    [UNWIND_NO_PROGRESS] = "damaged stack",
	    [UNWIND_NO_MAPPING] = "unmapped code",
	    [UNWIND_TOO_DEEP] = "too many frames",
	    [UNWIND_NO_REGISTER] = "frame pointer not known",
	    [UNWIND_LOST] = "stack lost",
	    [UNWIND_32_BIT] = "32-bit code",
	    [UNWIND_NOT_TAKEN] = "stack not taken",
	};

	return (unsigned)end < UNWIND_N_ENDS ? texts[end] : "unknown reason";
}

/* Before the thunk's `push` the CFA is at RSP + 8, after it at RSP + 16. RBP is unchanged. */
static enum unwind_end step_plt(struct unwind_rule rule, struct unwind_registers *registers,
                                bool *is_signal_frame, unwind_read *read, void *context)
{
	bool pushed = (registers->ip & 15) >= rule.cfa_offset;
	struct unwind_rule plain = {.kind = UNWIND_RULE_RSP, .cfa_offset = pushed ? 2 : 1};

	return unwind_step(plain, registers, is_signal_frame, read, context);
}

/* The interrupted code may have run on another stack, so its SP says nothing about progress. */
static enum unwind_end step_signal(struct unwind_registers *registers, bool *is_signal_frame,
                                   unwind_read *read, void *context)
{
	struct unwind_registers interrupted;

	if (!read(context, registers->sp + UCONTEXT_RIP, &interrupted.ip) ||
	    !read(context, registers->sp + UCONTEXT_RSP, &interrupted.sp) ||
	    !read(context, registers->sp + UCONTEXT_RBP, &interrupted.bp))
		return UNWIND_UNREADABLE;
	*registers = interrupted;
	*is_signal_frame = true;
	return UNWIND_STEPPED;
}

enum unwind_end unwind_step_rare(struct unwind_rule rule, uint64_t ip, uint64_t sp, uint64_t bp,
                                 struct unwind_registers *stepped, bool *is_signal_frame,
                                 unwind_read *read, void *context)
{
	*stepped = (struct unwind_registers){ip, sp, bp};
	switch ((enum unwind_rule_kind)rule.kind) {
	case UNWIND_RULE_PLT:
		return step_plt(rule, stepped, is_signal_frame, read, context);
	case UNWIND_RULE_SIGNAL:
		return step_signal(stepped, is_signal_frame, read, context);
	case UNWIND_RULE_OUTERMOST:
		return UNWIND_OUTERMOST;
	case UNWIND_RULE_COMPLEX:
		return UNWIND_COMPLEX;
	case UNWIND_RULE_NONE:
		return UNWIND_NO_TABLE;
	case UNWIND_RULE_RSP:
	case UNWIND_RULE_RBP:
		return unwind_step(rule, stepped, is_signal_frame, read, context);
	case UNWIND_RULE_UNKNOWN:
	case UNWIND_RULE_BAD:
		break;
	}
	return UNWIND_BAD_CFI;
}
