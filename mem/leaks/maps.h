/* What a stopped process has mapped, sorted out for the leak check. */
#ifndef MEM_LEAKS_MAPS_H
#define MEM_LEAKS_MAPS_H

#include "core/walk/proc_maps.h"
#include "mem/leaks/ranges.h"

#include <sys/types.h>

struct diag;

/* All lists are in ascending order; neighbours are one range, except in `all`. */
struct leak_maps {
	struct leak_ranges all;
	struct leak_ranges roots;  /* readable and writable, of no device, not the memory file */
	struct leak_ranges shared; /* of these, what others may write to, if it is not large */
	struct leak_ranges files;  /* readable files */
	struct leak_ranges code;   /* executable files */
	struct leak_ranges data;   /* writable segments of files of the process's own */
	struct leak_ranges libc;   /* of these, libc's by its name */
	struct proc_map libc_code; /* the first; its path is owned; NULL: none */
	struct leak_range stack;   /* where the main thread began */
	struct leak_range brk;
	uint64_t image; /* where the memory file's header is; 0: nowhere */
	uint64_t image_inode;
	uint64_t n_large_shared; /* left to what the process itself has touched of them */
};

/* -errno with a sentence: they cannot be read. */
int leak_maps_read(struct leak_maps *maps, pid_t pid, struct diag *diag);
void leak_maps_fini(struct leak_maps *maps);

#endif
