/* Programs with a sanitizer's runtime linked in: LeakSanitizer (AddressSanitizer has it, too)
 * traces its own process at its end, and fails where somebody else does. */
#ifndef MEM_LEAKS_SELF_TRACERS_H
#define MEM_LEAKS_SELF_TRACERS_H

#include <stdbool.h>
#include <sys/types.h>

struct self_tracers;

struct self_tracers *self_tracers_new(void);
void self_tracers_free(struct self_tracers *programs); /* NULL is fine */

/* Is the program that the process has just begun one? What cannot be read is taken for none. Each
 * file is read once, while the process stands still: up to 18 ms. The tracer's thread only. */
bool self_tracers_has(struct self_tracers *programs, pid_t pid);

#endif
