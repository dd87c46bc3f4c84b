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

/* Registers of a call, as they lie in struct pt_regs, which ptrace(2) has fixed. */
struct call_registers {
	__u64 bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};

/* Those at the end are enough for a call that joins a run: each word more costs a nanosecond. */
struct last_registers {
	__u64 dx, si, di, orig_ax;
};

enum {
	LAST_REGISTERS_OFFSET = 12 * sizeof(__u64),
	REGISTERS_OFFSET = 4 * sizeof(__u64), /* r15, r14, r13 and r12 come before */
	TS_COMPAT = 0x2,                      /* thread_info.status: in a call by int 0x80 */
	SIGNAL_GROUP_EXIT = 0x4,              /* signal_struct.flags */
	KILL_SIGNAL = 9,
	SYS_SIGNAL = 31,
};

#endif
