/* Functions by which other allocators than glibc's give and take blocks, beside malloc's family. */
#ifndef MEM_PRELOAD_ALLOCATOR_H
#define MEM_PRELOAD_ALLOCATOR_H

#include <stdbool.h>

/* Once, at the start: hooks those that the program's allocator has. With glibc's allocator there
 * are none, and libstdc++'s operator new is counted by the malloc that it calls. True always. */
bool allocator_hook_own_functions(void);

#endif
