/* Who measures on this machine: one run of times at a time, and a note of those that overlap.
 *
 * Both are abstract unix sockets (unix(7)): nothing of them lies in a directory where somebody else
 * could put a link or a file of theirs, every user can take and see them, the kernel takes them
 * back when their process dies, and it tells who has one (SO_PEERCRED). They are the machine's as
 * far as its network namespace goes: a container with one of its own waits for nobody outside.
 * Advisory: a process that wants to be in the way can be.
 *
 * Runs with different values of PROFILE_SCENARIO_LOCK know nothing of each other, as where a
 * machine is divided into CPU sets. Not thread-safe.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <stddef.h>
#include <sys/types.h>

/* The lock of measuring runs. */
struct lock;

struct lock *lock_new(void);
void lock_free(struct lock *lock); /* gives it back; NULL is fine */

/* 0: it is ours, or that of a process that we run in, which waits for us, or cannot be had here at
 * all. -EAGAIN: another process has it. */
int lock_take(struct lock *lock);
/* After -EAGAIN: who has it, 0: a process that we cannot see; what becomes readable when it may be
 * free, -1: nothing does, so try again after a while. */
pid_t lock_holder(const struct lock *lock);
int lock_wait_fd(const struct lock *lock);

/* This run, as others see it. */
struct presence;

/* From now on runs that begin see this one, as it sees those that are there. NULL: there are no
 * such sockets here. */
struct presence *presence_begin(void);
void presence_end(struct presence *presence); /* NULL is fine */

/* How many other runs there were since presence_begin(), counted while it is asked; their process
 * ids go into pids[], 0 for one that we cannot see, as far as there is room. */
size_t presence_others(struct presence *presence, pid_t *pids, size_t room);

#endif
