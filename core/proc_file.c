/* Reads from /proc/PID. */
#include "core/proc_file.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 64 };

static void make_path(char path[PATH_BYTES], pid_t pid, const char *name)
{
	int len = snprintf(path, PATH_BYTES, "/proc/%d/%s", (int)pid, name);

	BUG(len >= PATH_BYTES);
}

/* In an inner namespace the number that an outer /proc has for us may be our own by chance; but
 * there status(5) has a number of ours for each namespace from its own to ours, and one alone here.
 */
static bool has_one_number(void)
{
	long outer, inner;
	char line[256];
	int n_numbers = 1; /* Linux 4.1 is the first to tell */
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:", 6))
			n_numbers = sscanf(line, "NSpid: %ld %ld", &outer, &inner);
	if (file)
		fclose(file);
	return n_numbers == 1;
}

int proc_file_check(struct diag *diag)
{
	char self[16] = "";

	if (readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid() &&
	    has_one_number())
		return 0;
	return diag_fail(diag, EOPNOTSUPP,
	                 "/proc is not that of this PID namespace, so its processes are others: "
	                 "mount it (unshare --mount-proc, or mount -t proc proc /proc), or run "
	                 "outside of the namespace");
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
