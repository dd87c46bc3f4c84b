/* Reads what other processes have in memory. */
#include "core/walk/process_memory.h"

#include <sys/uio.h>

size_t process_memory_read(pid_t pid, uint64_t addr, void *data, size_t size_bytes)
{
	struct iovec local = {data, size_bytes};
	struct iovec remote = {(void *)(uintptr_t)addr, size_bytes};
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return n < 0 ? 0 : (size_t)n;
}
