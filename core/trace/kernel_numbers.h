/* Numbers of the kernel's interface to calls that no header for programs has. The programs in the
 * kernel use it, too: it includes nothing. */
#ifndef CORE_TRACE_KERNEL_NUMBERS_H
#define CORE_TRACE_KERNEL_NUMBERS_H

/* Of a call's number under x32; __X32_SYSCALL_BIT of <asm/unistd.h>, which is of one ABI's own. */
enum { X32_BIT = 0x40000000 };

/* Results by which the kernel has itself begin the call again, as a tracer and tracepoints see them
 * (linux/errno.h). */
enum {
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

#endif
