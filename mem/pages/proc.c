/* Reads /proc/TID/maps, stat and statm. */
#include "mem/pages/proc.h"

#include "core/proc_file.h"
#include "core/walk/proc_maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
	struct pages_map *map;
	struct pages_range *stack;
};

static void read_map(void *context, const struct proc_map *map)
{
	struct pages_range range = {.start = map->start, .end = map->end};
	struct reading *reading = context;

	if (strcmp(map->path, "[vsyscall]") == 0)
		return;
	if (strcmp(map->path, "[stack]") == 0)
		*reading->stack = range;
	pages_map_add(reading->map, range);
}

int pages_proc_maps(pid_t tid, struct pages_map *map, struct pages_range *stack)
{
	struct reading reading = {map, stack};
	int err;

	*map = (struct pages_map){0};
	*stack = (struct pages_range){0};
	err = proc_maps_read(tid, read_map, &reading);
	return err || map->n_ranges ? err : -ESRCH;
}

uint64_t pages_proc_start_brk(pid_t tid)
{
	enum { START_BRK_FIELD = 47 }; /* counted from 1; the name, field 2, ends with the last ) */
	char text[1024], *at;

	if (proc_file_read(tid, "stat", text, sizeof(text)) <= 0)
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < START_BRK_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

uint64_t pages_proc_resident(pid_t tid)
{
	char text[128];
	uint64_t pages;

	if (proc_file_read(tid, "statm", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
