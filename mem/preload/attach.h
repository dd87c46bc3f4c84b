/* Start-up: finds the driver and maps the shared memory it hands over. */
#ifndef MEM_PRELOAD_ATTACH_H
#define MEM_PRELOAD_ATTACH_H

/* Calls set_up() when the memory is there; it gives 0, an errno or an enum wire_error. 0, or such
 * an error, which the driver knows too when there is one; then nothing stays mapped. Leaves no
 * descriptor behind. */
int attach(const char *address, int (*set_up)(void));

#endif
