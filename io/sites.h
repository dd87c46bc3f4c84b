/* From where the calls of one repeat were made: calls, time and bytes moved of each thread's
 * stacks, whose leaf is the system call itself, as a frame of the kernel.
 *
 * A backend adds each call that io_counts_add() gets, so the sums over all stacks are the totals
 * there. Pure; not thread-safe.
 */
#ifndef IO_SITES_H
#define IO_SITES_H

#include "io/counts.h"

#include <stdbool.h>
#include <stdint.h>

struct recording;
struct symbolizer;

/* The value types of the recording; bytes are not among them where they are not counted. */
enum io_site_value { IO_SITE_CALLS, IO_SITE_TIME, IO_SITE_BYTES, N_IO_SITE_VALUES };

struct io_sites {
	struct recording *recording; /* owned */
	/* Stacks of which frames were found by frame pointers, for want of tables. */
	uint64_t guessed_stacks;
	struct io_sites_private *private;
};

struct io_sites *io_sites_new(bool with_bytes);
void io_sites_free(struct io_sites *sites); /* NULL is fine */

/* The stack in which this one of the recording (0: not known) made the call. */
uint32_t io_sites_stack(const struct io_sites *sites, uint32_t callers,
                        const struct syscall_info *info);
/* `thread` is the recording's. */
void io_sites_add(struct io_sites *sites, uint32_t thread, uint32_t stack,
                  const struct io_call *call);

/* Once, when all are added: makes samples of the sums. */
void io_sites_close(struct io_sites *sites);
/* Calls whose stack ends before its outermost frame. */
uint64_t io_sites_truncated(const struct io_sites *sites);
/* Tells the names of the calls. Before the first look-up. */
void io_sites_name(const struct io_sites *sites, struct symbolizer *symbolizer);

#endif
