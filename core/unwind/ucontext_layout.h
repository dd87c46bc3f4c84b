/* Where the kernel's signal frame keeps the interrupted registers: offsets in struct ucontext of
 * linux/x86 (arch/x86/include/uapi/asm/sigcontext.h), which RSP points to at the trampoline's first
 * instruction. */
#ifndef CORE_UNWIND_UCONTEXT_LAYOUT_H
#define CORE_UNWIND_UCONTEXT_LAYOUT_H

enum {
	UCONTEXT_RBP = 120,
	UCONTEXT_RSP = 160,
	UCONTEXT_RIP = 168,
};

#endif
