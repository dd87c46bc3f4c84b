/* Walks control messages. */
#include "io/control.h"

bool control_next(struct control_walk *walk)
{
	struct msghdr *around = &walk->around;
	const char *end = (const char *)around->msg_control + around->msg_controllen;
	size_t len, room;

	/* Not every libc's CMSG_NXTHDR ends at a length that cannot be. */
	if (walk->is_last)
		return false;
	walk->header = walk->header ? CMSG_NXTHDR(around, walk->header) : CMSG_FIRSTHDR(around);
	if (!walk->header)
		return false;
	walk->data = (const char *)CMSG_DATA(walk->header);
	len = walk->header->cmsg_len < CMSG_LEN(0) ? 0 : walk->header->cmsg_len - CMSG_LEN(0);
	room = (size_t)(end - walk->data);
	walk->is_last = walk->header->cmsg_len < CMSG_LEN(0) || len > room;
	walk->data_bytes = len < room ? len : room;
	return true;
}
