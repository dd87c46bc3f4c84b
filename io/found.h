/* Enters processes that run already: their threads, and what they have open, with addresses. What
 * /proc does not tell, as of a thread that has ended meanwhile, is left out. */
#ifndef IO_FOUND_H
#define IO_FOUND_H

#include "io/family.h"

/* A thread. `sibling`: of another one of its process that has been entered; NULL: it is the first
 * one. Names are those of now: nothing of what it does from now on may go unseen. */
void io_found_enter(struct io_counts *counts, const struct io_member *sibling,
                    struct io_member *member, pid_t tid, pid_t pid);

/* A thread whose making nobody saw begins, by the names that it has now. It has an empty table of
 * descriptors. */
void io_found_orphan(struct io_counts *counts, struct io_member *member,
                     const struct io_identity *identity);

#endif
