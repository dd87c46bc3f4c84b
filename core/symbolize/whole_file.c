/* Opens regular files only, and reads them whole up to a limit. */
#include "core/symbolize/whole_file.h"

#include "core/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int regular_file_open(const char *path, int flags, struct stat *status)
{
	struct stat own_status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (!status)
		status = &own_status;
	if (fstat(fd, status))
		err = errno;
	else if (!S_ISREG(status->st_mode))
		err = EINVAL;
	if (!err)
		return fd;
	close(fd);
	return -err;
}

char *file_read_whole(int fd, size_t max_bytes, size_t *len_bytes)
{
	enum { CHUNK = 1 << 16 };
	char *text = NULL;
	size_t capacity = 0;
	size_t len = 0;

	for (;;) {
		ssize_t got;

		text = array_reserve(text, &capacity, len + CHUNK + 1, 1);
		got = read(fd, text + len, capacity - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got >= 0 && len + (size_t)got > max_bytes)
			errno = EFBIG;
		if (got < 0 || len + (size_t)got > max_bytes) {
			free(text);
			return NULL;
		}
		if (!got)
			break;
		len += (size_t)got;
	}
	text[len] = 0;
	*len_bytes = len;
	return text;
}
