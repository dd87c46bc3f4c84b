/* What programs with known system calls share. */
#ifndef TESTS_PROGRAMS_IO_CALLS_H
#define TESTS_PROGRAMS_IO_CALLS_H

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Else the program has failed. */
static inline void need(int is_well)
{
	if (!is_well)
		_exit(1);
}

/* Of a call without arguments. */
static inline void repeat_call(long number, int times)
{
	for (int i = 0; i < times; i++)
		syscall(number);
}

/* With a byte, by one sendmsg. */
static inline void send_descriptor(int over, int fd)
{
	char byte = 0;
	struct iovec data = {&byte, 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = {0};
	struct msghdr message = {.msg_iov = &data,
	                         .msg_iovlen = 1,
	                         .msg_control = control,
	                         .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	need(sendmsg(over, &message, 0) == 1);
}

#endif
