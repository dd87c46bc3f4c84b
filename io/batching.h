/* How well calls are batched: what went into each, and how many a better batch would save.
 *
 * Rules are rows of io/batching.def.
 */
#ifndef IO_BATCHING_H
#define IO_BATCHING_H

#include "io/counts.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One call that can batch. Numbers are of successful calls. */
struct batch_summary {
	const char *unit; /* "messages" */
	uint64_t calls;
	uint64_t known_calls; /* of these: how many messages they had is known */
	uint64_t messages;
	uint64_t p50, p95, max; /* messages of each call of these */
	double per_call;        /* of no known call: 0 */
	double fill_percent;    /* of the slots offered; negative: not known */
	uint64_t avoidable; /* calls that batches of IO_GOOD_BATCH on each descriptor would save */
	bool is_at_most; /* so many at most: calls that may lie between were not counted, or what is
	                moved may lie apart */
	bool is_vector;  /* the call's units are messages, ring entries or events, which is what it
	                    batches for */
	const char *better;
};

/* False when the call cannot batch or never succeeded. */
bool io_batch_summarise(const struct io_counts *counts, uint32_t call,
                        struct batch_summary *summary);

/* batching.txt. Errors of the stream are the caller's to check (results_close()). */
void io_batching_write(FILE *out, const struct io_counts *counts, uint64_t small_bytes);

#endif
