/* The memory of another process. */
#ifndef CORE_WALK_PROCESS_MEMORY_H
#define CORE_WALK_PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads with process_vm_readv(2), or /proc/PID/mem where that call is refused, which both need the
 * right to ptrace the process; `pid` may be that of a thread. Returns how many bytes could be read:
 * fewer where the mapping ends, 0 where there is none, no process, or no right. */
size_t process_memory_read(pid_t pid, uint64_t addr, void *data, size_t size_bytes);

#endif
