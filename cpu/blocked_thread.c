/* Reads /proc/PID/task/TID/syscall (proc(5)). */
#include "cpu/blocked_thread.h"

#include "core/proc_file.h"
#include "core/walk/stackwalk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The line ends with the stack pointer and the program counter, whatever is before: the call's
 * number and arguments, or -1. */
static int parse(const char *line, uint64_t *registers)
{
	const char *pc = strrchr(line, ' ');
	const char *sp = pc;

	while (sp && sp > line && sp[-1] != ' ')
		sp--;
	if (!sp ||
	    sscanf(sp, "%" SCNx64 " %" SCNx64, &registers[WALK_RSP], &registers[WALK_RIP]) != 2)
		return -EAGAIN; /* "running" */
	return 0;
}

int blocked_thread_registers(pid_t pid, pid_t tid, uint64_t *registers)
{
	char name[32];
	char line[256];
	ssize_t n_bytes;

	memset(registers, 0, WALK_N_REGISTERS * sizeof(*registers));
	snprintf(name, sizeof(name), "task/%d/syscall", tid);
	n_bytes = proc_file_read(pid, name, line, sizeof(line));
	return n_bytes < 0 ? (int)n_bytes : parse(line, registers);
}
