/* The system calls that give pages to an address space or take them. */
#ifndef MEM_PAGES_CALLS_H
#define MEM_PAGES_CALLS_H

#include <stdint.h>

struct call_filter;
struct tracee;

enum pages_call {
	PAGES_CALL_NONE,
	PAGES_CALL_MMAP,
	PAGES_CALL_MUNMAP,
	PAGES_CALL_MREMAP,
	PAGES_CALL_BRK,
	PAGES_CALL_OTHER, /* what it does is read from /proc/PID/maps */
};

/* A filter that stops at these calls (core/trace/call_filter.h). 0 or -errno. */
int pages_filter_new(struct call_filter **filter);

/* What the thread's call is, under any ABI. Not thread-safe at its first use. */
enum pages_call pages_call_of(const struct tracee *tracee);

#endif
