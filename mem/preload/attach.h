/* Start-up: finds the driver and maps the shared memory it hands over. */
#ifndef MEM_PRELOAD_ATTACH_H
#define MEM_PRELOAD_ATTACH_H

/* 0, or an errno: there is no driver, or no room for its memory. Leaves no descriptor behind. */
int attach(const char *address);

#endif
