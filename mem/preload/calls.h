/* System calls made past libc's functions of the same names.
 *
 * Those are cancellation points (pthreads(7)), which malloc and exec are not, and other libraries
 * stand before some of them (fakeroot, torsocks): neither is to happen on our account. Results and
 * errno are those of the functions.
 */
#ifndef MEM_PRELOAD_CALLS_H
#define MEM_PRELOAD_CALLS_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int call_openat(int directory, const char *path, int flags)
{
	return (int)syscall(SYS_openat, directory, path, flags, 0);
}

static inline ssize_t call_pread(int fd, void *memory, size_t bytes, uint64_t offset)
{
	return syscall(SYS_pread64, fd, memory, bytes, offset);
}

static inline int call_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

static inline int call_socket(int family, int type)
{
	return (int)syscall(SYS_socket, family, type, 0);
}

static inline int call_connect(int sock, const void *address, socklen_t len)
{
	return (int)syscall(SYS_connect, sock, address, len);
}

static inline int call_set_timeout(int sock, int which, const struct timeval *timeout)
{
	return (int)syscall(SYS_setsockopt, sock, SOL_SOCKET, which, timeout, sizeof(*timeout));
}

static inline ssize_t call_send(int sock, const void *message, size_t bytes)
{
	return syscall(SYS_sendto, sock, message, bytes, MSG_NOSIGNAL, NULL, 0);
}

static inline ssize_t call_receive(int sock, struct msghdr *message, int flags)
{
	return syscall(SYS_recvmsg, sock, message, flags);
}

#endif
