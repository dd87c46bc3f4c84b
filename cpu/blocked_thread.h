/* Where a thread waits in the kernel, from /proc: for who may not see switches with their stacks.
 */
#ifndef CPU_BLOCKED_THREAD_H
#define CPU_BLOCKED_THREAD_H

#include <stdint.h>
#include <sys/types.h>

/* Sets the registers (enum walk_register) of a thread that waits: its instruction and stack
 * pointers, which are all that /proc/PID/syscall tells; the others are 0. It needs the right to
 * ptrace the process (PTRACE_MODE_ATTACH). -EAGAIN: the thread runs; -ENOENT, -ESRCH: it has ended;
 * -EACCES, -EPERM: not ours to look at. */
int blocked_thread_registers(pid_t pid, pid_t tid, uint64_t *registers);

#endif
