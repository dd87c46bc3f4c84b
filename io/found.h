/* Enters processes that run already: their threads, and what they have open, with addresses. */
#ifndef IO_FOUND_H
#define IO_FOUND_H

#include "io/family.h"

/* A thread. `sibling`: of another one of its process that has been entered; NULL: it is the first
 * one. Names are those of now: nothing of what it does from now on may go unseen. */
void io_found_enter(struct io_counts *counts, const struct io_member *sibling,
                    struct io_member *member, pid_t tid, pid_t pid);

#endif
