/* Whether a program has come into a seccomp sandbox since it was executed. */
#ifndef MEM_PRELOAD_SANDBOX_H
#define MEM_PRELOAD_SANDBOX_H

#include <stdbool.h>

/* Notes which filters there are at the start. */
void sandbox_remember(void);

/* True when the calling thread has filters that were not there at the start. What it executes has
 * them too, and they may kill whoever makes a call that the program itself does not make. */
bool sandbox_was_closed(void);

#endif
