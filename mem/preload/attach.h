/* Start-up: finds the driver and maps the shared memory it hands over. */
#ifndef MEM_PRELOAD_ATTACH_H
#define MEM_PRELOAD_ATTACH_H

#include <stdbool.h>

/* Calls set_up() when the memory is there; false: no room for the rest. 0, or an errno, which the
 * driver knows too when there is one; then nothing stays mapped. Leaves no descriptor behind. */
int attach(const char *address, bool (*set_up)(void));

#endif
