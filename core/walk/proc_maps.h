/* What a process has mapped, by /proc/PID/maps (proc(5)). */
#ifndef CORE_WALK_PROC_MAPS_H
#define CORE_WALK_PROC_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_map {
	uint64_t start;
	uint64_t end;
	bool is_readable;
	bool is_writable;
	bool is_executable;
	bool is_shared;
	uint64_t file_off;
	uint64_t device;
	uint64_t inode;   /* 0: no file */
	const char *path; /* "": none. Names of the kernel's own are in brackets. */
};

/* Calls visit for each mapping in ascending order; the path lives until visit returns. -errno: the
 * file cannot be read, or no more of it (-EIO). */
int proc_maps_read(pid_t pid, void (*visit)(void *context, const struct proc_map *map),
                   void *context);

#endif
