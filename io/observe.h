/* Works out what one finished system call moved, and what it did to descriptors.
 *
 * Shared by the backends: they bring the arguments, the result and a view of the target; what the
 * call did goes into the fd_table and into the io_call that io_counts_add() takes.
 */
#ifndef IO_OBSERVE_H
#define IO_OBSERVE_H

#include "io/counts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct io_observer;

/* The target, as the backend can see it while the call's thread stands still. */
struct target_view {
	void *context;
	/* Copies memory; false when not all of it can be read. */
	bool (*read)(void *context, uint64_t addr, void *buffer, size_t len_bytes);
	/* The name that /proc gives to a descriptor; false when it is not open. Sets `is_guess`
	 * when the thread may have gone on since, and the name be another file's. */
	bool (*describe)(void *context, int fd, char *name, size_t name_bytes, bool *is_guess);
};

/* A call that has returned. */
struct finished_call {
	const struct syscall_info *info;
	uint64_t args[6];
	int64_t result;    /* -errno when it failed: syscall_failed() */
	bool was_kept_off; /* by a filter of the program's own: it counts, and did nothing */
	uint64_t now_ns;   /* since the repeat's start */
	pid_t pid;
	uint32_t *group; /* the thread's files group; changed when the call unshares it */
};

/* Notes what cannot be seen, and descriptors, in `counts`, which must outlive the observer. */
struct io_observer *io_observer_new(struct io_counts *counts);
void io_observer_free(struct io_observer *observer); /* NULL is fine */

/* Fills all of `call` but thread and time_ns. */
void io_observe(struct io_observer *observer, const struct target_view *view,
                const struct finished_call *finished, struct io_call *call);

#endif
