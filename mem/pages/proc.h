/* What /proc tells of a process's memory. */
#ifndef MEM_PAGES_PROC_H
#define MEM_PAGES_PROC_H

#include "mem/pages/map.h"

#include <sys/types.h>

/* All that is mapped, by /proc/TID/maps (proc(5)); the caller frees the map. *stack: where the
 * kernel lets a stack grow by itself. -errno: it cannot be read, or is empty. The page that
 * [vsyscall] shows belongs to the kernel and is left out. */
int pages_proc_maps(pid_t tid, struct pages_map *map, struct pages_range *stack);

/* Where the program break is before the first brk(2); 0: not known. */
uint64_t pages_proc_start_brk(pid_t tid);

/* Resident memory by /proc/TID/statm, in bytes; 0: it cannot be read. */
uint64_t pages_proc_resident(pid_t tid);

#endif
