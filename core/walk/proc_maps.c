/* Reads /proc/PID/maps. */
#include "core/walk/proc_maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The kernel writes a newline in a path as \012 and nothing else so. */
static void unescape_newlines(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		bool escaped = strncmp(from, "\\012", 4) == 0;

		*to++ = escaped ? '\n' : *from;
		from += escaped ? 4 : 1;
	}
	*to = 0;
}

static bool parse_line(char *line, struct proc_map *map)
{
	unsigned int major_number, minor_number;
	char permissions[5];
	int path_at = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
	           &map->start, &map->end, permissions, &map->file_off, &major_number,
	           &minor_number, &map->inode, &path_at) < 7 ||
	    map->end <= map->start || strlen(permissions) != 4)
		return false;
	map->is_readable = permissions[0] == 'r';
	map->is_writable = permissions[1] == 'w';
	map->is_executable = permissions[2] == 'x';
	map->is_shared = permissions[3] == 's';
	map->device = makedev(major_number, minor_number);
	unescape_newlines(line + path_at);
	map->path = line + path_at;
	return true;
}

int proc_maps_read(pid_t pid, void (*visit)(void *context, const struct proc_map *map),
                   void *context)
{
	struct proc_map map;
	size_t line_bytes = 0;
	char path[32], *line = NULL;
	FILE *file;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&line, &line_bytes, file) >= 0)
		if (parse_line(line, &map))
			visit(context, &map);
	err = ferror(file) ? -EIO : 0; /* a process that ends while it is read: ESRCH */
	free(line);
	fclose(file);
	return err;
}
