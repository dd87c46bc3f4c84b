/* Numbers of the kernel's interface to calls that no header for programs has. The programs in the
 * kernel use it, too: it includes nothing. */
#ifndef CORE_TRACE_KERNEL_NUMBERS_H
#define CORE_TRACE_KERNEL_NUMBERS_H

/* Of a call's number under x32; __X32_SYSCALL_BIT of <asm/unistd.h>, which is of one ABI's own. */
enum { X32_BIT = 0x40000000 };

/* clone(2)'s under i386; clone3(2) has one for all. */
enum { I386_CLONE = 120 };

/* Results from its negative to -1 are errors, for the kernel and strace; others are values: what
 * rt_sigreturn(2) returns is whatever the interrupted code had in its register. */
enum { LARGEST_ERRNO = 4095 };

static inline _Bool is_error_result(long long result)
{
	return result < 0 && result >= -LARGEST_ERRNO;
}

/* Results by which the kernel has itself begin the call again, as a tracer and tracepoints see them
 * (linux/errno.h). */
enum {
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

#endif
