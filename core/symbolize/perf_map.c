/* Reads the map that a JIT compiler leaves for profilers. */
#include "core/symbolize/perf_map.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/symbol_table.h"
#include "core/symbolize/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A long-running JVM's map has some 10 MB. */
enum { MAX_BYTES = 1 << 28 };

/* The innermost of the pids in "NSpid:\t1234\t7", or 0. */
static pid_t innermost_pid(const char *status)
{
	const char *line = strstr(status, "\nNSpid:");
	const char *end;
	const char *last;

	if (!line)
		return 0;
	end = line + 1 + strcspn(line + 1, "\n");
	for (last = end; last > line && last[-1] != '\t'; last--)
		;
	return (pid_t)strtol(last, NULL, 10);
}

/* What the process calls itself, or 0. */
static pid_t own_pid_of(pid_t pid)
{
	char *path = xasprintf("/proc/%d/status", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len;
	char *status = fd < 0 ? NULL : file_read_whole(fd, 1 << 16, &len);
	pid_t own = status ? innermost_pid(status) : 0;

	if (fd >= 0)
		close(fd);
	free(status);
	free(path);
	return own;
}

/* Namespaces are told apart by the inodes of their files (namespaces(7)). */
static bool has_our_namespace(pid_t pid, const char *kind)
{
	char *path = xasprintf("/proc/%d/ns/%s", (int)pid, kind);
	char *our_path = xasprintf("/proc/self/ns/%s", kind);
	struct stat status, our_status;
	bool same = stat(path, &status) || stat(our_path, &our_status) ||
	            status.st_ino == our_status.st_ino;

	free(path);
	free(our_path);
	return same;
}

/* Also chroot(2) gives a process another /tmp. */
static bool has_our_root(pid_t pid)
{
	char *path = xasprintf("/proc/%d/root", (int)pid);
	struct stat status, our_status;
	bool same = stat(path, &status) || stat("/", &our_status) ||
	            (status.st_ino == our_status.st_ino && status.st_dev == our_status.st_dev);

	free(path);
	return same;
}

int perf_map_hold(pid_t pid, pid_t *own_pid)
{
	char *path;
	int fd;

	if (has_our_namespace(pid, "mnt") && has_our_namespace(pid, "pid") && has_our_root(pid))
		return -1;
	path = xasprintf("/proc/%d/root/tmp", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(path);
	*own_pid = own_pid_of(pid);
	if (fd < 0 || *own_pid)
		return fd;
	close(fd);
	return -1;
}

char *perf_map_path(pid_t pid, int held_fd, pid_t own_pid)
{
	pid_t own;
	char *path;

	if (held_fd >= 0)
		return xasprintf("/proc/self/fd/%d/perf-%d.map", held_fd, (int)own_pid);
	own = own_pid_of(pid);
	if (own) {
		path = xasprintf("/proc/%d/root/tmp/perf-%d.map", (int)pid, (int)own);
		/* By the rights that we open it with: with fewer than the process has, its root is
		 * closed to us. */
		if (!faccessat(AT_FDCWD, path, F_OK, AT_EACCESS))
			return path;
		free(path);
	}
	return xasprintf("/tmp/perf-%d.map", (int)pid);
}

/* Cuts the line up in place. Later lines get the higher precedence. */
static void read_line(struct symbol_table *table, char *line, uint32_t number)
{
	char *rest;
	uint64_t start = strtoull(line, &rest, 16);
	uint64_t size;
	char *size_text = rest;

	if (rest == line || *rest != ' ')
		return;
	size = strtoull(size_text, &rest, 16);
	if (rest == size_text || *rest != ' ' || !rest[1] || start + size < start)
		return;
	symbol_table_add(table, start, start + size, number, rest + 1);
}

void perf_map_parse(struct symbol_table *table, char *text)
{
	uint32_t number = 0;

	symbol_table_keep(table, text);
	for (char *line; (line = strsep(&text, "\n"));)
		read_line(table, line, number++);
}

int perf_map_load(struct symbol_table *table, const char *path, uid_t owner, struct diag *diag)
{
	struct stat status;
	int fd = regular_file_open(path, O_NOFOLLOW, &status);
	size_t len;
	char *text;

	if (fd < 0)
		return diag_fail(diag, -fd, "cannot read %s: %s", path, strerror(-fd));
	if (status.st_uid != owner) {
		close(fd);
		return diag_fail(diag, EPERM, "%s belongs to uid %u, not to the program's uid %u",
		                 path, (unsigned)status.st_uid, (unsigned)owner);
	}
	text = file_read_whole(fd, MAX_BYTES, &len);
	close(fd);
	if (!text)
		return diag_fail(diag, errno, "cannot read %s: %s", path, strerror(errno));
	perf_map_parse(table, text);
	return 0;
}
