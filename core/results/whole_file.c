/* Reads a regular file of bounded size. */
#include "core/results/whole_file.h"

#include "core/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(int fd, size_t max_bytes, size_t *len_bytes)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if ((size_t)status.st_size > max_bytes)
		return -EFBIG;
	*len_bytes = (size_t)status.st_size;
	return 0;
}

static int read_bytes(int fd, char *text, size_t len_bytes)
{
	size_t done = 0;

	while (done < len_bytes) {
		ssize_t n = read(fd, text + done, len_bytes - done);

		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	text[done] = '\0';
	return 0;
}

int whole_file_read(int fd, size_t max_bytes, char **text, size_t *len_bytes)
{
	int err;

	*text = NULL;
	*len_bytes = 0;
	err = check(fd, max_bytes, len_bytes);
	if (err)
		return err;
	*text = xmalloc(*len_bytes + 1);
	err = read_bytes(fd, *text, *len_bytes);
	if (err) {
		free(*text);
		*text = NULL;
		*len_bytes = 0;
	}
	return err;
}
