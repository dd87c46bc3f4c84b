/* Reads /proc/TID/maps, stat and statm. */
#include "mem/pages/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHORT_BYTES = 1024 };

static void read_line(const char *line, struct pages_map *map, struct pages_range *stack)
{
	struct pages_range range = {0};

	if (sscanf(line, "%" SCNx64 "-%" SCNx64, &range.start, &range.end) != 2 ||
	    strstr(line, " [vsyscall]"))
		return;
	if (strstr(line, " [stack]"))
		*stack = range;
	pages_map_add(map, range);
}

int pages_proc_maps(pid_t tid, struct pages_map *map, struct pages_range *stack)
{
	char path[32], *line = NULL;
	size_t line_bytes = 0;
	FILE *file;

	*map = (struct pages_map){0};
	*stack = (struct pages_range){0};
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&line, &line_bytes, file) >= 0)
		read_line(line, map, stack);
	free(line);
	fclose(file);
	return map->n_ranges ? 0 : -ESRCH;
}

/* All of a short /proc file into text; false: it cannot be read. */
static bool read_short(pid_t tid, const char *name, char text[SHORT_BYTES])
{
	char path[32];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, SHORT_BYTES - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

uint64_t pages_proc_start_brk(pid_t tid)
{
	enum { START_BRK_FIELD = 47 }; /* counted from 1; the name, field 2, ends with the last ) */
	char text[SHORT_BYTES], *at;

	if (!read_short(tid, "stat", text))
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < START_BRK_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

uint64_t pages_proc_resident(pid_t tid)
{
	char text[SHORT_BYTES];
	uint64_t pages;

	if (!read_short(tid, "statm", text) || sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
