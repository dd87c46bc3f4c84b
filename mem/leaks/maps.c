/* Sorts out /proc/PID/maps as memcheck does with its segments (mc_leakcheck.c): roots are all that
 * can be read and written, but for devices, which might hang. */
#include "mem/leaks/maps.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/walk/proc_maps.h"
#include "mem/pages/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A shared file may be larger than all memory. */
#define MAX_SHARED_BYTES (UINT64_C(1) << 28)

struct reading {
	struct leak_maps *maps;
	pid_t pid;
};

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* As mem/server.c names it. */
static bool is_memory_file(const struct proc_map *map)
{
	return map->is_shared && starts_with(map->path, "/memfd:profile-scenario");
}

/* Of the process's own root. What is gone is no device, unless it was under /dev. */
static bool is_device_file(pid_t pid, const char *path)
{
	char *file = xasprintf("/proc/%d/root%s", (int)pid, path);
	struct stat status;
	bool is_device = starts_with(path, "/dev/");

	if (stat(file, &status) == 0)
		is_device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
	free(file);
	return is_device;
}

/* Shared memory without a name is a file of the kernel's, "/dev/zero (deleted)". */
static bool is_device(pid_t pid, const struct proc_map *map)
{
	if (!map->path[0] || map->path[0] == '[')
		return false;
	if (map->path[0] != '/' || starts_with(map->path, "/dmabuf:"))
		return true;
	if (starts_with(map->path, "/dev/zero") || starts_with(map->path, "/memfd:"))
		return false;
	return (map->is_shared || starts_with(map->path, "/dev/")) &&
	       is_device_file(pid, map->path);
}

static void add(struct leak_ranges *list, const struct proc_map *map)
{
	leak_ranges_add(list, map->start, map->end);
}

static bool is_libc(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return starts_with(name, "libc.so") || starts_with(name, "libc-2.");
}

static void add_file(struct leak_maps *maps, const struct proc_map *map)
{
	if (map->is_readable)
		add(&maps->files, map);
	if (map->is_executable)
		add(&maps->code, map);
	if (map->is_writable && !map->is_shared)
		add(&maps->data, map);
	if (map->is_writable && !map->is_shared && is_libc(map->path))
		add(&maps->libc, map);
	if (map->is_executable && !maps->libc_code.path && is_libc(map->path)) {
		maps->libc_code = *map;
		maps->libc_code.path = xstrdup(map->path);
	}
}

static void note_memory_file(struct reading *reading, const struct proc_map *map)
{
	if (map->file_off || reading->maps->image)
		return;
	reading->maps->image = map->start;
	reading->maps->image_inode = map->inode;
}

static void visit(void *context, const struct proc_map *map)
{
	struct reading *reading = context;
	struct leak_maps *maps = reading->maps;

	add(&maps->all, map);
	if (is_memory_file(map)) {
		note_memory_file(reading, map);
		return;
	}
	if (map->path[0] == '/' && map->inode)
		add_file(maps, map);
	if (strcmp(map->path, "[stack]") == 0)
		maps->stack = (struct leak_range){map->start, map->end};
	if (strcmp(map->path, "[heap]") == 0)
		maps->brk.end = map->end;
	if (!map->is_readable || !map->is_writable || is_device(reading->pid, map))
		return;
	add(&maps->roots, map);
	if (map->is_shared && map->end - map->start > MAX_SHARED_BYTES)
		maps->n_large_shared++;
	else if (map->is_shared)
		add(&maps->shared, map);
}

int leak_maps_read(struct leak_maps *maps, pid_t pid, struct diag *diag)
{
	struct reading reading = {.maps = maps, .pid = pid};
	int err;

	*maps = (struct leak_maps){0};
	err = proc_maps_read(pid, visit, &reading);
	if (err)
		return diag_fail(diag, -err, "cannot read /proc/%d/maps: %s", (int)pid,
		                 strerror(-err));
	leak_ranges_sort(&maps->roots);
	leak_ranges_sort(&maps->shared);
	leak_ranges_sort(&maps->files);
	leak_ranges_sort(&maps->code);
	/* The kernel may have joined the heap with what is below. */
	if (maps->brk.end)
		maps->brk.start = pages_proc_start_brk(pid);
	return 0;
}

void leak_maps_fini(struct leak_maps *maps)
{
	leak_ranges_fini(&maps->all);
	leak_ranges_fini(&maps->roots);
	leak_ranges_fini(&maps->shared);
	leak_ranges_fini(&maps->files);
	leak_ranges_fini(&maps->code);
	leak_ranges_fini(&maps->data);
	leak_ranges_fini(&maps->libc);
	free((char *)maps->libc_code.path);
}
