/* A hook of ptrace(2), which is refused to a program that the leak check traces: the driver shall
 * be able to say so. */
#include "mem/preload/preload.h"
#include "mem/preload/real.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/types.h>

static bool begins_to_trace(int request)
{
	return request == PTRACE_TRACEME || request == PTRACE_ATTACH || request == PTRACE_SEIZE;
}

/* libc's own takes as many arguments as the kernel, whatever the request. */
EXPORT long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	pid_t pid;
	void *addr, *data;
	long result;
	int saved;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	addr = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	saved = errno;
	if (preload_mode() == MODE_NEW)
		preload_start();
	errno = saved;
	if (!real.ptrace) {
		errno = ENOSYS;
		return -1;
	}
	result = real.ptrace(request, pid, addr, data);
	saved = errno;
	if (result == -1 && saved == EPERM && begins_to_trace((int)request) &&
	    preload_mode() == MODE_ON)
		preload_trouble(WIRE_UNTRACEABLE);
	errno = saved;
	return result;
}
