/* Linux capabilities by name (capabilities(7)), and handing one to a child across exec.
 */
#ifndef CORE_CAPABILITY_H
#define CORE_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

/* The number of "cap_net_raw" (any case, with or without "cap_"), or -1. */
int capability_number(const char *name);

/* True when this process may use the capability. */
bool capability_is_held(int number);

/* Runs with the capability in effect, and has the former ones in effect again; async-signal-safe.
 * What run() returned; -EPERM: the capability is not permitted. */
int capability_with(int number, int (*run)(void *context), void *context);

/* Leaves only these effective in the calling thread, until capability_raise(): what reads files of
 * strangers needs no more. */
void capability_lower(const int *keep, size_t n_keep);
/* Makes all permitted capabilities effective again. */
void capability_raise(void);

/* Makes the capability permitted, effective, inheritable and ambient, so that exec of a plain file
 * keeps it (capabilities(7), "Ambient"). It must be permitted. Async-signal-safe. 0 or -errno. */
int capability_make_ambient(int number);

#endif
