/* Gets the memory file from the driver over an abstract unix socket, maps it, and closes
 * everything. */
#include "mem/preload/attach.h"

#include "mem/preload/calls.h"
#include "mem/preload/clear.h"
#include "mem/preload/preload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { DRIVER_TIMEOUT_S = 10, MAX_NAME = 64 };

/* "NAME:TOKEN" with the token in hexadecimal. */
static bool parse(const char *text, struct sockaddr_un *address, socklen_t *len, uint64_t *token)
{
	const char *colon = strchr(text, ':');
	size_t name_len = colon ? (size_t)(colon - text) : 0;

	if (!name_len || name_len > MAX_NAME || strlen(colon + 1) != 16)
		return false;
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path + 1, text, name_len);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + name_len);
	*token = 0;
	for (const char *c = colon + 1; *c; c++) {
		if (!((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'f')))
			return false;
		*token = *token << 4 | (uint64_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	}
	return true;
}

static int receive_welcome(int sock, struct wire_welcome *welcome, int *fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = welcome, .iov_len = sizeof(*welcome)};
	struct msghdr message = {.msg_iov = &part,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	ssize_t got;

	do
		got = call_receive(sock, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return EPROTO;
	memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	if (got != sizeof(*welcome) || welcome->magic != WIRE_MAGIC ||
	    welcome->version != WIRE_VERSION || !welcome->detailed_freq ||
	    welcome->max_snapshots < 10 || welcome->max_snapshots > WIRE_MAX_SNAPSHOTS)
		return EPROTO;
	return 0;
}

static int map_image(int fd)
{
	static const uint32_t n_sections[] = {WIRE_MAX_SECTIONS, WIRE_MAX_SECTIONS / 16, 1};
	struct rlimit limit;
	void *image = MAP_FAILED;

	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < WIRE_ADDRESS_SPACE)
		return ENOMEM;
	/* Under a limit of address space there is room for ourselves perhaps, and for few forked
	 * children or none. */
	for (int i = 0; i < 3 && image == MAP_FAILED; i++) {
		uint64_t bytes = WIRE_SECTIONS_OFF + n_sections[i] * WIRE_SECTION_BYTES;

		image =
		    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
		if (image == MAP_FAILED)
			continue;
		madvise(image, bytes, MADV_DONTDUMP);
		preload.image = image;
		preload.n_mapped_sections = n_sections[i];
	}
	if (image == MAP_FAILED)
		return errno;
	return preload.image->magic == WIRE_MAGIC && preload.image->version == WIRE_VERSION
	           ? 0
	           : EPROTO;
}

static int talk(int sock, uint64_t token, int (*set_up)(void))
{
	struct wire_hello hello = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .token = token};
	struct wire_attached attached = {.version = WIRE_VERSION};
	struct wire_welcome welcome = {0};
	int fd = -1, err;

	if (call_send(sock, &hello, sizeof(hello)) != sizeof(hello))
		return errno;
	err = receive_welcome(sock, &welcome, &fd);
	if (!err)
		err = map_image(fd);
	if (fd >= 0)
		call_close(fd);
	preload.time_unit = welcome.time_unit;
	preload.max_snapshots = welcome.max_snapshots;
	preload.detailed_freq = welcome.detailed_freq;
	preload.all_trees = welcome.all_trees;
	/* Then glibc fills new blocks, with what the user wants to see in them. */
	if (welcome.clears && !getenv("MALLOC_PERTURB_"))
		preload.clear_below = CLEAR_LIMIT;
	if (!err)
		err = set_up();
	if (err)
		preload_unmap();
	attached.error = err;
	call_send(sock, &attached, sizeof(attached));
	return err;
}

int attach(const char *text, int (*set_up)(void))
{
	struct timeval timeout = {.tv_sec = DRIVER_TIMEOUT_S};
	struct sockaddr_un address;
	uint64_t token;
	socklen_t len;
	int sock, err;

	if (!parse(text, &address, &len, &token))
		return EINVAL;
	sock = call_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC);
	if (sock < 0)
		return errno;
	/* A driver that is stopped must not stop its target for ever. */
	call_set_timeout(sock, SO_RCVTIMEO, &timeout);
	call_set_timeout(sock, SO_SNDTIMEO, &timeout);
	if (call_connect(sock, &address, len) < 0)
		err = errno;
	else
		err = talk(sock, token, set_up);
	call_close(sock);
	return err;
}
