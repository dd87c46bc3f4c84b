/* What a heap did by stack and over time, told as single allocations and frees whose sums are the
 * same.
 *
 * A run stores sums, and heaptrack's format has one row an event, so a stream of events is made of
 * which all that is known is true: of each stack its calls, bytes, temporary allocations, bytes at
 * the peak and at the end; of the whole heap its bytes at each moment of the timeline and its peak,
 * which is first reached where it was. Not known, and so chosen here: the sizes of single blocks
 * (equal ones, but for one byte), the order of events between two moments, and at moments other
 * than the peak and the end what the heap was made of.
 *
 * Pure: memory in, events out.
 */
#ifndef CORE_EXPORT_HEAPTRACK_PLAN_H
#define CORE_EXPORT_HEAPTRACK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one stack did. */
struct heaptrack_site {
	uint64_t allocations;
	uint64_t bytes; /* of them all */
	uint64_t temporary;
	uint64_t peak_bytes;
	uint64_t peak_blocks; /* 0: not known */
	uint64_t exit_blocks;
	uint64_t exit_bytes;
};

/* One moment of the timeline. */
struct heaptrack_moment {
	uint64_t time_ms;
	uint64_t bytes;
	bool is_peak;
};

/* What could not be told, all 0 as a rule. */
struct heaptrack_lack {
	uint64_t extra_calls; /* of blocks at the peak that no call of this process made */
	uint64_t temporary;   /* allocations that are told as others than temporary */
	uint64_t bytes;       /* that are missing in the sizes of blocks */
	uint64_t peak_bytes;  /* more at the end than at the peak: threads, whose peak is a bound */
};

/* A kind of block: all of one size from one stack. Its number is its index + 1. */
struct heaptrack_block {
	uint32_t site;
	uint64_t size;
};

enum heaptrack_event {
	HEAPTRACK_TIME,         /* `number` is the time in ms */
	HEAPTRACK_ALLOCATE,     /* `count` blocks of the kind `number` */
	HEAPTRACK_FREE,         /* after something else happened */
	HEAPTRACK_FREE_AT_ONCE, /* one that the event before allocated last */
	HEAPTRACK_TEMPORARY,    /* `count` times: allocated, and freed at once */
	HEAPTRACK_SHORT_LIVED,  /* `count` blocks allocated, then freed, not as temporary ones */
};
typedef void heaptrack_listener(void *context, enum heaptrack_event event, uint64_t number,
                                uint64_t count);

struct heaptrack_plan;

/* Sites and moments are copied. The moments are in the order of time; where none is the peak, the
 * largest is it. `end_ms` is when the process ended. */
struct heaptrack_plan *heaptrack_plan_new(const struct heaptrack_site *sites, size_t n_sites,
                                          const struct heaptrack_moment *moments, size_t n_moments,
                                          uint64_t end_ms);
void heaptrack_plan_free(struct heaptrack_plan *plan);

/* All kinds of blocks, by site. */
const struct heaptrack_block *heaptrack_plan_blocks(const struct heaptrack_plan *plan,
                                                    size_t *n_blocks);
const struct heaptrack_lack *heaptrack_plan_lack(const struct heaptrack_plan *plan);

/* Tells the events in their order. */
void heaptrack_plan_tell(struct heaptrack_plan *plan, heaptrack_listener *listener, void *context);

#endif
