/* Reads what other processes have in memory. */
#include "core/walk/process_memory.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

/* Slower, for it is opened each time. */
static ssize_t read_file(pid_t pid, uint64_t addr, void *data, size_t size_bytes)
{
	char path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = pread(fd, data, size_bytes, (off_t)addr);
	close(fd);
	return n;
}

static ssize_t read_by_call(pid_t pid, uint64_t addr, void *data, size_t size_bytes)
{
	struct iovec local = {data, size_bytes};
	struct iovec remote = {(void *)(uintptr_t)addr, size_bytes};

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/* Seccomp profiles of containers refuse the call where they allow ptrace(2); a kernel may be built
 * without it. EPERM may also say that the one process is not ours to read, which the file says no
 * better: our own always is, so the call is tried on that, once. */
static bool call_is_refused(void)
{
	enum { UNKNOWN, WORKS, REFUSED };
	static atomic_int known = UNKNOWN;
	char byte = 1, copy;

	if (atomic_load_explicit(&known, memory_order_relaxed) == UNKNOWN)
		atomic_store_explicit(
		    &known,
		    read_by_call(getpid(), (uintptr_t)&byte, &copy, 1) == 1 ? WORKS : REFUSED,
		    memory_order_relaxed);
	return atomic_load_explicit(&known, memory_order_relaxed) == REFUSED;
}

size_t process_memory_read(pid_t pid, uint64_t addr, void *data, size_t size_bytes)
{
	ssize_t n = call_is_refused() ? read_file(pid, addr, data, size_bytes)
	                              : read_by_call(pid, addr, data, size_bytes);

	return n < 0 ? 0 : (size_t)n;
}
