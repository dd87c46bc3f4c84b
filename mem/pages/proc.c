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

/* Of the file "stat", counted from 1: field 2, the name, ends with the last ). NULL: there is none.
 */
static const char *stat_field(char *text, size_t text_bytes, pid_t tid, int number)
{
	char *at;

	if (proc_file_read(tid, "stat", text, text_bytes) <= 0)
		return NULL;
	at = strrchr(text, ')');
	for (int field = 2; at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

uint64_t pages_proc_start_brk(pid_t tid)
{
	enum { START_BRK_FIELD = 47 };
	char text[1024];
	const char *field = stat_field(text, sizeof(text), tid, START_BRK_FIELD);

	return field ? strtoull(field, NULL, 10) : 0;
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
