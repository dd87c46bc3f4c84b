/* How the programs look at the kernel's structures: by offsets that the driver has found in the
 * running kernel's types (io/bpf/offsets.def). */
#ifndef IO_BPF_KERNEL_H
#define IO_BPF_KERNEL_H

#include "core/trace/kernel_numbers.h"
#include "io/bpf/wire.h"

#include <stdbool.h>

/* The verifier knows them: they do not change once the programs are loaded. */
const volatile struct meter_offsets offsets = {};

/* The member itself, and where it is. */
#define PLACE(object, field) ((void *)(object) + offsets.field)
#define READ(type, object, field)                                                                  \
	({                                                                                         \
		type value_ = 0;                                                                   \
		bpf_probe_read_kernel(&value_, sizeof(value_), PLACE(object, field));              \
		value_;                                                                            \
	})

/* Registers of a call, as they lie in struct pt_regs, which ptrace(2) has fixed. The verifier knows
 * them as the kernel's, so they are read directly: copying four of them took 10 ns more. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp;
};

enum {
	TS_COMPAT = 0x2,                 /* thread_info.status: in a call by int 0x80 */
	SIGNAL_GROUP_EXIT = 0x4,         /* signal_struct.flags */
	NAMESPACE_FS_MAGIC = 0x6e736673, /* NSFS_MAGIC of linux/magic.h */
	USER32_CS = 0x23,                /* of 32-bit code (arch/x86/include/asm/segment.h) */
	KILL_SIGNAL = 9,
	SYS_SIGNAL = 31,
};

#endif
