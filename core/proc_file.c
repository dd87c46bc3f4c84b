/* Reads from /proc/PID. */
#include "core/proc_file.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES = 64 };

static void make_path(char path[PATH_BYTES], pid_t pid, const char *name)
{
	int len = snprintf(path, PATH_BYTES, "/proc/%d/%s", (int)pid, name);

	BUG(len >= PATH_BYTES);
}

ssize_t proc_file_read(pid_t pid, const char *name, char *text, size_t text_bytes)
{
	char path[PATH_BYTES];
	size_t used = 0;
	ssize_t got = 0;
	int fd, err = 0;

	text[0] = '\0';
	make_path(path, pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (used < text_bytes - 1 && (got = read(fd, text + used, text_bytes - 1 - used)) > 0)
		used += (size_t)got;
	if (got < 0 && !used)
		err = -errno;
	close(fd);
	text[used] = '\0';
	return err ? err : (ssize_t)used;
}

char *proc_file_link(pid_t pid, const char *name)
{
	char path[PATH_BYTES], target[PATH_MAX];
	ssize_t len;

	make_path(path, pid, name);
	len = readlink(path, target, sizeof(target));
	return len > 0 ? xstrndup(target, (size_t)len) : NULL;
}

long proc_file_status(pid_t pid, const char *format)
{
	char path[PATH_BYTES], line[256];
	long number = -1;
	FILE *file;

	make_path(path, pid, "status");
	file = fopen(path, "re");
	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &number) != 1)
			number = -1;
	if (file)
		fclose(file);
	return number;
}
