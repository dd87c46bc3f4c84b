/* A run beside others: it waits for its turn where times are measured, and says who overlapped. */
#ifndef CORE_DRIVER_MEASURING_H
#define CORE_DRIVER_MEASURING_H

#include <jansson.h>

struct diag;
struct lock;
struct presence;
struct signals;

/* The machine's lock for runs that measure times; waiting is said once on stderr. Returns the exit
 * status: 128 + N when signal N ended the waiting, with a sentence. The caller frees the lock. */
int measuring_wait(struct lock **lock, struct signals *signals, struct diag *diag);

/* Adds the note that others measured meanwhile, if some did; NULL is fine. */
void measuring_note(struct presence *presence, json_t *quality);

#endif
