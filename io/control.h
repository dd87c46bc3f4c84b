/* The control messages of a socket's message whose memory was copied from a target: what stands
 * there is the target's to choose, lengths too. Pure.
 */
#ifndef IO_CONTROL_H
#define IO_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Begins as {.around = {.msg_control = COPY, .msg_controllen = BYTES}}; the copy is aligned as a
 * struct cmsghdr is, and stays the caller's. */
struct control_walk {
	struct msghdr around;
	struct cmsghdr *header; /* the present one, whole */
	const char *data;
	size_t data_bytes; /* as many of it as the copy has */
	bool is_last;
};

/* Goes to the next one, at first to the first; false: there is no more. A header whose length
 * cannot be, or goes beyond the copy, is the last. */
bool control_next(struct control_walk *walk);

#endif
