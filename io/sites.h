/* From where the calls of one repeat were made: calls, time and bytes moved of each thread's
 * stacks, whose leaf is the system call itself, as a frame of the kernel.
 *
 * A backend adds each call that io_counts_add() gets, so the sums over all stacks are the totals
 * there. Where nobody looked at stacks, the call is the only frame. Pure; not thread-safe.
 */
#ifndef IO_SITES_H
#define IO_SITES_H

#include "core/unwind/unwind.h"
#include "io/counts.h"

#include <stdbool.h>
#include <stdint.h>

struct recording;
struct symbolizer;

/* The value types of the recording: calls, ns in them, bytes that they moved, which are not among
 * them where they are not counted. */
enum io_site_value { IO_SITE_CALLS, IO_SITE_TIME, IO_SITE_BYTES, N_IO_SITE_VALUES };

struct io_sites {
	struct recording *recording; /* owned */
	bool has_callers;            /* stacks were asked for; false: each is the call alone */
	/* Stacks, one a call, of which frames were found by frame pointers, for want of tables. */
	uint64_t guessed_stacks;
	/* With frames that were read from the target's memory after the call began. */
	uint64_t completed_stacks;
	uint64_t lost_mappings; /* records of code: what came with them has no names */
	/* Of calls, on each CPU: above that stacks are taken at random. 0: of all. */
	uint32_t stacks_a_second;
	struct io_sites_private *private;
};

struct io_sites *io_sites_new(bool with_bytes);
/* Of each thread the calls by name, under the thread's last name; closed. The caller frees them. */
struct io_sites *io_sites_of_threads(const struct io_counts *counts);
void io_sites_free(struct io_sites *sites); /* NULL is fine */

/* The stack in which this one of the recording (0: not known) made the call. */
uint32_t io_sites_stack(const struct io_sites *sites, uint32_t callers,
                        const struct syscall_info *info);
/* The callers of calls whose stacks nobody has: one frame that says why, UNWIND_LOST or
 * UNWIND_NOT_TAKEN. */
uint32_t io_sites_without(const struct io_sites *sites, enum unwind_end why);
/* `thread` is the recording's, `stack` of io_sites_stack(); `n_calls` like this, whose time_ns is
 * that of all. Not once they are closed. */
void io_sites_add(struct io_sites *sites, uint32_t thread, uint32_t stack,
                  const struct io_call *call, uint64_t n_calls);

/* Once, when all are added: makes samples of the sums. */
void io_sites_close(struct io_sites *sites);
/* How many calls have a stack that ends before its outermost frame, or was lost. */
uint64_t io_sites_truncated(const struct io_sites *sites);
/* Calls whose stack ends for this reason. */
uint64_t io_sites_ended(const struct io_sites *sites, enum unwind_end why);
/* Tells the names of the calls. Before the first look-up. */
void io_sites_name(const struct io_sites *sites, struct symbolizer *symbolizer);

#endif
