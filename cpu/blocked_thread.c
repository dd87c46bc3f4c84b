/* Reads /proc/PID/task/TID/syscall (proc(5)). */
#include "cpu/blocked_thread.h"

#include "core/walk/stackwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	char path[64];
	char line[256];
	ssize_t n_bytes;
	int err = 0;
	int fd;

	memset(registers, 0, WALK_N_REGISTERS * sizeof(*registers));
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n_bytes = read(fd, line, sizeof(line) - 1);
	if (n_bytes < 0)
		err = -errno;
	close(fd);
	if (err)
		return err;
	line[n_bytes] = 0;
	return parse(line, registers);
}
