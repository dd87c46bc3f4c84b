/* Where the preload library has the functions that give blocks. They were called and are on no
 * stack, since the library does not record itself: a loss record begins with one of them. */
#ifndef MEM_LEAKS_LIBRARY_H
#define MEM_LEAKS_LIBRARY_H

#include "mem/functions.h"

#include <stdint.h>

struct leak_library {
	char *path;                       /* NULL: not known */
	uint64_t vaddr[LEAK_N_FUNCTIONS]; /* as its file numbers them; 0: not known */
};

/* Of the library that programs are given. What cannot be read stays unknown. */
void leak_library_find(struct leak_library *library);
void leak_library_fini(struct leak_library *library);

#endif
